"""The survey on the doctor's page: every annotated ServiceAccount, what is wrong with it, and who may assume what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from app.content import Content
from app.flow.doctor.survey import USES, Survey, survey
from app.flow.errors import FlowError
from app.report import permission_words, picture, survey_csv, survey_words, verdict_words
from app.report.survey_words import Advice, Row
from app.ui.draw import components, notice, page_errors
from app.ui.draw.checks import allowed_by, framed, mark
from app.ui.draw.code import code
from app.ui.state import language, live_selection, mode, session
from app.ui.text import escape, prose, value

_KEPT = "survey_made"
"""In the session: the cluster, and its survey or why there is none."""
_WIDE = ' class="wide"'
_ORDERS: Mapping[str, Callable[[Row], int | str]] = {
    "severity": lambda row: survey_words.SEVERITY.index(row.status),
    "service_account": lambda row: row.service_account,
    "role": lambda row: row.role_arn,
}
"""The values by which the rows can be sorted. Rows with the same value stay in the order of namespaces and names."""


def surveyed(content: Content) -> None:
    """The button, and the result of the survey, which only reads."""
    heading = escape(content.message("doctor.survey.title"))
    lead = prose(content.message("doctor_page.survey_lead"))
    components.block(f'<h2 class="heading">{heading}</h2><p class="caption">{lead}</p>', key="survey_heading")
    # One of the whole cluster: it stays while the reader examines one ServiceAccount after the other.
    cluster = live_selection.state().choice if mode.can().walk_cluster else session.world().path
    if st.button(content.message("doctor_page.survey"), key="do_survey", icon=":material/hub:"):
        with st.spinner(content.message("mode.asking")):
            st.session_state[_KEPT] = (cluster, _ask())
    kept = st.session_state.get(_KEPT)
    if not kept or kept[0] != cluster:
        return
    found = kept[1]
    if isinstance(found, FlowError):
        lacking = allowed_by(permission_words.allowing_after(found, USES, content), content)
        components.block(notice.notice(found, content) + lacking, key="notice_survey")
        return
    lacking = allowed_by(survey_words.would_allow(found, content), content)
    components.block(_verdict(found, content) + lacking, key="survey_verdict")
    if found.ties:
        _chosen(found, content)
        st.caption(content.message("doctor.survey.picture"))
        with st.container(key="survey_picture"):
            st.graphviz_chart(picture.dot(found, content), width="content")


def _ask() -> Survey | FlowError:
    try:
        return survey(session.survey_ports()).given(session.tool_options())
    except FlowError as error:
        return error


def _verdict(found: Survey, content: Content) -> str:
    status = verdict_words.STATUS_OF[found.outcome]
    label, read_at = escape(content.message("doctor.read_at")), escape(verdict_words.read_at(found.read_at))
    words = f"<p>{prose(survey_words.verdict(found, content))}</p><dl><dt>{label}</dt><dd>{read_at}</dd></dl>"
    return framed(status, words, content)


@page_errors.fragment
def _chosen(found: Survey, content: Content) -> None:
    """The table, with the rows that the reader chose and in their order; and the whole survey as a file."""
    rows = survey_words.rows(found, content)
    everything = content.message("doctor_page.everything")
    statuses = [status for status in survey_words.SEVERITY if any(row.status is status for row in rows)]
    for key in ("survey_namespace", "survey_status", "survey_order"):
        language.keep(key)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="survey_choice"):
        namespace = st.selectbox(
            content.message("mode.namespace"),
            ["", *sorted({row.namespace for row in rows})],
            format_func=lambda name: name or everything,
            key="survey_namespace",
        )
        status = st.selectbox(
            content.message("doctor_page.outcome"),
            [None, *statuses],
            format_func=lambda status: content.message(f"statuses.{status}") if status else everything,
            key="survey_status",
        )
        order = st.selectbox(
            content.message("doctor_page.order"),
            list(_ORDERS),
            format_func=lambda order: content.message(f"doctor_page.order_{order}"),
            key="survey_order",
        )
        text = st.text_input(content.message("doctor_page.text"), key="survey_text", max_chars=200)
    shown = survey_words.only(rows, namespace=namespace, status=status, text=text)
    components.block(_table(sorted(shown, key=_ORDERS[order]), len(rows), content), key="survey")
    st.download_button(
        content.message("doctor_page.csv"),
        "\ufeff" + survey_csv.of_survey(found, content),
        file_name="irsa-survey.csv",
        mime="text/csv",
        help=content.message("doctor_page.csv_help"),
        key="survey_csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _table(rows: Sequence[Row], of_all: int, content: Content) -> str:
    """A row for each ServiceAccount, with what is wrong below it. A role that lets in too many is red, and the row says
    so."""
    names = [escape(head) for head in survey_words.heads(content)]
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    drawn = "".join(
        f'<tr{_WIDE if row.wide else ""}><th scope="row">{value(row.service_account)}</th>'
        f'<td data-head="{names[1]}">{value(row.role_arn)}</td>'
        f'<td data-head="{names[2]}" class="stand {row.stand_status}">'
        f"{mark(row.stand_status, content)} {escape(row.stand)}</td>"
        f'<td data-head="{names[3]}">{prose(row.also)}</td></tr>' + _below(row, len(names), content)
        for row in rows
    )
    label = escape(content.message("doctor.survey.title"))
    count = escape(content.message("doctor_page.rows", shown=len(rows), all=of_all))
    return (
        f'<p class="quiet" role="status">{count}</p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table class="survey"><thead><tr>{heads}'
        f"</tr></thead><tbody>{drawn}</tbody></table></div>"
    )


def _below(row: Row, columns: int, content: Content) -> str:
    return "".join(
        f'<tr class="problem"><td colspan="{columns}">{_advice(one, content)}</td></tr>' for one in row.advice
    )


def _advice(advice: Advice, content: Content) -> str:
    """The cause, and in a fold how to fix it."""
    cause = f"{mark(advice.status, content)} {prose(advice.cause)}"
    if not advice.fix:
        return f'<p class="{advice.status}">{cause}</p>'
    commands = "".join(code(content, command) for command in advice.commands)
    inside = f"<summary>{cause}</summary><p>{prose(advice.fix)}</p>{commands}"
    return f'<details class="more {advice.status}">{inside}</details>'
