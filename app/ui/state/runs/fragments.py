"""What a browser says in a part of a page that Streamlit runs by itself, and what only the whole page can answer."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.scriptrunner_utils.script_requests import _has_active_trigger_value
from streamlit.runtime.state import SessionState

from app.ui.state.runs import clicks


def or_page(asked: ClientState | None, state: SessionState, knows: Callable[[str], bool]) -> ClientState | None:
    """What the browser asks for: the run of a fragment, or that of the page where the fragment cannot answer.

    - It is not there, and Streamlit would drop what was pressed in it: nothing is known in a new session, and where
      something above it has come or gone in the run whose answer is on its way, the fragment has another id.
    - Something outside of it was pressed as well. A busy browser sends in one message what was pressed within some
      milliseconds, as of the fragment that one of them is in (`WidgetStateManager.scheduleFlush`).

    `knows`: whether there is a fragment of that id. What is said in one of a page that was left is none of these.
    """
    if asked is None or not asked.fragment_id:
        return asked
    is_here = asked.page_script_hash == clicks.chosen_page(state)
    is_gone = clicks.is_new(state) or (is_here and not knows(asked.fragment_id))
    if not is_gone and not _presses_outside(asked, state):
        return asked
    whole = ClientState()
    whole.CopyFrom(asked)
    whole.ClearField("fragment_id")
    return whole


def _presses_outside(asked: ClientState, state: SessionState) -> bool:
    drawn = state._new_widget_state.widget_metadata
    pressed = (drawn.get(it.id) for it in asked.widget_states.widgets if _has_active_trigger_value(it))
    return any(it is not None and it.fragment_id != asked.fragment_id for it in pressed)
