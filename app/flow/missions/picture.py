"""A mission as a picture: who reaches what through which role, now and once its goals are reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.flow.missions.judging import Result
from app.flow.missions.mission import Goal, Permission


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
    """One goal: from somebody to what they reach."""

    goal: Goal
    role: str
    """By which role it is there; empty where that is none, or not known."""
    change: Change


_CHANGES = {
    (True, True): Change.STAYS,
    (False, True): Change.COMES,
    (True, False): Change.GOES,
    (False, False): Change.ABSENT,
}
"""By whether it is there now, and whether it has to be."""


def edges(results: Sequence[Result]) -> tuple[Edge, ...]:
    """One for each goal."""
    return tuple(map(_edge, results))


def _edge(result: Result) -> Edge:
    wanted = result.goal.wanted if isinstance(result.goal, Permission) else True
    is_there = result.reached is wanted
    return Edge(goal=result.goal, role=result.role if is_there else "", change=_CHANGES[is_there, wanted])
