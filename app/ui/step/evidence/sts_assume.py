"""Step 5: the request to STS, which is not signed, and STS's response."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from app.addresses import is_loopback
from app.content import Content
from app.flow.json_access import get_object, get_str, shown
from app.flow.model import Exchange, Step, StepReport, Walk
from app.ui.step.evidence.agreement import agreement, disagrees
from app.ui.step.evidence.parts import collapsible, join, json_document, notes, part
from app.ui.text import breakable, escape, prose, value

_CALL = "Action=AssumeRoleWithWebIdentity"
_SHOWN_HEADERS = ("host", "content-type")
_SIGNATURE = "Authorization"
_SHORTEST_CUT = 160
"""Characters from which on a parameter is shortened: only the token is that long."""


def facts(report: StepReport, content: Content) -> list[tuple[str, str]]:
    """The identity that STS gave to the Pod, and when it expires."""
    answer = report.evidence.get("answer")
    return [
        ("AssumedRoleUser.Arn", get_str(answer, "AssumedRoleUser", "Arn")),
        ("Expiration", get_str(answer, "Credentials", "Expiration")),
    ]


def evidence(report: StepReport, content: Content) -> str:
    """The request as it was sent, and the response as an SDK reads it."""
    found, call, sent = report.evidence, _call(report), request(report, content)
    answer = notes(
        content,
        (("Credentials", "AccessKeyId"), "access_key"),
        (("Credentials", "SessionToken"), "session_token"),
        (("Credentials", "Expiration"), "expiration"),
        (("SubjectFromWebIdentityToken",), "subject_from_token"),
        (("AssumedRoleUser", "Arn"), "assumed_role"),
        (("Provider",), "provider_arn"),
        (("Error", "Code"), "error_code"),
        (("Error", "Message"), "error_message"),
    )
    answered, refused = found.get("answer"), bool(get_object(found.get("answer"), "Error"))
    return join(
        [
            part(content, "request", sent) if sent else "",
            _answer(call, json_document(content, found["answer"], answer), content, refused=refused)
            if answered
            else "",
        ]
    )


def below_checks(walk: Walk, content: Content) -> str:
    """How the checks were decided, folded; then our own evaluation beside STS's response, unless the outcome has shown
    it."""
    words = "".join(f"<p>{prose(content.message(f'sts.about.{key}'))}</p>" for key in ("own", "call", "keys"))
    about = f'<details class="more"><summary>{escape(content.message("sts.about.heading"))}</summary>{words}</details>'
    report = walk.report(Step.STS_ASSUME)
    return about + ("" if disagrees(report) else agreement(report, content))


def request(report: StepReport, content: Content) -> str:
    """The request as it was sent, with the header that it lacks among its own headers; empty where none was sent."""
    call = _call(report)
    parameters = dict(parse_qsl(call.request_body)) if call else get_object(report.evidence.get("request"))
    return _request(call, parameters, content) if parameters else ""


def _call(report: StepReport) -> Exchange | None:
    return next((exchange for exchange in report.exchanges if _CALL in exchange.request_body), None)


def _answer(call: Exchange | None, drawn: str, content: Content, *, refused: bool) -> str:
    """STS's response; folded where STS accepted, because the outcome has shown the two lines that matter. A refusal
    stands open."""
    body = _status(call) + drawn
    if call and call.succeeded:
        return collapsible(content, "answer", body)
    return part(content, "refusal" if refused else "answer", body)


def _request(call: Exchange | None, parameters: Mapping[str, str], content: Content) -> str:
    """The start line, the headers with the missing one among them, and the form with one field in each line."""
    head = ""
    if call:
        note = content.message("sts.loopback") if is_loopback(urlsplit(call.url).hostname or "") else ""
        head = _line(f"<b>{escape(call.method)}</b> {breakable(call.url)}", note=note) + _headers(call, content)
    fields = "".join(_parameter(name, shown(words), content) for name, words in parameters.items())
    return f'<div class="document sent">{head}{fields}</div>'


def _headers(call: Exchange, content: Content) -> str:
    kept = [(name, words) for name, words in call.request_headers if name.lower() in _SHOWN_HEADERS]
    lines = "".join(_line(f"{escape(name)}: {breakable(words)}") for name, words in kept)
    if any(name.lower() == _SIGNATURE.lower() for name, _ in call.request_headers):
        return lines
    note = content.message("sts.unsigned")
    return lines + _line(f"<s>{_SIGNATURE}:</s>", kind="absent", note=note)


def _parameter(name: str, words: str, content: Content) -> str:
    note = content.messages.get(f"sts.parameters.{name}", "")
    inside = value(words) if len(words) < _SHORTEST_CUT else _folded(words)
    return _line(f"<b>{escape(name)}</b>={inside}", kind="lit" if note else "", note=note)


def _folded(words: str) -> str:
    """A long value by its beginning and its end; one click shows the whole."""
    return (
        f'<details class="long"><summary><span class="short"><span class="cut">{escape(words[:24])}…'
        f'{escape(words[-18:])}</span></span><span class="full">{escape(words)}</span></summary></details>'
    )


def _line(inside: str, *, kind: str = "", note: str = "") -> str:
    beside = f'<span class="note">{prose(note)}</span>' if note else ""
    return f'<div class="line {kind}" style="--depth:0"><span class="text">{inside}</span>{beside}</div>'


def _status(call: Exchange | None) -> str:
    """The answer's HTTP status."""
    if call is None or not call.status:
        return ""
    kind = "good" if call.succeeded else "bad"
    return f'<p class="status {kind}"><code>HTTP {call.status}</code></p>'
