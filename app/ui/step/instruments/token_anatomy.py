"""The instrument of step 4: the token's files over time, the token in four views, and tokens that STS refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from app.content import Content
from app.flow.errors import FlowError
from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import JsonValue, Step, Subject
from app.flow.port_wrappers.consent import Action
from app.flow.ports import Ports
from app.flow.redaction import MASK
from app.flow.steps.submission import Submission, submit_api_token, submit_changed
from app.flow.token import MalformedToken
from app.flow.tokens.tampering import NotACharacter, place_in
from app.flow.tokens.token_anatomy import TokenPart, anatomy
from app.ui.draw import components, consent_buttons, page_errors, reveal
from app.ui.draw.cached_parts import for_reader, kept
from app.ui.figures.timeline import life, timeline
from app.ui.frame import sidebar
from app.ui.marks import unspoken
from app.ui.state import mode, session
from app.ui.state.runs import drawn_before
from app.ui.state.runs.plain_arguments import Labels
from app.ui.state.walk_view import WalkView
from app.ui.step.instruments.token_files import file_tree
from app.ui.step.instruments.token_pair import token_pair
from app.ui.step.instruments.token_trial import trial
from app.ui.step.instruments.token_views import compact, four_views, places
from app.ui.text import escape, prose

_anatomy = components.component("anatomy")
_VIEWS = ("views", "flip", "other")
_FLIP, _OTHER = "anatomy_flip", "anatomy_other"
_SENDS = (Action.READ_TOKEN, Action.EXCHANGE)
"""The actions of the controls that send a token."""
_SENT = "anatomy_sent"
"""In the session: the answers to what was sent about this walk, by the control that sent it."""
_OFFERED = ("alg", "kid", "aud", "exp", "iss", "sub")
"""Header fields and claims for which a button changes one character."""


def token_anatomy(walk_view: WalkView, content: Content) -> None:
    """The files and how they are replaced; below them the token itself."""
    report = walk_view.walk.report(Step.TOKEN_MOUNT)
    if tree := file_tree(report, walk_view.replaced, content):
        with st.container(key="token_files"):
            left, right = st.columns([3, 2], gap="large")
            with left:
                components.block(_headed("evidence.files", content) + tree, key="file_tree")
            with right:
                _time(walk_view, content)
    if report.evidence.get("token"):
        _token(walk_view, content)


def _headed(key: str, content: Content) -> str:
    title, caption = (content.message(f"{key}.{part}") for part in ("title", "caption"))
    return f'<h2 class="heading">{escape(title)}</h2><p class="caption">{prose(caption)}</p>'


def _time(walk_view: WalkView, content: Content) -> None:
    found = walk_view.walk.report(Step.TOKEN_MOUNT).evidence
    current = life(get(found.get("token"), "claims"))
    if current is None:
        return
    before = life(get(walk_view.replaced, "token", "claims"))
    heading = f'<h2 class="heading">{escape(content.message("screens.timeline"))}</h2>'
    drawn = timeline(current, before, session.now(), content)
    components.block(heading + drawn, key="timeline_line")
    with drawn_before.again():
        sidebar.clock(content, key="page", hours=(*sidebar.HOURS, 72))


@page_errors.fragment
def _token(walk_view: WalkView, content: Content) -> None:
    """The token, in the view that the reader chose; only this part is drawn again."""
    found = walk_view.walk.report(Step.TOKEN_MOUNT).evidence
    parts = kept("token_parts", lambda: _parts(found["token"]), found["token"])
    views = [view for view in _VIEWS if view != "other" or found.get("other_token")]
    with drawn_before.again():
        components.block(_headed("evidence.token", content), key="token_heading")
        chosen = st.segmented_control(
            content.message("anatomy.choose"),
            views,
            format_func=Labels(tuple((view, content.message(f"anatomy.tabs.{view}")) for view in views)),
            default=_VIEWS[0],
            required=True,
            key="anatomy_view",
            label_visibility="collapsed",
        )
    if chosen == "other":
        _other(walk_view, content)
    elif not parts:
        st.caption(content.message("anatomy.unreadable"))
    elif chosen == "flip":
        _flip(walk_view, parts, content)
    else:
        hint = f'<p class="caption">{prose(content.message("anatomy.hint"))}</p>'
        shown = for_reader("anatomy", lambda: hint + four_views(parts, content), parts, content.language)
        with drawn_before.again():
            _anatomy(data={"html": shown}, key="anatomy_views")
            reveal.offer(walk_view, content)


def _parts(token: JsonValue) -> tuple[TokenPart, ...]:
    """The parts of the masked token; none where it cannot be taken apart."""
    ends = get_object(get_list(token, "parts")[-1]) if get_list(token, "parts") else {}
    start, stop = ends.get("start"), ends.get("stop")
    if not isinstance(start, int) or not isinstance(stop, int):
        return ()
    try:
        header, payload, _ = anatomy(_unsigned(token))
    except MalformedToken:
        return ()
    return header, payload, TokenPart("signature", start, stop, MASK, "", ())


def _unsigned(token: JsonValue) -> str:
    """Header and payload with an empty signature."""
    return get_str(token, "compact").rpartition(".")[0] + "."


# (1) One character changed


def _flip(walk_view: WalkView, parts: Sequence[TokenPart], content: Content) -> None:
    if consent_buttons.instead(_SENDS, content, key="flip"):
        return
    _warn(content)
    token = walk_view.walk.report(Step.TOKEN_MOUNT).evidence["token"]
    sent = _sent(walk_view).get(_FLIP)
    left, right = st.columns([1, 1], gap="large")
    with left:
        _anatomy(
            data={"html": _picker(parts, _unsigned(token), sent, content)},
            key=_FLIP,
            on_flip_change=_flipped,
        )
        st.button(
            content.message("anatomy.undo"),
            key="flip_undo",
            icon=":material/undo:",
            disabled=sent is None,
            on_click=_forget,
        )
    with right:
        drawn = f'<p class="quiet">{prose(content.message("anatomy.nothing_yet"))}</p>'
        _result(_FLIP, drawn, walk_view, content)


def _picker(parts: Sequence[TokenPart], unsigned: str, sent: Submission | str | None, content: Content) -> str:
    """The compact token, of which a character can be picked, and the characters that are worth a try."""
    known = places(parts)
    length = parts[-1].stop
    labels = {place.number: place.name for place in known}
    change = sent.change if isinstance(sent, Submission) else None
    flipped = f' data-flipped="{change.index}" data-to="{escape(change.character_after)}"' if change else ""
    offered = [(name, place_in(unsigned, name)) for name in _OFFERED]
    offered.append((content.message("ui.token_signature"), (parts[-1].start + length) // 2))
    buttons = "".join(
        f'<button type="button" data-flip="{index}">{escape(name)}</button>'
        for name, index in offered
        if index is not None
    )
    named = "".join(
        f'<data value="{number}" data-name="{escape(label if label != "signature" else offered[-1][0])}"></data>'
        for number, label in labels.items()
    )
    label = escape(content.message("anatomy.pick"))
    blanks = {name: f"{{{name}}}" for name in ("place", "character", "name")}
    say, press = (escape(content.message(f"anatomy.{key}", **blanks)) for key in ("pick_at", "press"))
    return (
        f'<p class="caption">{prose(content.message("anatomy.flip_hint"))}</p>'
        f'<div class="offered" role="group" aria-label="{escape(content.message("anatomy.offered"))}">{buttons}</div>'
        f'<div class="compact pick" role="slider" tabindex="0" aria-label="{label}" aria-valuemin="1" '
        f'aria-valuemax="{length}" aria-valuenow="1" data-say="{say}" data-press="{press}"{flipped}>'
        f"{compact(parts, known)}</div><div hidden>{named}</div>"
        '<button type="button" class="press"></button>'
    )


def _flipped() -> None:
    index = st.session_state[_FLIP].get("flip")
    if isinstance(index, int) and not isinstance(index, bool):
        _keep(_FLIP, lambda ports, subject: submit_changed(ports, subject, index))


# (2) The other token


def _warn(content: Content) -> None:
    """Where the token goes to the real STS, says so before it is sent."""
    if mode.can().send_outside:
        st.caption(content.message("actions.live_sends"))


def _other(walk_view: WalkView, content: Content) -> None:
    found = walk_view.walk.report(Step.TOKEN_MOUNT).evidence
    ours, other = (get(found.get(name), "claims") for name in ("token", "other_token"))
    left, right = st.columns([3, 2], gap="large")
    with left:
        caption = f'<p class="caption">{prose(content.message("evidence.other_token.caption"))}</p>'
        components.block(caption + token_pair(ours, other, content), key="token_pair")
    with right:
        if consent_buttons.instead(_SENDS, content, key="other"):
            return
        _warn(content)
        st.button(content.message("anatomy.send_other"), key="send_other", icon=":material/send:", on_click=_send_other)
        drawn = f'<p class="quiet">{prose(content.message("anatomy.send_other_help"))}</p>'
        _result(_OTHER, drawn, walk_view, content)


def _send_other() -> None:
    _keep(_OTHER, submit_api_token)


# (3) The result


def _result(key: str, nothing: str, walk_view: WalkView, content: Content) -> None:
    sent = _sent(walk_view).get(key)
    if isinstance(sent, Submission):
        token = walk_view.walk.report(Step.TOKEN_MOUNT).evidence.get("token" if key == _FLIP else "other_token")
        nothing = trial(sent, get_str(token, "compact"), walk_view.walk.subject, content)
    elif sent:
        nothing = f'<p class="failed">{unspoken("✕")} {prose(content.message(sent))}</p>'
    components.block(f'<div class="trial">{nothing}</div>', key=f"{key}_result")


def _sent(walk_view: WalkView) -> dict[str, Submission | str]:
    """The answers to what was sent about this walk. They are dropped with the walk, because another one has another
    token."""
    kept = st.session_state.get(_SENT)
    return kept[1] if kept and kept[0] is walk_view else {}


def _keep(key: str, submit: Callable[[Ports, Subject], Submission]) -> None:
    walk_view = session.walk_view()
    try:
        found: Submission | str = submit(session.ports(), walk_view.walk.subject)
    except NotACharacter:
        found = "anatomy.no_character"
    except FlowError as error:
        found = Submission(unread=error.server_message)
    st.session_state[_SENT] = (walk_view, {**_sent(walk_view), key: found})


def _forget() -> None:
    walk_view = session.walk_view()
    st.session_state[_SENT] = (walk_view, {key: found for key, found in _sent(walk_view).items() if key != _FLIP})
