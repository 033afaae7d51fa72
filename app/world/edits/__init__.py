"""What a learner may edit by hand in the lab: a text in, and out the operations that a request would take.

A refused edit raises `EditRefused` and has changed nothing at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.visible import pretty_json
from app.world.apiserver.types.errors import ApiError
from app.world.aws.errors import AwsError
from app.world.edits import account, cluster, masking
from app.world.edits.edited_json import read
from app.world.edits.refusal import EditRefused
from app.world.lifecycle import world_snapshot
from app.world.lifecycle.world_operations import settle, submit

if TYPE_CHECKING:
    from app.world.world import World

__all__ = ["KINDS", "EditRefused", "apply", "editable", "recreate_pod"]


@dataclass(frozen=True)
class _Kind:
    show: Callable[[World], JsonObject | None]
    """The object as it is; None where there is none."""
    write: Callable[[World, JsonObject, str], Awaitable[None]]
    """Makes the world's object what the document (also as the text that was typed) says."""


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "trust_policy": _Kind(account.trust_policy, account.write_trust_policy),
        "role": _Kind(account.role, account.write_role),
        "oidc_provider": _Kind(account.provider, account.write_provider),
        "service_account": _Kind(cluster.service_account, cluster.write_service_account),
        "webhook": _Kind(cluster.webhook, cluster.write_webhook),
        "pod": _Kind(cluster.pod, cluster.write_pod),
    }
)
KINDS = tuple(_KINDS)


def editable(world: World, kind: str) -> str:
    """The object as JSON to edit, secrets masked; empty where it does not exist: what is typed then creates it."""
    shown = _KINDS[kind].show(world)
    return "" if shown is None else pretty_json(masking.masked(shown))


async def apply(world: World, kind: str, text: str) -> None:
    """Writes what the learner typed. Raises `EditRefused`; then nothing has changed."""
    edited = _KINDS[kind]
    document, typed = masking.revealed(read(text), edited.show(world), text)
    await _change(world, lambda: edited.write(world, document, typed))


async def recreate_pod(world: World) -> None:
    """Deletes the Pod and creates it again as its owner wrote it. Raises `EditRefused`; then nothing has changed."""
    await _change(world, lambda: submit(world))


async def _change(world: World, write: Callable[[], Awaitable[None]]) -> None:
    async with world.changing:
        before = await world_snapshot.save(world)
        try:
            await write()
        except BaseException as error:
            await world_snapshot.restore(world, before)
            if isinstance(error, (AwsError, ApiError)):
                raise _refused(error) from None
            raise
        await settle(world)


def _refused(error: AwsError | ApiError) -> EditRefused:
    """A product's refusal, in its own words."""
    if isinstance(error, AwsError):
        return EditRefused("refused_by_iam", got=f"{error.code}: {error.message}")
    causes = (error.details or {}).get("causes") or [{}]
    return EditRefused("refused_by_api_server", got=error.message, where=causes[0].get("field", ""))
