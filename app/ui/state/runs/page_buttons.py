"""Buttons that lead to a page: a click on one runs that page, as a click on a link does. Streamlit would first run the
page that the reader leaves, for the callback that asks for the other one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner import RerunData
from streamlit.runtime.state import SafeSessionState
from streamlit.source_util import PageInfo

from app.content import STORY
from app.ui.state import route


def as_page_change(data: RerunData, state: SafeSessionState, pages: Mapping[str, PageInfo]) -> RerunData:
    """The run that the browser asked for; where a button of `route.ask` was pressed, the one that follows from it.

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
