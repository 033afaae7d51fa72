"""The doctor: it examines one ServiceAccount, and shows what is broken and the commands that fix it. A diagnosis can be
saved and opened, and a whole cluster surveyed."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.errors import FlowError
from app.flow.model import Exchange
from app.report import page as report
from app.report import verdict_words
from app.ui.doctor import diagnosis_upload, needs, reproducing
from app.ui.doctor.diagnosis import all_checks, explained, fix, pods, seen, verdict
from app.ui.doctor.survey import surveyed
from app.ui.draw import components, consent_buttons, notice
from app.ui.frame import navigation
from app.ui.map import film_view
from app.ui.reference import reference
from app.ui.state import allowance, language, live_selection, mode, session
from app.ui.state.walk_view import WalkView
from app.ui.text import prose


@navigation.leads_on("doctor")
def doctor() -> bool:
    """Draws the page; `?check=` in the address has it begin with what that check is. Returns whether it has a
    diagnosis."""
    content = language.content()
    components.head("doctor", content)
    if asked := reference.asked("check", content.checks, content):
        components.block(explained(asked, content), key="explained")

    # (1) A diagnosis from a file, if one is opened: then the page asks no server.
    opened = diagnosis_upload.opened(content)
    if opened is not None:
        saved = content.message("doctor_page.opened", time=verdict_words.read_at(opened.read_at))
        components.block(f'<p class="caption">{prose(saved)}</p>', key="opened")
        _draw(opened, (), content, elsewhere=True)
        return True

    # (2) Our own diagnosis. A reader who wants a real cluster must not take the simulated one for it.
    if mode.can_go_live():
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="simulated"):
            st.caption(content.message("doctor_page.simulated"), width="content")
            with st.popover(content.message("doctor_page.own_cluster"), icon=":material/lan:"):
                st.markdown(content.message("doctor_page.to_live_means"))
                st.button(content.message("doctor_page.to_live"), key="to_live", type="primary", on_click=mode.go_live)
    walk_view = session.last_walk_view()
    if walk_view is None:
        if problem := live_selection.state().problem:
            notice.show(problem, content, key="problem")
        return False
    st.button(
        content.message("doctor_page.examine"),
        help=content.message("doctor_page.examine_help"),
        key="examine",
        icon=":material/stethoscope:",
        on_click=session.run_again,
    )
    found = needs.diagnosis(walk_view)
    needs.form(walk_view, found, content)
    _offer_successor(found, content)
    _draw(found, walk_view.heard, content, elsewhere=mode.can().walk_cluster)
    _offer(found, walk_view, content)
    _take_along(found, content)

    # (3) All other ServiceAccounts.
    surveyed(content)
    return True


def _draw(found: Diagnosis, heard: tuple[Exchange, ...], content: Content, *, elsewhere: bool) -> None:
    """Draws a diagnosis. `elsewhere`: whether it is of a real cluster; then the simulated one can reproduce it."""
    components.block(verdict(found, content, listed_below=True) + seen(found, content), key="diagnosis")
    if found.fix:
        components.block(fix(found, content), key="fix")
    if elsewhere:
        reproducing.offer(found, content)
    shown = film_view.film_of(found, heard)
    film_view.draw(shown, found, content, opens_at="whole")
    if siblings := pods(found, content):
        components.block(siblings, key="pods")
    components.block(all_checks(found, content), key="diagnosis_checks")


def _offer_successor(found: Diagnosis, content: Content) -> None:
    """Offers the Pod that has replaced the chosen one, where that is gone."""
    if mode.can().walk_cluster and found.successor:
        st.button(
            content.message("doctor_page.examine_pod", pod=found.successor),
            key="successor",
            icon=":material/stethoscope:",
            on_click=live_selection.state().pick,
            args=("pod", found.successor),
        )


def _offer(found: Diagnosis, walk_view: WalkView, content: Content) -> None:
    """Offers the actions without which the verdict stays open, then those for which a check waits, but none that the
    cluster refuses."""
    if mode.can().ask_consent:
        waiting = [*found.to_be_sure, *consent_buttons.lacking(*walk_view.walk)]
        wanted = [
            action for action in dict.fromkeys(waiting) if not consent_buttons.is_refused(action, walk_view.forecast)
        ]
        consent_buttons.draw(wanted, walk_view, content, key="doctor")


def _take_along(found: Diagnosis, content: Content) -> None:
    name = f"irsa-{found.subject.namespace}-{found.subject.service_account}"
    saved = diagnosis_upload.saved(found)
    if isinstance(saved, FlowError):
        components.block(notice.notice(saved, content), key="notice_save")
        return
    with st.container(horizontal=True, gap="small", key="take_along"):
        st.download_button(
            content.message("doctor_page.save"),
            saved,
            file_name=f"{name}.json",
            mime="application/json",
            help=content.message("doctor_page.save_help"),
            key="save",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            content.message("doctor_page.report"),
            allowance.charged(partial(report.of_diagnosis, found, content)),  # made when someone asks for it
            file_name=f"{name}.html",
            mime="text/html",
            key="report",
            icon=":material/description:",
            on_click="ignore",
        )
