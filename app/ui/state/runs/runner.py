"""The run of a script: when it is the visitor's turn, and paid by them."""

from __future__ import annotations

from collections.abc import Callable
from threading import current_thread
from time import perf_counter

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner, ScriptRunnerEvent
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests, ScriptRequestType
from streamlit.runtime.scriptrunner_utils.script_run_context_attr import SCRIPT_RUN_CONTEXT_ATTR_NAME

from app.serving.operations.metrics import PAGE_SECONDS
from app.serving.operations.stopping import STOPPING
from app.serving.turns import Turns
from app.ui.state import allowance, connection
from app.ui.state.runs import clicks, drawn_before
from app.ui.state.runs.script_threads import ScriptThreads

_turns = Turns()
_threads = ScriptThreads()


def _nothing() -> None:
    """Where something has to be called."""


class Runner(ScriptRunner):
    """Runs a session's script, or a fragment or a callback of it, when it is the visitor's turn, and lets them pay.

    Before each message to the browser, where Streamlit itself may stop a script, one in a hurry gives way to others.
    """

    _give_way: Callable[[], None] = staticmethod(_nothing)
    _connection: object = None
    """That of the reader when the run began: one who leaves meanwhile stays who they were."""
    _never_begun: RerunData | None = None
    """What the browser had asked for, and had not begun when this was stopped."""

    def start(self) -> None:
        """As `ScriptRunner`, in a thread that has run other scripts before."""
        (self._listener,) = self.on_event._get_live_receivers()  # else it is looked for with each message
        visitor = connection.visitor_of(self._session_id) or self._session_id
        _threads.run(self._run_script_thread, visitor, self._session_id)

    def request_stop(self) -> None:
        """As `ScriptRunner`. What has not begun never will: `joined` knows it."""
        with self._requests._lock:
            if self._requests._state is ScriptRequestType.RERUN:
                self._never_begun = self._requests._rerun_data
            self._requests._state = ScriptRequestType.STOP
        super().request_stop()

    def joined(self, newer: RerunData) -> RerunData:
        """What the browser asked for after this was stopped, with the clicks that would else be lost."""
        if self._never_begun is None:
            return newer
        both = ScriptRequests()
        both.request_rerun(self._never_begun)
        both.request_rerun(newer)
        return both._rerun_data

    def _run_script_thread(self) -> None:
        """As `ScriptRunner`. What the run was made of goes with it, and not when garbage is looked for."""
        self._script_thread = current_thread()
        allowance.begin()
        try:
            super()._run_script_thread()
        finally:
            vars(current_thread()).pop(SCRIPT_RUN_CONTEXT_ATTR_NAME, None)
            object.__setattr__(self._session_state, "_yield_callback", _nothing)

    def _run_script(self, rerun_data: RerunData) -> None:
        asked = perf_counter()
        self._connection = connection.look_again()
        with (
            _turns.turn(allowance.address() or self._session_id, allowance.rest) as self._give_way,
            STOPPING.under_way("page"),
        ):
            if STOPPING.is_over:
                return
            try:
                pages = self._pages_manager.get_pages()
                data = clicks.in_step(rerun_data, self._session_state)
                if data is not rerun_data:  # again: the run that changed it may have been ended before it was sent
                    super()._enqueue_forward_msg(clicks.address_message(data.query_string))
                super()._run_script(clicks.as_page_change(data, self._session_state, pages))
            finally:
                allowance.settle()
                PAGE_SECONDS.observe(perf_counter() - asked)

    def _maybe_handle_execution_control_request(self) -> None:
        """As `ScriptRunner`, which goes a long way to find that nothing was asked, a hundred and fifty times a run.

        Fragments that run in threads of their own would have to be asked as well. We have none.
        """
        if self._requests._state is not ScriptRequestType.CONTINUE:
            super()._maybe_handle_execution_control_request()

    def _enqueue_forward_msg(self, msg: ForwardMsg) -> None:
        self._give_way()
        drawn_before.hear(msg)
        clicks.hear(msg, self._session_state)
        self._maybe_handle_execution_control_request()
        self._listener(self, ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, msg)
