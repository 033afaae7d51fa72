"""What our server changes in Streamlit's sessions: they take turns, and have an event loop only where one is used."""

import asyncio
import gc
import os
import threading
import time
import weakref
from collections import deque
from contextlib import contextmanager, nullcontext
from contextvars import Context
from copy import deepcopy
from dataclasses import replace
from types import SimpleNamespace
from weakref import WeakKeyDictionary

import pytest
from starlette.datastructures import Headers
from streamlit.cursor import RunningCursor
from streamlit.delta_generator import DeltaGenerator
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Common_pb2 import FileURLsRequest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime import app_session, websocket_session_manager
from streamlit.runtime.app_session import AppSessionState
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner, ScriptRunnerEvent, StopException
from streamlit.runtime.scriptrunner_utils.run_descriptor import RunDescriptor
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests
from streamlit.runtime.scriptrunner_utils.script_run_context_attr import SCRIPT_RUN_CONTEXT_ATTR_NAME
from streamlit.runtime.session_manager import SessionClientDisconnectedError
from streamlit.runtime.state import SafeSessionState, SessionState, session_state, session_state_proxy
from streamlit.runtime.state.session_state import Serialized, WidgetMetadata, WStates
from streamlit.signal_util import Signal
from streamlit.util import AttributeDictionary
from streamlit.web.server.starlette import starlette_websocket

from app import server
from app.serving.budget import Quota
from app.serving.operations.stopping import STOPPING
from app.serving.transport.joined_writes import SIZE_LIMIT
from app.serving.transport.protocols import DIRECTLY
from app.serving.turns import Turns
from app.ui.state import allowance, connection, session
from app.ui.state.runs import (
    browser_messages,
    clicks,
    made_files,
    outgoing_messages,
    script_threads,
    streamlit_sessions,
    streamlit_shortcuts,
)
from app.ui.state.runs import runner as runs
from app.ui.state.runs.outgoing_messages import MessageQueue
from app.ui.state.runs.runner import Runner
from app.ui.state.runs.script_threads import DeferredLoop, ScriptThreads
from app.ui.state.runs.streamlit_sessions import Session
from tests.waiting import eventually

WIDGET = "$$ID-0123456789abcdef0123456789abcdef-key"


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def test_an_unused_loop_takes_no_descriptor():
    before = descriptors()
    loops = [DeferredLoop() for _ in range(20)]
    for loop in loops:
        asyncio.set_event_loop(loop)
        assert not loop.is_running()
        assert not loop.is_closed()
        assert descriptors() == before
        loop.close()
        assert loop.is_closed()
    asyncio.set_event_loop(None)
    assert descriptors() == before


def test_a_script_that_uses_it_has_a_whole_loop():
    loop = DeferredLoop()
    asyncio.set_event_loop(loop)
    try:
        assert asyncio.get_event_loop() is loop
        assert loop.run_until_complete(asyncio.sleep(0, "done")) == "done"
        task = loop.create_task(asyncio.sleep(0, "again"))
        assert loop.run_until_complete(task) == "again"
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    assert loop.is_closed()


def test_a_closed_loop_runs_nothing():
    loop = DeferredLoop()
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_soon(print)


@pytest.fixture
def runner(monkeypatch):
    """Makes runners, whose runs do what the test says."""

    def make(run, name="session"):
        def init(self, session):
            self._session_id, self._pages_manager = session, PagesManager("frame.py")
            self._session_state = SafeSessionState(SessionState(), lambda: None)
            self._requests = ScriptRequests()
            self.on_event = Signal()
            self.on_event.connect(print, weak=False)

        monkeypatch.setattr(ScriptRunner, "__init__", init)
        monkeypatch.setattr(ScriptRunner, "_run_script", lambda self, data: run())
        return Runner(name)

    return make


def test_what_a_run_took_after_it_was_admitted_is_charged_however_it_ends(runner):
    taken = []
    quota = type("Quota", (), {"take": lambda self, seconds: taken.append(seconds)})()

    def fails():
        threads = allowance.budgets().threads
        threads.quota, threads.charged = quota, 0.0
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        runner(fails)._run_script(RerunData())
    del allowance.budgets().threads.quota
    assert len(taken) == 1
    assert taken[0] > 0


def test_what_was_read_of_a_run_that_ended_before_it_was_admitted_is_charged_to_its_address(runner, monkeypatch):
    address = "192.0.2.7"
    monkeypatch.setattr(allowance, "address", lambda: address)
    found = allowance.budgets().addresses.of(address), allowance.budgets().paces.of(address)

    def reads():
        begun = time.thread_time()
        while time.thread_time() < begun + 0.05:
            pass
        raise StopException

    before = [it.level() for it in found]
    with pytest.raises(StopException):
        runner(reads)._run_script(RerunData())
    assert all(level - it.level() > 0.01 for level, it in zip(before, found, strict=True))


@pytest.mark.parametrize(("address", "line"), [("192.0.2.1", "192.0.2.1"), (None, "session")])
def test_runs_of_an_address_take_turns_and_without_one_each_session_does(runner, monkeypatch, address, line):
    monkeypatch.setattr(allowance, "address", lambda: address)
    seen = []
    monkeypatch.setattr(runs._turns, "turn", lambda visitor, **_: seen.append(visitor) or nullcontext())
    runner(lambda: seen.append("runs"))._run_script(RerunData())
    assert seen == [line, "runs"]


def test_what_a_run_takes_is_known_by_its_page_and_the_key_of_what_was_pressed(runner, monkeypatch):
    kinds = []
    monkeypatch.setattr(runs._turns, "turn", lambda visitor, rest, kind: kinds.append(kind) or nullcontext())

    def ask(pressed, page="a", **more):
        states = [WidgetState(id="$$ID-00-box", bool_value=True), WidgetState(id=pressed, trigger_value=True)]
        data = RerunData(widget_states=WidgetStates(widgets=states), page_script_hash=page, **more)
        runner(lambda: None)._run_script(data)

    for pressed in ("$$ID-0a-lab_run", "$$ID-ff-lab_run", "$$ID-0a-next"):
        ask(pressed)
    ask("$$ID-0a-lab_run", page="b")
    ask("$$ID-0a-lab_run", fragment_id_queue=["f"])
    runner(lambda: None)._run_script(RerunData(page_script_hash="a"))
    assert kinds[0] == kinds[1] == ("a", False, "lab_run")
    assert len({*kinds}) == 5


def test_who_stopped_a_run_before_it_began_does_not_rest_for_it(runner, monkeypatch):
    monkeypatch.setattr(allowance, "rest", lambda: 0.5)
    rests = []

    @contextmanager
    def turn(visitor, rest, kind):
        yield nullcontext
        rests.append(rest())

    monkeypatch.setattr(runs._turns, "turn", turn)
    stopped = runner(lambda: pytest.fail("it was stopped"))
    monkeypatch.setattr(stopped, "_is_stopped", lambda: True)
    stopped._run_script(RerunData())
    runner(lambda: None)._run_script(RerunData())
    assert rests == [None, 0.5]


def test_a_run_that_still_waits_when_a_stop_is_over_does_not_begin_and_makes_no_other_world(runner, monkeypatch):
    def never():
        raise AssertionError("it runs")

    monkeypatch.setattr(STOPPING, "is_over", True)
    runner(never)._run_script(RerunData())
    with pytest.raises(RuntimeError, match="the server has stopped"):
        session.simulation._make()


def test_a_run_is_not_charged_for_the_one_before_it_in_its_thread(runner, monkeypatch):
    taken, charged = [], threading.Event()
    quota = type("Quota", (), {"take": lambda self, seconds: taken.append(seconds)})()

    def script(self):
        threads = allowance.budgets().threads
        allowance.settle()
        threads.quota = quota
        begun = time.thread_time()
        while time.thread_time() < begun + 0.01:
            pass
        allowance.settle()
        charged.set()

    monkeypatch.setattr(ScriptRunner, "_run_script_thread", script)
    for _ in range(2):
        charged.clear()
        runner(None).start()
        assert charged.wait(10)
    assert [round(seconds, 3) >= 0.01 for seconds in taken] == [True, True], "not settled with the first one's quota"


def test_a_run_goes_with_its_end_and_waits_for_no_search_for_garbage(runner, monkeypatch):
    def script(self):
        self._session_state = SafeSessionState(SessionState(), self._maybe_handle_execution_control_request)
        setattr(
            threading.current_thread(), SCRIPT_RUN_CONTEXT_ATTR_NAME, SimpleNamespace(enqueue=self._give_way, of=self)
        )

    monkeypatch.setattr(ScriptRunner, "_run_script_thread", script)
    one = runner(None)
    threads = ScriptThreads()
    monkeypatch.setattr(runs, "_threads", threads)
    one.start()
    eventually(lambda: threads._idle)
    gone = weakref.ref(one)
    gc.disable()
    try:
        del one
        assert gone() is None
    finally:
        gc.enable()


def test_what_a_page_had_goes_with_its_script(screen):
    shown = screen(lang="en").open("webhook")
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        shown.open("access").open("build")
        gc.collect()
        assert [it for it in gc.garbage if isinstance(it, dict) and it.get("__name__") == "__main__"] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def test_our_server_runs_its_sessions_so():
    assert server.app
    assert app_session.ScriptRunner is Runner
    assert websocket_session_manager.AppSession is streamlit_sessions.Session


class Bare(Session):
    """A session of nobody: only what hands a script's words on to the server's loop."""

    id = "nobody's"

    def __init__(self, loop):
        self._event_loop, self._callbacks, self._is_woken = loop, deque(), False
        self._browser_queue, self._together, self._scriptrunner = ForwardMsgQueue(), None, None
        self._state, self._background_tasks = AppSessionState.APP_NOT_RUNNING, set()
        self._session_state, self._settled = SessionState(), None
        self.woken = asyncio.Event()
        self._message_enqueued_callback = self.woken.set

    def __del__(self):
        pass  # there is nothing to shut down


def test_a_script_wakes_the_loop_once_for_all_that_it_says_by_then():
    said, failed, woken = [], [], []

    async def heard():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: failed.append(context["exception"]))
        wake = loop.call_soon_threadsafe
        loop.call_soon_threadsafe = lambda *given: woken.append(given) or wake(*given)
        session = Bare(loop)
        for numbers in (1, 0, 2), (3, 4):
            for number in numbers:
                session._call_soon_on_event_loop(lambda number=number: said.append(number if number else 1 / number))
            await asyncio.sleep(0)  # hands on
            await asyncio.sleep(0)  # runs

    asyncio.run(heard())
    assert said == [1, 2, 3, 4]
    assert [type(error) for error in failed] == [ZeroDivisionError]  # alone
    assert len(woken) == 2


def test_a_message_that_waits_for_what_follows_wakes_nothing_and_goes_with_it(monkeypatch):
    woken = []
    monkeypatch.setattr(
        app_session.AppSession, "_handle_scriptrunner_event_on_event_loop", lambda self, sender, event, *_: None
    )
    monkeypatch.setattr(streamlit_sessions, "TOGETHER_SECONDS", 0.002)

    async def heard():
        loop = asyncio.get_running_loop()
        wake = loop.call_soon_threadsafe
        loop.call_soon_threadsafe = lambda *given: woken.append(given) or wake(*given)
        session = Bare(loop)
        message = {"event": ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, "forward_msg": ForwardMsg(script_finished=0)}
        session._on_scriptrunner_event(None, event=ScriptRunnerEvent.SCRIPT_STARTED)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for sender in (None, None, None, "a run that another one has replaced"):
            session._on_scriptrunner_event(sender, **message)
        assert (len(session._browser_queue), len(woken)) == (0, 1)
        await session.woken.wait()  # nothing else is said: the end of the wait alone sends them
        assert (len(session._browser_queue), len(woken)) == (3, 1)
        session._on_scriptrunner_event(None, **message)
        assert len(woken) == 2, "what comes after that is not left"

    asyncio.run(heard())


def test_the_settings_that_each_run_begins_by_sending_are_read_once():
    once = streamlit_shortcuts.once
    read = []

    def fill(message, section="theme"):
        read.append(section)
        if section == "theme":
            message.primary_color = "#0f766e"

    filled = once(fill)
    first, second = ForwardMsg().new_session, ForwardMsg().new_session
    for message in (first, second):
        filled(message.custom_theme)
        filled(message.custom_theme.dark, "theme.dark")
    assert read == ["theme", "theme.dark"]
    assert first == second
    assert first.custom_theme.primary_color == "#0f766e"
    assert not first.custom_theme.HasField("dark"), "a theme that is not set"


def test_what_each_run_begins_by_sending_is_made_again_where_the_pages_have_changed(monkeypatch):
    made = []

    def make(session, page, run, pages):
        made.append(pages)
        message = ForwardMsg()
        message.new_session.page_script_hash, message.metadata.run.script_run_id = page, run.script_run_id
        first = message.new_session.initialize
        message.new_session.main_script_path, first.session_id = "/home/somebody/app/frame.py", "one"
        first.user_info.installation_id = first.user_info.installation_id_v3 = "hash of the machine's id"
        first.environment_info.streamlit_version, first.environment_info.python_version = "1.2.3", "3.13.5"
        return message

    monkeypatch.setattr(app_session.AppSession, "_create_new_session_message", make)
    session = Bare(None)
    session._run_on_save, session._state = False, app_session.AppSessionState.APP_IS_RUNNING
    sent = []
    for page, icon in ("a", "open"), ("b", "open"), ("a", "read"):
        run = RunDescriptor.create(["fragment"])
        message = session._create_new_session_message(page, run, {"a": {"icon": icon}})
        sent.append((message.new_session.page_script_hash, message.metadata.run.script_run_id == run.script_run_id))
        assert list(message.metadata.run.fragment_ids) == ["fragment"]
        assert message.new_session.initialize.session_id == "one"
        assert message.new_session.initialize.session_status.script_is_running
        assert not any(of_the_server in str(message) for of_the_server in ("somebody", "machine", "3.13.5"))
        assert message.new_session.main_script_path == "frame.py"
        assert message.new_session.initialize.HasField("user_info"), "the browser's half reads it"
        assert message.new_session.initialize.environment_info.streamlit_version == "1.2.3", "and reloads for a new one"
    assert made == [{"a": {"icon": "open"}}, {"a": {"icon": "read"}}]
    assert sent == [("a", True), ("b", True), ("a", True)]


def place(message, *path):
    message.metadata.delta_path[:] = path
    return message


def test_a_queue_keeps_what_streamlits_keeps():
    def shown(text):
        message = ForwardMsg()
        message.delta.new_element.html.body = text
        return message

    moment, block = ForwardMsg(), ForwardMsg()
    moment.delta.new_transient.SetInParent()
    block.delta.add_block.SetInParent()
    said = [
        ForwardMsg(script_finished=0),
        place(shown("first"), 0, 1),
        place(moment, 0, 2),
        place(shown("after the moment"), 0, 2),
        place(shown("in place of the first"), 0, 1),
        place(block, 0, 3),
        place(shown("after the block"), 0, 3),
        place(ForwardMsg(ref_hash="kept by the browser"), 0, 1),
        shown("an error"),
        shown("in place of the error"),
        ForwardMsg(script_finished=1),
    ]
    ours, streamlits = MessageQueue(), ForwardMsgQueue()
    for message in said:
        ours.enqueue(message)
        streamlits.enqueue(message)
    assert ours.flush() == streamlits.flush()


@pytest.fixture
def handled(monkeypatch):
    """Whatever happens to a run, Streamlit says it to the browser."""

    def handle(session, sender, event, *more):
        session._enqueue_forward_msg(ForwardMsg(script_finished=0))

    monkeypatch.setattr(app_session.AppSession, "_handle_scriptrunner_event_on_event_loop", handle)
    monkeypatch.setattr(streamlit_sessions, "TOGETHER_SECONDS", 0.002)


def test_what_a_run_begins_with_goes_to_the_browser_together(handled):
    async def heard():
        session = Bare(asyncio.get_running_loop())
        for event in (ScriptRunnerEvent.SCRIPT_STARTED, *[ScriptRunnerEvent.ENQUEUE_FORWARD_MSG] * 2):
            session._on_scriptrunner_event(None, event, ForwardMsg(script_finished=1))
            session._hand_on()
            assert session.flush_browser_queue() == []
        await asyncio.wait_for(session.woken.wait(), 10)  # nothing else is said, and what was said does not wait for it
        return len(session.flush_browser_queue())

    assert asyncio.run(heard()) == 3


def test_a_script_that_lets_the_reader_see_what_it_has_drawn_sends_it_and_holds_the_rest(handled, monkeypatch):
    async def heard():
        session, sent = Bare(asyncio.get_running_loop()), []
        monkeypatch.setattr(streamlit_sessions, "get_script_run_ctx", lambda: SimpleNamespace(session_id="one"))
        manager = SimpleNamespace(get_active_session_info=lambda _: SimpleNamespace(client="the browser"))
        server = SimpleNamespace(
            get_app_session=lambda _: session, _session_mgr=manager, _send_message=lambda *message: sent.append(message)
        )
        runtime = SimpleNamespace(exists=lambda: True, get_instance=lambda: server)
        monkeypatch.setattr(streamlit_sessions.st, "runtime", runtime)
        session._call_soon_on_event_loop = lambda act: act()
        session._handle_scriptrunner_event_on_event_loop(None, ScriptRunnerEvent.SCRIPT_STARTED)
        streamlit_sessions.let_be_drawn(0.01)
        ahead = len(sent)
        for event in (ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, ScriptRunnerEvent.SCRIPT_STOPPED_WITH_SUCCESS):
            session._handle_scriptrunner_event_on_event_loop(None, event)
        session.flush_browser_queue()
        held = len(sent)  # the run's end as well
        async with asyncio.timeout(10):
            while len(sent) < 3:
                await asyncio.sleep(0.001)
        return ahead, held, len(sent)

    assert asyncio.run(heard()) == (1, 1, 3)


def test_a_run_that_has_ended_waits_for_nothing(handled):
    async def heard():
        session = Bare(asyncio.get_running_loop())
        for event in (ScriptRunnerEvent.SCRIPT_STARTED, ScriptRunnerEvent.SCRIPT_STOPPED_WITH_SUCCESS):
            session._on_scriptrunner_event(None, event)
            assert not session.woken.is_set()
        session._hand_on()
        assert session.woken.is_set(), "said once, with the end of the run"
        return len(session.flush_browser_queue())

    assert asyncio.run(heard()) == 2


def test_what_a_lost_connection_left_of_a_run_does_not_go_to_the_next_one(handled, monkeypatch):
    for name in ("register_file_watchers", "disconnect_file_watchers"):
        monkeypatch.setattr(app_session.AppSession, name, lambda self: None)

    async def heard():
        session = Bare(asyncio.get_running_loop())
        session.register_file_watchers()  # as it is made
        for event in (ScriptRunnerEvent.SCRIPT_STARTED, ScriptRunnerEvent.ENQUEUE_FORWARD_MSG):
            session._on_scriptrunner_event(None, event, ForwardMsg(script_finished=1))
        session._hand_on()
        session.disconnect_file_watchers()
        session._on_scriptrunner_event(None, ScriptRunnerEvent.SCRIPT_STOPPED_WITH_SUCCESS)
        session.register_file_watchers()
        left = session.flush_browser_queue()
        session._on_scriptrunner_event(None, ScriptRunnerEvent.SCRIPT_STARTED)
        session._on_scriptrunner_event(None, ScriptRunnerEvent.SCRIPT_STOPPED_WITH_SUCCESS)
        session._hand_on()
        return len(left), len(session.flush_browser_queue())

    assert asyncio.run(heard()) == (0, 2)


def test_a_run_that_ends_for_another_one_goes_with_what_that_one_says(handled):
    async def heard():
        session = Bare(asyncio.get_running_loop())
        for event in (ScriptRunnerEvent.SCRIPT_STARTED, ScriptRunnerEvent.SCRIPT_STOPPED_FOR_RERUN):
            session._handle_scriptrunner_event_on_event_loop(None, event)
        assert (session.flush_browser_queue(), session.woken.is_set()) == ([], False)
        for event in (ScriptRunnerEvent.SCRIPT_STARTED, ScriptRunnerEvent.SCRIPT_STOPPED_WITH_SUCCESS):
            session._handle_scriptrunner_event_on_event_loop(None, event)
        return len(session.flush_browser_queue())

    assert asyncio.run(heard()) == 4


def test_a_browser_that_empties_the_caches_of_streamlit_leaves_everybody_their_world(simulation):
    app_session.AppSession._handle_clear_cache_request(SimpleNamespace(_session_state={}))
    assert session.simulation() is simulation
    assert simulation.run(asyncio.sleep(0, "runs")) == "runs"


def test_a_browser_is_heard_in_what_pages_send_and_in_nothing_else(monkeypatch):
    heard, refused = [], []
    monkeypatch.setattr(app_session.AppSession, "handle_backmsg", lambda _, message: heard.append(message))
    monkeypatch.setattr(streamlit_sessions.log_events, "refuse", refused.append)
    browser = Bare(None)
    for kind in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields:
        asks = {browser_messages.OPERATION: {}} if kind.name == "backend_operation_request" else {}
        browser.handle_backmsg(BackMsg(**{kind.name: asks if kind.message_type else True}))
    assert {it.WhichOneof("type") for it in heard} == browser_messages.SENT_BY_PAGES
    del refused[:]
    for message in (
        BackMsg(),
        BackMsg(file_urls_request=FileURLsRequest(file_names=[""] * 9)),
        BackMsg(rerun_script={"query_string": "q" * 65_537}),
        BackMsg(backend_operation_request={}),
        BackMsg(backend_operation_request={"install_skills": {}}),
        BackMsg(backend_operation_request={"dataframe_chunk": {}}),
        BackMsg(backend_operation_request={browser_messages.OPERATION: {"file_id": "x" * 1000}}),
    ):
        browser.handle_backmsg(message)
    assert len(heard) == len(browser_messages.SENT_BY_PAGES)
    assert refused == ["message"] * 7


def test_a_value_that_no_page_sends_counts_as_none():
    states = WStates()
    states.set_widget_metadata(
        WidgetMetadata("w", lambda value: None if value is None else list(value), list, value_type="json_value")
    )
    deep = {"json_value": "[" * 400 + "]" * 400}
    for sent in ({"json_value": "[" * 9}, {"json_value": "0"}, {"bool_value": True}, {"string_value": "[1]"}, deep):
        states.set_widget_from_proto(WidgetState(id="w", **sent))
        for _ in range(2):
            with pytest.raises(KeyError):
                states["w"]
    for sent, expected in (({"json_value": "[1]"}, [1]), ({}, None), ({"json_value": "[]"}, [])):
        states.set_widget_from_proto(WidgetState(id="w", **sent))
        assert states["w"] == expected
    with pytest.raises(KeyError):
        states["another"]


def test_a_page_waits_for_a_few_files_and_is_heard_in_all_else_meanwhile(monkeypatch):
    heard, refused = [], []
    monkeypatch.setattr(app_session.AppSession, "handle_backmsg", lambda _, message: heard.append(message))
    monkeypatch.setattr(streamlit_sessions.log_events, "refuse", refused.append)
    browser = Bare(None)
    file, run = BackMsg(backend_operation_request={browser_messages.OPERATION: {}}), BackMsg(rerun_script={})
    browser._background_tasks = set(range(made_files.AT_ONCE - 1))
    browser.handle_backmsg(file)
    browser._background_tasks.add("one more")
    for message in (file, run, file):
        browser.handle_backmsg(message)
    assert (heard, refused) == ([file, run], ["message"] * 2)


def test_files_are_made_one_at_a_time_and_charged_and_none_for_who_has_used_too_much_or_is_gone(monkeypatch):
    made, ever, refused = [], [], []

    async def make(_, request):
        made.append(request)
        ever.append(request)
        await asyncio.sleep(0)
        assert made.pop() is request, "no other one began meanwhile"

    monkeypatch.setattr(app_session.AppSession, "_handle_backend_operation_request", make)
    monkeypatch.setattr(streamlit_sessions.log_events, "refuse", refused.append)
    monkeypatch.setattr(connection, "visitor_of", lambda _: "192.0.2.78")
    budget = allowance.budgets().addresses.of("192.0.2.78")

    async def ask():
        tabs = [Bare(asyncio.get_running_loop()) for _ in range(3)]
        await asyncio.gather(*(tab._handle_backend_operation_request(number) for number, tab in enumerate(tabs)))

    asyncio.run(ask())
    assert refused == []
    assert len(ever) == 3
    there = iter(["192.0.2.78"])
    with monkeypatch.context() as leaving:
        leaving.setattr(connection, "visitor_of", lambda _: next(there, ""))
        asyncio.run(Bare(None)._handle_backend_operation_request(4))
    assert len(ever) == 3
    monkeypatch.setattr(allowance.budgets().threads, "quota", Quota(budget), raising=False)
    file, before = allowance.charged(lambda: sum(range(3_000_000))), budget.level()
    file()
    assert budget.level() < before
    budget.take(240)
    asyncio.run(ask())
    assert refused == ["visitor_budget"] * 3


def test_a_file_that_was_made_stays_until_its_page_is_drawn_again_while_others_come_and_go():
    storage = MemoryMediaFileStorage("/media")
    files = MediaFileManager(storage)
    name = files.execute_deferred(files.add_deferred(lambda: b"a film", "text/plain", "1.2")).rpartition("/")[2]
    for _ in range(3):
        files.remove_orphaned_files()  # as runs of others do at their end
    assert storage.get_file(name).content == b"a film"
    files.clear_session_refs()
    for _ in range(2):
        files.remove_orphaned_files()
    with pytest.raises(MediaFileStorageError):
        storage.get_file(name)


def test_a_frame_is_kept_that_takes_little_more_memory_than_its_bytes():
    many = browser_messages.VALUES
    widget = {"id": "widget", "trigger_value": True}  # each takes three: itself and these
    for state, may_be_kept in (
        ({"widget_states": {"widgets": [widget] * (many // 4)}}, True),
        ({"widget_states": {"widgets": [widget] * (many // 3)}}, False),
        ({"widget_states": {"widgets": [{"id": "text", "string_value": "x" * 50 * many}]}}, True),
        ({"widget_states": {"widgets": [{"int_array_value": {"data": [1] * many}}]}}, False),
        ({"widget_states": {"widgets": [{"file_uploader_state_value": {"uploaded_file_info": [{}] * many}}]}}, False),
        ({"cached_message_hashes": [""] * many}, False),
    ):
        frame = BackMsg(rerun_script=state).SerializeToString()
        assert browser_messages.may_be_kept(frame) is may_be_kept, list(state)
    assert browser_messages.may_be_kept(b"no message" * many), "Streamlit answers it"


@pytest.fixture
def asked(runner, monkeypatch):
    """Has a session run for a click, as a browser does; returns the query and the clicks of what waits then."""

    def create(session, data):
        made = session._scriptrunner = runner(None, session.id)
        made._join_wake_lock, made._join_wake_coordinator = threading.Lock(), None
        made._requests = ScriptRequests()
        made._requests.request_rerun(data)
        made.start()

    monkeypatch.setattr(app_session.AppSession, "_create_scriptrunner", create)

    def ask(session, clicked):
        state = WidgetStates(widgets=[WidgetState(id=clicked, trigger_value=True)])
        session.request_rerun(ClientState(widget_states=state, query_string=clicked))
        waiting = session._scriptrunner._requests._rerun_data
        return waiting.query_string, {it.id for it in waiting.widget_states.widgets}

    return ask


def test_of_a_session_one_run_waits_for_a_thread_and_has_the_clicks_of_those_before_it(asked, monkeypatch):
    monkeypatch.setattr(script_threads, "OF_A_VISITOR", 1)
    threads, go, ran = ScriptThreads(), threading.Event(), []
    monkeypatch.setattr(runs, "_threads", threads)

    def script(self):
        self._begun = self._requests.on_scriptrunner_ready().rerun_data
        ran.append(self)
        go.wait(10)

    monkeypatch.setattr(ScriptRunner, "_run_script_thread", script)
    browser = Bare(None)
    asked(browser, "first")
    eventually(lambda: ran)
    assert asked(browser, "second") == ("second", {"second"}), "the first one has begun"
    assert asked(browser, "third") == ("third", {"second", "third"})
    go.set()
    eventually(lambda: not threads._busy.total)
    assert ran[1:] == [browser._scriptrunner]


def test_what_a_reader_stops_before_it_has_begun_is_not_begun_by_the_next_click(asked, monkeypatch):
    threads, go = ScriptThreads(), threading.Event()
    monkeypatch.setattr(runs, "_threads", threads)
    monkeypatch.setattr(ScriptRunner, "_run_script_thread", lambda self: go.wait(10))
    browser = Bare(None)
    asked(browser, "reset")
    browser._handle_stop_script_request()
    assert asked(browser, "next") == ("next", {"next"})
    go.set()
    eventually(lambda: not threads._busy.total)


def test_a_click_counts_whose_run_was_stopped_before_it_began(asked, monkeypatch):
    goes, found = threading.Semaphore(0), []

    def script(self):
        goes.acquire(timeout=10)
        found.append(self._requests.on_scriptrunner_ready().type)

    monkeypatch.setattr(ScriptRunner, "_run_script_thread", script)
    browser = Bare(None)
    asked(browser, "first")
    assert asked(browser, "second") == ("second", {"first", "second"})
    browser.request_script_stop()  # as where the connection breaks
    assert asked(browser, "third") == ("third", {"first", "second", "third"})
    goes.release(3)
    eventually(lambda: len(found) == 3)
    assert sorted(it.value for it in found) == ["RERUN", "STOP", "STOP"]


def test_a_click_counts_whose_run_had_not_begun_when_its_runner_ended(asked, monkeypatch):
    ran = []
    monkeypatch.setattr(ScriptRunner, "_run_script_thread", lambda self: ran.append(self))

    async def heard():
        browser = Bare(asyncio.get_running_loop())
        asked(browser, "first")
        browser.request_script_stop()  # as where the connection breaks
        browser._on_scriptrunner_event(browser._scriptrunner, ScriptRunnerEvent.SHUTDOWN)
        browser._hand_on()
        assert browser._scriptrunner is None
        assert asked(browser, "second") == ("second", {"first", "second"})
        replaced, begins = browser._scriptrunner, asked(browser, "third")
        assert begins == ("third", {"first", "second", "third"})
        browser._on_scriptrunner_event(replaced, ScriptRunnerEvent.SHUTDOWN)
        begun = browser._scriptrunner
        begun._begun = begun._requests.on_scriptrunner_ready().rerun_data
        browser.request_script_stop()
        browser._on_scriptrunner_event(begun, ScriptRunnerEvent.SHUTDOWN)
        browser._hand_on()
        assert asked(browser, "fourth") == ("fourth", {"fourth"}), "each once"

    asyncio.run(heard())
    eventually(lambda: len(ran) == 4)


def test_what_a_run_has_drawn_that_has_just_ended_is_shown_beside_what_a_fragment_draws_next(asked, monkeypatch):
    """Its thread is done, and the loop takes up a press before it takes up the end."""
    ran = []
    monkeypatch.setattr(ScriptRunner, "_run_script_thread", lambda self: ran.append(self))

    async def heard():
        browser = Bare(asyncio.get_running_loop())
        browser._fragment_storage = MemoryFragmentStorage()
        browser._fragment_storage.register("of why", lambda: None)
        asked(browser, "first")
        ended = browser._scriptrunner
        ended._requests.on_scriptrunner_ready()
        message = ForwardMsg(script_finished=0)
        browser._on_scriptrunner_event(ended, ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, message)
        ended._requests.on_scriptrunner_ready()
        browser._session_state._new_widget_state.set_widget_metadata(
            WidgetMetadata("in", bool, bool, "trigger_value", fragment_id="of why")
        )
        browser.request_rerun(ClientState(fragment_id="of why"))
        assert browser._scriptrunner is not ended
        return browser.flush_browser_queue()

    assert asyncio.run(heard()) == [ForwardMsg(script_finished=0)]
    eventually(lambda: len(ran) == 2)


@pytest.mark.parametrize(
    ("drawn", "page", "pressed", "expected"),
    [
        ((), "why", ["in"], []),
        (("gone", "of why"), "why", ["in"], ["of why"]),
        (("gone", "of why"), "why", ["in", "out"], []),
        (("gone", "of why"), "why", ["in", "unknown"], ["of why"]),
        (("gone",), "why", ["in"], []),
        (("gone",), "compare", ["in"], None),
    ],
    ids=["new session", "its own", "with one outside", "with one of nothing", "drawn elsewhere", "page that was left"],
)
def test_what_a_fragment_cannot_answer_runs_the_page(asked, monkeypatch, drawn, page, pressed, expected):
    ran = []
    monkeypatch.setattr(ScriptRunner, "_run_script_thread", lambda self: ran.append(self))
    browser, state = Bare(None), SessionState()
    browser._session_state, browser._fragment_storage = state, MemoryFragmentStorage()
    for fragment in drawn:
        browser._fragment_storage.register(fragment, lambda: None)
        clicks.choose("why", "", SafeSessionState(state, lambda: None))
        for id_, of in ("in", "of why"), ("out", None):
            made = WidgetMetadata(id_, bool, bool, "trigger_value", fragment_id=of)
            state._new_widget_state.set_widget_metadata(made)
    states = WidgetStates(widgets=[WidgetState(id=id_, trigger_value=True) for id_ in pressed])
    browser.request_rerun(ClientState(page_script_hash=page, fragment_id="of why", widget_states=states))
    eventually(lambda: len(ran) == bool(browser._scriptrunner))
    found = browser._scriptrunner and browser._scriptrunner._requests._rerun_data
    assert (found and found.fragment_id_queue) == expected
    assert found is None or {it.id for it in found.widget_states.widgets} == {*pressed}


def test_each_tab_of_a_room_behind_one_address_is_served_and_a_visitor_of_another_address_meanwhile(
    runner, monkeypatch
):
    tabs = [f"tab {number}" for number in range(40)]
    present, goes, served = threading.local(), threading.Event(), []
    threads = ScriptThreads()
    monkeypatch.setattr(runs, "_threads", threads)
    monkeypatch.setattr(runs, "_turns", Turns())
    monkeypatch.setattr(connection, "visitor_of", lambda session: session.partition(" ")[0])
    monkeypatch.setattr(allowance, "address", lambda: present.session.partition(" ")[0])

    def script(self):
        present.session = self._session_id
        self._run_script(RerunData())

    def run():
        served.append(present.session)
        if present.session != "reader":
            goes.wait(10)

    monkeypatch.setattr(ScriptRunner, "_run_script_thread", script)
    for tab in tabs:
        runner(run, tab).start()
    runner(run, "reader").start()
    eventually(lambda: len(served) == 2)
    assert "reader" in served, "of the room one runs at a time"
    goes.set()
    eventually(lambda: not threads._busy.total)
    assert sorted(served) == sorted([*tabs, "reader"])


def test_what_waits_for_what_follows_asks_nobody_to_send_it():
    async def heard():
        session = Bare(asyncio.get_running_loop())
        session.gather()
        session._enqueue_forward_msg(ForwardMsg(script_finished=0))
        assert not session.woken.is_set()
        session.send()
        assert session.woken.is_set()
        return len(session.flush_browser_queue())

    assert asyncio.run(heard()) == 1


@pytest.mark.parametrize("gone_after", [None, 30])
def test_what_waits_is_sent_at_once_up_to_what_a_connection_has_room_for(monkeypatch, gone_after):
    sent = []

    def send(client, message):
        if len(sent) == gone_after:
            raise SessionClientDisconnectedError
        sent.append((client, message.script_finished))

    browser = SimpleNamespace(client="of another server")
    manager = SimpleNamespace(get_active_session_info=lambda id_: browser)
    server = SimpleNamespace(_session_mgr=manager, _send_message=send)
    monkeypatch.setattr(streamlit_sessions.st.runtime, "exists", lambda: True)
    monkeypatch.setattr(streamlit_sessions.st.runtime, "get_instance", lambda: server)
    session = Bare(None)
    for number in range(102):
        session._browser_queue.enqueue(ForwardMsg(script_finished=number))
    left = [message.script_finished for message in session.flush_browser_queue()]
    said = gone_after or streamlit_sessions.AT_ONCE
    assert sent == [(browser, number) for number in range(said)]
    if gone_after:
        assert left == list(range(said, 102)), "in their order, for Streamlit to find that nobody is there"
    else:
        assert (left, session.woken.is_set()) == ([], True), "Streamlit asks for the rest, before all later ones"
        assert session.flush_browser_queue() == []
        assert [number for _, number in sent] == list(range(102))


def test_a_copied_cursor_goes_its_own_way():
    assert server.app
    cursor = RunningCursor(root_container=0, parent_path=(2,))
    cursor.lock_element()
    cursor.transient_elements[0] = "spinner"
    copied = deepcopy(cursor)
    assert (copied.delta_path, list(copied.transient_elements.items())) == ([0, 2, 1], [(0, "spinner")])
    copied.transient_elements[1] = "another"
    copied.lock_element()
    assert (cursor.delta_path, len(cursor.transient_elements)) == ([0, 2, 1], 1)
    assert copied.delta_path == [0, 2, 2]


def test_the_places_around_a_fragment_are_copied_once_and_go_their_own_way():
    assert server.app
    main = DeltaGenerator(root_container=0, cursor=RunningCursor(root_container=0))
    body = DeltaGenerator(0, RunningCursor(root_container=0, parent_path=(1,)), main, "flex_container")
    copied_main, copied_body = deepcopy((main, body))
    assert copied_body._parent is copied_main
    assert (copied_body._block_type, copied_body._cursor.delta_path) == ("flex_container", [0, 1, 0])
    copied_body._cursor.lock_element()
    assert (body._cursor.delta_path, copied_body._cursor.delta_path) == ([0, 1, 0], [0, 1, 1])


STATES = {
    "nothing": lambda state: None,
    "by its id": lambda state: state._old_state.update({WIDGET: True}),
    "by its key": lambda state: state._old_state.update(key=True),
    "from the browser": lambda state: state.set_widgets_from_proto(
        WidgetStates(widgets=[WidgetState(id=WIDGET, bool_value=True)])
    ),
    "from the script": lambda state: state.__setitem__("key", True),
}
KINDS = {
    "plain": {},
    "disabled": {"disabled": True},
    "text": {"value_type": "string_value", "deserializer": lambda given: given or "first"},
    "kept": {"persist_state": "session"},
    "shown": {"deserializer": lambda given: {"go": given}},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("known", STATES)
def test_a_widget_is_registered_as_streamlit_does_it(known, kind):
    def registered(register):
        state = SessionState()
        STATES[known](state)
        facts = {"value_type": "bool_value", "deserializer": bool, "serializer": lambda value: value, **KINDS[kind]}
        result = register(state, WidgetMetadata(id=WIDGET, **facts), "key")
        again = register(state, WidgetMetadata(id=WIDGET, **facts), "key")
        browsers = {name: state._new_widget_state[name] for name in state._new_widget_state}
        values = (state._old_state, state._new_session_state, browsers, state["key"])
        return result, again, values, state._key_id_mapper.id_key_mapping

    assert registered(streamlit_shortcuts._register) == registered(streamlit_shortcuts._streamlits_register)


def test_what_a_run_has_set_is_old_in_the_next_one():
    assert server.app
    state = SessionState()
    state._old_state.update(old=1, key="by key", other=3)
    for key in "key", "new":
        state._key_id_mapper[key] = f"$$ID-{key}"
    state._new_session_state.update(new=2, other=4)
    state._new_widget_state.set_from_value("$$ID-set", 5)
    state._new_widget_state.states["$$ID-unknown"] = Serialized(WidgetState(id="$$ID-unknown", bool_value=True))
    state._compact_state()
    assert state._old_state == {
        "old": 1,
        "key": "by key",
        "$$ID-key": "by key",
        "other": 4,
        "$$ID-new": 2,
        "$$ID-set": 5,
    }
    assert not state._new_session_state
    assert not state._new_widget_state.states


def drawn_and_not(state):
    """Widgets of each kind that the last run has drawn, or not, or of which nothing is known; and what is no widget."""
    kinds = {"box": "bool_value", "press": "trigger_value", "says": "string_trigger_value", "gone": "trigger_value"}
    for name, kind in kinds.items():
        widget = f"$$ID-{name}-{name}"
        facts = {"value_type": kind, "deserializer": lambda given: given, "serializer": lambda value: value}
        state._new_widget_state.widget_metadata[widget] = WidgetMetadata(id=widget, **facts)
        state._key_id_mapper[name] = widget
        state._old_state[widget] = True
    state._new_widget_state.set_from_value("$$ID-press-press", True)
    state._new_widget_state.set_from_value("$$ID-box-box", True)
    state._new_widget_state.set_from_value("$$ID-never-drawn", True)
    state._old_state.update({"$$ID-unknown-None": 1, "mine": 2})
    return frozenset({"$$ID-box-box", "$$ID-press-press", "$$ID-says-says", "$$ID-never-drawn"})


@pytest.mark.parametrize("outlasts", ["", "$$ID-gone-gone", "$$ID-box-box"])
@pytest.mark.parametrize("bound", [False, True])
@pytest.mark.parametrize("fragments", [[], ["f"]])
def test_at_the_end_of_a_run_values_go_as_streamlit_does_it(monkeypatch, fragments, bound, outlasts):
    """The presses, and the widgets that were not drawn; those of a fragment's run, and one that is in the address."""
    context = SimpleNamespace(fragment_ids_this_run=fragments, page_script_hash="p")
    monkeypatch.setattr(session_state, "get_script_run_ctx", lambda: context)
    monkeypatch.setattr(streamlit_shortcuts, "get_script_run_ctx", lambda: context)

    def ended(reset, remove):
        state = SessionState()
        drawn = drawn_and_not(state)
        if bound:
            state._query_param_bound_widget_ids.add("$$ID-gone-gone")
        if outlasts:
            state._persist_tracker._scopes[outlasts] = "session"
        reset(state)
        remove(state, drawn)
        browsers = {name: state._new_widget_state[name] for name in state._new_widget_state}
        return state._old_state, browsers, state._persist_tracker

    ours = ended(streamlit_shortcuts._reset_triggers, streamlit_shortcuts._remove_stale)
    assert ours == ended(streamlit_shortcuts._streamlits_reset, streamlit_shortcuts._streamlits_remove_stale)
    assert ours[0]["$$ID-press-press"] is False
    assert "mine" in ours[0]
    assert ("$$ID-gone-gone" in ours[0]) is bool(fragments)
    assert ("gone" in ours[0]) is ((bound or outlasts == "$$ID-gone-gone") and not fragments)


def test_what_is_read_at_a_key_is_what_streamlit_reads(monkeypatch):
    state = SessionState()
    drawn_and_not(state)
    shown = state._new_widget_state.widget_metadata["$$ID-says-says"]
    state._new_widget_state.widget_metadata["$$ID-says-says"] = replace(
        shown, presenter=lambda value, _: {"shown": value}
    )
    state["set"] = 3

    def read(key, item, proxys_item):
        monkeypatch.setattr(SessionState, "__getitem__", item)
        monkeypatch.setattr(streamlit_shortcuts, "_session", lambda: SafeSessionState(state, lambda: None))
        monkeypatch.setattr(session_state_proxy, "get_session_state", streamlit_shortcuts._session)
        found = []
        for read_it in (lambda: state[key], lambda: proxys_item(None, key)):
            try:
                found.append(read_it())
            except Exception as error:
                found.append((type(error), str(error)))
        return found

    ours, theirs = streamlit_shortcuts, (streamlit_shortcuts._streamlits_item, streamlit_shortcuts._streamlits_value)
    for key in ("set", "mine", "box", "press", "says", "gone", "nothing", "never"):
        assert read(key, ours._item, ours._value) == read(key, *theirs), key
    assert read("$$ID-says-says", ours._item, ours._value)[0] == {"shown": True}


@pytest.mark.parametrize(
    ("waiting", "way", "sent", "queued"),
    [
        ([], True, ["new"], []),
        ([], False, ["new"], ["new"]),
        ([], None, [], ["new"]),
        (["before"], True, [], ["before", "new"]),
    ],
)
def test_a_message_goes_at_once_where_none_waits_and_there_is_a_way(waiting, way, sent, queued):
    went = []

    async def say():
        ways = {} if way is None else {DIRECTLY: lambda *data: went.extend(data) or way}
        socket = SimpleNamespace(scope={"extensions": ways}, headers=Headers(), cookies={}, client=None)
        client = outgoing_messages.DirectClient(socket)
        client._sender_task.cancel()
        for text in waiting:
            client._send_queue.put_nowait(said(text))
        client.write_forward_msg(ForwardMsg(hash="new"))
        left = [client._send_queue.get_nowait() for _ in range(client._send_queue.qsize())]
        client._closed.set()
        with pytest.raises(SessionClientDisconnectedError):
            client.write_forward_msg(ForwardMsg())
        return left

    def said(text):
        return ForwardMsg(hash=text).SerializeToString()

    assert asyncio.run(say()) == list(map(said, queued))
    assert went == list(map(said, sent))


@pytest.mark.parametrize(("takes", "writes", "left"), [(9, [2, 2, 1], 0), (1, [2], 3), (0, [], 5)])
def test_messages_go_together_as_far_as_the_browser_reads(takes, writes, left):
    """In pieces, between which the connection says whether it takes more."""
    went, message = [], ForwardMsg(hash="x" * (SIZE_LIMIT // 2))

    def write(*data):
        if len(went) < takes:
            went.append(len(data))
            return True
        return False

    async def say():
        socket = SimpleNamespace(scope={"extensions": {DIRECTLY: write}}, headers=Headers(), cookies={}, client=None)
        client = outgoing_messages.DirectClient(socket)
        client._sender_task.cancel()
        return client.write_together([message] * 5), client.write_together([])

    assert asyncio.run(say()) == (5 - left, 0)
    assert went == writes


def test_what_a_page_says_goes_to_the_connection_at_once(monkeypatch):
    class Client(outgoing_messages.DirectClient):
        def __init__(self):
            self.together = []

        def write_together(self, messages):
            self.together.append([message.script_finished for message in messages[:3]])
            return 3

    browser, one_by_one = SimpleNamespace(client=Client()), []
    server = SimpleNamespace(
        _session_mgr=SimpleNamespace(get_active_session_info=lambda _: browser),
        _send_message=lambda _, message: one_by_one.append(message.script_finished),
    )
    monkeypatch.setattr(streamlit_sessions.st.runtime, "exists", lambda: True)
    monkeypatch.setattr(streamlit_sessions.st.runtime, "get_instance", lambda: server)
    session = Bare(None)
    for number in range(5):
        session._browser_queue.enqueue(ForwardMsg(script_finished=number))
    assert session.flush_browser_queue() == []
    assert (browser.client.together, one_by_one) == ([[0, 1, 2]], [3, 4])


def test_our_servers_browsers_are_reached_so():
    assert server.app
    assert starlette_websocket.StarletteSessionClient is outgoing_messages.DirectClient


def test_a_value_is_found_where_streamlit_looks_first():
    """What the script has set, what the browser has sent, then what was there before by id and by key."""
    state = SessionState()
    places = (
        lambda value: state._old_state.update(key=value),
        lambda value: state._old_state.update(widget=value),
        lambda value: state._new_widget_state.set_from_value("widget", value),
        lambda value: state._new_session_state.update(key=value),
    )
    state._key_id_mapper["key"] = "widget"
    assert "key" not in state
    for number, put in enumerate(places):
        put(number)
        assert (state["key"], state["widget"], state._getitem("widget", "key")) == (number,) * 3
    state._new_widget_state.states["unknown"] = Serialized(WidgetState(id="unknown", bool_value=True))
    assert "unknown" not in state, "a widget that the script has not drawn"
    with pytest.raises(KeyError, match="nothing"):
        state["nothing"]


def test_what_a_component_holds_is_copied_whole():
    value = AttributeDictionary({"edited": {"text": ["a"]}})
    copied = deepcopy(value)
    assert copied == value
    assert type(copied) is AttributeDictionary
    copied["edited"]["text"].append("b")
    assert value == {"edited": {"text": ["a"]}}


def test_the_headers_of_a_connection_are_read_once_and_those_of_the_next_one_again(monkeypatch):
    class Client:
        pass

    class Asked:
        read = 0

        @property
        def headers(self):
            Asked.read += 1
            return {"read": Asked.read}

    clients = [Client()]
    runtime = SimpleNamespace(
        exists=lambda: True, get_instance=lambda: SimpleNamespace(get_client=lambda _: clients[-1])
    )
    monkeypatch.setattr(connection, "runtime", runtime)
    monkeypatch.setattr(connection, "get_script_run_ctx", lambda: SimpleNamespace(session_id="one"))
    monkeypatch.setattr(connection.st, "context", Asked())

    def read():
        assert [connection.headers()["read"] for _ in range(3)] == [1, 1, 1]
        clients.append(Client())
        assert connection.headers()["read"] == 1, "a run has the connection that it began with"
        connection.look_again()
        assert [connection.headers()["read"] for _ in range(2)] == [2, 2]

    Context().run(read)


def test_what_a_run_has_started_elsewhere_holds_no_connection_that_is_closed(monkeypatch):
    """A world's tasks have a copy of the context of the run that started them, and live as long as the world."""

    class Client:
        pass

    session = SimpleNamespace(client=Client())
    server = SimpleNamespace(get_client=lambda _: session.client)
    monkeypatch.setattr(connection, "runtime", SimpleNamespace(exists=lambda: True, get_instance=lambda: server))
    monkeypatch.setattr(connection, "get_script_run_ctx", lambda: SimpleNamespace(session_id="one"))
    kept = WeakKeyDictionary()

    def read():
        held = connection.look_again()
        session.client = None  # the reader has left
        assert connection.once(kept, lambda: "of this connection") == "of this connection"
        assert list(kept) == [held], "the run goes on as that of the same reader"
        return weakref.ref(held)

    context = Context()
    gone = context.run(read)
    assert gone() is None
    assert len(context) == 1
