"""The signature of the mounted token: shown on a click, and only where nobody but this machine can see it.

It is read anew for the one drawing that shows it; nothing keeps it.
"""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.consent import Action
from app.flow.errors import FlowError
from app.flow.model import Subject
from app.flow.ports import Ports
from app.flow.submission import Submission, read_token
from app.settings import Settings, is_loopback
from app.ui import components, mode, session
from app.ui.checks import said
from app.ui.text import breakable, prose
from app.world.http import host_of


def is_possible() -> bool:
    """Whether the server is bound to loopback, and was asked there by a loopback name."""
    served_on, asked_for = _addresses()
    return all(is_loopback(address) for address in (Settings.from_environment().host, served_on, host_of(asked_for)))


def _addresses() -> tuple[str, str]:
    """On which of our addresses the request came in, and which host it names."""
    headers = st.context.headers
    return headers.get(mode.SERVED_ON) or "", headers.get("host") or ""


def signature(ports: Ports, subject: Subject) -> str | Submission:
    """The mounted token's signature, or why there is none. Raises `PermissionError` where others may be looking."""
    if not is_possible():
        raise PermissionError("a signature is shown on loopback only")
    token = read_token(ports, subject)
    return token if isinstance(token, Submission) else token.strip().rpartition(".")[2]


def offer(visit: session.Visit, content: Content) -> None:
    """The button; nothing where it would be refused, or the mounted token is not there to be read."""
    if not is_possible() or session.missing(Action.READ_TOKEN):
        return
    if st.button(
        content.message("reveal.show"), help=content.message("reveal.help"), key="reveal", icon=":material/visibility:"
    ):
        try:
            found = signature(session.ports(), visit.walk.subject)
        except FlowError as error:
            found = Submission(unread=error.said)
        if isinstance(found, Submission):
            shown = said(found.unread, content)
        else:
            words = prose(content.message("reveal.shown"))
            shown = f'<p class="caption">{words}</p><p class="compact">{breakable(found)}</p>'
        components.block(shown, key="revealed")
        st.button(content.message("reveal.hide"), key="conceal", icon=":material/visibility_off:")
