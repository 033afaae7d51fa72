"""The survey on the doctor's page: every annotated ServiceAccount, and who may assume what."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.doctor.survey import USES, Survey, survey
from app.flow.errors import FlowError
from app.report import picture, words
from app.ui import components, notice, session
from app.ui.checks import allowed_by, mark
from app.ui.text import escape, prose, value

_KEPT = "survey"


def surveyed(content: Content) -> None:
    """The button, and what came of it. It only reads."""
    heading = escape(content.message("doctor.survey.title"))
    lead = prose(content.message("doctor_page.survey_lead"))
    components.block(f'<h2 class="heading">{heading}</h2><p class="caption">{lead}</p>', key="survey_heading")
    visit = session.visit()
    if st.button(content.message("doctor_page.survey"), key="do_survey", icon=":material/hub:"):
        with st.spinner(content.message("mode.asking")):
            st.session_state[_KEPT] = (visit.world, _ask())
    kept = st.session_state.get(_KEPT)
    if not kept or kept[0] != visit.world:
        return
    found = kept[1]
    if isinstance(found, FlowError):
        lacking = allowed_by(words.allowing_after(found, USES, content), content)
        components.block(notice.notice(found, content) + lacking, key="notice_survey")
        return
    lacking = allowed_by(words.survey_would_allow(found, content), content)
    components.block(_verdict(found, content) + _table(found, content) + lacking, key="survey")
    if found.ties:
        st.caption(content.message("doctor.survey.picture"))
        with st.container(key="survey_picture"):
            st.graphviz_chart(picture.dot(found, content), width="content")


def _ask() -> Survey | FlowError:
    try:
        return survey(session.ports())
    except FlowError as error:
        return error


def _verdict(found: Survey, content: Content) -> str:
    status = words.STATUS_OF[found.outcome]
    sentence = prose(words.survey_verdict(found, content))
    return f'<div class="outcome {status}" role="status">{mark(status, content)}<div><p>{sentence}</p></div></div>'


def _table(found: Survey, content: Content) -> str:
    """One row a ServiceAccount; a role that lets in too many is red, and says so."""
    if not found.ties:
        return ""
    names = [escape(content.message(f"doctor.survey.{key}")) for key in ("service_account", "role", "trust", "also")]
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = []
    for tie in found.ties:
        role = found.role(tie.role_arn)
        status = words.STAND_STATUS[tie.stand]
        stand = escape(content.message(f"doctor.survey.{tie.stand}"))
        wide = ' class="wide"' if role is not None and role.wide else ""
        rows.append(
            f'<tr{wide}><th scope="row">{value(f"{tie.namespace}/{tie.service_account}")}</th>'
            f'<td data-head="{names[1]}">{value(tie.role_arn)}</td>'
            f'<td data-head="{names[2]}" class="stand {status}">{mark(status, content)} {stand}</td>'
            f'<td data-head="{names[3]}">{prose(words.also(tie, found, content))}</td></tr>'
        )
    label = escape(content.message("doctor.survey.title"))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table class="survey"><thead><tr>{heads}'
        f"</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
