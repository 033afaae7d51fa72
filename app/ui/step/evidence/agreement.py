"""Our own evaluation of the trust policy beside STS's response: before the request, the response, and read once more
after it."""

from __future__ import annotations

from app.content import Content
from app.flow.json_access import get_object
from app.flow.model import Check, JsonValue, Status, StepReport
from app.flow.steps.sts_agreement import CHECK
from app.flow.verdict.refusals import ANSWER
from app.ui.draw.checks import mark, said, warned
from app.ui.step.evidence.parts import decision
from app.ui.text import escape, prose, value

_ASKED = (Status.PASSED, Status.FAILED)


def disagrees(report: StepReport) -> bool:
    """Whether STS decided otherwise than our evaluation."""
    return "trust_before" in report.evidence


def agreement(report: StepReport, content: Content) -> str:
    """The three values, and what follows from them, as HTML; empty where the policy was not evaluated."""
    ours, theirs = report.check(CHECK), report.check(ANSWER)
    if ours.status in (Status.UNKNOWN, Status.NOT_REACHED):
        return ""
    before, now = (report.evidence.get(name) for name in ("trust_before", "trust_now"))
    rows = [_own("before", before, ours, content) if before else _checked(ours, content), _answer(theirs, content)]
    if before:
        rows.append(_own("after", now, ours, content) if now else _row(Status.UNKNOWN, "after", "unread", content))
    return (
        f'<h3>{escape(content.message("sts.agreement.heading"))}</h3><ol class="agreement">{"".join(rows)}</ol>'
        f"{_conclusion(ours, theirs, disagrees(report), content)}"
    )


def disagreement(report: StepReport, content: Content) -> str:
    """The same as a notice, where the two disagree; else empty."""
    html = agreement(report, content) if disagrees(report) else ""
    return html and warned(html, content)


def _checked(ours: Check, content: Content) -> str:
    """The evaluation where STS's response agrees with it. What failed in it is in the check."""
    failed = ours.status is Status.FAILED
    rows = (("got", ours.got), ("expected", ours.expected)) if failed else ()
    facts = "".join(f"<dt>{escape(content.message(f'ui.{key}'))}</dt><dd>{value(text)}</dd>" for key, text in rows)
    return _row(ours.status, "before", "denied" if failed else "allowed", content, f"<dl>{facts}</dl>" if facts else "")


def _own(when: str, decided: JsonValue, ours: Check, content: Content) -> str:
    found = get_object(decided)
    allowed = found.get("allowed") is True
    if found.get("trace"):
        trace = f'<details class="more"><summary>{escape(content.message("evidence.trust_decision.title"))}</summary>'
        below = f"{trace}{decision(content, found)}</details>"
    else:
        below = f"<p>{value(ours.got)}</p>"
    return _row(Status.PASSED if allowed else Status.FAILED, when, "allowed" if allowed else "denied", content, below)


def _answer(theirs: Check, content: Content) -> str:
    if theirs.status not in _ASKED:
        return _row(Status.UNKNOWN, "answer", "not_asked", content)
    if theirs.status is Status.PASSED:
        return _row(Status.PASSED, "answer", "issued", content)
    return _row(Status.FAILED, "answer", "refused", content, said(theirs.error, content) if theirs.error else "")


def _row(status: Status, when: str, word: str, content: Content, below: str = "") -> str:
    names = {"when": content.message(f"sts.agreement.{when}"), "what": content.message(f"sts.agreement.{word}")}
    sentence = prose(content.message("sts.agreement.row", **names))
    return f'<li class="{status}">{mark(status, content)}<div>{sentence}{below}</div></li>'


def _conclusion(ours: Check, theirs: Check, disagree: bool, content: Content) -> str:
    if disagree:
        why = f"<p>{prose(content.message(f'reasons.{ours.reason}'))}</p>" if ours.reason else ""
        return f"<p><strong>{escape(content.message('sts.agreement.disagree'))}</strong></p>{why}"
    if theirs.status not in _ASKED:
        return ""
    about_it = theirs.status is Status.PASSED or theirs.got == "AccessDenied"
    return f"<p>{prose(content.message('sts.agreement.agree' if about_it else 'sts.agreement.elsewhere'))}</p>"
