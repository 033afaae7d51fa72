"""What a click means for the run that it asks for, where Streamlit reads it in another way.

The address: Streamlit takes the address that comes with a click as the current one. A click that was made while the
answer to the click before was still on its way would undo what that one chose.

A button that leads to a page: a click on it runs that page, as a click on a link does. Streamlit would first run the
page that the reader leaves, for the callback that asks for the other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx
from streamlit.runtime.state import SafeSessionState
from streamlit.source_util import PageInfo

from app.content import STORY
from app.ui.state import route

_KEY = "address_sent"


@dataclass(kw_only=True)
class _Sent:
    """The queries that we sent to a browser: the one that its address has, or will have, and those before."""

    latest: str
    earlier: set[str] = field(default_factory=set)
    """The queries that the address had when others were sent, until the browser shows that those have arrived."""
    page: str = ""
    """The hash of the page that they belong to."""


def in_step(data: RerunData, state: SafeSessionState) -> RerunData:
    """The run that the browser asked for. Where its query is an older one than we sent, it gets the one that we sent.

    A reader who goes back in the browser's history, or to another page, means the query that they go to.
    """
    sent: _Sent = state[_KEY] if _KEY in state else _Sent(latest=data.query_string)
    late = data.query_string in sent.earlier and data.page_script_hash == sent.page
    if late and not data.is_history_navigation:
        return replace(data, query_string=sent.latest)
    if data.widget_states is not None:  # from the browser, and not from `st.rerun`
        state[_KEY] = _Sent(latest=data.query_string)
    return data


def hear(message: ForwardMsg, state: SafeSessionState) -> None:
    """Called with each message of a run, before it is sent.

    A run that is to be stopped is stopped as it reads `state`, so its message is not noted: the run after it may have
    sent another one since.
    """
    if message.WhichOneof("type") != "page_info_changed" or _KEY not in state:
        return
    sent: _Sent = state[_KEY]
    context = get_script_run_ctx()
    sent.page = context.page_script_hash if context else sent.page
    sent.earlier.add(sent.latest)
    sent.latest = message.page_info_changed.query_string
    sent.earlier.discard(sent.latest)


def address_message(query: str) -> ForwardMsg:
    """The message that changes the address in a browser."""
    changed = ForwardMsg()
    changed.page_info_changed.query_string = query
    return changed


def as_page_change(data: RerunData, state: SafeSessionState, pages: Mapping[str, PageInfo]) -> RerunData:
    """The run that the browser asked for; where a button of `route.ask` was pressed, that of the page that it leads to.

    `pages`: what Streamlit knows of each page, by its hash; before the first run it knows none.
    """
    widgets = data.widget_states.widgets if data.widget_states else ()
    for pressed in widgets:
        if not pressed.trigger_value:
            continue
        metadata = state._state._new_widget_state.widget_metadata.get(pressed.id)
        if metadata is None or metadata.callback is not route.ask:
            continue
        (page,) = metadata.callback_args or ("",)
        path = "" if page == STORY[0] else page
        if found := next((hash_ for hash_, known in pages.items() if known.get("url_pathname") == path), ""):
            state[route.ARRIVED] = True
            others = WidgetStates(widgets=[widget for widget in widgets if widget is not pressed])
            return replace(data, page_script_hash=found, page_name="", widget_states=others)
    return data
