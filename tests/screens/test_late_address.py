"""A click that was made before the answer to the one before had arrived, and what is none."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner import RerunData, StopException
from streamlit.runtime.state import SafeSessionState, SessionState

from app.ui.state.runs import late_address

CLICK = RerunData(query_string="lang=ja", page_script_hash="why", widget_states=WidgetStates())


@pytest.fixture
def state(monkeypatch):
    """A session whose page `why` came with `lang=ja`, and was sent two other queries since."""
    monkeypatch.setattr(late_address, "get_script_run_ctx", lambda: SimpleNamespace(page_script_hash="why"))
    made = SafeSessionState(SessionState(), lambda: None)
    assert late_address.in_step(CLICK, made) is CLICK
    for query in ("lang=en", "lang=en&depth=1"):
        late_address.hear(late_address.message(query), made)
    return made


@pytest.mark.parametrize("query", ["lang=ja", "lang=en"])
def test_a_click_with_a_query_from_before_gets_the_one_that_was_sent(state, query):
    for _ in range(2):
        assert late_address.in_step(replace(CLICK, query_string=query), state).query_string == "lang=en&depth=1"
    late_address.in_step(RerunData(query_string="lang=en&depth=1", page_script_hash="why"), state)  # `st.rerun`
    assert late_address.in_step(replace(CLICK, query_string=query), state).query_string == "lang=en&depth=1"


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
    assert late_address.in_step(data, state) is data


def test_what_has_arrived_makes_the_earlier_ones_choices_again(state):
    late_address.in_step(replace(CLICK, query_string="lang=en&depth=1"), state)
    assert late_address.in_step(CLICK, state) is CLICK


def test_a_run_that_is_to_end_is_not_heard(state):
    def ends():
        raise StopException

    object.__setattr__(state, "_yield_callback", ends)
    with pytest.raises(StopException):
        late_address.hear(late_address.message("lang=ja&depth=3"), state)
    object.__setattr__(state, "_yield_callback", lambda: None)
    assert late_address.in_step(CLICK, state).query_string == "lang=en&depth=1"
