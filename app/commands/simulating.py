"""What the system refuses a simulated world, as the end of a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.commands.failure import CannotRun
from app.commands.streams import why
from app.content import Content


@contextmanager
def simulating(words: Content) -> Iterator[None]:
    """Raises `CannotRun` where the system refuses what a world needs: a port, a folder, room on the disk."""
    try:
        yield
    except OSError as error:
        raise CannotRun(words, "world_cannot_run", said=why(error)) from error
