"""A mission as a picture: who reaches what through which role, now and once its goals are reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.flow.missions.judging import Result
from app.flow.missions.mission import Permission


class Change(StrEnum):
    """What has to become of an edge."""

    STAYS = "stays"
    """It is there, and has to be."""
    COMES = "comes"
    """It has to be there, and is not."""
    GOES = "goes"
    """It is there, and must not be."""
    ABSENT = "absent"
    """It is not there, and must not be."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """From somebody to something in AWS."""

    who: str
    role: str
    """By which role it is, or was asked for; empty where there is none."""
    action: str
    resource: str
    change: Change
    goal: Permission


_CHANGES = {
    (True, True): Change.STAYS,
    (False, True): Change.COMES,
    (True, False): Change.GOES,
    (False, False): Change.ABSENT,
}
"""By whether it is there now, and whether it has to be."""


def edges(results: Sequence[Result]) -> tuple[Edge, ...]:
    """One for each goal that is about a permission."""
    return tuple(
        Edge(
            who=result.goal.who,
            role=result.role,
            action=result.goal.action,
            resource=result.goal.resource,
            change=_CHANGES[result.reached is result.goal.wanted, result.goal.wanted],
            goal=result.goal,
        )
        for result in results
        if isinstance(result.goal, Permission)
    )
