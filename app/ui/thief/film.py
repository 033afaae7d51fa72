"""The theft on the map: one beat for each attempt, from what was really sent."""

from __future__ import annotations

from dataclasses import replace

from app.content import Content
from app.flow.film import Beat, attempt
from app.ui.thief.actions import Theft


def theft(stolen: Theft) -> tuple[Beat, ...]:
    """The beats in which the token leaves the Pod, and is tried at each server."""
    copied = (attempt("copy", stolen.loot.exchange),) if stolen.loot.exchange else ()
    return (*copied, *(attempt(name, exchange) for name, exchange in (stolen.used.sent if stolen.used else ())))


def measures(stolen: Theft, content: Content) -> tuple[Beat, ...]:
    """The thief's new attempts after each of the defences that were tried last."""
    beats = []
    for number, measure in enumerate(stolen.last, 1):
        name = content.message(f"thief.defences.{measure}.name")
        for door, exchange in stolen.tried[measure].sent:
            beat = attempt(door, exchange, number=number)
            beats.append(replace(beat, values={**beat.values, "measure": name}))
    return tuple(beats)
