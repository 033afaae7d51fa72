"""What a fault is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.flow.model import Step

if TYPE_CHECKING:
    from app.world.world import World


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
