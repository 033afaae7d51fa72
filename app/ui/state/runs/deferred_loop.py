"""Streamlit makes an event loop for each session, for the thread that runs its script (`app_session.py`): three
descriptors, the selector and a pair of sockets. Our pages do not use it.
"""

from __future__ import annotations

import asyncio
from typing import Any


class DeferredLoop(asyncio.AbstractEventLoop):
    """An event loop that is made when something first uses it. To close it unused makes none."""

    _made: asyncio.AbstractEventLoop | None = None
    _is_closed = False

    def __getattribute__(self, name: str) -> Any:
        """Everything but the methods below belongs to the loop that is made now. A closed one raises as asyncio's."""
        if name in _OWN:
            return object.__getattribute__(self, name)
        if self._made is None:
            self._made = asyncio.new_event_loop()
            if self._is_closed:
                self._made.close()
        return getattr(self._made, name)

    def is_running(self) -> bool:
        """Whether the loop runs now: never before it is made."""
        return self._made is not None and self._made.is_running()

    def is_closed(self) -> bool:
        """Whether it is closed, used or not."""
        return self._is_closed if self._made is None else self._made.is_closed()

    def close(self) -> None:
        """Closes it. Raises `RuntimeError` while it runs."""
        self._is_closed = True
        if self._made is not None:
            self._made.close()


_OWN = frozenset({*vars(DeferredLoop), "__class__", "__dict__"})
