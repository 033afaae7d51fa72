"""What a browser may say to its session: what pages send, and no more of it than they send."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner_utils import script_requests
from streamlit.runtime.state.session_state import Value, WStates

from app.flow.strict_json import is_deep

SENT_BY_PAGES = frozenset(
    {"rerun_script", "stop_script", "app_heartbeat", "file_urls_request", "backend_operation_request"}
)
"""What a browser has to say. The rest is for those who write an app: Streamlit runs git on the server's loop and says
which files it finds, empties caches for all, or writes a file."""
OPERATION = "deferred_file"
"""The operation that pages ask for: a file to save, which is made when someone wants it. Others write files, too."""
OPERATION_BYTES = 1000
"""The most that a message which asks for a file may have: it has three ids. All of it is kept while it waits."""
QUERY = 64 * 1024
"""Characters of an address's query, each of which every run reads. A longer one is not taken over HTTP either
(`app.serving.transport.connections`)."""
FILES = 8
"""Addresses for uploads that a message may want. Each is three texts, and 1 MB of names wants half a million."""
VALUES = 10_000
"""Values in one message, the messages in it counted as well: pages send some hundreds. 1 MB of empty ones takes up to
40 MB of memory."""

WIDGETS = 1_000
"""Widgets of a message and of those before it whose run has not begun: pages have some dozens."""


def is_of_a_page(message: BackMsg) -> bool:
    """Whether a page may have sent the message."""
    kind = message.WhichOneof("type")
    if kind == "backend_operation_request":
        asked = message.backend_operation_request.WhichOneof("payload")
        return bool(asked == OPERATION and message.ByteSize() <= OPERATION_BYTES)
    query, files = message.rerun_script.query_string, message.file_urls_request.file_names
    return kind in SENT_BY_PAGES and len(query) <= QUERY and len(files) <= FILES


def may_be_kept(frame: bytes) -> bool:
    """Whether the message in a frame takes little more memory than the frame."""
    message = BackMsg()
    if len(frame) > VALUES:  # a value takes a byte at least
        with suppress(Exception):  # as Streamlit, which closes the connection where a frame is no message
            message.ParseFromString(frame)
    return not any(True for _ in islice(_values(message), VALUES, None))


def value_of(states: WStates, widget_id: str) -> Any:
    """The value that a browser sent of a widget, as Streamlit's. Raises `KeyError` where there is none: also where no
    page would send it, as it is of another kind than the widget's, nested too deep, or such that the widget cannot read
    it.

    Streamlit would fail where it is read first. That may be outside of all runs, and then the page waits for ever.
    """
    state, known = states.states.get(widget_id), states.widget_metadata.get(widget_id)
    if isinstance(state, Value):
        return state.value
    if state is not None and known is not None:
        kind = state.value.WhichOneof("value")
        with suppress(Exception):
            if None in (kind, known.value_type) or kind == known.value_type:
                value = _streamlits_value_of(states, widget_id)
                if not str(kind).startswith("json") or not is_deep(value):  # a component's
                    return value
                states.states[widget_id] = state  # Streamlit has put what it read there
    raise KeyError(widget_id)


_streamlits_value_of = WStates.__getitem__


def with_presses_before(old_states: WidgetStates | None, new_states: WidgetStates | None) -> WidgetStates | None:
    """The new values, as Streamlit's with what was pressed in runs that have not begun; without that where it is more
    than pages have: all of it would be read again with each message, on the server's loop, and none would go."""
    if old_states and new_states and len(old_states.widgets) + len(new_states.widgets) > WIDGETS:
        return new_states
    return _streamlits_with_presses_before(old_states, new_states)


_streamlits_with_presses_before = script_requests._coalesce_widget_states


def install() -> None:
    """From now on values of widgets are read and joined by these functions. Streamlit has no option for it."""
    WStates.__getitem__ = value_of  # type: ignore[method-assign]
    script_requests._coalesce_widget_states = with_presses_before


def _values(message: Any) -> Iterator[object]:
    """The values of a message of protobuf, one by one: those of its fields, and of the messages in it."""
    for field, value in message.ListFields():
        for item in value if field.is_repeated else (value,):
            yield item
            if field.message_type:
                yield from _values(item)
