"""What a click means for the run that it asks for, where Streamlit reads it in another way.

The address: Streamlit takes the address that comes with a click as the current one. A click that was made while the
answer to the click before was still on its way would undo what that one chose.

A button or a link of ours that leads to a page: a click on it runs that page, as a click on a link of Streamlit's does.
Streamlit would first run the page that the reader leaves, for the callback or the line that asks for the other one.

A page whose session is gone, because the server was started again or the browser was out of reach for long: what is
pressed there first counts as well. Streamlit knows nothing of the button.

A choice: a browser names what was chosen by its words. Those that it still shows, while the page in another language is
on its way, are no option any more for Streamlit.

A page that was left: until a browser has drawn the page that the reader chose, a component of the one before may still
send a value, and Streamlit would take the reader back to that page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from streamlit.elements.widgets.button_group import _SingleSelectButtonGroupSerde
from streamlit.elements.widgets.radio import RadioSerde
from streamlit.elements.widgets.selectbox import SelectboxSerde
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests, _has_active_trigger_value
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState
from streamlit.runtime.state import SafeSessionState, SessionState
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.source_util import PageInfo

from app.content import PAGES, STORY
from app.ui.state import route

_KEY = "address_sent"
_CHOSEN = "page_chosen"
_OF_PAGES = "widgets_of_pages"
_CHOICES = (RadioSerde, SelectboxSerde, _SingleSelectButtonGroupSerde)
"""What Streamlit reads the words of a choice with."""
_LINK = 10_000
"""Characters of what a component says of a link that was pressed. The longest link of ours has some hundred."""


@dataclass(kw_only=True)
class _Sent:
    """The queries that we sent to a browser: the one that its address has, or will have, and those before."""

    latest: str
    earlier: set[str] = field(default_factory=set)
    """The queries that the address had when others were sent, until the browser shows that those have arrived."""


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """The page whose run began last."""

    page_script_hash: str
    query_string: str


@dataclass(frozen=True, kw_only=True)
class _Way:
    """Where a button or a link of ours leads."""

    page: str
    params: Mapping[str, str]
    widget: WidgetState
    """What was pressed."""


def begin(page: str, query: str, arrives: Mapping[str, str] | None, state: SafeSessionState) -> None:
    """In a script's thread: the run of that page begins. `page`: its hash, empty where only Streamlit knows it yet.

    `arrives`: where a button or a link of ours leads there, the parameters of the address that it gives.
    """
    if arrives is not None:
        state[route.ARRIVED] = arrives
    elif route.ARRIVED in state and not (_CHOSEN in state and state[_CHOSEN].page_script_hash == page):
        del state[route.ARRIVED]  # its run was stopped before it read them, and the reader has gone elsewhere
    choose(page, query, state)


def choose(page: str, query: str, state: SafeSessionState) -> None:
    """In a script's thread: the run is of that page."""
    state[_CHOSEN] = _Chosen(page_script_hash=page, query_string=query)


def chosen_page(state: SessionState) -> str:
    """The hash of the page whose run began last; empty where only Streamlit knows it yet."""
    return str(state[_CHOSEN].page_script_hash) if _CHOSEN in state else ""


def hear_widgets(drawn: Sequence[WidgetMetadata[Any]], state: SessionState) -> None:
    """In a script: widgets are drawn. Those of pages are noted: a link brings along those of the main script alone."""
    before = state._new_widget_state.widget_metadata
    for widget in drawn:
        _hear_words(widget, before.get(widget.id))
    context = get_script_run_ctx()
    if context and ThreadState.get().active_script_hash != context.pages_manager.main_script_hash:
        known = _of_pages(state)
        if known is None:
            known = state[_OF_PAGES] = set()
        known.update(widget.id for widget in drawn)


def _hear_words(drawn: WidgetMetadata[Any], before: WidgetMetadata[Any] | None) -> None:
    """What the same options were called before still counts, beside the words that a choice has now."""
    if before is None or drawn is before:
        return
    now, then = (getattr(it.deserializer, "__self__", None) for it in (drawn, before))
    if now is then or not (isinstance(now, _CHOICES) and isinstance(then, type(now)) and now.options == then.options):
        return
    if now.formatted_options == then.formatted_options:
        earlier = dict(then.formatted_option_to_option_index)
    else:
        earlier = {word: index for index, word in enumerate(then.formatted_options)}
    for word, index in earlier.items():
        now.formatted_option_to_option_index.setdefault(word, index)


def _of_pages(state: SessionState) -> set[str] | None:
    """The ids that were heard. As `state[_OF_PAGES]`, in a fifth of the time: a page asks twenty times."""
    found: set[str] | None = state._new_session_state.get(_OF_PAGES) or state._old_state.get(_OF_PAGES)
    return found


def is_new(state: SessionState) -> bool:
    """Whether nothing was drawn yet."""
    return not state._new_widget_state.widget_metadata


def is_of_session_before(data: RerunData, state: SessionState) -> bool:
    """Whether a browser shows a page of the session before this one, in which nothing was drawn yet. The server has
    dropped that while the browser was out of reach, or has ended itself.
    """
    return bool(data.page_script_hash and widgets(data) and is_new(state))


def without_presses(data: RerunData) -> RerunData:
    """The same run, in which nothing was pressed."""
    return _with(data, (widget for widget in widgets(data) if not _has_active_trigger_value(widget)))


def joined(asked: Sequence[RerunData], state: SessionState) -> RerunData:
    """The run that the browser asked for last, with the clicks of those before it, which have not begun."""
    *earlier, latest = asked
    latest = on_chosen_page(latest, earlier, state)
    if not earlier:
        return latest
    goes = latest.is_history_navigation or latest.page_script_hash != earlier[-1].page_script_hash
    if goes or _way(latest, state):
        earlier = [_without(_way(data, state), data) for data in earlier]
    requests = ScriptRequests()
    for data in (*earlier, latest):
        requests.request_rerun(data)
    return requests._rerun_data


def on_chosen_page(data: RerunData, earlier: Sequence[RerunData], state: SessionState) -> RerunData:
    """The run that the browser asked for; where a page that was left asks, that of the page chosen since.

    A link and the browser's history lead to another page as well. Streamlit's frontend sends with a link only values of
    the main script's widgets, and with a widget what was pressed, or all values that it has (`App.onPageChange`). So
    a value of such a widget, on a page with no values of its own, looks like a link.

    `earlier`: the runs that were asked for before and have not begun.
    """
    chosen = earlier[-1] if earlier else state[_CHOSEN] if _CHOSEN in state else data
    if data.is_history_navigation or _way(data, state) or "" in (data.page_script_hash, chosen.page_script_hash):
        return data
    if data.page_script_hash == chosen.page_script_hash or not (data.fragment_id or _is_of_a_widget(data, state)):
        return data
    return replace(data, page_script_hash=chosen.page_script_hash, query_string=chosen.query_string)


def _is_of_a_widget(data: RerunData, state: SessionState) -> bool:
    of_pages = _of_pages(state) or ()
    return any(widget.id in of_pages or _has_active_trigger_value(widget) for widget in widgets(data))


def in_step(data: RerunData, state: SafeSessionState) -> RerunData:
    """The run that the browser asked for. Where its query is an older one than we sent, it gets the one that we sent.

    A reader who goes back in the browser's history means the query that they go to. What we sent may reach the browser
    after that, so it gets that query once more: the result is another object than `data`, as where the query changes.
    """
    sent: _Sent = state[_KEY] if _KEY in state else _Sent(latest=data.query_string)
    if data.query_string in sent.earlier and not data.is_history_navigation:
        return replace(data, query_string=sent.latest)
    if data.widget_states is not None:  # from the browser, and not from `st.rerun`
        state[_KEY] = _Sent(latest=data.query_string)
    return replace(data) if data.is_history_navigation else data


def as_address_says(data: RerunData, pages: Mapping[str, PageInfo]) -> RerunData:
    """The run that the browser asked for. Where its history leads to a page that it does not know yet, because it is
    still loading the one before, Streamlit's frontend asks for the first page: then that of the address.

    `pages`: what Streamlit knows of each page, by its hash; before the first run it knows none.
    """
    if not data.is_history_navigation or data.context_info is None:
        return data
    try:
        name = urlsplit(data.context_info.url).path.rpartition("/")[2]
    except ValueError:  # no browser has such an address
        return data
    found = _hash_of(name, pages)
    if name not in PAGES or data.page_script_hash == found:
        return data
    return replace(data, page_script_hash=found, page_name=name)  # by its name, as where a page is opened


def hear(message: ForwardMsg, state: SafeSessionState) -> None:
    """Called with each message of a run, before it is sent.

    A run that is to be stopped is stopped as it reads `state`, so its message is not noted: the run after it may have
    sent another one since.
    """
    if message.WhichOneof("type") != "page_info_changed" or _KEY not in state:
        return
    sent: _Sent = state[_KEY]
    sent.earlier.add(sent.latest)
    sent.latest = message.page_info_changed.query_string
    sent.earlier.discard(sent.latest)


def address_message(query: str) -> ForwardMsg:
    """The message that changes the address in a browser."""
    changed = ForwardMsg()
    changed.page_info_changed.query_string = query
    return changed


def as_page_change(
    data: RerunData, state: SessionState, pages: Mapping[str, PageInfo]
) -> tuple[RerunData, Mapping[str, str] | None]:
    """The run that the browser asked for. Where a button of `route.ask` or a link of `route.linked` was pressed, that
    of the page that it leads to, and the parameters that it gives to the address.

    `pages`: what Streamlit knows of each page, by its hash; before the first run it knows none.
    """
    if way := _way(data, state):
        if found := _hash_of("" if way.page == STORY[0] else way.page, pages):
            return replace(_without(way, data), page_script_hash=found, page_name=""), way.params
    return data, None


def _hash_of(path: str, pages: Mapping[str, PageInfo]) -> str:
    return next((hash_ for hash_, known in pages.items() if known.get("url_pathname") == path), "")


def _way(data: RerunData, state: SessionState) -> _Way | None:
    """The way to a page that was pressed; None in a fragment, which finds it in its own run."""
    if data.fragment_id or data.fragment_id_queue:
        return None
    for pressed in {widget.id: widget for widget in widgets(data)}.values():
        if not _has_active_trigger_value(pressed):
            continue
        known = state._new_widget_state.widget_metadata.get(pressed.id)
        if known and known.callback is route.ask:
            (page,) = known.callback_args or ("",)
            return _Way(page=page, params={}, widget=pressed)
        if known and (known.callbacks or {}).get("go") is route.linked and (asked := _link(pressed.json_trigger_value)):
            return _Way(page=asked[0], params=asked[1], widget=pressed)
    return None


def _link(triggered: str) -> tuple[str, Mapping[str, str]] | None:
    """The page of the link that a component says was pressed, and its parameters. The server's loop reads it, so None
    where it is longer than a link: then the page reads it, in a run that is charged."""
    with suppress(ValueError, RecursionError, KeyError, TypeError):
        (event,) = json.loads(triggered[:_LINK])  # what was cut is no JSON
        return route.target(event["value"])
    return None


def _without(way: _Way | None, data: RerunData) -> RerunData:
    return _with(data, (widget for widget in widgets(data) if widget is not way.widget)) if way else data


def widgets(data: RerunData) -> Sequence[WidgetState]:
    """What the browser says of widgets; empty where the run is not from there."""
    return data.widget_states.widgets if data.widget_states else ()


def _with(data: RerunData, widgets: Iterable[WidgetState]) -> RerunData:
    """The same run with these values of widgets."""
    return replace(data, widget_states=WidgetStates(widgets=widgets))
