"""What a fault is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.flow.model import Step
from app.world.apiserver.errors import ApiError
from app.world.aws.errors import AwsError
from app.world.node.kubelet import ContainerNotFound

if TYPE_CHECKING:
    from app.world.world import World


class CannotBeCaused(Exception):
    """What the fault would change is not there: another fault or the world's owner has taken it away."""

    def __init__(self, fault_id: str, said: str) -> None:
        super().__init__(f"{fault_id}: {said}")
        self.fault_id = fault_id
        self.said = said
        """In the words of whoever missed it."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way in which IRSA breaks: a named change to a world, which `Simulation.mend` takes back."""

    id: str
    """`F` and the catalogue's number; another story of the same number has a letter behind it, such as `F15b`."""
    number: int
    cause: Step
    """Where the cause lies."""
    seen: Step | None
    """Where it shows; None where nothing fails."""
    changes: str
    """The kind of object that is changed: `trust_policy`, `oidc_provider`, `service_account`, `webhook`, `pod`, `node`,
    `cluster`, `role`, `account`, `organization` or `network`."""
    text: Callable[[World], str]
    """The product's words, letter by letter, with this world's names. Times and session names are those of the Pod's
    last request, and those of a request made now as long as it has made none."""
    cause_it: Callable[[World], Awaitable[None]]
    """Breaks the world, by the operations that a request takes."""
    harmless: bool = False
    """Whether the Pod does its work all the same."""
    last: bool = False
    """Whether it lies in the Pod that runs: whatever creates the Pod anew has to come before it."""

    async def cause_in(self, world: World) -> None:
        """Causes it. Raises `CannotBeCaused`; the world may then be half changed."""
        try:
            await self.cause_it(world)
        except (ApiError, AwsError, ContainerNotFound, LookupError, OSError) as error:
            raise CannotBeCaused(self.id, str(error)) from error
