"""The ways to a page: a button takes one run, which is that page's; a link goes where there is a page."""

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner
from streamlit.runtime.state import SafeSessionState, SessionState
from streamlit.runtime.state.common import WidgetMetadata

from app.content import STORY
from app.ui.state import route
from app.ui.state.runs.page_buttons import as_page_change
from app.ui.state.runs.runner import Runner

PAGES = {"hash of home": {"url_pathname": ""}, "hash of why": {"url_pathname": "why"}}


def other():
    """A callback that asks for no page alone."""


@pytest.fixture
def state():
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
def test_the_run_is_of_the_page_that_a_button_leads_to(state, button, expected):
    found = as_page_change(asked(button), state, PAGES)
    assert (found.page_script_hash, found.query_string) == (expected, "lang=ja")
    assert [widget.id for widget in found.widget_states.widgets] == ["choice"], "what was chosen comes along"
    assert state._state[route.ARRIVED]


@pytest.mark.parametrize("button", ["nowhere", "other", "unknown"])
def test_any_other_run_is_what_the_browser_asked_for(state, button):
    for data in (asked(button), asked(), RerunData()):
        assert as_page_change(data, state, PAGES) is data
    assert as_page_change(asked("next"), state, {"hash of main": {"page_name": ""}}).page_script_hash == "old"
    assert route.ARRIVED not in state._state


def test_a_runner_runs_that(monkeypatch, state):
    ran = []
    pages = type("Pages", (), {"get_pages": lambda self: PAGES})()
    monkeypatch.setattr(ScriptRunner, "__init__", lambda self: None)
    monkeypatch.setattr(ScriptRunner, "_run_script", lambda self, data: ran.append(data.page_script_hash))
    runner = Runner()
    runner._session_id, runner._session_state, runner._pages_manager = "one", state, pages
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
