"""The signature of the mounted token: shown on a click, and only where no one but this machine's user can see it.

The page reads it again for the one drawing that shows it; nothing keeps it.
"""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.errors import FlowError
from app.flow.model import Subject
from app.flow.port_wrappers.consent import Action
from app.flow.ports import Ports
from app.flow.steps.submission import Submission, read_token
from app.settings import Settings
from app.ui.draw import components
from app.ui.draw.checks import said
from app.ui.state import mode, session
from app.ui.state.runs import drawn_before
from app.ui.state.walk_view import WalkView
from app.ui.text import breakable, prose


def is_possible() -> bool:
    """Whether the reader is on this machine, and no other site may put the page into a frame."""
    return mode.is_on_this_machine() and not Settings.from_environment().frame_ancestors


def signature(ports: Ports, subject: Subject) -> str | Submission:
    """The mounted token's signature, or why there is none. Raises `PermissionError` where others may be looking."""
    if not is_possible():
        raise PermissionError("a signature is shown on loopback only")
    token = read_token(ports, subject)
    return token if isinstance(token, Submission) else token.strip().rpartition(".")[2]


def offer(walk_view: WalkView, content: Content) -> None:
    """The button that shows it; nothing where that would be refused, or where the mounted token cannot be read."""
    if not is_possible() or session.missing(Action.READ_TOKEN):
        return
    if st.button(
        content.message("reveal.show"), help=content.message("reveal.help"), key="reveal", icon=":material/visibility:"
    ):
        try:
            found = signature(session.ports(), walk_view.walk.subject)
        except FlowError as error:
            found = Submission(unread=error.server_message)
        if isinstance(found, Submission):
            shown = said(found.unread, content)
        else:
            words = prose(content.message("reveal.shown"))
            shown = f'<p class="caption">{words}</p><p class="compact">{breakable(found)}</p>'
        with drawn_before.secretly():
            components.block(shown, key="revealed")
        st.button(content.message("reveal.hide"), key="conceal", icon=":material/visibility_off:")
