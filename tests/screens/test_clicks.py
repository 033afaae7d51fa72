"""A click that was made before the answer to the one before had arrived, and a button that takes one run, which is the
page's that it leads to; a link goes where there is a page."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner, StopException
from streamlit.runtime.state import SafeSessionState, SessionState
from streamlit.runtime.state.common import WidgetMetadata

from app.content import STORY
from app.ui.state import route
from app.ui.state.runs import clicks
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
    runner._run_script(asked("next"))
    assert ran == ["hash of why"]


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
