"""The result of a token that was sent to STS beside the walk: the change, the checks, STS's error message."""

from __future__ import annotations

from app.content import Content
from app.flow.model import Check, Status, StepReport, Subject
from app.flow.steps.submission import Submission
from app.flow.tokens.tampering import Change
from app.ui.draw.checks import mark, said, unread
from app.ui.figures.wire import wire
from app.ui.marks import unspoken
from app.ui.text import breakable, escape, prose, shorten, value

_EXPLAINED = ("sts.format", "sts.expiration", "sts.provider", "sts.audience", "sts.key", "sts.signature", "sts.trust")


def trial(submission: Submission, shown: str, subject: Subject, content: Content) -> str:
    """The outcome as HTML. `shown` is the masked token on the page: the kubelet may have replaced it since."""
    if submission.report is None:
        words = escape(content.message("anatomy.unread"))
        return f'<p class="failed">{unspoken("✕")} {words}</p>' + unread(submission, subject, content)
    stale = submission.compact != shown
    warning = f'<p class="warning">{unspoken("!")} {prose(content.message("anatomy.stale"))}</p>'
    return (
        (warning if stale else "")
        + (_change(submission.change, content) if submission.change else "")
        + _answer(submission.report, subject, content)
    )


def _change(change: Change, content: Content) -> str:
    part = content.message(f"ui.token_{change.part}")
    if change.part == "signature":
        sentence = content.message("anatomy.changed_signature", character=change.index + 1, byte=change.byte + 1)
        return f'<p class="change">{prose(sentence)}</p>'
    sentence = content.message(
        "anatomy.changed",
        character=change.index + 1,
        part=part,
        before=change.character_before,
        after=change.character_after,
        byte=change.byte + 1,
        hex_before=f"{change.byte_before:02x}",
        hex_after=f"{change.byte_after:02x}",
    )
    kind = "json" if change.readable else "no_json"
    hit = content.message(f"anatomy.hit_{kind}", name=change.name) if change.name else ""
    if not change.name:
        hit = content.message("anatomy.hit_between" if change.readable else "anatomy.hit_structure")
    lines = before_and_after(change, content)
    return f'<p class="change">{prose(sentence)} {prose(hit)}</p><div class="twice">{lines}</div>'


def before_and_after(change: Change, content: Content) -> str:
    """The text around the byte that changed, before and after, as HTML."""
    return "".join(
        f'<div class="{name}"><small>{escape(content.message(f"anatomy.{name}"))}</small><code>'
        f"{escape(change.before_it)}<{tag}>{_character(byte)}</{tag}>{escape(change.after_it)}</code></div>"
        for name, tag, byte in (("before", "del", change.byte_before), ("after", "ins", change.byte_after))
    )


def _character(byte: int | None) -> str:
    """A byte as its ASCII character; as hex where it has none that can be seen."""
    if byte is None:
        return ""
    return escape(chr(byte)) if 0x21 <= byte < 0x7F else f"\\x{byte:02x}"


def _answer(report: StepReport, subject: Subject, content: Content) -> str:
    *ours, theirs = report.checks
    failed = next((check for check in ours if check.status is Status.FAILED), None)
    rows = "".join(_row(check, check is failed, subject, content) for check in ours)
    sent = [exchange for exchange in report.exchanges if exchange.callee == "sts"]
    where = content.message("anatomy.sent_to", url=sent[-1].url) if sent else ""
    why = ""
    if failed is not None and failed.id in _EXPLAINED:
        reason = failed.id.removeprefix("sts.")
        why = f"<p>{prose(content.message(f'anatomy.because.{reason}'))}</p>"
    if theirs.status is Status.PASSED:
        answer = f"<p>{prose(content.message('anatomy.accepted'))} {value(theirs.got)}</p>"
    else:
        code = f'<p class="failed">{unspoken("✕")} STS: {value(theirs.got)}</p>' if theirs.got else ""
        answer = code + (said(theirs.error, content) if theirs.error else "")
    folded = ""
    if sent:
        summary = escape(content.message("ui.wire"))
        folded = f'<details class="more"><summary>{summary}</summary>{wire(sent, content)}</details>'
    order, note = (escape(content.message(f"anatomy.{key}")) for key in ("order", "order_note"))
    return (
        f'<p class="caption">{prose(where)}</p><div class="answer" role="status">{answer}{why}</div>'
        f'<h3>{order}</h3><p class="caption">{note}</p><ol class="tried">{rows}</ol>{folded}'
    )


def _row(check: Check, first: bool, subject: Subject, content: Content) -> str:
    title = prose(content.check(check.id).fill(check, subject).title)
    found = ""
    if first:
        pairs = (("got", check.got), ("expected", check.expected))
        drawn = _whole if shorten(check.got) == shorten(check.expected) else value
        rows = "".join(
            f"<dt>{escape(content.message(f'ui.{key}'))}</dt><dd>{drawn(text)}</dd>" for key, text in pairs if text
        )
        found = f"<dl>{rows}</dl>"
    return f'<li class="{check.status}">{mark(check.status, content)} <span class="name">{title}</span>{found}</li>'


def _whole(text: str) -> str:
    """An id that differs from another only in its middle: if both were shortened, they would look the same."""
    return f"<code>{breakable(text)}</code>"
