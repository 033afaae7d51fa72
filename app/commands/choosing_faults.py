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
    from app.world.faults import FAULTS, LEFT_OUT

    by_name = {fault_id.lower(): fault for fault_id, fault in FAULTS.items()}
    left_out = {f"f{number}": key for number, key in LEFT_OUT.items()}
    for name in names:
        if (key := left_out.get(name.lower())) is not None:
            reason = words.message(f"faults.left_out.{key}")
            raise CannotRun(words, "fault_left_out", got=name, reason=reason)
        if name.lower() not in by_name:
            nearest = get_close_matches(name.lower(), by_name, _NEAREST, cutoff=0) if name else []
            raise CannotRun(words, "unknown_fault", got=name, nearest=", ".join(by_name[near].id for near in nearest))
    return tuple(dict.fromkeys(by_name[name.lower()] for name in names))
