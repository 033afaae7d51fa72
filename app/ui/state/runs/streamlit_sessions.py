"""Streamlit's sessions, cheaper: their scripts seldom wake the server's loop, and each takes one file descriptor.

In Streamlit a script wakes the loop for each of the forty messages of a page. The loop then asks all that may have
happened to the run, and wakes the task that sends the message.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from time import sleep
from typing import Any

import streamlit as st
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import app_session, websocket_session_manager
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner import (
    RerunData,
    ScriptRunner,
    ScriptRunnerEvent,
    get_script_run_ctx,
)
from streamlit.runtime.scriptrunner_utils.run_descriptor import RunDescriptor
from streamlit.runtime.session_manager import ActiveSessionInfo, SessionClientDisconnectedError
from streamlit.source_util import PageInfo

from app.serving.operations import log_events
from app.ui.state.runs import (
    browser_messages,
    clicks,
    containers,
    drawn_before,
    fragments,
    made_files,
    outgoing_messages,
    said_again,
    streamlit_shortcuts,
)
from app.ui.state.runs.runner import Runner
from app.ui.state.runs.script_threads import DeferredLoop

TOGETHER_SECONDS = 0.025
"""How long the messages of a run wait, to be sent together: most runs have ended by then."""
AT_ONCE = 100
"""Messages that are sent without giving way to other tasks. A page has fifty; a connection's queue has room for 500."""


class Session(AppSession):
    """A session with a `DeferredLoop`, whose script wakes the server's loop once for all messages that wait by then."""

    _is_away = False
    """Whether its browser has lost the connection."""
    _hands_on = False
    """Whether `_hand_on` is at work on the server's loop."""
    _before: ScriptRunner | None = None
    """While the browser asks for a run: the runner that this run replaces."""
    _ended: ScriptRunner | None = None
    """The runner that has ended last, where runs had not begun that the browser had asked for."""
    _first: tuple[object, ForwardMsg] | None = None
    """The app's pages, and the message with which each run begins, without what differs from run to run."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """As `AppSession`."""
        super().__init__(*args, **options)
        self._script_event_loop.close()
        self._script_event_loop = DeferredLoop()  # type: ignore[abstract]  # its methods are the real loop's
        self._browser_queue = outgoing_messages.MessageQueue()
        self._callbacks: deque[Callable[[], None]] = deque()
        self._is_woken = False
        self._together: asyncio.TimerHandle | None = None
        self._held = False

    def request_rerun(self, client_state: ClientState | None) -> None:
        """As `AppSession`, which stops the run before this one. Where that has not begun, its clicks are not lost."""
        if client_state is not None:
            said_again.hear(client_state, self._session_state)
        self._before = self._scriptrunner or self._ended
        try:
            super().request_rerun(fragments.or_page(client_state, self._session_state, self.has_fragment))
        finally:
            self._before = None

    def disconnect_file_watchers(self) -> None:
        """As `AppSession`. Streamlit calls it when the connection is lost, and at the end of a session."""
        super().disconnect_file_watchers()
        self._is_away = True

    def register_file_watchers(self) -> None:
        """As `AppSession`. Streamlit calls it for a new session, and when a browser is connected again: then what waits
        is the rest of a run that was stopped. The browser would take it for a whole page, and remove all else."""
        super().register_file_watchers()
        if self._is_away:
            self._is_away = False
            self._hand_on()
            self._wait_no_more()
            self._browser_queue.clear()

    def _create_scriptrunner(self, initial_rerun_data: RerunData) -> None:
        """As `AppSession`, which drops what it has not heard yet of the run before this one. That may have ended."""
        self._hand_on()
        self._ended = None
        earlier = self._before.never_begun if isinstance(self._before, Runner) else ()
        super()._create_scriptrunner(clicks.joined((*earlier, initial_rerun_data), self._session_state))

    def handle_backmsg(self, msg: BackMsg) -> None:
        """As `AppSession`, for the messages that pages send. Any other message is counted as refused and dropped."""
        asks_for_file, waiting = msg.WhichOneof("type") == "backend_operation_request", len(self._background_tasks)
        if not (asks_for_file and waiting >= made_files.AT_ONCE) and browser_messages.is_of_a_page(msg):
            super().handle_backmsg(msg)
        else:
            log_events.refuse("message")

    def _handle_stop_script_request(self) -> None:
        """As `AppSession`. What the reader stops before it has begun is not begun by the next click either."""
        super()._handle_stop_script_request()
        if isinstance(self._scriptrunner, Runner):
            self._scriptrunner.never_begun = ()

    async def _handle_backend_operation_request(self, request: BackendOperationRequest) -> None:
        """As `AppSession`, outside of all runs, when it is its visitor's turn."""
        await made_files.in_turn(self.id, partial(super()._handle_backend_operation_request, request))

    def _on_scriptrunner_event(
        self,
        sender: ScriptRunner | None,
        event: ScriptRunnerEvent,
        forward_msg: ForwardMsg | None = None,
        *more: Any,
        **facts: Any,
    ) -> None:
        """As `AppSession`, but a message that waits for others does not wake the loop: it goes when the wait ends."""
        if event is not ScriptRunnerEvent.ENQUEUE_FORWARD_MSG or forward_msg is None:
            super()._on_scriptrunner_event(sender, event, forward_msg, *more, **facts)
            return
        self._callbacks.append(partial(self._take, sender, forward_msg))
        if self._together is None:  # asked after the message is queued: the end of the wait looks for messages later
            self._wake()

    def _take(self, sender: ScriptRunner | None, message: ForwardMsg) -> None:
        """What `AppSession` does with a message, without its questions about what else may have happened."""
        if sender is self._scriptrunner:  # else another run has replaced this one: its message must not be shown
            self._browser_queue.enqueue(message)

    def _call_soon_on_event_loop(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)
        self._wake()

    def _wake(self) -> None:
        if not self._is_woken:  # two threads may both come here: then the second call finds no callbacks
            self._is_woken = True
            super()._call_soon_on_event_loop(self._hand_on)

    def _hand_on(self) -> None:
        """On the server's loop: calls the callbacks in their order, each by itself, so that an error in one does not
        stop the others. Then it sends what they have queued, unless that waits for more."""
        self._is_woken = False  # first: what comes from now on wakes again
        self._hands_on = True
        while self._callbacks:
            try:
                self._callbacks.popleft()()
            except Exception as error:
                self._event_loop.call_exception_handler({"message": "a script's event", "exception": error})
        self._hands_on = False
        if self._together is None:
            self.send()

    def _handle_scriptrunner_event_on_event_loop(
        self, sender: ScriptRunner | None, event: ScriptRunnerEvent, *more: Any, **facts: Any
    ) -> None:
        """As `AppSession`. The first messages of a run wait for those that follow: a browser processes its whole page
        each time that something arrives, and while a script runs the server's loop gets to send one message every five
        milliseconds.

        Where a run ends for another one, as that of a button that leads to a page, its messages go with that one's.
        """
        if event is ScriptRunnerEvent.SCRIPT_STARTED:
            self.gather()
        elif event is not ScriptRunnerEvent.SCRIPT_STOPPED_FOR_RERUN and not self._held:
            self._wait_no_more()
        if event is ScriptRunnerEvent.SHUTDOWN and sender is self._scriptrunner and isinstance(sender, Runner):
            self._ended = sender if sender.never_begun else None
        super()._handle_scriptrunner_event_on_event_loop(sender, event, *more, **facts)

    def _create_new_session_message(
        self, page_script_hash: str, run_descriptor: RunDescriptor, pages: dict[str, PageInfo] | None = None
    ) -> ForwardMsg:
        """As `AppSession`, made once. A browser needs all of it in each run: it would go back to the default theme."""
        pages = pages or self._pages_manager.get_pages()
        if self._first is None or self._first[0] != pages:
            made = super()._create_new_session_message(page_script_hash, run_descriptor, pages)
            outgoing_messages.strip(made)
            self._first = pages, made
        message = ForwardMsg()
        message.CopyFrom(self._first[1])
        message.metadata.run.script_run_id = run_descriptor.script_run_id
        message.metadata.run.fragment_ids.extend(run_descriptor.fragment_ids)
        message.new_session.page_script_hash = page_script_hash
        status = message.new_session.initialize.session_status
        status.run_on_save, status.script_is_running = self._run_on_save, self._state == AppSessionState.APP_IS_RUNNING
        return message

    def _enqueue_forward_msg(self, msg: ForwardMsg) -> None:
        """As `AppSession`, on the server's loop. A message that `_hand_on` sends need not wake Streamlit's sender."""
        if self._together or self._hands_on:
            self._browser_queue.enqueue(msg)
        else:
            super()._enqueue_forward_msg(msg)

    def flush_browser_queue(self) -> list[ForwardMsg]:
        """Sends the messages that wait, on the server's loop. Returns those that could not be sent: Streamlit tries to
        send them as well, finds that the browser is gone, and ends the session.

        Streamlit gives way after each message, so that each takes a turn of the loop and goes to the browser by itself.
        Here the messages of a page go at once. Those for which the connection's queue has no room go when Streamlit
        asks again.
        """
        waiting = [] if self._together else super().flush_browser_queue()
        client = _connected(self.id) if waiting else None
        if client is None:
            return waiting
        page, sender = waiting[:AT_ONCE], client.client
        sent = sender.write_together(page) if isinstance(sender, outgoing_messages.DirectClient) else 0
        for number, message in enumerate(page[sent:], sent):
            try:
                st.runtime.get_instance()._send_message(client, message)
            except SessionClientDisconnectedError:
                return waiting[number:]
        self._leave_to_streamlit(waiting[AT_ONCE:])
        return []

    def _leave_to_streamlit(self, messages: list[ForwardMsg]) -> None:
        """On the server's loop: queues messages, which Streamlit sends before later ones when it asks for them."""
        for message in messages:
            self._browser_queue.enqueue(message)
        if messages and self._message_enqueued_callback:  # none where the session has ended
            self._message_enqueued_callback()

    def gather(self) -> None:
        """On the server's loop: from now on messages wait for those that follow."""
        self._wait(TOGETHER_SECONDS)

    def send_ahead(self, seconds: float) -> None:
        """On the server's loop: sends the messages so far, and the next ones together after so many seconds."""
        self.send()
        self._wait(seconds)
        self._held = True

    def _wait(self, seconds: float) -> None:
        self._wait_no_more()
        self._together = self._event_loop.call_later(seconds, self._end_wait)

    def _end_wait(self) -> None:
        self._wait_no_more()
        self._hand_on()

    def _wait_no_more(self) -> None:
        if self._together:
            self._together.cancel()
        self._together = None
        self._held = False

    def send(self) -> None:
        """On the server's loop: sends the messages so far."""
        self._wait_no_more()
        self._leave_to_streamlit(self.flush_browser_queue())


def _connected(session_id: str) -> ActiveSessionInfo | None:
    """The session with its browser's connection; None where there is none."""
    if not st.runtime.exists():
        return None
    return st.runtime.get_instance()._session_mgr.get_active_session_info(session_id)


def let_be_drawn(seconds: float) -> None:
    """In a script: sends what it has drawn so far, and gives the browser so many seconds to show it. The script goes on
    meanwhile. Under another server than ours it waits, because there everything is sent at once.
    """
    context = get_script_run_ctx()
    session = st.runtime.get_instance().get_app_session(context.session_id) if context and st.runtime.exists() else None
    if isinstance(session, Session):
        session._call_soon_on_event_loop(partial(session.send_ahead, seconds))
    else:
        sleep(seconds)


def install() -> None:
    """Replaces parts of Streamlit by those of this folder: every new session is a `Session`. There is no option for
    it."""
    for part in (browser_messages, outgoing_messages, streamlit_shortcuts, drawn_before, containers, made_files):
        part.install()
    websocket_session_manager.AppSession = Session  # type: ignore[attr-defined]
    app_session.ScriptRunner = Runner  # type: ignore[attr-defined]
