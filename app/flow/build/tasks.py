"""The nine tasks in the order of the article, and what each is done by: checks of a walk, and deeds.

A goal is a state of the world, not a command: any names, any order and any tool will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.flow.build.deeds import Deed
from app.flow.json_access import strings
from app.flow.model import HOLDS, Check, Status, Step, Walk
from app.flow.steps.trust_policy import ANY

_FAILED_POD = "failed_pod"
"""The goal that a Pod without IRSA has failed."""
_LISTED = "log_lists_buckets"
"""The goal that the log of the chain's Pod has the names of the buckets."""


class TaskId(StrEnum):
    """A task; also its name in addresses and in the words of the page."""

    LOOK_AROUND = "look_around"
    ISSUER = "issuer"
    PROVIDER = "provider"
    ROLE = "role"
    SERVICE_ACCOUNT = "service_account"
    POD_AFTER = "pod_after"
    BUCKETS = "buckets"
    LOOK_INSIDE = "look_inside"
    BY_HAND = "by_hand"


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task."""

    id: TaskId
    goals: tuple[str, ...]
    """Checks of a walk, deeds, and the two goals of this module."""
    about: tuple[str, ...]
    """The parties that it makes or looks at. A picture that has no room for all of them shows the first."""


_CONDITIONS = ("trust.audience", "trust.subject", "trust.scope")
TRUST = ("trust.provider", "trust.action", *_CONDITIONS, "trust.decision")
"""The goals that a role's trust policy reaches."""
_ROLE = ("role.exists", *TRUST, "access.policy")
TASKS = (
    Task(id=TaskId.LOOK_AROUND, goals=(_FAILED_POD, Deed.LOG_BEFORE), about=("pod",)),
    Task(id=TaskId.ISSUER, goals=(Deed.ISSUER,), about=("issuer", "api_server")),
    Task(
        id=TaskId.PROVIDER,
        goals=("provider.exists", "provider.audience"),
        about=("provider", "issuer"),
    ),
    Task(id=TaskId.ROLE, goals=_ROLE, about=("role", "provider")),
    Task(
        id=TaskId.SERVICE_ACCOUNT,
        goals=("service_account.exists", "service_account.annotation", "service_account.role_arn", "role.exists"),
        about=("service_account",),
    ),
    Task(
        id=TaskId.POD_AFTER,
        goals=("pod.exists", "pod.injected", "token.file"),
        about=("pod", "webhook"),
    ),
    Task(
        id=TaskId.BUCKETS,
        goals=("sts.credentials", "access.list_buckets", _LISTED, Deed.LOG_AFTER),
        about=("s3", "pod"),
    ),
    Task(id=TaskId.LOOK_INSIDE, goals=(Deed.VARIABLES, Deed.TOKEN), about=("pod",)),
    Task(id=TaskId.BY_HAND, goals=(Deed.ASSUMED,), about=("sts", "role")),
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is known of a world that is being built."""

    walk: Walk
    role_checks: Mapping[str, Check]
    """The checks of the role that is being made, as if the annotation pointed to it (`role.role_checks`)."""
    deeds: frozenset[Deed]
    failed_pod: bool
    """Whether a Pod without IRSA has failed."""
    log: str
    """The log of the chain's Pod; empty where there is none."""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """One goal of a task, as the world is now."""

    id: str
    done: bool
    check: Check | None = None
    """What it is judged by, where that is a check."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One task as the world is now."""

    task: Task
    goals: tuple[Goal, ...]

    @property
    def done(self) -> bool:
        """Whether all its goals are reached."""
        return all(goal.done for goal in self.goals)

    @property
    def wrong(self) -> Check | None:
        """What is not as it has to be, though something is there already; None where nothing is, or all is well."""
        found = [(goal.check, goal.done) for goal in self.goals if goal.check]
        begun = any(check.status in HOLDS for check, _ in found)
        wrong = (check for check, done in found if not done and check.status in (Status.FAILED, *HOLDS))
        return next(wrong, None) if begun else None


def progress(seen: Seen) -> tuple[Progress, ...]:
    """Every task, in their order."""
    checks = {check.id: check for check in seen.walk.checks}
    found = []
    for task in TASKS:
        own = {**checks, **seen.role_checks} if task.id is TaskId.ROLE else checks
        found.append(Progress(task=task, goals=tuple(_goal(goal, own, seen) for goal in task.goals)))
    return tuple(found)


def next_task(found: tuple[Progress, ...]) -> TaskId | None:
    """The first that is not done; None where all are."""
    return next((it.task.id for it in found if not it.done), None)


def _goal(goal: str, checks: Mapping[str, Check], seen: Seen) -> Goal:
    if check := checks.get(goal):
        return Goal(id=goal, done=check.status in HOLDS and not _is_open(check), check=check)
    return Goal(id=goal, done=_OTHERS[goal](seen) if goal in _OTHERS else Deed(goal) in seen.deeds)


def _is_open(check: Check) -> bool:
    """Whether a condition is missing or too wide, which STS does not mind: the exercise is about one ServiceAccount."""
    return check.id in _CONDITIONS and (check.status is Status.WARNING or check.got == ANY)


def _buckets_in_log(seen: Seen) -> bool:
    buckets = strings(seen.walk.report(Step.ACCESS).evidence.get("buckets"))
    return bool(buckets) and all(name in seen.log for name in buckets)


def _knows_issuer(seen: Seen) -> bool:
    """An administrator who has registered the issuer of the cluster has found it out."""
    exists = seen.walk.report(Step.OIDC_PROVIDER).check("provider.exists")
    return Deed.ISSUER in seen.deeds or exists.status in HOLDS


_OTHERS = {
    _FAILED_POD: lambda seen: seen.failed_pod or Deed.LOG_BEFORE in seen.deeds,
    _LISTED: _buckets_in_log,
    Deed.ISSUER: _knows_issuer,
}
