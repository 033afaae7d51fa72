"""Shorter ways to what Streamlit reads or looks through again in every run, although nothing of it has changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import copy, deepcopy
from functools import cache
from threading import current_thread
from types import SimpleNamespace
from typing import Any

from streamlit.components.v2.bidi_component import main as bidi_component
from streamlit.cursor import RunningCursor, SparseList
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.form_utils import FormData
from streamlit.elements.widgets import radio, selectbox, text_widgets
from streamlit.runtime import app_session
from streamlit.runtime.scriptrunner_utils.script_requests import _TRIGGER_PROTO_FIELDS
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context_attr import SCRIPT_RUN_CONTEXT_ATTR_NAME
from streamlit.runtime.state import SafeSessionState, get_session_state, query_params_proxy, session_state_proxy
from streamlit.runtime.state.common import (
    RegisterWidgetResult,
    WidgetMetadata,
    is_element_id,
    user_key_from_element_id,
)
from streamlit.runtime.state.presentation import apply_presenter
from streamlit.runtime.state.query_params_proxy import QueryParamsProxy
from streamlit.runtime.state.session_state import SessionState, Value
from streamlit.runtime.state.session_state_proxy import SessionStateProxy
from streamlit.util import AttributeDictionary

from app.ui.state.runs import clicks, said_again


def once(fill: Callable[..., None]) -> Callable[..., None]:
    """The same function, which fills a new protobuf message with settings; these do not change while the app runs."""

    @cache
    def filled(kind: Any, *which: Any, **named: Any) -> Any:
        made = kind()
        fill(made, *which, **named)
        return made

    def copied(message: Any, *which: Any, **named: Any) -> None:
        kind: Any = type(message)
        made = filled(kind, *which, **named)
        if made.ByteSize():  # to merge an empty one would set the field
            message.MergeFrom(made)

    return copied


def _copy_of_cursor(cursor: RunningCursor, _memo: dict[int, Any]) -> RunningCursor:
    """What `copy.deepcopy` makes of it, in less time: where a fragment begins, Streamlit copies every cursor."""
    made = copy(cursor)
    made._transient_elements = SparseList()
    for index, element in cursor.transient_elements.items():
        made._transient_elements[index] = deepcopy(element)
    return made


def _copy_of_place(place: DeltaGenerator, memo: dict[int, Any]) -> DeltaGenerator:
    """What `copy.deepcopy` makes of it there as well: Streamlit copies all around it once more for each place in it."""
    cursor, parent = deepcopy(place._cursor, memo), deepcopy(place._parent, memo)
    made = DeltaGenerator(place._root_container, cursor, parent, place._block_type)
    made._form_data, made._creating_fragment_id = place._form_data, place._creating_fragment_id
    return made


def _session() -> SafeSessionState:
    """As `get_session_state`, which imports something each time. A run asks a hundred times."""
    context = getattr(current_thread(), SCRIPT_RUN_CONTEXT_ATTR_NAME, None)
    return context.session_state if context else get_session_state()


def _item(state: SessionState, key: str) -> Any:
    """As Streamlit's `[]`, which asks for each thing through a function."""
    try:
        widget_id, found = _found(state, key)
    except KeyError:
        return _streamlits_item(state, key)  # which says what is missing
    known = state._new_widget_state.widget_metadata.get(widget_id)
    return apply_presenter(state, widget_id, found) if known and known.presenter else found


def _found(state: SessionState, key: str) -> tuple[str, Any]:
    """The id of the widget that has a key, or is called so, and its value; or the key itself, and what is kept there.

    Raises `KeyError` where there is no value.
    """
    ids = state._key_id_mapper
    widget_id = ids._key_id_mapping.get(key, key)
    return widget_id, _find(state, widget_id, ids._id_key_mapping.get(key, key) if widget_id == key else key)


def _find(state: SessionState, widget_id: str | None, user_key: str | None) -> Any:
    """As Streamlit's `_getitem`, which tries each of four places and catches an error for each that has nothing."""
    if user_key is not None and user_key in state._new_session_state:
        return state._new_session_state[user_key]
    if widget_id is not None and widget_id in state._new_widget_state.states:
        with suppress(KeyError):  # a widget of which nothing is known yet
            return state._new_widget_state[widget_id]
    for name in (widget_id, user_key):
        if name is not None and name in state._old_state:
            return state._old_state[name]
    raise KeyError(user_key or widget_id)


def _has(state: SessionState, key: str) -> bool:
    """Whether a key of the user or the id of a widget has a value; Streamlit makes what the user would see of it."""
    try:
        _found(state, key)
    except KeyError:
        return False
    return True


def _get(_proxy: SessionStateProxy, key: str, default: Any = None) -> Any:
    """As `get` of any mapping, which catches three errors where there is nothing. Most keys have no widget."""
    session = _session()
    session._yield_callback()
    with session._lock:
        state = session._state
        new, old, widgets = state._new_session_state, state._old_state, state._new_widget_state.widget_metadata
        if key not in state._key_id_mapper._key_id_mapping and key not in widgets:
            return new[key] if key in new else old.get(key, default)
        with suppress(KeyError):
            return state[key]
        return default


def _value(proxy: SessionStateProxy, key: str) -> Any:
    """As `[]` of any mapping. Streamlit first checks whether the key may be one."""
    found = _get(proxy, str(key), _NOTHING)
    return _streamlits_value(proxy, key) if found is _NOTHING else found


def _contains(proxy: SessionStateProxy, key: object) -> bool:
    """As `in` for any mapping."""
    return _get(proxy, str(key), _NOTHING) is not _NOTHING


def _pop(proxy: SessionStateProxy, key: str, *default: Any) -> Any:
    """As `pop` of any mapping. Mostly there is nothing."""
    return default[0] if default and key not in proxy else _streamlits_pop(proxy, key, *default)


def _get_parameter(_proxy: QueryParamsProxy, key: str, default: Any = None) -> Any:
    """As `get` of any mapping, which catches two errors where there is nothing."""
    session = _session()
    session._yield_callback()
    with session._lock:
        parameters = session._state.query_params
        return parameters.get(key, default) if key in parameters._query_params else default


def _compact(state: SessionState) -> None:
    """As Streamlit's: the values that the last run has set become old values. Streamlit also sets each old value
    again."""
    old, ids = state._old_state, state._key_id_mapper._key_id_mapping
    new = {*(ids.get(key, key) for key in state._new_session_state), *state._new_widget_state.states}
    for name in new | ({ids[key] for key in old.keys() & ids.keys()} - old.keys()):
        with suppress(KeyError):  # a widget of which nothing is known yet
            old[name] = state[name]
    state._new_session_state.clear()
    state._new_widget_state.states.clear()


def _reset_triggers(state: SessionState) -> None:
    """As Streamlit's, up to three times in a run: what was pressed is no longer."""
    widgets, known = state._new_widget_state, state._new_widget_state.widget_metadata
    for values, make in ((widgets.states, Value), (state._old_state, lambda value: value)):
        for name in [name for name in values if name in known and known[name].value_type in _TRIGGER_PROTO_FIELDS]:
            values[name] = make(False if known[name].value_type == "trigger_value" else None)


def _remove_stale(state: SessionState, drawn: frozenset[str]) -> None:
    """As Streamlit's, up to twice in a run: the values of widgets that were not `drawn` go. Streamlit checks of each
    value whether it outlasts its widget. Ours that do are drawn in every run, and none is in the address."""
    context, kept = get_script_run_ctx(), state._persist_tracker
    in_address = state._query_param_bound_widget_ids or state.query_params._bindings_by_widget
    outlasts = kept._value_pages or not kept._scopes.keys() <= drawn
    if context is None or context.fragment_ids_this_run or in_address or outlasts:
        _streamlits_remove_stale(state, drawn)
        return
    widgets, old = state._new_widget_state, state._old_state
    stays = drawn & widgets.widget_metadata.keys()
    widgets.states = {name: value for name, value in widgets.states.items() if name in stays}
    state._old_state = {name: value for name, value in old.items() if name in stays or not is_element_id(name)}


def register(state: SessionState, drawn: Sequence[WidgetMetadata[Any]]) -> list[RegisterWidgetResult[Any]]:
    """What Streamlit's `register_widget` returns for each of these widgets, which have their keys in their ids."""
    _hear(drawn, state)
    return [_registered(state, metadata, user_key_from_element_id(metadata.id)) for metadata in drawn]


def _register(state: SessionState, metadata: WidgetMetadata[Any], user_key: str | None) -> RegisterWidgetResult[Any]:
    """As Streamlit's `register_widget`."""
    _hear((metadata,), state)
    return _registered(state, metadata, user_key)


def _hear(drawn: Sequence[WidgetMetadata[Any]], state: SessionState) -> None:
    clicks.hear_widgets(drawn, state)
    said_again.hear_widgets(drawn, state)


def _registered(state: SessionState, metadata: WidgetMetadata[Any], user_key: str | None) -> RegisterWidgetResult[Any]:
    """As Streamlit's, in half the time where nothing is known of the widget yet: it has its first value. Where a page
    is turned to, this is so for nearly all.
    """
    widget_id, new = metadata.id, state._new_widget_state
    is_special = (
        metadata.bind or metadata.persist_state or metadata.disabled or metadata.value_type.startswith("string")
    )
    has_value = user_key in state._new_session_state or user_key in state._old_state
    if user_key is None or is_special or has_value or widget_id in new.states or widget_id in state._old_state:
        return said_again.registered(metadata, _streamlits_register(state, metadata, user_key), state)
    new.widget_metadata[widget_id] = metadata
    state._key_id_mapper[user_key] = widget_id
    first = _copied(metadata.deserializer(None))
    new.set_from_value(widget_id, first)
    shown = apply_presenter(state, widget_id, first) if metadata.presenter else first
    return RegisterWidgetResult(_copied(shown), value_changed=False)


def _copied(value: Any) -> Any:
    """As `copy.deepcopy`, which takes longer to find that there is nothing in it to copy: so are most first values."""
    if value is None or value is False:
        return value
    return type(value)() if type(value) in (dict, AttributeDictionary) and not value else deepcopy(value)


_streamlits_item = SessionState.__getitem__
_streamlits_register = SessionState.register_widget
_streamlits_remove_stale = SessionState._remove_stale_widgets
_streamlits_reset = SessionState._reset_triggers
_streamlits_value = SessionStateProxy.__getitem__
_streamlits_pop = SessionStateProxy.pop
_NOTHING = object()


def _presenter(events_id: str, *_more: object) -> Callable[[object, SessionState], object]:
    """How the session shows the value of a component: what the browser sent, with what it has just triggered.

    Streamlit makes a class each time that somebody looks, twice for each component of a page, so that a script could
    write to the value. Ours do not.
    """

    def presented(value: object, state: SessionState) -> object:
        if not isinstance(value, dict):
            return value
        try:
            events = state._new_widget_state[events_id]
        except KeyError:
            return value
        triggered = {
            event["event"]: event.get("value") for event in events or () if isinstance(event.get("event"), str)
        }
        return {**triggered, **value}

    return presented


def install() -> None:
    """The settings that each run begins by sending, theme and all, are read once. A choice that asks for its own value
    does not look through all of the session's state.
    """
    app_session._populate_config_msg = once(app_session._populate_config_msg)
    app_session._populate_theme_msg = once(app_session._populate_theme_msg)
    session_state_proxy.get_session_state = query_params_proxy.get_session_state = _session  # type: ignore[attr-defined]
    SessionStateProxy.__getitem__ = _value  # type: ignore[method-assign,assignment]
    # Around these two, Streamlit counts commands for statistics, which are off.
    SessionStateProxy.__setitem__ = SessionStateProxy.__setitem__.__wrapped__  # type: ignore[attr-defined,method-assign]
    QueryParamsProxy.to_dict = QueryParamsProxy.to_dict.__wrapped__  # type: ignore[attr-defined,method-assign]
    SessionStateProxy.get = _get  # type: ignore[method-assign,assignment]
    SessionStateProxy.__contains__ = _contains  # type: ignore[method-assign,assignment]
    SessionStateProxy.pop = _pop  # type: ignore[method-assign,assignment]
    QueryParamsProxy.get = _get_parameter  # type: ignore[method-assign,assignment]
    # Each cursor makes a `SparseList[Element]()`, of which `typing` would make more than the list is.
    SparseList.__class_getitem__ = classmethod(lambda kind, _: kind)  # type: ignore[attr-defined]
    RunningCursor.__deepcopy__ = _copy_of_cursor  # type: ignore[attr-defined]
    DeltaGenerator.__deepcopy__ = _copy_of_place  # type: ignore[method-assign,assignment]
    FormData.__deepcopy__ = lambda data, _memo: data  # type: ignore[attr-defined]  # a string that cannot change
    AttributeDictionary.__deepcopy__ = lambda value, memo: AttributeDictionary(deepcopy(dict(value), memo))  # type: ignore[attr-defined]
    SessionState.register_widget = _register  # type: ignore[method-assign,assignment]
    SessionState._compact_state = _compact  # type: ignore[method-assign,assignment]
    SessionState._reset_triggers = _reset_triggers  # type: ignore[method-assign,assignment]
    SessionState._remove_stale_widgets = _remove_stale  # type: ignore[method-assign,assignment]
    SessionState.__getitem__ = _item  # type: ignore[method-assign]
    SessionState._getitem = _find  # type: ignore[method-assign,assignment]
    SessionState.__contains__ = _has  # type: ignore[method-assign]
    bidi_component.make_bidi_component_presenter = _presenter  # type: ignore[attr-defined,assignment]
    for widgets in (radio, selectbox, text_widgets):
        widgets.get_session_state = lambda: SimpleNamespace(filtered_state=get_session_state())  # type: ignore[attr-defined]
