"""The checks of a step: a mark with a word and the value that was found; for a failed check also the product's error
message, the reason, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.content import Content
from app.flow.model import HOLDS, Check, Status, Step, StepReport, Subject, Walk
from app.flow.steps.submission import Submission
from app.flow.verdict.judge import Verdict, judge
from app.flow.visible import visible_ends
from app.report.permission_words import would_allow
from app.ui.draw.code import code
from app.ui.draw.links import page_link
from app.ui.marks import MARKS, claim, unspoken
from app.ui.text import distinguishing_part, escape, prose, readable, value


def mark(status: Status, content: Content) -> str:
    """The sign of a status, with its word for those who do not see the sign."""
    word = escape(content.message(f"statuses.{status}"))
    return f'{unspoken(MARKS[status])}<span class="unseen">{word}</span>'


def framed(status: Status, inside: str, content: Content) -> str:
    """A result: the mark of its status, and beside it `inside`, which is HTML."""
    return f'<div class="outcome {status}" role="status">{mark(status, content)}<div>{inside}</div></div>'


def warned(inside: str, content: Content, *, role: str = "status") -> str:
    """A notice: the mark of a warning, and beside it `inside`, which is HTML."""
    return f'<div class="notice" role="{role}">{mark(Status.WARNING, content)}<div>{inside}</div></div>'


def checks(report: StepReport, subject: Subject, content: Content) -> str:
    """The checks of a step in their order. The first that did not pass stands open, and so does each that a server
    refused."""
    return listed(report.checks, subject, content, kind=report.step)


def listed(found: Sequence[Check], subject: Subject, content: Content, *, kind: str = "") -> str:
    """The list of any checks, as HTML; `kind` is a class of the list."""
    first = next((check for check in found if check.status not in (Status.PASSED, Status.NOT_REACHED)), None)
    rows = (_row(check, subject, content, opened=check is first or bool(check.error)) for check in found)
    return f'<ol class="{f"checks {kind}".strip()}">{"".join(rows)}</ol>'


def unread(found: Submission, subject: Subject, content: Content) -> str:
    """Why there is no token: the server's error message, where it refused; or what is wrong with the text that was
    read."""
    return listed([found.malformed], subject, content) if found.malformed else said(found.unread, content)


def _row(check: Check, subject: Subject, content: Content, *, opened: bool) -> str:
    words = content.check(check.id).fill(check, subject)
    passed = check.status is Status.PASSED
    is_open = " open" if opened else ""
    beside = escape(distinguishing_part(check.got)) if passed else escape(content.message(f"statuses.{check.status}"))
    return (
        f'<li class="{check.status}" data-check="{escape(check.id)}"><details{is_open}><summary>'
        f'{mark(check.status, content)}<span class="name">{prose(words.title)}</span>'
        f'<span class="beside">{beside}</span></summary><div class="inside">{_inside(check, subject, content)}</div>'
        "</details></li>"
    )


def _inside(check: Check, subject: Subject, content: Content) -> str:
    words = content.check(check.id).fill(check, subject)
    parts: list[str] = []
    if check.reason:
        parts.append(f"<p>{prose(content.message(f'reasons.{check.reason}'))}</p>")
    if check.error:
        parts.append(said(check.error, content))
    parts.append(allowed_by(would_allow(check, content), content))
    rows = [("got", check.got), ("expected", check.expected), ("where", check.where)]
    shown = "".join(
        f"<dt>{_label(content, key)}</dt><dd>{shown_value(text, content)}</dd>" for key, text in rows if text
    )
    if shown:
        parts.append(f"<dl>{shown}</dl>")
    explained = ["what", "why"] if check.status is Status.PASSED else ["what", "why", "fix"]
    parts.extend(
        f'<p><span class="label">{_label(content, key)}</span> {prose(getattr(words, key))}</p>' for key in explained
    )
    return "".join(parts)


def allowed_by(texts: Iterable[tuple[str, str]], content: Content) -> str:
    """The smallest permission with which the unread object could be read: RBAC rules, an IAM policy, or both."""
    return "".join(f"<p>{prose(sentence)}</p>{code(content, text)}" for sentence, text in texts)


def shown_value(text: str, content: Content) -> str:
    """A value; beside Unix seconds the time that they mean; for an empty list the words that it is empty."""
    if text == "[]":
        return prose(content.message("ui.empty_list"))
    text = visible_ends(text)
    when = readable(text)
    return value(text) if when == text else f'{value(text)}<br><span class="quiet">{escape(when)}</span>'


def said(error: str, content: Content) -> str:
    """A product's error message, exactly; empty where there is none."""
    if not error:
        return ""
    return (
        f'<figure class="said"><figcaption>{_label(content, "server_said")}</figcaption>'
        f"<blockquote>{escape(error)}</blockquote></figure>"
    )


def _label(content: Content, key: str) -> str:
    return escape(content.message(f"ui.{key}"))


def outcome(report: StepReport, walk: Walk, content: Content, facts: list[tuple[str, str]]) -> str:
    """The result of the step, in one sentence, with the two or three values that prove it.

    On failure the fix stands below it; where the walk did not reach the step, a link to what broke.
    """
    status, subject, below = report.status, walk.subject, ""
    if status in HOLDS:
        sentence = content.message(f"outcomes.{report.step}")
    else:
        worst = next((check for check in report.checks if check.status is status), None)
        worst = worst or next(check for check in report.checks if check.status is Status.NOT_REACHED)
        title = content.check(worst.id).fill(worst, subject).title
        sentences = [content.message(f"outcomes.{status}", check=title)]
        if worst.reason:
            sentences.append(content.message(f"reasons.{worst.reason}"))
        facts = []
        if status is Status.FAILED:
            facts = [(content.message(f"ui.{key}"), getattr(worst, key)) for key in ("got", "expected")]
            below = _fix(worst, subject, content)
        if status is Status.NOT_REACHED:
            sentences, below = sentences[-1:], _broken(report, walk, content)
        sentence = content.facts.sentences(*sentences)
    shown = "".join(
        f'<dt class="{claim(name)}">{escape(name)}</dt><dd>{shown_value(text, content)}</dd>'
        for name, text in facts
        if text
    )
    return framed(status, f"<p>{prose(sentence)}</p>{f'<dl>{shown}</dl>' if shown else ''}{below}", content)


def of_program(step: Step, status: Status, verdict: Verdict, subject: Subject, content: Content) -> str:
    """The result of a step for the Pod's own program, where our own requests got further than the program."""
    rows: list[tuple[str, str]] = []
    quoted = ""
    if status is Status.FAILED and verdict.step is step and verdict.check is not None:
        title = content.check(verdict.check.id).fill(verdict.check, subject).title
        sentence = content.message("outcomes.failed", check=title)
        rows = [(_label(content, key), getattr(verdict.check, key)) for key in ("got", "expected")]
        quoted = _fix(verdict.check, subject, content)
    elif status is Status.FAILED and verdict.seen is not None:
        sentence, quoted = content.message("outcomes.shows_here"), said(verdict.seen.text, content)
    else:
        sentence = content.message("reasons.earlier_step")
    found = "".join(f"<dt>{name}</dt><dd>{shown_value(text, content)}</dd>" for name, text in rows if text)
    return framed(status, f"<p>{prose(sentence)}</p>{f'<dl>{found}</dl>' if found else ''}{quoted}", content)


def _broken(report: StepReport, walk: Walk, content: Content) -> str:
    """Where the chain breaks, as a link to that step; where nothing is broken, what this step waits for."""
    found = judge(walk)
    step, check = found.step, found.check
    if found.status is Status.UNKNOWN:
        before = walk.reports[: walk.reports.index(report)]
        nearest = next((it for it in reversed(before) if it.status is Status.UNKNOWN), None)
        if nearest is not None:
            step, check = nearest.step, next(it for it in nearest.checks if it.status is Status.UNKNOWN)
    if step is None or check is None:
        return ""
    title = content.check(check.id).fill(check, walk.subject).title
    words = prose(content.message(f"verdict.{found.key}", step=content.message(f"steps.{step}.short"), check=title))
    return f"<p>{page_link(content, step, words)}</p>"


def _fix(check: Check, subject: Subject, content: Content) -> str:
    """The server's message for a failed check, and how to fix it."""
    fix = prose(content.check(check.id).fill(check, subject).fix)
    quoted = said(check.error, content) if check.error else ""
    return f'{quoted}<p class="fix"><span class="label">{_label(content, "fix")}</span> {fix}</p>'
