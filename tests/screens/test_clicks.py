"""A click that was made before the answer to the one before had arrived, and a button that takes one run, which is the
page's that it leads to; a link goes where there is a page, and what the page before still says takes no one back."""

import json
import threading
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace

import pytest
from streamlit.delta_generator_singletons import context_dg_stack
from streamlit.elements.lib.form_utils import FormData
from streamlit.elements.widgets.button_group import _SingleSelectButtonGroupSerde as Segmented
from streamlit.elements.widgets.radio import RadioSerde
from streamlit.proto.ClientState_pb2 import ClientState, ContextInfo
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.scriptrunner import RerunData, RerunException, ScriptRunner, StopException
from streamlit.runtime.scriptrunner_utils import script_requests
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState
from streamlit.runtime.scriptrunner_utils.thread_safe_set import ThreadSafeSet
from streamlit.runtime.state import SafeSessionState, SessionState
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import WStates

from app.content import STORY
from app.ui.state import route
from app.ui.state.runs import browser_messages, clicks, said_again, streamlit_shortcuts
from app.ui.state.runs import runner as runs
from app.ui.state.runs.runner import Runner

CLICK = RerunData(query_string="lang=ja", page_script_hash="why", widget_states=WidgetStates())


@pytest.fixture
def state():
    """A session whose page `why` came with `lang=ja`, and was sent two other queries since."""
    made = SafeSessionState(SessionState(), lambda: None)
    assert clicks.in_step(CLICK, made) is CLICK
    for query in ("lang=en", "lang=en&depth=1"):
        clicks.hear(clicks.address_message(query), made)
    return made


@pytest.mark.parametrize("query", ["lang=ja", "lang=en"])
def test_a_click_with_a_query_from_before_gets_the_one_that_was_sent(state, query):
    for page in ("why", "compare"):  # a link has the query of the address that the reader leaves
        late = replace(CLICK, query_string=query, page_script_hash=page)
        assert clicks.in_step(late, state).query_string == "lang=en&depth=1"
    clicks.in_step(RerunData(query_string="lang=en&depth=1", page_script_hash="why"), state)  # `st.rerun`
    assert clicks.in_step(replace(CLICK, query_string=query), state).query_string == "lang=en&depth=1"


@pytest.mark.parametrize(
    "given",
    [
        {"query_string": ""},
        {"query_string": "depth=3"},
    ],
    ids=str,
)
def test_a_query_to_which_the_reader_goes_is_taken(state, given):
    data = replace(CLICK, **given)
    assert clicks.in_step(data, state) is data


def test_the_query_to_which_the_reader_goes_back_is_sent_again_as_another_may_be_on_its_way(state):
    data = replace(CLICK, is_history_navigation=True)
    found = clicks.in_step(data, state)
    assert found == data
    assert found is not data


def test_what_has_arrived_makes_the_earlier_ones_choices_again(state):
    clicks.in_step(replace(CLICK, query_string="lang=en&depth=1"), state)
    assert clicks.in_step(CLICK, state) is CLICK


def test_a_run_that_is_to_end_is_not_heard(state):
    def ends():
        raise StopException

    object.__setattr__(state, "_yield_callback", ends)
    with pytest.raises(StopException):
        clicks.hear(clicks.address_message("lang=ja&depth=3"), state)
    object.__setattr__(state, "_yield_callback", lambda: None)
    assert clicks.in_step(CLICK, state).query_string == "lang=en&depth=1"


# --- buttons that lead to a page, and links ---------------------------------------------------------------------------

PAGES = {"hash of home": {"url_pathname": ""}, "hash of why": {"url_pathname": "why"}}


def other():
    """A callback that asks for no page alone."""


@pytest.fixture
def with_buttons():
    """A session with a button for each callback, and with a component whose links are ours."""
    made = SessionState()
    for id_, callback, args in (
        ("next", route.ask, ("why",)),
        ("home", route.ask, (STORY[0],)),
        ("nowhere", route.ask, ("gone",)),
        ("other", other, None),
    ):
        made._new_widget_state.set_widget_metadata(
            WidgetMetadata(id_, bool, bool, value_type="trigger_value", callback=callback, callback_args=args)
        )
    for id_, callbacks in ("links", {"go": route.linked}), ("events", {"go": other}):
        made._new_widget_state.set_widget_metadata(
            WidgetMetadata(id_, list, str, value_type="json_trigger_value", callbacks=callbacks)
        )
    return SafeSessionState(made, lambda: None)


def asked(*pressed, page="old", **said):
    """`said`: by component, what it says."""
    choice = WidgetState(id="choice", string_value="kept")
    buttons = [WidgetState(id=id_, trigger_value=True) for id_ in pressed]
    events = [WidgetState(id=id_, json_trigger_value=json.dumps(it)) for id_, it in said.items()]
    return RerunData(
        query_string="lang=ja", page_script_hash=page, widget_states=WidgetStates(widgets=[choice, *buttons, *events])
    )


def going(page, **params):
    return [{"event": "go", "value": {"page": page, "params": params}}]


@pytest.mark.parametrize(
    ("data", "expected", "params"),
    [
        (asked("next"), "hash of why", {}),
        (asked("home"), "hash of home", {}),
        (asked(links=going("why", term="jwks")), "hash of why", {"term": "jwks"}),
    ],
    ids=["next", "home", "link"],
)
def test_the_run_is_of_the_page_that_a_button_or_a_link_leads_to(with_buttons, data, expected, params):
    found, given = clicks.as_page_change(data, with_buttons._state, PAGES)
    assert (found.page_script_hash, found.query_string, given) == (expected, "lang=ja", params)
    assert [widget.id for widget in found.widget_states.widgets] == ["choice"], "what was chosen comes along"


@pytest.mark.parametrize(
    "data",
    [
        *map(asked, ("nowhere", "other", "unknown")),
        asked(),
        RerunData(),
        replace(asked("next"), fragment_id_queue=["of old"]),
        asked(events=going("why")),
        asked(links=going("gone")),
        asked(links=[*going("why"), {"event": "opened", "value": 1}]),
        *(asked(links=junk) for junk in ({}, 1, [1], [{"event": "go"}])),
        pytest.param(asked(links=going("why", term="x" * 10_000)), id="longer than a link"),
    ],
    ids=str,
)
def test_any_other_run_is_what_the_browser_asked_for(with_buttons, data):
    found, params = clicks.as_page_change(data, with_buttons._state, PAGES)
    assert found is data
    assert params is None


def test_what_a_component_says_many_times_in_one_message_is_read_once(with_buttons, monkeypatch):
    read = []
    monkeypatch.setattr(clicks, "_link", read.append)
    pressed = [WidgetState(id="links", json_trigger_value=f"[{number}]") for number in range(99)]
    clicks.as_page_change(replace(asked(), widget_states=WidgetStates(widgets=pressed)), with_buttons._state, PAGES)
    assert read == ["[98]"], "as Streamlit, for which the last one counts"


def test_before_the_first_run_no_page_is_known(with_buttons):
    unknown = {"hash of main": {"page_name": ""}}
    assert clicks.as_page_change(asked("next"), with_buttons._state, unknown) == (asked("next"), None)


def goes_back(url, page="hash of home", **more):
    context = ContextInfo(url=f"http://127.0.0.1:8501{url}")
    return replace(asked(page=page), context_info=context, is_history_navigation=True, **more)


@pytest.mark.parametrize(
    ("pages", "expected"), [(PAGES, "hash of why"), ({}, "")], ids=["known", "before the first run"]
)
def test_the_way_back_leads_to_the_page_of_the_address_where_the_browser_knows_no_pages_yet(pages, expected):
    data = goes_back("/why?lang=ja")
    assert clicks.as_address_says(data, pages) == replace(data, page_script_hash=expected, page_name="why")


@pytest.mark.parametrize(
    "data",
    [
        goes_back("/why", page="hash of why"),
        goes_back("/?lang=ja"),
        goes_back("/gone"),
        replace(goes_back("/why"), is_history_navigation=False),
        replace(goes_back("/why"), context_info=None),
        replace(goes_back("/why"), context_info=ContextInfo(url="http://[/why")),
    ],
    ids=["same", "first", "unknown", "no history", "no address", "none of a browser"],
)
def test_any_other_run_is_not_of_the_address(data):
    assert clicks.as_address_says(data, PAGES) is data


# --- where a run begins -----------------------------------------------------------------------------------------------


@pytest.fixture
def runner(monkeypatch, with_buttons):
    """Makes a runner that was asked for a run; `run` is what that does."""

    def make(data, run):
        monkeypatch.setattr(ScriptRunner, "__init__", lambda self: None)
        monkeypatch.setattr(ScriptRunner, "_run_script", run)
        made = Runner()
        made._session_id, made._session_state, made._execing = "one", with_buttons, False
        made._pages_manager = SimpleNamespace(get_pages=lambda: PAGES, main_script_hash="main")
        made._join_wake_lock, made._join_wake_coordinator = threading.Lock(), None
        made._script_thread, made._requests = threading.current_thread(), ScriptRequests()
        made._requests.request_rerun(data)
        made._fragment_storage = MemoryFragmentStorage()
        made.context = SimpleNamespace(
            page_script_hash="",
            query_string="lang=ja",
            has_script_started=False,
            fragment_ids_this_run=None,
            shared=SimpleNamespace(new_fragment_ids=ThreadSafeSet()),
        )
        monkeypatch.setattr(runs, "get_script_run_ctx", lambda: made.context)
        return made, made._requests.on_scriptrunner_ready().rerun_data

    return make


def test_a_runner_runs_that_and_knows_the_page(runner, with_buttons):
    def run(self, data):
        self.context.page_script_hash = data.page_script_hash
        with self._set_execing_flag():
            ran.append((data.page_script_hash, with_buttons._state[route.ARRIVED]))

    ran = []
    made, data = runner(asked(links=going("why", term="jwks")), run)
    made._run_script(data)
    assert ran == [("hash of why", {"term": "jwks"})]
    late = asked("choice")
    assert clicks.joined([late], with_buttons._state).page_script_hash == "hash of why", "the old page says something"
    for page, is_kept in ("hash of why", True), ("hash of home", False):
        clicks.begin(page, "lang=ja", None, with_buttons)
        assert (route.ARRIVED in with_buttons._state) is is_kept, "until its page reads it, or is no longer wanted"


def test_a_runner_runs_the_page_of_the_address_to_which_the_history_leads(runner):
    ran = []
    made, data = runner(goes_back("/why"), lambda self, data: ran.append(data.page_script_hash))
    made.on_event = SimpleNamespace(send=lambda *_given, **_more: None)  # the address is sent again
    made._run_script(data)
    assert ran == ["hash of why"]


@pytest.mark.parametrize(
    ("stopped", "is_left", "done"),
    [
        ("taken", True, []),
        ("prepared", True, []),
        ("called back", False, ["callback"]),
        ("drawn", False, ["callback"]),
        ("never", False, ["callback", "page"]),
    ],
)
def test_a_stop_leaves_a_click_to_the_next_run_until_its_callback_is_called_whole(runner, stopped, is_left, done):
    def stop(self, at):
        if at == stopped:
            self.request_stop()

    def run(self, data):
        stop(self, "prepared")
        with suppress(StopException), self._set_execing_flag():
            for part, at in ("callback", "called back"), ("page", "drawn"):
                stop(self, at)
                self._maybe_handle_execution_control_request()
                found.append(part)
                self.context.has_script_started = True

    found = []
    made, data = runner(asked("other"), run)
    stop(made, "taken")
    made._run_script(data)
    assert found == done
    assert made.never_begun == ((data,) if is_left else ())


def test_a_stop_leaves_a_page_to_which_a_script_leads_to_the_next_run(runner):
    def run(self, data):
        with self._set_execing_flag():
            self.context.has_script_started = True
            self._requests.request_rerun(there)
            with pytest.raises(RerunException):
                self._maybe_handle_execution_control_request()
        self.request_stop()

    there = RerunData(page_script_hash="hash of why", query_string="lang=ja&term=jwks")
    made, data = runner(asked(), run)
    made._run_script(data)
    assert [it.page_script_hash for it in made.never_begun] == ["hash of why"]
    late = clicks.joined((*made.never_begun, asked("choice")), SessionState())
    assert (late.page_script_hash, late.query_string) == (there.page_script_hash, there.query_string)


@pytest.mark.parametrize("stopped", [False, True])
def test_what_is_pressed_on_the_page_of_a_session_that_is_gone_is_known_once_that_is_drawn(runner, stopped):
    """The reader's laptop slept, or the server was started again: the page is there, and its session is not."""

    def run(self, data):
        ran.append((data.page_script_hash, [widget.id for widget in data.widget_states.widgets]))
        with self._set_execing_flag():
            new._new_widget_state.set_widget_metadata(
                WidgetMetadata(
                    "next", bool, bool, value_type="trigger_value", callback=route.ask, callback_args=("why",)
                )
            )
        if stopped:
            self.request_stop()

    ran, new = [], SessionState()
    made, data = runner(asked("next"), run)
    made._session_state = SafeSessionState(new, lambda: None)
    made._run_script(data)
    assert ran == [("old", ["choice"]), ("hash of why", ["choice"])][: 1 if stopped else 2]
    assert made.never_begun == ((data,) if stopped else ())


@pytest.mark.parametrize(("replaced", "kept"), [(False, ["new"]), (True, ["old", "new"])])
def test_a_page_that_ends_itself_leaves_no_fragment_of_the_page_before(runner, replaced, kept):
    """A talk has fewer places than a page: what a fragment drew there would empty the whole browser page."""

    def run(self, data):
        with suppress(StopException), self._set_execing_flag():
            self._fragment_storage.register("new", lambda: None)
            self.context.shared.new_fragment_ids.check_and_add("new")
            if replaced:
                self.request_stop()
            raise StopException

    made, data = runner(asked(), run)
    made._fragment_storage.register("old", lambda: None)
    made._run_script(data)
    assert [it for it in ("old", "new") if made._fragment_storage.contains(it)] == kept


def test_a_fragment_of_the_page_before_does_not_lead_back_from_where_a_button_leads(runner):
    """Its message comes while the run of the button waits for its turn."""

    def run(self, data):
        self.request_rerun(says("choice", fragment_id="of old"))

    made, data = runner(asked("next"), run)
    clicks.choose("old", "lang=ja", made._session_state)
    made._run_script(data)
    assert made._requests._rerun_data.page_script_hash == "hash of why"


# --- a page that was left ---------------------------------------------------------------------------------------------


@pytest.fixture
def on_why():
    """A session whose reader has gone from `old` to `why`, where the choice of the language is on all pages."""
    made = SafeSessionState(SessionState(), lambda: None)
    clicks.choose("why", "lang=en", made)
    made._state[clicks._OF_PAGES] = {"of_old", "of_why"}
    return made._state


def says(*widgets, page="old", **more):
    states = WidgetStates(widgets=[WidgetState(id=id_, string_value="given") for id_ in widgets])
    return RerunData(query_string="lang=ja&old=1", page_script_hash=page, widget_states=states, **more)


@pytest.mark.parametrize(
    "data",
    [
        says("language", "of_old"),
        says("of_old"),
        says("language", fragment_id="of old"),
        replace(says(), widget_states=WidgetStates(widgets=[WidgetState(id="language", trigger_value=True)])),
    ],
    ids=["value", "first value", "fragment", "pressed"],
)
def test_what_a_page_that_was_left_says_is_of_the_page_that_was_chosen(on_why, data):
    found = clicks.joined([data], on_why)
    assert found == replace(data, page_script_hash="why", query_string="lang=en")


@pytest.mark.parametrize(
    "data",
    [
        says("language"),
        says(),
        says("of_old", is_history_navigation=True),
        says("of_why", page="why"),
        says("of_old", page=""),
        RerunData(),
    ],
    ids=["link", "first link", "history", "own page", "first run", "st.rerun"],
)
def test_a_way_to_another_page_is_taken(on_why, data):
    assert clicks.joined([data], on_why) is data


def test_before_any_page_was_drawn_all_is_as_the_browser_says():
    data = says("of_old")
    assert clicks.joined([data], SessionState()) is data


def test_what_a_page_says_after_a_link_whose_run_has_not_begun_goes_with_it(on_why):
    link, late = says("language", page="compare"), says("language", "of_why", page="why")
    found = clicks.joined([link, late], on_why)
    assert (found.page_script_hash, found.query_string) == ("compare", link.query_string)
    assert {widget.id for widget in found.widget_states.widgets} == {"language", "of_why"}
    back = says("language", page="why")
    assert clicks.joined([link, late, back], on_why).page_script_hash == "why"


@pytest.mark.parametrize(
    ("in_turn", "expected"),
    [
        ([asked("next"), says(page="compare")], "compare"),
        ([asked("next"), says(page="old", is_history_navigation=True)], "old"),
        ([asked("next"), asked("home")], "hash of home"),
        ([asked(links=going("why")), asked("home")], "hash of home"),
        ([says(page="compare"), asked("next")], "hash of why"),
        ([asked("next"), asked("other")], "hash of why"),
        ([asked("next"), says("of_old")], "hash of why"),
        ([asked("next"), says("of_compare", page="compare")], "hash of why"),
    ],
    ids=["link", "history", "button", "button after our link", "button after link", "press", "value", "other's value"],
)
def test_of_ways_that_were_pressed_one_after_the_other_the_last_one_counts(with_buttons, in_turn, expected):
    clicks.choose("old", "lang=ja", with_buttons)
    with_buttons._state[clicks._OF_PAGES] = {"of_old", "of_compare", "choice"}
    found = in_turn[0]
    for data in in_turn[1:]:
        found = clicks.joined([found, data], with_buttons._state)
    page, _ = clicks.as_page_change(found, with_buttons._state, PAGES)
    assert page.page_script_hash == expected
    assert {widget.id for widget in page.widget_states.widgets} <= {"choice", "other", "of_old", "of_compare"}


def test_what_was_pressed_before_is_not_kept_where_it_is_more_than_pages_have(monkeypatch):
    monkeypatch.setattr(WStates, "__getitem__", WStates.__getitem__)  # both are as they were after the test
    monkeypatch.setattr(script_requests, "_coalesce_widget_states", script_requests._coalesce_widget_states)
    browser_messages.install()
    found = asked("first")
    for number in range(9):
        found = clicks.joined([found, asked(*(f"{number}-{at}" for at in range(300)))], SessionState())
        assert len(found.widget_states.widgets) <= browser_messages.WIDGETS
        assert {"8-0", "8-299"} <= {it.id for it in found.widget_states.widgets} or number < 8


def test_a_button_of_a_page_that_was_left_counts_after_the_link(with_buttons):
    clicks.choose("compare", "lang=ja", with_buttons)
    found, _ = clicks.as_page_change(clicks.joined([asked("next")], with_buttons._state), with_buttons._state, PAGES)
    assert found.page_script_hash == "hash of why"


@pytest.mark.parametrize(("drawn_by", "expected"), [("main", False), ("why", True)])
def test_the_widgets_of_a_page_are_those_that_the_main_script_does_not_draw(monkeypatch, drawn_by, expected):
    context = SimpleNamespace(pages_manager=SimpleNamespace(main_script_hash="main"))
    monkeypatch.setattr(clicks, "get_script_run_ctx", lambda: context)
    state = SessionState()
    ThreadState.initialize(active_script_hash=drawn_by)
    for _ in range(2):
        streamlit_shortcuts._register(state, WidgetMetadata("one", bool, bool, value_type="bool_value"), None)
    assert (clicks._OF_PAGES in state and state[clicks._OF_PAGES] == {"one"}) is expected


@pytest.mark.parametrize(
    ("words", "options", "expected"),
    [
        ([("通信", "話"), ("Wire", "Story"), ("Wire", "Story")], [(3, 1)] * 3, 3),
        ([("通信", "話"), ("話", "通信")], [(3, 1)] * 2, 1),  # what it is called now comes first
        ([("通信", "話"), ("Wire", "Story")], [(3, 1), (5, 7)], None),
    ],
    ids=["another language", "other words", "other options"],
)
@pytest.mark.parametrize(("kind", "field"), [(RadioSerde, "string_value"), (Segmented, "string_array_value")])
def test_a_choice_counts_that_a_browser_makes_by_words_from_before(kind, field, words, options, expected):
    state = SessionState()
    for called, known in zip(words, options, strict=True):
        places = {word: place for place, word in enumerate(called)}
        serde = kind(known, formatted_options=[*called], formatted_option_to_option_index=places)
        streamlit_shortcuts._register(state, WidgetMetadata("one", serde.deserialize, serde.serialize, field), None)
    said = WidgetState(id="one", string_value="通信")
    if field == "string_array_value":
        said = WidgetState(id="one", string_array_value={"data": ["通信"]})
    state.set_widgets_from_proto(WidgetStates(widgets=[said]))
    chosen = state._new_widget_state["one"]
    assert (chosen if chosen in options[-1] else None) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"page": "why", "params": {"term": 1}}, [("why", {"term": "1"})]),
        ({"page": "why", "params": 2}, [("why", {})]),
        ({"page": "why", "params": {"\ud800": "\udfff"}}, [("why", {"?": "?"})]),
        *((junk, []) for junk in (1, True, "why", ["why"], {"page": ["why"]}, {"page": "gone"}, {})),
    ],
    ids=str,
)
def test_what_a_browser_says_of_a_link_leads_to_a_page_of_ours_or_nowhere(monkeypatch, asked, expected):
    gone = []
    monkeypatch.setattr(route, "go", lambda page, **params: gone.append((page, params)))
    route.follow(asked)
    assert gone == expected


# --- what a browser says again ----------------------------------------------------------------------------------------


class Slider:
    """A page with a slider that its buttons move, and with a choice beside it, as a browser over a slow line has it."""

    def __init__(self):
        ThreadState.initialize()  # callbacks are called in a script's thread
        self.state, self.place = SessionState(), "0"
        self.run(self.press("open"))

    def press(self, *pressed, slider="0", beside="a", fragment="slider", page="here"):
        """The browser sends what it has; returns the run that it asks for."""
        choices = [WidgetState(id=id_, string_value=it) for id_, it in (("slider", slider), ("beside", beside))]
        widgets = [*choices, *(WidgetState(id=id_, trigger_value=True) for id_ in pressed)]
        asked = ClientState(widget_states=WidgetStates(widgets=widgets), fragment_id=fragment, page_script_hash=page)
        said_again.hear(asked, self.state)
        marks = frozenset(asked.cached_message_hashes)
        return RerunData(widget_states=asked.widget_states, page_script_hash=page, cached_message_hashes=marks)

    def run(self, asked, *, to=None):
        """The run begins, and what was pressed moves the slider; returns whether the browser gets its place."""
        data = said_again.settled(asked, self.state)
        said_again.begun(self.state)
        self.state.on_script_will_rerun(data.widget_states)
        if to:
            self.place = to
        if "slider" in self.state and self.state["slider"] != self.place:
            self.state["slider"] = self.place
        made = [
            WidgetMetadata(id_, str, str, "string_value", callback, fragment_id=fragment)
            for id_, callback, fragment in (("slider", self.moved, "slider"), ("beside", other, None))
        ]
        slider, _ = [streamlit_shortcuts._register(self.state, it, it.id) for it in made]
        return slider.value_changed

    def moved(self):
        self.place = self.state["slider"]


@pytest.mark.parametrize(
    "said",
    [{"pressed": ["feed"]}, {"beside": "b"}, {"fragment": "other"}, {"page": "there", "fragment": ""}],
    ids=["press", "choice", "connected again", "link"],
)
def test_a_place_from_before_a_press_is_not_what_the_reader_chooses_and_is_set_once_more(said):
    for moves in ("1",), ("1", "2"):
        one = Slider()
        assert all(one.run(one.press("later"), to=place) for place in moves)
        assert one.run(one.press(*said.get("pressed", ()), **{k: v for k, v in said.items() if k != "pressed"}))
        assert one.place == one.state["slider"] == moves[-1]
        assert not one.run(one.press("feed", slider=moves[-1])), "it has arrived"
        assert one.place == moves[-1]


def test_a_place_that_the_app_has_set_since_is_not_what_the_reader_chooses_either():
    one = Slider()
    for place in ("1", "2"):
        one.run(one.press("later"), to=place)
    assert one.run(one.press("feed", slider="1")), "the answer to the first press is there alone"
    assert one.place == "2"
    one.run(one.press(slider="5"))
    assert one.run(one.press("feed", slider="2")), "that to the second press came after the reader's choice"
    assert one.place == "5"


def test_what_the_reader_chooses_counts_also_where_a_run_brings_it_with_a_press_after_it():
    one = Slider()
    one.run(one.press("later"), to="1")
    assert not one.run(one.press(slider="0")), "back to where it was"
    assert one.place == "0"
    one.run(one.press("later"), to="1")
    one.run(clicks.joined([one.press(slider="0"), one.press("feed")], one.state))
    assert one.place == "0"
    one.run(one.press("feed", slider="3"))
    assert one.place == "3"


def test_what_the_reader_chooses_is_not_lost_to_an_answer_that_comes_before_its_run():
    one = Slider()
    one.run(one.press("later"), to="1")
    chosen, after = one.press(slider="3"), one.press("feed", slider="1")
    one.run(clicks.joined([chosen, after], one.state))
    assert one.place == "3"
    before, chosen = one.press("feed", slider="3"), one.press(slider="4")
    one.run(before)
    assert one.place == "3", "what comes with a later run waits for that"
    one.run(chosen)
    assert one.place == "4"


def test_what_the_reader_chooses_counts_where_its_run_is_stopped_before_it_begins():
    one = Slider()
    one.run(one.press("later"), to="1")
    chosen = one.press(slider="3")
    said_again.settled(chosen, one.state)
    one.run(clicks.joined([chosen, one.press("feed", slider="3")], one.state))
    assert one.place == "3"


def test_the_first_choice_on_a_page_to_which_a_button_has_led_counts():
    one = Slider()
    one.run(one.press("onward"), to="1")
    clicks.choose("there", "", SafeSessionState(one.state, lambda: None))
    one.run(one.press(slider="0", page="there"))
    assert one.place == "0"


def test_what_is_sent_with_a_form_is_what_the_reader_sees_in_it():
    for form, expected in ("form", "typed"), ("", "emptied"):  # a container that is no form has an empty name for it
        one = Slider()
        around = [SimpleNamespace(_form_data=it and FormData(it[0])) for it in (None, [""], [form], [form])]
        before = context_dg_stack.set(tuple(around))
        try:
            send = WidgetMetadata("send", bool, bool, "trigger_value")
            streamlit_shortcuts._register(one.state, send, send.id)
            one.run(one.press("send", slider="typed"))
            one.run(one.press(slider="typed", beside="b"), to="emptied")
            one.run(one.press("send", slider="typed", beside="b"))
        finally:
            context_dg_stack.reset(before)
        assert one.place == expected


def test_a_place_that_arrives_after_the_reader_has_been_there_is_not_what_they_choose():
    one = Slider()
    one.run(one.press("later"), to="3")
    for place in ("3", "0"):
        one.run(one.press(slider=place))
    assert one.run(one.press("feed", slider="3"))
    assert one.place == "0"


def test_a_mark_of_more_digits_than_python_reads_is_none():
    one = Slider()
    asked = replace(one.press("feed"), cached_message_hashes=frozenset({"said_again " + "9" * 5000}))
    assert said_again.settled(asked, one.state) is asked


def test_a_place_that_cannot_be_said_any_more_is_what_the_browser_says():
    one = Slider()
    one.run(one.press("later"), to="1")
    gone = WidgetMetadata("slider", str, {}.__getitem__, "string_value", one.moved, fragment_id="slider")
    one.state._new_widget_state.set_widget_metadata(gone)
    asked = one.press("feed")
    assert said_again.settled(asked, one.state) is asked


def test_a_runner_begins_with_what_the_app_has_set(runner):
    def run(self, data):
        ran.append({widget.id: widget.string_value for widget in data.widget_states.widgets})
        with self._set_execing_flag():
            left.append(set(said_again._known(one.state).chosen))

    ran, left, one = [], [], Slider()
    one.run(one.press("later"), to="1")
    for asked in one.press("feed"), one.press(slider="3"):
        made, data = runner(asked, run)
        made._session_state = SafeSessionState(one.state, lambda: None)
        made._run_script(data)
    assert ran == [{"slider": "1", "beside": "a", "feed": ""}, {"slider": "3", "beside": "a"}]
    assert left == [{"slider"}, set()], "each choice until its run has begun"
