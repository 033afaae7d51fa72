"""The faults that a command line names."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from app.commands.failure import CannotRun
from app.content import Content

if TYPE_CHECKING:
    from app.world.faults import Fault

_NEAREST = 3


def chosen(names: Sequence[str], words: Content) -> tuple[Fault, ...]:
    """The faults of these ids, each once, in any case of letters. Raises `CannotRun` for one that there is not."""
    from app.world.faults import FAULTS, find_fault, left_out

    found = {}
    for name in names:
        if (key := left_out(name)) is not None:
            reason = words.message(f"faults.left_out.{key}")
            raise CannotRun(words, "fault_left_out", got=name, reason=reason)
        if (fault := find_fault(name)) is None:
            by_name = {fault_id.lower(): fault_id for fault_id in FAULTS}
            nearest = get_close_matches(name.lower(), by_name, _NEAREST, cutoff=0)
            raise CannotRun(words, "unknown_fault", got=name, nearest=", ".join(map(by_name.__getitem__, nearest)))
        found[fault.id] = fault
    return tuple(found.values())
