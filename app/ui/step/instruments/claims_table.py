"""A comparison of token, provider and trust policy as HTML: the sides, the verdict, each row, who else gets in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.content import Content
from app.flow.json_access import get, get_str, shown, strings
from app.flow.matching.comparison import Comparison, Row, Stranger
from app.flow.matching.differences import Span
from app.flow.matching.near_miss import Miss
from app.flow.matching.request_conditions import is_of_request
from app.flow.model import JsonValue, Status
from app.flow.policy.policy import Match
from app.flow.policy.policy_text import LONGEST, MOST_STATEMENTS, QUOTA, PolicyText, Problem
from app.flow.visible import visible_each
from app.ui.draw.checks import mark
from app.ui.draw.documents import statement_name
from app.ui.marks import CLAIMS, MARKS, unspoken
from app.ui.text import breakable, escape, prose, value

ROWS = (("iss", "provider"), ("iss", "policy"), ("sub", "policy"), ("aud", "provider"), ("aud", "policy"))
_MOST_MISSES = 3


def token(claims: Mapping[str, Any], content: Content, title: str) -> str:
    """The token's side: the three claims that are compared, the others folded."""
    boxes = "".join(
        _box(claim, "token", claim, shown(claims.get(claim)) if claim in claims else "", content) for claim in CLAIMS
    )
    others = [name for name in claims if name not in CLAIMS]
    listed = "".join(f"<dt>{value(name)}</dt><dd>{value(shown(claims[name]))}</dd>" for name in others)
    more = escape(content.message("matcher.more"))
    folded = f'<details class="more"><summary>{more}</summary><dl>{listed}</dl></details>' if others else ""
    return f"<h3>{escape(title)}</h3>{boxes}{folded}"


def provider(document: JsonValue, content: Content) -> str:
    """The provider's side: its two fields, and the place of a third, for the subject, which a provider does not
    have."""
    none = f'<div class="claim none" data-anchor="provider-sub">{prose(content.message("matcher.not_compared"))}</div>'
    return (
        f"<h3>{escape(content.message('matcher.provider'))}</h3>"
        + _box("iss", "provider", "Url", get_str(document, "Url"), content)
        + none
        + _box("aud", "provider", "ClientIDList", shown(strings(get(document, "ClientIDList"))), content)
    )


def _box(claim: str, side: str, name: str, found: str, content: Content) -> str:
    number, missing = CLAIMS.index(claim) + 1, escape(content.message("matcher.missing"))
    inside = value(found) if found and found != "[]" else f'<span class="quiet">? {missing}</span>'
    return (
        f'<div class="claim claim-{claim}" data-anchor="{side}-{claim}">'
        f'<span class="badge" aria-hidden="true">{number}</span>'
        f"<small>{escape(name)}</small>{inside}</div>"
    )


def verdict(found: Comparison, content: Content) -> str:
    """STS's response, and every reason for it, near misses character by character."""
    kind, status = _verdict(found)
    heading = escape(content.message("matcher.verdicts.heading"))
    return (
        f"<h3>{heading}</h3>"
        f'<div class="outcome {status}">{mark(status, content)}'
        f"<p>{prose(content.message(f'matcher.verdicts.{kind}'))}</p></div>"
        f"{rows(found, content)}"
    )


def rows(found: Comparison, content: Content) -> str:
    """Each row, near misses character by character, and what else prevents a match."""
    drawn = [row for key in ROWS if (row := found.row(*key)) is not None]  # type: ignore[arg-type]  # all are rows' keys
    return (
        f'<ul class="rows">{"".join(_row(row, content) for row in drawn)}'
        f"{''.join(_obstacle(entry, content) for entry in found.obstacles)}{_no_statement(found, content)}</ul>"
    )


def _verdict(found: Comparison) -> tuple[str, Status]:
    of_provider = [row.status for row in found.rows if row.record == "provider"]
    if Status.FAILED in of_provider:
        return "not_validated", Status.FAILED
    if found.rests_on_request:
        return "depends", Status.UNKNOWN
    if not found.decision.allowed:
        return "refused", Status.FAILED
    if Status.UNKNOWN in of_provider:
        return "unknown", Status.UNKNOWN
    if any(stranger.widens for stranger in found.strangers):
        return "allowed_open", Status.WARNING
    return "allowed_named" if any(stranger.allowed for stranger in found.strangers) else "allowed", Status.PASSED


def _row(row: Row, content: Content) -> str:
    kind = "wide" if row.status is Status.WARNING and row.wanted else row.status
    sentence = content.message(f"matcher.rows.{row.claim}_{row.record}.{kind}")
    name = escape(content.message(f"matcher.names.{row.claim}"))
    misses = "".join(_miss(miss, content) for miss in row.misses[:_MOST_MISSES])
    notes = "".join(f"<p>{prose(content.message(f'matcher.notes.{note}'))}</p>" for note in row.notes)
    return (
        f'<li class="{row.status}" data-row="{row.claim}-{row.record}">{mark(row.status, content)}'
        f'<span class="badge" aria-hidden="true">{CLAIMS.index(row.claim) + 1}</span>'
        f'<div><b class="unseen">{name}</b> {prose(sentence)}{misses}{notes}</div></li>'
    )


def _miss(miss: Miss, content: Content) -> str:
    words = f"<p>{prose(content.message(f'matcher.misses.{miss.code}'))}</p>"
    if not any(not span.same for span in miss.spans):
        return words
    left, right = (escape(content.message(f"matcher.difference.{side}")) for side in ("request", "record"))
    return (
        f'{words}<dl class="parting"><dt>{left}</dt><dd><code>{_side(miss.spans, "left")}</code></dd>'
        f"<dt>{right}</dt><dd><code>{_side(miss.spans, 'right')}</code></dd></dl>"
    )


def _side(spans: tuple[Span, ...], side: str) -> str:
    pieces = []
    for span in spans:
        words = getattr(span, side)
        if span.same:
            pieces.append(breakable(words))
        elif words:
            pieces.append(f'<mark class="{side}">{_seen(words)}</mark>')
        else:
            pieces.append(f'<mark class="{side} gap" aria-hidden="true"></mark>')
    return "".join(pieces)


def _seen(words: str) -> str:
    """Text that differs, its invisible characters made visible: a space as `␣`, a line break as `⏎`."""
    signs = str.maketrans(" \n\t", "␣⏎⇥")
    return breakable(visible_each(words.translate(signs)))


def _obstacle(entry: Match, content: Content) -> str:
    status = Status.FAILED
    if entry.error:
        key, values = "said", {"error": entry.error}
    elif is_of_request(entry):
        key = "request_deny" if entry.effect == "Deny" else "request"
        values, status = {"operator": entry.operator, "key": entry.key}, Status.UNKNOWN
    elif entry.effect == "Deny":
        key, values = "deny", {"statement": statement_name(entry.statement, content)}
    elif entry.element == "Condition":
        key, values = "condition", {"operator": entry.operator, "key": entry.key}
    else:
        key, values = "element", {"element": entry.element, "got": shown(entry.got), "wanted": shown(entry.wanted)}
    return _plain_row(prose(content.message(f"matcher.obstacles.{key}", **values)), status, content)


def _no_statement(found: Comparison, content: Content) -> str:
    allows = found.decision.allowed or any(entry.effect == "Allow" for entry in found.decision.trace)
    nothing = not allows and not found.obstacles
    sentence = prose(content.message("matcher.obstacles.nothing"))
    return _plain_row(sentence, Status.FAILED, content) if nothing else ""


def _plain_row(sentence: str, status: Status, content: Content) -> str:
    return f'<li class="{status}">{mark(status, content)}<span class="badge none"></span><div>{sentence}</div></li>'


def who(found: Comparison, subject: str, content: Content) -> str:
    """Who is let in by the policy as written, and with each of the two operators; open where someone else is let in.

    Empty where the request decides: then nothing is known of the others, either.
    """
    if found.rests_on_request:
        return ""
    columns = [(found.decision.allowed, found.strangers), *((v.allowed, v.strangers) for v in found.variants)]
    heads = ("written", *(variant.operator for variant in found.variants))
    head = "".join(f'<th scope="col">{escape(content.message(f"matcher.who.{key}"))}</th>' for key in heads)
    own = _line("ours", subject, [Status.PASSED if allowed else Status.FAILED for allowed, _ in columns], content)
    others = [
        _line(stranger.kind, stranger.subject, [_status(strangers[place]) for _, strangers in columns], content)
        for place, stranger in enumerate(found.strangers)
    ]
    first = escape(content.message("matcher.who.subject"))
    is_open = " open" if any(stranger.allowed for stranger in found.strangers) else ""
    return (
        f"<details{is_open}><summary><h3>{escape(content.message('matcher.who.title'))}</h3> "
        f"<span>{prose(_widest(found.strangers, content))}</span></summary>"
        f'<table class="who"><thead><tr><th scope="col">{first}</th>{head}</tr></thead>'
        f"<tbody>{own}{''.join(others)}</tbody></table><p>{prose(_operators(found, content))}</p>"
        f'<p class="caption">{prose(content.message("matcher.who.caption"))}</p></details>'
    )


def _status(stranger: Stranger) -> Status:
    if not stranger.allowed:
        return Status.NOT_REACHED
    return Status.WARNING if stranger.widens else Status.PASSED


def _line(kind: str, subject: str, found: list[Status], content: Content) -> str:
    cells = "".join(_cell(status, content) for status in found)
    words = escape(content.message(f"matcher.kinds.{kind}"))
    ours = "ours" if kind == "ours" else ""
    return f'<tr class="{ours}"><th scope="row">{value(subject)}<small>{words}</small></th>{cells}</tr>'


def _cell(status: Status, content: Content) -> str:
    gets_in = status in (Status.PASSED, Status.WARNING)
    word = escape(content.message(f"matcher.who.{'in' if gets_in else 'out'}"))
    return f'<td class="{status}">{unspoken(MARKS[status])} {word}</td>'


def _widest(strangers: tuple[Stranger, ...], content: Content) -> str:
    let_in = [stranger.subject for stranger in strangers if stranger.allowed]
    if not let_in:
        return content.message("matcher.who.widest_none")
    if len(let_in) == len(strangers):
        return content.message("matcher.who.widest_all")
    key = "widest" if any(stranger.widens for stranger in strangers) else "widest_named"
    return content.message(f"matcher.who.{key}", subjects=", ".join(f"`{subject}`" for subject in let_in))


def _operators(found: Comparison, content: Content) -> str:
    equals, like = found.variants
    if equals.allowed == like.allowed:
        alike = [entry.allowed for entry in equals.strangers] == [entry.allowed for entry in like.strangers]
        same = "same_despite" if equals.literal else "same"
        return content.message(f"matcher.who.{same if alike else 'same_pattern'}")
    if not equals.literal:
        return content.message("matcher.who.differ_otherwise")
    values = ", ".join(f"`{literal}`" for literal in equals.literal[:_MOST_MISSES])
    return content.message("matcher.who.differ", values=values)


def problem(found: Problem, content: Content) -> str:
    """Why the text cannot be evaluated: the place, what is there, what was expected."""
    parts = [f"<b>{escape(content.message('matcher.problems.heading'))}</b>"]
    if found.line:
        place = {"line": found.line, "column": found.column}
        parts.append(
            prose(content.message("matcher.problems.at", **place, found=found.found))
            if found.found
            else escape(content.message("matcher.problems.at_end", **place))
        )
    limit = MOST_STATEMENTS if found.code == "many_statements" else LONGEST
    parts.append(prose(content.message(f"matcher.problems.{found.code}", limit=limit)))
    return f"{unspoken(MARKS[Status.FAILED])} {' '.join(parts)}"


def refusals(found: PolicyText, content: Content) -> str:
    """Why IAM would not store what can be evaluated, or why it may not."""
    if not found.refusals:
        words = prose(content.message("matcher.refusals.wild", action=found.wild)) if found.wild else ""
        return words and f"{unspoken(MARKS[Status.WARNING])} {words}"
    said = [
        prose(content.message(f"matcher.refusals.{key}", said=words, counted=found.counted, quota=QUOTA))
        for key, words in found.refusals
    ]
    heading = escape(content.message("matcher.refusals.heading"))
    return f"{unspoken(MARKS[Status.WARNING])} <b>{heading}</b> {' '.join(said)}"
