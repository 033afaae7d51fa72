"""Streamlit's sessions, cheaper: their scripts take turns, wake the server seldom, and take one file descriptor each.

Streamlit runs all scripts at once. And it makes an event loop for each session, for the thread that runs its script
(`app_session.py`): three descriptors, the selector and a pair of sockets. Our pages do not use it. And a script wakes
the server's loop for each of the forty messages of a page.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from streamlit import string_util
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import app_session, websocket_session_manager
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner

from app.serving.turns import Turns
from app.ui.state import allowance

_turns = Turns()


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


class Session(AppSession):
    """A session with a `DeferredLoop`, whose script wakes the server's loop once for all that it has to say by then."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """As `AppSession`."""
        super().__init__(*args, **options)
        self._script_event_loop.close()
        self._script_event_loop = DeferredLoop()  # type: ignore[abstract]  # its methods are the real loop's
        self._callbacks: deque[Callable[[], None]] = deque()
        self._is_woken = False

    def _call_soon_on_event_loop(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)
        if not self._is_woken:  # two threads may both come here, and the second call finds nothing
            self._is_woken = True
            super()._call_soon_on_event_loop(self._hand_on)

    def _hand_on(self) -> None:
        """On the server's loop: each callback in its order, by itself, so that none fails for another."""
        self._is_woken = False  # first: what comes from now on wakes again
        while self._callbacks:
            self._event_loop.call_soon(self._callbacks.popleft())


class Runner(ScriptRunner):
    """Runs a session's script, or a fragment or a callback of it, when it is the visitor's turn, and lets them pay.

    Before each message to the browser, where Streamlit itself may stop a script, one in a hurry gives way to others.
    """

    _give_way: Callable[[], None] = staticmethod(lambda: None)

    def _run_script(self, rerun_data: RerunData) -> None:
        with _turns.turn(allowance.address() or self._session_id, allowance.rest) as self._give_way:
            try:
                super()._run_script(rerun_data)
            finally:
                allowance.settle()

    def _enqueue_forward_msg(self, msg: ForwardMsg) -> None:
        self._give_way()
        super()._enqueue_forward_msg(msg)


def install() -> None:
    """Makes every session from now on a `Session` with a `Runner`. Streamlit has no option for it.

    And it looks for an emoji in each label of a choice once: in every run it tries all of them again.
    """
    string_util.extract_leading_emoji = lru_cache(maxsize=256)(string_util.extract_leading_emoji)
    websocket_session_manager.AppSession = Session  # type: ignore[attr-defined]
    app_session.ScriptRunner = Runner  # type: ignore[attr-defined]
