"""Elements that were drawn before: the messages about them are made and hashed once, for all who see the same.

Most of a page is the same from run to run and from reader to reader: the sidebar's buttons, the ways on, a lesson's
words. Streamlit makes each element again in every run, at 0.1 to 0.2 ms.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import streamlit as st
from streamlit.cursor import RunningCursor
from streamlit.delta_generator_singletons import get_last_dg_added_to_context_stack
from streamlit.elements.lib.utils import _register_element_id
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import ScriptRunContext, get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState
from streamlit.runtime.state.common import RegisterWidgetResult, WidgetMetadata, user_key_from_element_id
from streamlit.runtime.state.safe_session_state import SafeSessionState

from app.ui.state.runs import streamlit_shortcuts
from app.ui.state.runs.plain_arguments import NotPlainError, plain

ELEMENTS = ("button", "caption", "html", "segmented_control", "title", "_bidi_component")
"""Streamlit's functions that send one message, which their arguments, their place and their widgets' values decide."""
LIMIT = 1024
"""Elements and parts that are kept: all pages in two languages have some 500. Where there are more, the one goes that
was not drawn for the longest time."""
LONGEST = 4096
"""Bytes of each message that is kept."""

Registered = tuple[WidgetMetadata[Any], RegisterWidgetResult[Any]]
Place = tuple[ScriptRunContext, RunningCursor, Hashable]
"""The run, the cursor at which it draws next, and what the id and the message of an element depend on there."""
_kept: OrderedDict[Hashable, _Drawn] = OrderedDict()
_lock = threading.Lock()
_inside: ContextVar[bool] = ContextVar("drawn_before", default=False)
_heard: ContextVar[_Heard | None] = ContextVar("heard", default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Drawn:
    messages: tuple[ForwardMsg, ...]
    ids: frozenset[str]
    """The ids of all elements in it that have one: Streamlit allows each id once in a run."""
    keys: frozenset[str]
    """The keys in these ids: Streamlit allows each once as well."""
    widgets: tuple[Registered, ...]
    places: int
    """How many places it takes in its container."""
    returned: object


@dataclass(kw_only=True, slots=True)
class _Heard:
    """What is heard while something is drawn for the first time."""

    known: Mapping[str, RegisterWidgetResult[Any]]
    """By the id of a widget that is registered already: the result of that."""
    messages: list[ForwardMsg] = field(default_factory=list)
    widgets: dict[str, Registered] = field(default_factory=dict)
    """By id."""
    is_secret: bool = False


@contextmanager
def again() -> Iterator[None]:
    """Inside, `ELEMENTS` are sent again as they were drawn before. They return no place to draw in, and their messages
    outlive the run and the session: draw nothing there that is secret, and no form.
    """
    with _set(inside=True):
        yield


@contextmanager
def secretly() -> Iterator[None]:
    """Inside, nothing is kept, whatever is around it."""
    if (heard := _heard.get()) is not None:
        heard.is_secret = True
    with _set(inside=False):
        yield


@contextmanager
def _set(*, inside: bool) -> Iterator[None]:
    token = _inside.set(inside)
    try:
        yield
    finally:
        _inside.reset(token)


@contextmanager
def hearing() -> Iterator[list[ForwardMsg]]:
    """Yields the messages that the run sends inside. There are none where another server than ours runs the script."""
    heard = _Heard(known={})
    token = _heard.set(heard)
    try:
        yield heard.messages
    finally:
        _heard.reset(token)


def hear(message: ForwardMsg) -> None:
    """Called with each message of a run, before it is sent."""
    if (heard := _heard.get()) is not None:
        heard.messages.append(message)


def drawn_once(draw: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a function that draws an element. Inside of `again`, the element that was drawn before with the same
    arguments in the same place is sent as it was. Its widgets are registered as always, and where one has another value
    now, the element is made again."""

    @wraps(draw)
    def drawn(*given: Any, **named: Any) -> Any:
        found = place()
        if found is None:
            return draw(*given, **named)
        try:
            chosen = _chosen(draw.__name__, named, found[0])
            same = (draw.__name__, plain(given), plain(named), chosen)
        except NotPlainError:
            return draw(*given, **named)
        return send_again(found, same, lambda: draw(*given, **named))

    return drawn


def part(same: Hashable, draw: Callable[[], object]) -> None:
    """Draws a part of a page; inside of `again`, sends the part as it was, if its widgets have the same values as then.

    `same`: the part's name, and all that decides what it draws, such as the language, but for these values and the
    address. While `same` is the same, `draw` is not called, so it must do nothing but draw. It must not contain a text
    at an address of its own (`cached_parts`): the part may outlive the text.
    """
    found = place()
    if found is None:
        draw()
    else:
        send_again(found, ("part", same, found[0].query_string), draw)


def send_again(found: Place, same: Hashable, draw: Callable[[], Any]) -> Any:
    """Sends what `draw` drew before in this place, and returns what it returned if it has widgets; else draws it.

    `same`: all that decides what it draws, beside the values of its widgets.
    """
    context, cursor, where = found
    key = (same, where)
    with _lock:
        before = _kept.get(key)
        if before:
            _kept.move_to_end(key)
    known: dict[str, RegisterWidgetResult[Any]] = {}
    if before:
        known = _registered(context.session_state, [metadata for metadata, _ in before.widgets])
        if all(known[metadata.id] == result for metadata, result in before.widgets):
            _send(before, context, cursor)
            return before.returned
    return _make(key, known, context, cursor, draw)


def _send(drawn: _Drawn, context: ScriptRunContext, cursor: RunningCursor) -> None:
    ids, keys = context.shared.widget_ids_this_run, context.shared.widget_user_keys_this_run
    with ids._lock, keys._lock:
        is_first = ids._data.isdisjoint(drawn.ids) and keys._data.isdisjoint(drawn.keys)
        if is_first:
            ids._data |= drawn.ids
            keys._data |= drawn.keys
    if not is_first:
        for element_id in drawn.ids:  # raises: another element of this run has it, or its key
            _register_element_id(context, "element", element_id)
    for message in drawn.messages:
        context._enqueue(message)
    for _ in range(drawn.places):
        cursor._advance()


def _make(
    key: Hashable,
    known: Mapping[str, RegisterWidgetResult[Any]],
    context: ScriptRunContext,
    cursor: RunningCursor,
    draw: Callable[[], Any],
) -> Any:
    around = _heard.get()
    heard = _Heard(known={**around.known, **known} if around else known)
    index, ids = cursor.index, context.shared.widget_ids_this_run.snapshot()
    token = _heard.set(heard)
    try:
        returned = draw()
    finally:
        _heard.reset(token)
        if around:
            around.messages += heard.messages
            around.widgets |= heard.widgets
            around.is_secret |= heard.is_secret
    # Where another server runs the script, nothing is heard.
    calls_the_same = all(_calls_the_same(metadata) for metadata, _ in heard.widgets.values())
    if heard.messages and not heard.is_secret and calls_the_same and all(map(_can_be_kept, heard.messages)):
        new = context.shared.widget_ids_this_run.snapshot() - ids
        drawn = _Drawn(
            messages=tuple(heard.messages),
            ids=new,
            keys=frozenset(filter(None, map(user_key_from_element_id, new))),
            widgets=tuple(heard.widgets.values()),
            places=cursor.index - index,
            returned=returned if heard.widgets else None,
        )
        with _lock:
            _kept[key] = drawn
            if len(_kept) > LIMIT:
                _kept.popitem(last=False)
    return returned


def _can_be_kept(message: ForwardMsg) -> bool:
    kind = message.WhichOneof("type")
    is_drawn = kind == "delta" and message.delta.WhichOneof("type") in ("new_element", "add_block")
    return (is_drawn or kind in ("logo", "page_config_changed")) and message.ByteSize() <= LONGEST


def _calls_the_same(metadata: WidgetMetadata[Any]) -> bool:
    """Whether a widget calls the same for every reader: a function of one run would act on what that run knew."""
    try:
        plain([metadata.callback, metadata.callbacks, metadata.callback_args, metadata.callback_kwargs])
    except NotPlainError:
        return False
    return True


def place() -> Place | None:
    """Inside of `again`, where the next element comes; None outside of it, and where nothing can be sent again."""
    if not _inside.get():
        return None
    context = get_script_run_ctx()
    cursor = (get_last_dg_added_to_context_stack() or st._main)._cursor
    if context is None or not isinstance(cursor, RunningCursor):
        return None
    state, path = ThreadState.get(), (cursor.root_container, *cursor.parent_path, cursor.index)
    if state.fragment_id and state.delta_path and path[: len(state.delta_path)] != state.delta_path:
        return None  # Streamlit puts a part of its own around what a fragment draws elsewhere
    return context, cursor, (state.active_script_hash, state.fragment_id, path)


def _chosen(name: str, named: Mapping[str, Any], context: ScriptRunContext) -> Hashable:
    """What a choice depends on beside its arguments: the value that the session has at its key."""
    if name != "segmented_control":
        return None
    try:
        return plain(context.session_state[named["key"]])
    except KeyError:
        return None


def _registered(state: SafeSessionState, drawn: Sequence[WidgetMetadata[Any]]) -> dict[str, RegisterWidgetResult[Any]]:
    """The results of `register_widget`, by the widget's id."""
    if not drawn:
        return {}
    if _heard.get() is not None:
        return {it.id: state.register_widget(it, user_key_from_element_id(it.id)) for it in drawn}
    state._yield_callback()
    with state._lock:
        found = streamlit_shortcuts.register(state._state, drawn)
    return {metadata.id: result for metadata, result in zip(drawn, found, strict=True)}


def _register(
    state: SafeSessionState, metadata: WidgetMetadata[Any], user_key: str | None
) -> RegisterWidgetResult[Any]:
    heard = _heard.get()
    if heard is None:
        return _streamlits_register(state, metadata, user_key)
    result = heard.known.get(metadata.id) or _streamlits_register(state, metadata, user_key)
    heard.widgets[metadata.id] = metadata, result
    return result


_streamlits_register = SafeSessionState.register_widget
_streamlits = {name: getattr(st, name) for name in ELEMENTS}


def install() -> None:
    """From now on all scripts draw so, where they ask for it (`again`)."""
    SafeSessionState.register_widget = _register  # type: ignore[method-assign,assignment]
    for name, draw in _streamlits.items():
        setattr(st, name, drawn_once(draw))
