"""One walk as the pages see it, through whichever cluster it went."""

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
    """One walk, and what else was read with it."""

    world: str
    """What the walk went through: the path of the simulated world, or the real cluster's context and the subject. For
    another value another walk is due."""
    walk: Walk
    seconds: float
    """How long the walk took, by the wall clock."""
    log: Callable[[str, str], str] = lambda namespace, pod: ""
    """What a Pod of the simulated world (namespace and name) has printed, or why that cannot be read, in the server's
    words. Read when a page first shows it: few pages do."""
    heard: tuple[Exchange, ...] = ()
    """The requests with which the world was set up, and those between its servers until the walk; empty for a real
    cluster."""
    gone: bool = False
    """Whether the ServiceAccount or the Pod that was chosen in the simulated world does not exist."""
    replaced: Mapping[str, JsonValue] | None = None
    """The evidence of `token_mount` from before the clock was moved; None where it was not moved."""
    faults: tuple[str, ...] = ()
    """The faults that were in force in the simulated world when the walk began."""
    change: int = 0
    """The newest event that had changed the simulated world when the walk began (`EventStream.changed`)."""
    granted: frozenset[Action] = ALL
    """What the walk was allowed to do beyond reading."""
    as_of: Mapping[Step, float] = field(default_factory=dict)
    """By step: when an earlier walk read it, in Unix seconds, where a server did not answer in this walk, or where no
    newer walk can be made."""
    silence: str = ""
    """The client's error message about the server that did not answer; empty where all did."""
    diagnosis: Diagnosis | None = None
    """The doctor's diagnosis; None before the first request for it."""
    identity: JsonValue = None
    """Our own identity at AWS (GetCallerIdentity); None where AWS did not return it."""
    identity_error: FlowError | None = None
    """Why AWS did not return it."""
    region: str = ""
    """The AWS region that was asked."""
    forecast: Forecast | None = None
    """What the cluster said beforehand about the permissions that the actions need; None where it was not asked."""
