"""Fixing by hand: the reader edits an object as JSON. A refusal is shown beside the field and changes nothing."""

from __future__ import annotations

import hashlib

import streamlit as st

from app.content import Content
from app.flow.doctor import Change, Diagnosis
from app.flow.doctor.changes import TRUST_POLICY
from app.flow.model import Status
from app.flow.verdict.judge import Outcome
from app.report import verdict_words
from app.ui.draw import components, notice
from app.ui.draw.checks import mark
from app.ui.lab import secrecy, trial
from app.ui.lab.trial import Trial
from app.ui.state import language, session
from app.ui.text import prose
from app.world import edits
from app.world.edits import EditRefused
from app.world.faults import Fault
from app.world.lifecycle.world_operations import pod_of, provider_arn, service_account_of
from app.world.world import World

_HEIGHT = 340
"""The height of the field in pixels."""
_KIND = "lab_kind"
_PROPOSED = "lab_kind_proposed"
"""In the session: the kind of object that was proposed last, until the verdict is about another one."""


def is_whole(fault: Fault, found: Diagnosis) -> bool:
    """Whether nothing of the fault is left. For a fault that breaks nothing, its step must have no warning either."""
    if fault.harmless and any(check.status is not Status.PASSED for check in dict(found.steps())[fault.step]):
        return False
    return found.verdict.outcome is Outcome.WORKS


def too_much(found: Diagnosis, content: Content) -> str:
    """What is left to say about a change that fixed the fault: for example, that it opened the role to others."""
    if found.verdict.status is not Status.WARNING:
        return ""
    return f"<p>{mark(Status.WARNING, content)} {prose(verdict_words.verdict(found, content))}</p>"


def editor(it: Trial, found: Diagnosis, content: Content) -> None:
    """Draws the objects to edit, and the ways back."""
    with st.expander(
        content.message("lab.by_hand"), icon=":material/edit:", key="lab_by_hand", expanded=bool(it.edits)
    ):
        st.caption(content.message("lab.by_hand_lead"))
        if it.fault.changes not in edits.KINDS and not secrecy.is_hidden():
            st.caption(content.message("lab.outside"))
        _propose(it, found)
        language.keep(_KIND)
        kind = st.selectbox(
            content.message("lab.object"),
            edits.KINDS,
            key=_KIND,
            format_func=lambda kind: content.message(f"lab.kinds.{kind}"),
        )
        if not _edit(it, kind, content) and it.edits:
            _outcome(it, found, content)
        st.button(
            content.message("lab.recreate"),
            help=content.message("lab.recreate_help"),
            key="lab_recreate",
            icon=":material/replay:",
            on_click=_recreate,
            args=(it,),
        )
        about, refused = st.session_state.get(_REFUSED, (None, None))
        if refused is not None and about == _now(it):
            _tell(refused, content)
    if it.edits:
        with st.container(horizontal=True, gap="small"):
            st.button(
                content.message("lab.undo"), key="lab_undo", icon=":material/undo:", on_click=trial.undo, args=(it,)
            )
            st.button(
                content.message("lab.reset"),
                key="lab_reset",
                icon=":material/restart_alt:",
                on_click=trial.reset,
                args=(it,),
            )


def _propose(it: Trial, found: Diagnosis) -> None:
    """Chooses the object to begin with; changes the choice only if the next thing to fix is in another object."""
    proposed = _object(it, found)
    if _KIND not in st.session_state or proposed not in ("", st.session_state.get(_PROPOSED)):
        st.session_state[_KIND] = proposed or edits.KINDS[0]
        st.session_state[_PROPOSED] = proposed


def _object(it: Trial, found: Diagnosis) -> str:
    """The kind of the object that the verdict's fix changes, or else of the one that the fault changed; empty for a
    hidden fault."""
    if secrecy.is_hidden() or is_whole(it.fault, found):
        return ""
    change = found.fix.change if found.fix else None
    changed = it.fault.changes if it.fault.changes in edits.KINDS else ""
    return (_kind(change, session.world()) if change else "") or changed


def _kind(change: Change, world: World) -> str:
    """The kind of the object that a fix changes; empty where the reader cannot edit that object here."""
    kinds = {
        ("Role", world.chain.role): "trust_policy" if change.part == TRUST_POLICY else "role",
        ("OpenIDConnectProvider", provider_arn(world)): "oidc_provider",
        ("ServiceAccount", "/".join(service_account_of(world))): "service_account",
        ("Pod", "/".join(pod_of(world))): "pod",
    }
    return kinds.get((change.kind, change.name), "")


_REFUSED = "lab_refused_pod"
"""In the session: after which change of which world a Pod could not be recreated, and why. It stays until then: to have
tried it changes the world, which lets the page run again by itself."""


def _now(it: Trial) -> tuple[str, str, int]:
    return session.world().path, it.fault.id, len(it.edits)


def _outcome(it: Trial, found: Diagnosis, content: Content) -> None:
    """The result of the last change, beside the button, because the verdict is far above."""
    if not is_whole(it.fault, found):
        components.block(_still(found, content), key="lab_still")
        return
    counted = secrecy.is_hidden() and it.tried is None
    sentence = prose(content.message("lab.whole_hidden" if counted else "lab.whole_by_hand"))
    more = "" if secrecy.is_hidden() else too_much(found, content)
    drawn = f'<div class="strip" role="status">{mark(Status.PASSED, content)}<div><p>{sentence}</p>{more}</div></div>'
    components.block(drawn, key="lab_fixed")
    if secrecy.is_hidden():
        st.button(content.message("lab.tell"), key="lab_tell", on_click=trial.reveal, args=(it,))


def _count(it: Trial) -> None:
    """Counts a change that fixed a hidden fault as a right answer."""
    if secrecy.is_hidden() and is_whole(it.fault, session.diagnosis(session.simulated_walk_view())):
        trial.repaired(it)


def _still(found: Diagnosis, content: Content) -> str:
    """Says that a change was made and was not enough."""
    sentence = prose(content.message("lab.still"))
    named = "" if secrecy.is_hidden() else f"<p>{prose(verdict_words.verdict(found, content))}</p>"
    return f'<div class="strip" role="status">{mark(Status.WARNING, content)}<div><p>{sentence}</p>{named}</div></div>'


def _edit(it: Trial, kind: str, content: Content) -> bool:
    """The field for the object. It starts again with each state of the object, and keeps what was typed as long as that
    is refused.

    Returns whether something was applied that changed nothing, and shows why.
    """
    own = edits.editable(session.world(), kind)
    version = hashlib.sha256(own.encode("utf-8", "replace")).hexdigest()[:12]
    with st.form(key="lab_edit", border=False, enter_to_submit=False):
        typed = st.text_area(
            content.message("lab.document"),
            value=own,
            height=_HEIGHT,
            key=f"lab_document_{kind}_{version}",
            placeholder=content.message("lab.absent"),
        )
        applied = st.form_submit_button(content.message("lab.apply"))
    if not applied:
        return False
    st.session_state.pop(_REFUSED, None)
    if typed == own:
        st.info(content.message("lab.unchanged"))
        return True
    try:
        with st.spinner(content.message("lab.applying")):
            trial.apply(it, kind, typed)
    except EditRefused as refused:
        _tell(refused, content)
    else:
        _count(it)
        st.rerun()
    return True


def _recreate(it: Trial) -> None:
    st.session_state.pop(_REFUSED, None)
    try:
        trial.recreate_pod(it)
    except EditRefused as refused:
        st.session_state[_REFUSED] = (_now(it), refused)
    else:
        _count(it)


def _tell(refused: EditRefused, content: Content) -> None:
    components.block(notice.notice(refused, content), key="lab_refused")
