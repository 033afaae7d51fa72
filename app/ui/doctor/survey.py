"""The survey on the doctor's page: every annotated ServiceAccount, and who may assume what."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.doctor.survey import USES, Survey, survey
from app.flow.errors import FlowError
from app.report import picture, survey_words, verdict_words
from app.ui.draw import components, notice
from app.ui.draw.checks import allowed_by, mark
from app.ui.state import session
from app.ui.text import escape, prose, value

_KEPT = "survey"
_WIDE = ' class="wide"'


def surveyed(content: Content) -> None:
    """The button, and what came of it. It only reads."""
    heading = escape(content.message("doctor.survey.title"))
    lead = prose(content.message("doctor_page.survey_lead"))
    components.block(f'<h2 class="heading">{heading}</h2><p class="caption">{lead}</p>', key="survey_heading")
    walk_view = session.walk_view()
    if st.button(content.message("doctor_page.survey"), key="do_survey", icon=":material/hub:"):
        with st.spinner(content.message("mode.asking")):
            st.session_state[_KEPT] = (walk_view.world, _ask())
    kept = st.session_state.get(_KEPT)
    if not kept or kept[0] != walk_view.world:
        return
    found = kept[1]
    if isinstance(found, FlowError):
        lacking = allowed_by(verdict_words.allowing_after(found, USES, content), content)
        components.block(notice.notice(found, content) + lacking, key="notice_survey")
        return
    lacking = allowed_by(survey_words.would_allow(found, content), content)
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
    status = verdict_words.STATUS_OF[found.outcome]
    sentence = prose(survey_words.verdict(found, content))
    return f'<div class="outcome {status}" role="status">{mark(status, content)}<div><p>{sentence}</p></div></div>'


def _table(found: Survey, content: Content) -> str:
    """One row a ServiceAccount; a role that lets in too many is red, and says so."""
    if not found.ties:
        return ""
    names = [escape(head) for head in survey_words.heads(content)]
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "".join(
        f'<tr{_WIDE if row.wide else ""}><th scope="row">{value(row.service_account)}</th>'
        f'<td data-head="{names[1]}">{value(row.role_arn)}</td>'
        f'<td data-head="{names[2]}" class="stand {row.status}">{mark(row.status, content)} {escape(row.stand)}</td>'
        f'<td data-head="{names[3]}">{prose(row.also)}</td></tr>'
        for row in survey_words.rows(found, content)
    )
    label = escape(content.message("doctor.survey.title"))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table class="survey"><thead><tr>{heads}'
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )
