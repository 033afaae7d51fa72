"""A click that was made before the answer to the one before had arrived, and a button that takes one run, which is the
page's that it leads to; a link goes where there is a page, and what the page before still says takes no one back."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner, StopException
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState
from streamlit.runtime.state import SafeSessionState, SessionState
from streamlit.runtime.state.common import WidgetMetadata

from app.content import STORY
from app.ui.state import route
from app.ui.state.runs import clicks, streamlit_shortcuts
from app.ui.state.runs.runner import Runner

CLICK = RerunData(query_string="lang=ja", page_script_hash="why", widget_states=WidgetStates())


@pytest.fixture
def state(monkeypatch):
    """A session whose page `why` came with `lang=ja`, and was sent two other queries since."""
    monkeypatch.setattr(clicks, "get_script_run_ctx", lambda: SimpleNamespace(page_script_hash="why"))
    made = SafeSessionState(SessionState(), lambda: None)
    assert clicks.in_step(CLICK, made) is CLICK
    for query in ("lang=en", "lang=en&depth=1"):
        clicks.hear(clicks.address_message(query), made)
    return made


@pytest.mark.parametrize("query", ["lang=ja", "lang=en"])
def test_a_click_with_a_query_from_before_gets_the_one_that_was_sent(state, query):
    for _ in range(2):
        assert clicks.in_step(replace(CLICK, query_string=query), state).query_string == "lang=en&depth=1"
    clicks.in_step(RerunData(query_string="lang=en&depth=1", page_script_hash="why"), state)  # `st.rerun`
    assert clicks.in_step(replace(CLICK, query_string=query), state).query_string == "lang=en&depth=1"


@pytest.mark.parametrize(
    "given",
    [
        {"is_history_navigation": True},
        {"page_script_hash": "compare"},
        {"query_string": ""},
        {"query_string": "depth=3"},
    ],
    ids=str,
)
def test_a_query_to_which_the_reader_goes_is_taken(state, given):
    data = replace(CLICK, **given)
    assert clicks.in_step(data, state) is data


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
    """A session with a button for each callback."""
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
    return SafeSessionState(made, lambda: None)


def asked(*pressed):
    choice = WidgetState(id="choice", string_value="kept")
    buttons = [WidgetState(id=id_, trigger_value=True) for id_ in pressed]
    return RerunData(
        query_string="lang=ja", page_script_hash="old", widget_states=WidgetStates(widgets=[choice, *buttons])
    )


@pytest.mark.parametrize(("button", "expected"), [("next", "hash of why"), ("home", "hash of home")])
def test_the_run_is_of_the_page_that_a_button_leads_to(with_buttons, button, expected):
    found = clicks.as_page_change(asked(button), with_buttons, PAGES)
    assert (found.page_script_hash, found.query_string) == (expected, "lang=ja")
    assert [widget.id for widget in found.widget_states.widgets] == ["choice"], "what was chosen comes along"
    assert with_buttons._state[route.ARRIVED]


@pytest.mark.parametrize("button", ["nowhere", "other", "unknown"])
def test_any_other_run_is_what_the_browser_asked_for(with_buttons, button):
    for data in (asked(button), asked(), RerunData()):
        assert clicks.as_page_change(data, with_buttons, PAGES) is data
    assert (
        clicks.as_page_change(asked("next"), with_buttons, {"hash of main": {"page_name": ""}}).page_script_hash
        == "old"
    )
    assert route.ARRIVED not in with_buttons._state


def test_a_runner_runs_that(monkeypatch, with_buttons):
    ran = []
    pages = type("Pages", (), {"get_pages": lambda self: PAGES})()
    monkeypatch.setattr(ScriptRunner, "__init__", lambda self: None)
    monkeypatch.setattr(ScriptRunner, "_run_script", lambda self, data: ran.append(data.page_script_hash))
    runner = Runner()
    runner._session_id, runner._session_state, runner._pages_manager = "one", with_buttons, pages
    runner._requests = ScriptRequests()
    runner._run_script(asked("next"))
    assert ran == ["hash of why"]
    late = asked("choice")
    assert clicks.joined([late], with_buttons._state).page_script_hash == "hash of why", "the old page says something"
    runner._requests.request_stop()
    runner._run_script(asked())
    assert ran == ["hash of why"], "stopped before it had its turn: the run after it has its clicks"


# --- a page that was left ---------------------------------------------------------------------------------------------


@pytest.fixture
def on_why():
    """A session whose reader has gone from `old` to `why`, where the choice of the language is on all pages."""
    made = SafeSessionState(SessionState(), lambda: None)
    clicks.choose("why", "lang=en", made)
    made._state[clicks._ON_ALL_PAGES] = {"language"}
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


def test_a_link_after_a_button_that_leads_elsewhere_is_where_the_reader_goes(with_buttons):
    clicks.choose("old", "lang=ja", with_buttons)
    both = clicks.joined([asked("next"), says(page="compare")], with_buttons._state)
    found = clicks.as_page_change(both, with_buttons, PAGES)
    assert (found.page_script_hash, [*found.widget_states.widgets]) == ("compare", [])
    assert route.ARRIVED not in with_buttons._state


@pytest.mark.parametrize(("drawn_by", "expected"), [("main", True), ("why", False)])
def test_the_widgets_of_all_pages_are_those_of_the_main_script(monkeypatch, drawn_by, expected):
    context = SimpleNamespace(pages_manager=SimpleNamespace(main_script_hash="main"))
    monkeypatch.setattr(clicks, "get_script_run_ctx", lambda: context)
    state = SessionState()
    ThreadState.initialize(active_script_hash=drawn_by)
    for _ in range(2):
        streamlit_shortcuts._register(state, WidgetMetadata("one", bool, bool, value_type="bool_value"), None)
    assert (clicks._ON_ALL_PAGES in state and state[clicks._ON_ALL_PAGES] == {"one"}) is expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"page": "why", "params": {"term": 1}}, [("why", {"term": "1"})]),
        ({"page": "why", "params": 2}, [("why", {})]),
        *((junk, []) for junk in (1, True, "why", ["why"], {"page": ["why"]}, {"page": "gone"}, {})),
    ],
    ids=str,
)
def test_what_a_browser_says_of_a_link_leads_to_a_page_of_ours_or_nowhere(monkeypatch, asked, expected):
    gone = []
    monkeypatch.setattr(route, "go", lambda page, **params: gone.append((page, params)))
    route.follow(asked)
    assert gone == expected
