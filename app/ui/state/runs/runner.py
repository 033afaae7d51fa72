"""The run of a script: it waits for its visitor's turn, and its CPU time is charged to that visitor."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from threading import current_thread
from time import perf_counter

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import (
    RerunData,
    RerunException,
    ScriptRunner,
    ScriptRunnerEvent,
    StopException,
    get_script_run_ctx,
)
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType, _has_active_trigger_value
from streamlit.runtime.scriptrunner_utils.script_run_context_attr import SCRIPT_RUN_CONTEXT_ATTR_NAME
from streamlit.runtime.state.common import user_key_from_element_id

from app.serving.operations.metrics import PAGE_SECONDS
from app.serving.operations.stopping import STOPPING
from app.serving.turns import Turns
from app.ui.state import allowance, connection
from app.ui.state.runs import clicks, drawn_before, said_again
from app.ui.state.runs.script_threads import ScriptThreads

_turns = Turns()
_threads = ScriptThreads()


def _nothing() -> None:
    """Does nothing, where a function has to be given."""


def _kind(data: RerunData) -> Hashable:
    """What a run does, as far as it can be known before: its page, whether of a fragment, and the key of what was
    pressed, with which Streamlit's ids end."""
    pressed = next((it.id for it in clicks.widgets(data) if _has_active_trigger_value(it)), "")
    return data.page_script_hash, bool(data.fragment_id_queue), user_key_from_element_id(pressed)


class Runner(ScriptRunner):
    """Runs a session's script, or a fragment or a callback of it, in the visitor's turn, and charges them for it.

    Before each message to the browser, where Streamlit itself may stop a script, it gives way if `Turns` says so.
    """

    _give_way: Callable[[], None] = staticmethod(_nothing)
    _connection: object = None
    """The reader's connection when the run began. It is held, so that the run knows a reader who leaves meanwhile."""
    _waiting: RerunData | None = None
    """The run that begins next: it waits for its turn, or its callbacks are still to be called."""
    _begun: RerunData | None = None
    """The run that has begun last."""
    _is_ahead = False
    """Whether the page is only drawn so that the run after it knows its widgets."""
    _arrives: Mapping[str, str] | None = None
    """Where a button or a link of ours leads to the page that runs next: the parameters that it gives."""
    never_begun: tuple[RerunData, ...] = ()
    """The runs that the browser had asked for and that had not begun when this runner was stopped."""

    def start(self) -> None:
        """As `ScriptRunner`, in a thread that may have run other scripts before."""
        (self._listener,) = self.on_event._get_live_receivers()  # once, and not with each message
        visitor = connection.visitor_of(self._session_id) or self._session_id
        _threads.run(self._run_script_thread, visitor, self._session_id)

    def request_stop(self) -> None:
        """As `ScriptRunner`. The runs that have not begun never will."""
        with self._requests._lock:
            if self._requests._state is not ScriptRequestType.STOP:
                self.never_begun = self._not_begun()
            self._requests._state = ScriptRequestType.STOP
        super().request_stop()

    def request_rerun(self, rerun_data: RerunData) -> bool:
        """As `ScriptRunner`. The browser asks for the run of a fragment."""
        with self._requests._lock:
            not_begun = self._not_begun()
        state, pages = self._session_state._state, self._pages_manager.get_pages()
        earlier = [clicks.as_page_change(data, state, pages)[0] for data in not_begun]
        return super().request_rerun(clicks.on_chosen_page(rerun_data, earlier, state))

    def _not_begun(self) -> tuple[RerunData, ...]:
        """With the requests' lock: the runs that were asked for, in their order.

        The last one stays in `_requests` when it is taken from there.
        """
        last = self._requests._rerun_data
        waiting = (self._waiting,) if self._waiting else ()
        return waiting if last is self._waiting or last is self._begun else (*waiting, last)

    def _is_stopped(self) -> bool:
        return self._requests._state is ScriptRequestType.STOP

    def _run_script_thread(self) -> None:
        """As `ScriptRunner`. Afterwards nothing of the run is held, so that it goes without a search for garbage."""
        self._script_thread = current_thread()
        allowance.begin()
        try:
            super()._run_script_thread()
        finally:
            vars(current_thread()).pop(SCRIPT_RUN_CONTEXT_ATTR_NAME, None)
            object.__setattr__(self._session_state, "_yield_callback", _nothing)

    def _run_script(self, rerun_data: RerunData) -> None:
        asked = perf_counter()
        with self._requests._lock:
            self._waiting = rerun_data
        self._connection = connection.look_again()
        has_begun = False
        with (
            _turns.turn(
                allowance.address() or self._session_id,
                rest=lambda: allowance.rest() if has_begun else None,
                kind=_kind(rerun_data),
            ) as self._give_way,
            STOPPING.under_way("page"),
        ):
            if STOPPING.is_over or self._is_stopped():
                return
            has_begun = True
            try:
                pages = self._pages_manager.get_pages()
                data = clicks.in_step(rerun_data, self._session_state)
                if data is not rerun_data:  # once more: what was sent before may not have left, or came too late
                    super()._enqueue_forward_msg(clicks.address_message(data.query_string))
                data = said_again.settled(data, self._session_state._state)
                if clicks.is_of_session_before(data, self._session_state._state):
                    # What was pressed there is known once the page is drawn.
                    self._is_ahead = True
                    super()._run_script(clicks.without_presses(data))
                    self._is_ahead = False
                    if self._is_stopped():
                        return
                    pages = self._pages_manager.get_pages()
                data = clicks.as_address_says(data, pages)
                data, self._arrives = clicks.as_page_change(data, self._session_state._state, pages)
                super()._run_script(data)
            finally:
                allowance.settle()
                PAGE_SECONDS.observe(perf_counter() - asked)

    @contextmanager
    def _set_execing_flag(self) -> Iterator[None]:
        """As `ScriptRunner`, around each run, also one for `st.rerun` or `st.switch_page`. From here on its clicks
        count: until then a stop leaves them to the run after it.
        """
        with self._requests._lock:
            if self._is_stopped():
                raise StopException
            if not self._is_ahead:
                self._begun, self._waiting = self._waiting or self._begun, None
                said_again.begun(self._session_state._state)
        if context := get_script_run_ctx():
            of_page = context.page_script_hash != self._pages_manager.main_script_hash
            page = context.page_script_hash if of_page else ""
            clicks.begin(page, context.query_string, self._arrives, self._session_state)
        self._arrives = None
        try:
            with super()._set_execing_flag():
                yield
        except StopException:
            if context and not context.fragment_ids_this_run and not self._is_stopped():
                # As at a script's end: a fragment of a page that is gone has no place in the one that is shown now.
                self._fragment_storage.clear(context.shared.new_fragment_ids.snapshot())
            raise

    def _maybe_handle_execution_control_request(self) -> None:
        """As `ScriptRunner`, which does more to find that neither a stop nor a rerun was asked for, 150 times a run.

        It also looks after fragments that run in threads of their own. We have none. And it stops a callback in the
        middle, or before it is called: then what the reader has just clicked is lost, or half of it is done.
        """
        if self._requests._state is ScriptRequestType.CONTINUE:
            return
        context = get_script_run_ctx()
        if self._execing and context and not context.has_script_started:
            return
        try:
            super()._maybe_handle_execution_control_request()
        except RerunException as asked:
            with self._requests._lock:
                self._waiting = asked.rerun_data
            raise

    def _enqueue_forward_msg(self, msg: ForwardMsg) -> None:
        self._give_way()
        drawn_before.hear(msg)
        clicks.hear(msg, self._session_state)
        self._maybe_handle_execution_control_request()
        self._listener(self, ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, msg)
