"""Before the first step: a token with its three claims lit, and a signature that breaks when one character changes."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.errors import FlowError
from app.flow.json_access import get_str
from app.flow.model import JsonValue, Status, Step
from app.flow.port_wrappers.consent import Action
from app.flow.steps.submission import Submission, submit_changed
from app.flow.tokens.tampering import Change, place_in
from app.ui.draw import components, consent_buttons, page_errors
from app.ui.draw.checks import said, unread
from app.ui.draw.links import page_link
from app.ui.draw.sections import draw_section, section
from app.ui.frame import navigation
from app.ui.marks import CLAIMS, MARKS, claim, unspoken
from app.ui.state import language, mode, session
from app.ui.state.walk_view import WalkView
from app.ui.step.artefact import claims_document
from app.ui.step.instruments.token_trial import before_and_after
from app.ui.text import escape, prose

PAGE = "one_minute"
_UNCHANGED = "unchanged"
_CHOICE, _SENT = "one_minute_choice", "one_minute_sent"
_STATUS = {True: Status.PASSED, False: Status.FAILED, None: Status.UNKNOWN}
_BEFORE_SIGNATURE = {"sts.provider", "sts.audience"}
"""The checks of the provider that this world's STS makes before it checks the signature."""
_SENDS = (Action.READ_TOKEN, Action.EXCHANGE)


def one_minute() -> None:
    """Draws the page."""
    content, walk_view = language.content(), session.walk_view()

    with navigation.onward(PAGE, content):
        components.head(PAGE, content)

        # (1) The contents of the token.
        token = walk_view.walk.report(Step.TOKEN_MOUNT).evidence.get("token")
        drawn = claims_document(token, content) or _none(content)
        components.block(
            f'<div class="minute">{section("token", PAGE, content)}<div class="artefact">{drawn}</div></div>',
            key="minute_token",
        )

        # (2) Why STS can trust it.
        if not token:
            consent_buttons.offer(Step.TOKEN_MOUNT, walk_view, content)
        draw_section("try", PAGE, content)
        if token:
            with page_errors.contained(content):
                _stamp(walk_view, token, content)
        draw_section("recap", PAGE, content)


def _none(content: Content) -> str:
    """Which step says why, where this walk got no token."""
    words = escape(content.message("one_minute.no_token"))
    return f"<p>{page_link(content, Step.TOKEN_MOUNT, words)}</p>"


@page_errors.fragment
def _stamp(walk_view: WalkView, token: JsonValue, content: Content) -> None:
    """The claim to change, and the result for the signature: of the walk's own token, or of the one just sent."""
    if consent_buttons.instead(_SENDS, content, key=PAGE):
        return
    if mode.can().send_outside:
        st.caption(content.message("actions.live_sends"))
    unsigned = get_str(token, "compact").rpartition(".")[0] + "."
    places = {name: place for name in CLAIMS if (place := place_in(unsigned, name)) is not None}
    chosen = st.segmented_control(
        content.message("one_minute.choose"),
        (_UNCHANGED, *places),
        format_func=lambda name: content.message(f"one_minute.changes.{name}"),
        default=_UNCHANGED,
        required=True,
        key=_CHOICE,
    )
    if chosen not in places:  # also where a forged message leaves the control without a value
        report = walk_view.walk.report(Step.TOKEN_MOUNT)
        signature = report.check("token.signature").status
        found = content.message(f"one_minute.found.{signature}")
        components.block(_picture(None, signature, found, "", content), key="stamp")
        return
    sent = _submission(walk_view, places[chosen])
    if sent.report is None:
        components.block(f'<div class="failed">{unread(sent, walk_view.walk.subject, content)}</div>', key="stamp")
        return
    *ours, theirs = sent.report.checks
    signature, failed = _STATUS[sent.signed], {check.id for check in ours if check.status is Status.FAILED}
    key = "no_provider" if signature is Status.FAILED and failed & _BEFORE_SIGNATURE else signature
    found = content.message(f"one_minute.found.{key}", name=chosen)
    answer = said(theirs.error, content) if theirs.error else ""
    components.block(_picture(sent.change, signature, found, answer, content), key="stamp")


def _submission(walk_view: WalkView, index: int) -> Submission:
    """STS's answer to the token with that character changed; sent once for each walk."""
    walked, sent = st.session_state.get(_SENT, (None, {}))
    if walked is not walk_view:
        sent = {}
    if index not in sent:
        try:
            sent[index] = submit_changed(session.ports(), walk_view.walk.subject, index)
        except FlowError as error:
            sent[index] = Submission(unread=error.server_message)
        st.session_state[_SENT] = (walk_view, sent)
    found: Submission = sent[index]
    return found


def _picture(change: Change | None, signature: Status, found: str, answer: str, content: Content) -> str:
    """The picture of the signature: who signs with the private key, what is signed, who verifies it with the public
    key, and the result."""
    words = {
        key: prose(content.message(f"one_minute.picture.{key}")) for key in ("signs", "private", "checks", "public")
    }
    return (
        f'<ol class="stamp"><li class="signs"><strong>{words["signs"]}</strong><span class="key">{words["private"]}'
        f'</span></li><li class="stamped">{_content(change, content)}<span class="seal">'
        f"{escape(content.message('ui.token_signature'))}</span></li>"
        f'<li class="looks {signature}"><strong>{words["checks"]}</strong><span class="key">{words["public"]}</span>'
        f'<p role="status">{unspoken(MARKS[signature])} {prose(found)}</p>{answer}'
        "</li></ol>"
    )


def _content(change: Change | None, content: Content) -> str:
    """The signed content: the claims; for a changed token the text before and after."""
    if change is None:
        return "".join(f'<span class="{claim(name)}"><code>{name}</code></span>' for name in CLAIMS)
    return f'<div class="twice {claim(change.name)}">{before_and_after(change, content)}</div>'
