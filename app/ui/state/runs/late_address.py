"""The address that a browser sends with a click, where it does not have our last change of it yet.

Streamlit takes the address of every click for the truth: one that was made while the answer to the click before was
still on its way would take back what that one chose.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx
from streamlit.runtime.state import SafeSessionState

_KEY = "address_sent"


@dataclass(kw_only=True)
class _Sent:
    """What a browser that shows a page has for its query, or will have."""

    latest: str
    earlier: set[str] = field(default_factory=set)
    """Those that it had when others were sent, until it shows that they have arrived."""
    page: str = ""
    """The hash of the page for which they were sent."""


def in_step(data: RerunData, state: SafeSessionState) -> RerunData:
    """The run that the browser asked for, with the query that we last sent where its own is one from before.

    A reader who goes back in the browser's history, or to a page, means the query that they go to.
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

    A run that is to end ends at `state`, and is not heard: the next one may have said something since.
    """
    if message.WhichOneof("type") != "page_info_changed" or _KEY not in state:
        return
    sent: _Sent = state[_KEY]
    context = get_script_run_ctx()
    sent.page = context.page_script_hash if context else sent.page
    sent.earlier.add(sent.latest)
    sent.latest = message.page_info_changed.query_string
    sent.earlier.discard(sent.latest)


def message(query: str) -> ForwardMsg:
    """What changes the address in a browser."""
    changed = ForwardMsg()
    changed.page_info_changed.query_string = query
    return changed
