"""What a browser says again of a choice that the app has set since.

With each press a browser says the values of all widgets. Until it has the answer to the press before, that is the old
place of a slider that a button has just moved. Streamlit takes it for what the reader chooses now: it calls the
slider's callback, which undoes what the button has done.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from streamlit.delta_generator_singletons import context_dg_stack
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner import RerunData
from streamlit.runtime.scriptrunner_utils.script_requests import _TRIGGER_PROTO_FIELDS, _has_active_trigger_value
from streamlit.runtime.state import SessionState
from streamlit.runtime.state.common import RegisterWidgetResult, WidgetMetadata
from streamlit.runtime.state.session_state import Value, WStates

from app.ui.state.runs import clicks

_KEY = "said_again"
_SENT = 16
"""Values of a widget that may be on their way to a browser: one for each press that it has not heard of yet."""
_MARK = "said_again "
"""Begins the mark of a message, among the hashes that the browser sends: a run that stands for several messages has
those of the last one, and no hash begins so."""
_DIGITS = 18
"""Of the number in a mark: ours have fewer, and Python reads no number of some thousands."""


@dataclass(kw_only=True)
class _Known:
    """What is known of a browser's values, by the id of the widget: each as a hash, since a value may be long."""

    lock: Lock = field(default_factory=Lock)
    """The server's loop hears the browser while a script's thread runs."""
    said: dict[str, int] = field(default_factory=dict)
    """What the browser said last."""
    sent: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """What the app has set since: the browser has one of these, or what it said last."""
    chosen: dict[str, tuple[int, WidgetState]] = field(default_factory=dict)
    """What the reader has chosen, with the number of the message, until a run begins with it."""
    forms: dict[str, str] = field(default_factory=dict)
    """The form that a widget is in. What is typed there comes with the press that sends it, as the reader sees it."""
    missed: set[str] = field(default_factory=set)
    """The widgets of which the browser said what is no longer so: it may not have got what the app has set."""
    page: str = ""
    """The page on which the browser was."""
    number: int = 0
    """How many messages it has sent."""
    settled: int = 0
    """The number of the last one that a run brings which is about to begin."""


def hear(asked: ClientState, state: SessionState) -> None:
    """On the server's loop: a browser asks for a run."""
    if (known := _known(state)) is None:
        known = state._new_session_state[_KEY] = _Known()  # Streamlit's way warns where no script runs
    widgets = asked.widget_states.widgets
    said = {widget.id: _hash(widget) for widget in widgets if _is_choice(widget)}
    with known.lock:
        may_have = {id_: (known.said.get(id_), *known.sent.get(id_, ())) for id_ in said}
        chosen = {id_: value for id_, value in said.items() if value not in may_have[id_]}
        # Where a button has led to a page, the run is of that already, and the reader may have chosen something there.
        goes = asked.is_history_navigation or asked.page_script_hash not in (known.page, clicks.chosen_page(state))
        if not (goes or chosen.keys() & known.said.keys() or any(map(_has_active_trigger_value, widgets))):
            # Nothing else asks for it: the reader has gone back to what was said before the app set another value.
            chosen |= {id_: value for id_, value in said.items() if _fragment(id_, state) == asked.fragment_id}
        sent_forms = {known.forms.get(it.id) for it in widgets if _has_active_trigger_value(it)} - {None}
        chosen |= {id_: value for id_, value in said.items() if known.forms.get(id_) in sent_forms}
        for id_, value in said.items():
            sent, is_old = known.sent.get(id_, ()), value == known.said.get(id_) or id_ in chosen
            if value in sent and not is_old:  # it has arrived, and what was sent before it
                known.sent[id_] = sent[sent.index(value) + 1 :]
        known.number += 1
        new = {widget.id: (known.number, widget) for widget in widgets if widget.id in chosen}
        known.chosen = {id_: it for id_, it in known.chosen.items() if id_ in said} | new
        known.said, known.page = said, asked.page_script_hash
    asked.cached_message_hashes.append(f"{_MARK}{known.number}")


def settled(data: RerunData, state: SessionState) -> RerunData:
    """In a script's thread, as a run begins: the run that the browser asked for, in which what the app has set stands
    where the reader has chosen nothing else since."""
    if (known := _known(state)) is None or data.widget_states is None:
        return data
    marks = (it.removeprefix(_MARK)[:_DIGITS] for it in data.cached_message_hashes if it.startswith(_MARK))
    number = max((int(it) for it in marks if it.isdecimal()), default=0)
    ours: dict[str, WidgetState] = {}
    with known.lock:
        for widget in filter(_is_choice, data.widget_states.widgets):
            at, chosen = known.chosen.get(widget.id, (number + 1, widget))
            if at <= number:
                kept: WidgetState | None = chosen
            else:
                kept = _kept(widget.id, state) if widget.id in known.sent else None
            if kept is not None and kept != widget:
                ours[widget.id] = kept
        known.missed |= ours.keys()
        known.settled = number
    widgets = (ours.get(widget.id, widget) for widget in data.widget_states.widgets)
    return replace(data, widget_states=WidgetStates(widgets=widgets)) if ours else data


def begun(state: SessionState) -> None:
    """In a script's thread: the run has begun that was settled. A stop before leaves its choices to the next one."""
    if (known := _known(state)) is not None:
        with known.lock:
            known.chosen = {id_: it for id_, it in known.chosen.items() if it[0] > known.settled}


def hear_widgets(drawn: Iterable[WidgetMetadata[Any]], state: SessionState) -> None:
    """In a script: widgets are drawn. Those of forms are noted."""
    forms = {place._form_data.form_id for place in context_dg_stack.get() if place._form_data} - {""}
    if forms and (known := _known(state)) is not None:
        (form,) = forms  # no form is in another one
        known.forms |= {widget.id: form for widget in drawn}


def registered(
    drawn: WidgetMetadata[Any], result: RegisterWidgetResult[Any], state: SessionState
) -> RegisterWidgetResult[Any]:
    """In a script: a widget is drawn. The result says that the app has set its value also where the browser has missed
    that."""
    if (known := _known(state)) is None or not (result.value_changed or drawn.id in known.missed):
        return result
    value = _serialized(drawn, result.value)
    with known.lock:
        known.missed.discard(drawn.id)
        if value is not None:
            known.sent[drawn.id] = (*known.sent.get(drawn.id, ()), _hash(value))[-_SENT:]
    return replace(result, value_changed=True)


def _known(state: SessionState) -> _Known | None:
    found: _Known | None = state._new_session_state.get(_KEY) or state._old_state.get(_KEY)
    return found


def _is_choice(widget: WidgetState) -> bool:
    return widget.WhichOneof("value") not in _TRIGGER_PROTO_FIELDS


def _hash(widget: WidgetState) -> int:
    return hash(widget.SerializeToString())


def _fragment(widget_id: str, state: SessionState) -> str:
    """The fragment that draws it; empty where it is none."""
    drawn = state._new_widget_state.widget_metadata.get(widget_id)
    return (drawn.fragment_id if drawn else None) or ""


def _kept(widget_id: str, state: SessionState) -> WidgetState | None:
    """The app's value; None where there is none."""
    drawn = state._new_widget_state.widget_metadata.get(widget_id)
    with suppress(KeyError):
        return _serialized(drawn, state[widget_id]) if drawn else None
    return None


def _serialized(drawn: WidgetMetadata[Any], value: Any) -> WidgetState | None:
    """A value as a browser says it; None where it cannot be said."""
    with suppress(Exception):  # it is none of the options any more
        return WStates({drawn.id: Value(value)}, {drawn.id: drawn}).get_serialized(drawn.id)
    return None
