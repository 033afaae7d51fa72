"""One walk as the pages see it, whatever cluster it went through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.flow.doctor import Diagnosis
from app.flow.errors import FlowError
from app.flow.model import Exchange, JsonValue, Step, Walk
from app.flow.port_wrappers.consent import ALL, Action
from app.flow.port_wrappers.permissions_needed import Forecast


@dataclass(frozen=True, kw_only=True)
class WalkView:
    """One walk, and what was read beside it."""

    world: str
    """Through what it went: the path of the simulated world, or the real cluster's context and the subject. Another
    world wants another walk."""
    walk: Walk
    seconds: float
    """How long the walk took, by the wall clock."""
    log: Callable[[str, str], str] = lambda namespace, pod: ""
    """What a Pod of the simulated world (namespace and name) has printed, or why that cannot be read, in the server's
    words. Read when a page first shows it: few pages do."""
    heard: tuple[Exchange, ...] = ()
    """How the world was set up, and what its servers said to each other until then; empty for a real cluster."""
    gone: bool = False
    """Whether the ServiceAccount or the Pod that was chosen in the simulated world does not exist."""
    replaced: Mapping[str, JsonValue] | None = None
    """What `token_mount` had found before the clock was moved; None where it was not."""
    faults: tuple[str, ...] = ()
    """The faults that were in force in the simulated world when the walk began."""
    change: int = 0
    """The newest event that had changed the simulated world when the walk began (`EventStream.changed`)."""
    granted: frozenset[Action] = ALL
    """What the walk was allowed to do beyond reading."""
    as_of: Mapping[Step, float] = field(default_factory=dict)
    """Unix seconds of those reports that are of an earlier walk, because a server was silent in this one."""
    silence: str = ""
    """How a server was silent, in the words of the client that noticed it; empty where none was."""
    diagnosis: Diagnosis | None = None
    """What the doctor says of it; None before the first request for it."""
    identity: JsonValue = None
    """Who we ourselves are to AWS (GetCallerIdentity); None where AWS did not say."""
    identity_error: FlowError | None = None
    """Why it did not."""
    region: str = ""
    """The AWS region that was asked."""
    forecast: Forecast | None = None
    """What the cluster said beforehand of what the actions take; None where it was not asked."""
