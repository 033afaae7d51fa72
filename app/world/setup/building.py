"""Does a task of the exercise as its learner would: the same requests, over the world's own doors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.flow.build.plan import SESSION, Act, AssumeWithToken, InPod, Request, Settle, ToCluster, ToIam
from app.flow.redaction import mask_text
from app.world.setup.developer import PODS_SECONDS, Developer

if TYPE_CHECKING:
    from app.world.world import World


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What became of one command."""

    command: str
    output: str = ""
    """What it is typed for, secrets masked; empty where it changes something instead."""
    in_pod: InPod | None = None
    """What is still to be sent: a request to a container, which only a client can send."""


async def carry_out(world: World, acts: Sequence[Act]) -> tuple[Sent, ...]:
    """Sends the requests in their order, and keeps what they set off with the world's setup.

    Raises `SetupRefused` and `NetworkError`; what came before stays.
    """
    developer, sent = Developer(world), []
    with world.log.setting_up():
        for act in acts:
            output, in_pod = "", None
            for request in act.requests:
                if isinstance(request, InPod):
                    in_pod = request
                else:
                    output += await _send(world, developer, request)
            sent.append(Sent(command=act.command, output=mask_text(output), in_pod=in_pod))
        await world.kubelet.settle(PODS_SECONDS)
    return tuple(sent)


async def _send(world: World, developer: Developer, request: Request) -> str:
    match request:
        case ToCluster(method=method, path=path, body=body, shows=shows):
            answer = await developer.ask(method, path, body)
            return answer.decode("utf-8", "replace") if shows else ""
        case ToIam(action=action, parameters=parameters):
            await developer.iam(action, parameters)
        case AssumeWithToken(namespace=namespace, service_account=name, role_arn=role_arn):
            return await developer.assume_role(role_arn, SESSION, namespace=namespace, service_account=name)
        case Settle():
            await world.kubelet.settle(PODS_SECONDS)
    return ""
