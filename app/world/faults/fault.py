"""What a fault is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.flow.model import Step
from app.world.apiserver.types.errors import ApiError
from app.world.aws.errors import AwsError
from app.world.node.container import ContainerNotFound

if TYPE_CHECKING:
    from app.world.world import World


class Whole(StrEnum):
    """What a fault writes as a whole, so that no other one that does the same can be in force beside it."""

    ARGUMENTS = "arguments"
    """The command line of the Pod's program."""
    RUNNING_POD = "running_pod"
    """What happened to the Pod that runs, and is over for the next one."""
    VARIABLES = "variables"
    """The variables in the Pod's manifest that the webhook would add."""
    ROLE_ARN = "role_arn"
    AUDIENCE = "audience"
    """Two of the ServiceAccount's annotations."""
    PROVIDER = "provider"
    TRUST_POLICY = "trust_policy"
    PERMISSIONS = "permissions"


class CannotBeInjected(Exception):
    """What the fault would change is not there, or another one has changed it."""

    def __init__(self, fault_id: str, obstacle: str) -> None:
        super().__init__(f"{fault_id}: {obstacle}")
        self.fault_id = fault_id
        self.obstacle = obstacle
        """The other fault's id; or what is missing, in the words of the server that looked for it."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way in which IRSA breaks: a named change to a world, which `Simulation.revert` takes back."""

    id: str
    """`F` and the catalogue's number; another story of the same number has a letter behind it, such as `F15b`."""
    number: int
    step: Step
    """The step in which the cause lies."""
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
    writes: tuple[Whole, ...] = ()

    @property
    def rank(self) -> int:
        """Lower ones are caused first.

        A program is changed in a Pod that works; after a fault of the Pod that runs, nothing creates the Pod again.
        """
        return (Whole.RUNNING_POD in self.writes) - (Whole.ARGUMENTS in self.writes)

    async def inject_beside(self, world: World, others: Iterable[Fault]) -> None:
        """Causes it where others are in force. Raises `CannotBeInjected`; the world may then be half changed."""
        for other in others:
            if not set(self.writes).isdisjoint(other.writes):
                raise CannotBeInjected(self.id, other.id)
        try:
            await self.cause_it(world)
        except OSError as error:  # without the path: it is one of this machine
            raise CannotBeInjected(self.id, str(error.strerror)) from error
        except (ApiError, AwsError, ContainerNotFound, LookupError) as error:
            raise CannotBeInjected(self.id, str(error)) from error
