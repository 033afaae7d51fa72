"""Streamlit's sessions, cheaper: their scripts take turns, wake the server seldom, and take one file descriptor each.

Streamlit runs all scripts at once. And it makes an event loop for each session, for the thread that runs its script
(`app_session.py`): three descriptors, the selector and a pair of sockets. Our pages do not use it. And a script wakes
the server's loop for each of the forty messages of a page.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from copy import copy, deepcopy
from functools import cache, partial
from time import perf_counter, sleep
from typing import Any

import streamlit as st
from streamlit.cursor import RunningCursor, SparseList
from streamlit.elements.lib.form_utils import FormData
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import app_session, websocket_session_manager
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import (
    RerunData,
    ScriptRunContext,
    ScriptRunner,
    ScriptRunnerEvent,
    get_script_run_ctx,
)
from streamlit.runtime.session_manager import ActiveSessionInfo, SessionClientDisconnectedError

from app.serving.operations.metrics import PAGE_SECONDS
from app.serving.operations.stopping import STOPPING
from app.serving.turns import Turns
from app.ui.state import allowance

TOGETHER_SECONDS = 0.025
"""Within which what a run says goes to the browser together: most runs have ended by then."""
AT_ONCE = 100
"""Messages that are sent without giving way: a page has fifty, and a connection's queue has room for 500."""
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
        self._together: asyncio.TimerHandle | None = None
        self._held = False

    def _on_scriptrunner_event(
        self, sender: ScriptRunner | None, event: ScriptRunnerEvent, *more: Any, **facts: Any
    ) -> None:
        """As `AppSession`; but a message that waits for what follows wakes nothing: it goes when the wait ends."""
        if event is not ScriptRunnerEvent.ENQUEUE_FORWARD_MSG:
            super()._on_scriptrunner_event(sender, event, *more, **facts)
            return
        self._callbacks.append(partial(self._handle_scriptrunner_event_on_event_loop, sender, event, *more, **facts))
        if self._together is None:  # asked last: what ends the wait looks for messages after that
            self._wake()

    def _call_soon_on_event_loop(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)
        self._wake()

    def _wake(self) -> None:
        if not self._is_woken:  # two threads may both come here, and the second call finds nothing
            self._is_woken = True
            super()._call_soon_on_event_loop(self._hand_on)

    def _hand_on(self) -> None:
        """On the server's loop: each callback in its order, by itself, so that none fails for another."""
        self._is_woken = False  # first: what comes from now on wakes again
        while self._callbacks:
            try:
                self._callbacks.popleft()()
            except Exception as error:
                self._event_loop.call_exception_handler({"message": "a script's event", "exception": error})

    def _handle_scriptrunner_event_on_event_loop(
        self, sender: ScriptRunner | None, event: ScriptRunnerEvent, *more: Any, **facts: Any
    ) -> None:
        """As `AppSession`. What a run says first waits for what follows: for each sending a browser goes through its
        whole page, and while the script runs the server's loop comes to send one message every five milliseconds.

        A run that ends for another one, as that of a button that leads to a page, goes with what that one says.
        """
        if event is ScriptRunnerEvent.SCRIPT_STARTED:
            self.gather()
        elif event in (ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, ScriptRunnerEvent.SCRIPT_STOPPED_FOR_RERUN):
            pass
        elif not self._held:
            self.send()
        super()._handle_scriptrunner_event_on_event_loop(sender, event, *more, **facts)

    def _enqueue_forward_msg(self, msg: ForwardMsg) -> None:
        """As `AppSession`, on the server's loop. What waits for what follows wakes no one who would send it."""
        if self._together:
            self._browser_queue.enqueue(msg)
        else:
            super()._enqueue_forward_msg(msg)

    def flush_browser_queue(self) -> list[ForwardMsg]:
        """Sends what waits, on the server's loop, and returns what Streamlit is to send of it.

        Streamlit gives way after each message, so that each takes a turn of the loop and goes to the browser by itself.
        A page's go at once; what is too much for the queue of its connection goes in Streamlit's way.
        """
        waiting = [] if self._together else super().flush_browser_queue()
        client = _connected(self.id) if waiting else None
        if client is None:
            return waiting
        for number, message in enumerate(waiting[:AT_ONCE]):
            try:
                st.runtime.get_instance()._send_message(client, message)
            except SessionClientDisconnectedError:
                return waiting[number:]  # Streamlit finds the same, and ends the session
        return waiting[AT_ONCE:]

    def gather(self) -> None:
        """On the server's loop: from now on what is said waits for what follows."""
        self._wait(TOGETHER_SECONDS)

    def send_ahead(self, seconds: float) -> None:
        """On the server's loop: sends what the run has said so far. What follows comes so much later, all at once."""
        self._wait_no_more()
        for too_much in self.flush_browser_queue():
            self._browser_queue.enqueue(too_much)
        self._wait(seconds)
        self._held = True

    def _wait(self, seconds: float) -> None:
        self._wait_no_more()
        self._together = self._event_loop.call_later(seconds, self._end_wait)

    def _end_wait(self) -> None:
        self._wait_no_more()
        self._hand_on()
        self._event_loop.call_soon(self.send)

    def _wait_no_more(self) -> None:
        if self._together:
            self._together.cancel()
        self._together = None
        self._held = False

    def send(self) -> None:
        """On the server's loop: sends what the run has said so far."""
        self._wait_no_more()
        if self._message_enqueued_callback:  # none where the session has ended
            self._message_enqueued_callback()


def _connected(session_id: str) -> ActiveSessionInfo | None:
    """The session with its browser's connection; None where there is none."""
    if not st.runtime.exists():
        return None
    return st.runtime.get_instance()._session_mgr.get_active_session_info(session_id)


def kept_mounted() -> AbstractContextManager[None]:
    """In a script: what is drawn inside stays in a browser that turns to another page, until that page has something
    else in its place.

    Where a page is turned to, Streamlit's frontend takes away what the page before has drawn, and leaves what the main
    script has: this counts as drawn by the main script. The places of a container are counted, so what stands before it
    there has to be kept as well.
    """
    return _drawn_by(lambda context: context.pages_manager.main_script_hash)


def gone_with_its_page() -> AbstractContextManager[None]:
    """In a script, inside of `kept_mounted`: what is drawn here is of this page alone."""
    return _drawn_by(lambda context: context.page_script_hash)


def _drawn_by(script: Callable[[ScriptRunContext], str]) -> AbstractContextManager[None]:
    """Inside, all counts as drawn by this script of the present run, which is named by its hash."""
    context = get_script_run_ctx()
    return context.run_with_active_hash(script(context)) if context else nullcontext()


def let_be_drawn(seconds: float) -> None:
    """In a script: sends what it has drawn so far, and gives the browser that long to show it. The script goes on; only
    a session that is not ours has to wait, as it sends what is drawn at once.
    """
    context = get_script_run_ctx()
    session = st.runtime.get_instance().get_app_session(context.session_id) if context and st.runtime.exists() else None
    if isinstance(session, Session):
        session._call_soon_on_event_loop(partial(session.send_ahead, seconds))
    else:
        sleep(seconds)


class Runner(ScriptRunner):
    """Runs a session's script, or a fragment or a callback of it, when it is the visitor's turn, and lets them pay.

    Before each message to the browser, where Streamlit itself may stop a script, one in a hurry gives way to others.
    """

    _give_way: Callable[[], None] = staticmethod(lambda: None)

    def _run_script(self, rerun_data: RerunData) -> None:
        asked = perf_counter()
        with (
            _turns.turn(allowance.address() or self._session_id, allowance.rest) as self._give_way,
            STOPPING.under_way("page"),
        ):
            try:
                super()._run_script(rerun_data)
            finally:
                allowance.settle()
                PAGE_SECONDS.observe(perf_counter() - asked)

    def _enqueue_forward_msg(self, msg: ForwardMsg) -> None:
        self._give_way()
        super()._enqueue_forward_msg(msg)


def _once(fill: Callable[..., None]) -> Callable[..., None]:
    """The same function, which fills a new protobuf message with settings; these do not change while the app runs."""

    @cache
    def filled(kind: Any, *which: Any, **named: Any) -> Any:
        made = kind()
        fill(made, *which, **named)
        return made

    def copied(message: Any, *which: Any, **named: Any) -> None:
        kind: Any = type(message)
        made = filled(kind, *which, **named)
        if made.ByteSize():  # an empty one would say that there is one
            message.MergeFrom(made)

    return copied


def _copy_of_cursor(cursor: RunningCursor, _memo: dict[int, Any]) -> RunningCursor:
    """What `copy.deepcopy` makes of it, in less time: where a fragment begins, Streamlit copies every cursor."""
    made = copy(cursor)
    made._transient_elements = SparseList()
    for index, element in cursor.transient_elements.items():
        made._transient_elements[index] = deepcopy(element)
    return made


def install() -> None:
    """Makes every session from now on a `Session` with a `Runner`. Streamlit has no option for it.

    And the settings that each run begins by sending, theme and all, are read once.
    """
    app_session._populate_config_msg = _once(app_session._populate_config_msg)
    app_session._populate_theme_msg = _once(app_session._populate_theme_msg)
    RunningCursor.__deepcopy__ = _copy_of_cursor  # type: ignore[attr-defined]
    FormData.__deepcopy__ = lambda data, _memo: data  # type: ignore[attr-defined]  # a string that cannot change
    websocket_session_manager.AppSession = Session  # type: ignore[attr-defined]
    app_session.ScriptRunner = Runner  # type: ignore[attr-defined]
