"""The doctor: one ServiceAccount examined, what is broken and the commands that mend it; saved, opened, surveyed."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.content import Content
from app.flow import snapshot
from app.flow.doctor import Diagnosis
from app.flow.errors import FlowError
from app.flow.model import Check, JsonValue, Status
from app.flow.steps.documents import items, text
from app.flow.verdict import Outcome
from app.report import page as report
from app.report import words
from app.ui import actions, choosing, components, language, mode, notice, session
from app.ui.checks import listed, mark, said
from app.ui.code import code
from app.ui.survey import surveyed
from app.ui.text import escape, prose, value
from app.ui.visit import Visit

_MEGABYTE = 1024 * 1024


def doctor() -> None:
    """Draws the page."""
    content = language.content()
    lesson = content.lesson("doctor")
    st.title(lesson.title, anchor=False)
    components.goal(lesson.section("goal").body)

    # (1) Another's diagnosis, if one is opened: then nobody is asked.
    opened = _opened(content)
    if opened is not None:
        saved = content.message("doctor_page.opened", time=words.read_at(opened.read_at))
        components.block(f'<p class="caption">{prose(saved)}</p>', key="opened")
        _draw(opened, content)
        return

    # (2) Our own.
    visit = session.last_visit()
    if visit is None:
        if problem := choosing.state().problem:
            notice.show(problem, content, key="problem")
        return
    st.button(
        content.message("doctor_page.examine"),
        help=content.message("doctor_page.examine_help"),
        key="examine",
        icon=":material/stethoscope:",
        type="primary",
        on_click=session.run_again,
    )
    found = session.diagnosis(visit)
    _draw(found, content)
    _offer(found, visit, content)
    _take_along(found, content)

    # (3) Everybody else.
    surveyed(content)


def _opened(content: Content) -> Diagnosis | None:
    with st.expander(content.message("doctor_page.open"), icon=":material/folder_open:"):
        file = st.file_uploader(
            content.message("doctor_page.file"),
            type="json",
            key="snapshot",
            help=content.message("doctor_page.file_help"),
            max_upload_size=snapshot.SIZE_LIMIT // _MEGABYTE,
        )
        if file is None:
            return None
        try:
            return snapshot.load(file.getvalue())
        except FlowError as error:
            components.block(notice.notice(error, content), key="notice_snapshot")
            return None


# (1) What was found


def _draw(found: Diagnosis, content: Content) -> None:
    components.block(_verdict(found, content), key="diagnosis")
    if found.fix:
        components.block(_fix(found, content), key="fix")
    components.block(_all(found, content), key="diagnosis_checks")


def _verdict(found: Diagnosis, content: Content) -> str:
    """The sentence, what proves it, and what a refusal by STS may still mean."""
    judged, subject, status = found.verdict, found.subject, words.mark(found)
    rows = {
        content.message("ui.service_account"): value(f"{subject.namespace}/{subject.service_account}"),
        content.message("ui.pod"): value(subject.pod) if subject.pod else prose(content.message("doctor.no_pod")),
        content.message("doctor.read_at"): escape(words.read_at(found.read_at)),
    }
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{shown}</dd>" for name, shown in rows.items())
    parts = [
        f'<div class="outcome {status}" role="status">{mark(status, content)}'
        f"<div><p>{prose(words.verdict(found, content))}</p><dl>{facts}</dl></div></div>"
    ]
    if judged.check is not None and judged.outcome is not Outcome.WORKS:
        parts += [_heading("doctor.evidence", content), _evidence(judged.check, content)]
    if judged.refusal:
        told = content.message(f"doctor.refusals.{judged.refusal}")
        parts += [_heading("doctor.refusal", content), f"<p>{prose(told)}</p>"]
        for key, causes in (("possible", judged.remaining), ("ruled_out", judged.ruled_out)):
            if causes:
                lines = "".join(f"<li>{prose(cause)}</li>" for cause in words.causes(causes, content))
                parts.append(f"<h3>{escape(content.message(f'doctor.{key}'))}</h3><ul>{lines}</ul>")
    if failures := items(found.evidence, "recent_failures"):
        parts += [_heading("doctor_page.failures", content), _failures(failures, content)]
    return f'<div class="diagnosis">{"".join(parts)}</div>'


def _heading(key: str, content: Content) -> str:
    return f'<h2 class="heading">{escape(content.message(key))}</h2>'


def _evidence(check: Check, content: Content) -> str:
    rows = "".join(
        f"<dt>{escape(content.message(f'ui.{key}'))}</dt><dd>{value(found)}</dd>"
        for key, found in (("got", check.got), ("expected", check.expected), ("where", check.where))
        if found
    )
    reason = f"<p>{prose(content.message(f'reasons.{check.reason}'))}</p>" if check.reason else ""
    return f"{reason}{f'<dl>{rows}</dl>' if rows else ''}{said(check.error, content) if check.error else ''}"


def _failures(failures: Sequence[JsonValue], content: Content) -> str:
    """What STS refused to whom, as CloudTrail has it."""
    columns = ("time", "code", "subject", "role")
    head = "".join(f'<th scope="col">{escape(content.message(f"doctor_page.{key}"))}</th>' for key in columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{value(text(failure, key))}</td>' for key in columns)}</tr>" for failure in failures
    )
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _fix(found: Diagnosis, content: Content) -> str:
    """What to do, as lines to copy."""
    fix = found.fix
    if fix is None:
        return ""
    commands = "".join(code(content, command) for command in fix.commands)
    note = f'<p class="quiet">{prose(content.message("doctor.copy_note"))}</p>' if fix.commands else ""
    lead = f"<p>{prose(content.message(f'doctor.fixes.{fix.id}'))}</p>"
    return f"{_heading('doctor.fix', content)}{lead}{commands}{note}"


def _all(found: Diagnosis, content: Content) -> str:
    """Every check, by step; a step in which something did not pass stands open."""
    parts = [_heading("doctor.checks", content)]
    for step, checks in found.steps():
        worst = next(
            (
                status
                for status in (Status.FAILED, Status.WARNING, Status.UNKNOWN, Status.NOT_REACHED)
                if any(check.status is status for check in checks)
            ),
            Status.PASSED,
        )
        title = escape(content.message(f"steps.{step}.title"))
        passed = sum(check.status is Status.PASSED for check in checks)
        opened = " open" if worst in (Status.FAILED, Status.WARNING) else ""
        parts.append(
            f'<details class="more step {worst}"{opened}><summary>{mark(worst, content)} {title} '
            f'<span class="quiet">{passed}/{len(checks)}</span></summary>'
            f"{listed(checks, found.subject, content)}</details>"
        )
    return "".join(parts)


# (2) What to do with it


def _offer(found: Diagnosis, visit: Visit, content: Content) -> None:
    """The actions without which it stays unknown, or for which a check waits."""
    if mode.is_live():
        lacking, first = actions.lacking(*visit.walk), words.to_be_sure(found)
        actions.draw(sorted(lacking, key=lambda action: action not in first), visit, content, key="doctor")


def _take_along(found: Diagnosis, content: Content) -> None:
    name = f"irsa-{found.subject.namespace}-{found.subject.service_account}"
    try:
        saved = snapshot.save(found)
    except FlowError as error:
        components.block(notice.notice(error, content), key="notice_save")
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
            report.of_diagnosis(found, content),
            file_name=f"{name}.html",
            mime="text/html",
            key="report",
            icon=":material/description:",
            on_click="ignore",
        )
