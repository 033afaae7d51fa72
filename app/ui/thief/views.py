"""The thief's page as HTML: the token, what it is good for, what works after each defence, and who is let in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.content import Content
from app.flow.json_access import get, get_str, strings
from app.flow.model import JsonValue
from app.ui.draw.documents import Notes, document, json_lines
from app.ui.draw.server_answers import Answer, row
from app.ui.figures.wire import wire
from app.ui.text import breakable, escape, marked, prose, utc, value
from app.ui.thief.actions import Theft
from app.ui.thief.probes import Attempt, Loot, Standing

ATTEMPTS = ("copy", "sts", "identity", "s3", "api_server", "other_token", "other_role", "role_without_sub")
"""What the thief does with the token, in order."""


def loot(found: Loot, content: Content) -> str:
    """The token, its signature masked, and its claims."""
    claims = found.claims
    pod = get(claims, "kubernetes.io", "pod") or {}
    rows = {
        "sub": get_str(claims, "sub"),
        "aud": ", ".join(strings(get(claims, "aud"))),
        "exp": utc(get(claims, "exp") or 0),
        "kubernetes.io.pod": f"{get_str(pod, 'name')} {get_str(pod, 'uid')}",
    }
    listed = "".join(f"<dt><code>{escape(name)}</code></dt><dd>{value(shown)}</dd>" for name, shown in rows.items())
    note = prose(content.message("thief.copied"))
    return f'<p class="caption" role="status">{note}</p><p class="compact">{marked(found.shown)}</p><dl>{listed}</dl>'


def attempts(stolen: Theft | None, content: Content) -> str:
    """The attempts with the token, in order, each with what it would prove; and once it was tried, with its answer.

    Folded once the reader tries a defence, which stands far below on a phone.
    """
    heading = escape(content.message("thief.attempts.heading"))
    answers, wired = {}, ""
    if stolen and (done := stolen.used):
        copied = Answer(taken=True, got=get_str(stolen.loot.claims, "sub"))
        answers = {"copy": copied, "sts": done.sts, **dict(done.then), **dict(done.others)}
        summary = escape(content.message("ui.wire"))
        wired = f'<details class="more"><summary>{summary}</summary>{wire(done.exchanges, content)}</details>'
    rows = "".join(_attempted(name, answers, content) for name in ATTEMPTS)
    listed = f'<ol class="answers numbered">{rows}</ol>{wired}'
    if stolen and (stolen.tried or stolen.attempts):
        return f'<details class="more"><summary>{heading}</summary>{listed}</details>'
    return f'<h2 class="heading">{heading}</h2>{listed}'


def _attempted(name: str, answers: Mapping[str, Answer], content: Content) -> str:
    title, proves = (content.message(f"thief.attempts.{name}.{part}") for part in ("title", "proves"))
    if name in answers:
        return row(title, answers[name], content, note=proves)
    word = f'<b class="word">{escape(content.message("thief.attempts.not_tried"))}</b>' if answers else ""
    return f'<li><div class="name">{prose(title)}{word}</div><p class="quiet">{prose(proves)}</p></li>'


def defences(tried: Mapping[str, Standing], in_force: str, content: Content) -> str:
    """A row for each defence that was tried: new sessions, the existing one, and what follows."""
    if not tried:
        return f'<p class="quiet">{prose(content.message("thief.nothing_tried"))}</p>'
    rows = "".join(_defence(name, standing, name == in_force, content) for name, standing in tried.items())
    return _table("standings", ("defence", "new", "running", "review"), rows, content)


def _defence(name: str, standing: Standing, in_force: bool, content: Content) -> str:
    badge, said = (_badge("in_force", content), ' role="status"') if in_force else ("", "")
    title, words = (prose(content.message(f"thief.defences.{name}.{part}")) for part in ("name", "outcome"))
    found = (("new", standing.new), ("running", standing.running), ("review", standing.review))
    cells = "".join(_cell(column, answer, content) for column, answer in found)
    return f'<tr><th scope="row"><b>{title}</b>{badge}<p{said}>{words}</p></th>{cells}</tr>'


def _cell(column: str, answer: Answer | None, content: Content) -> str:
    label = f'data-of="{escape(content.message(f"thief.columns.{column}"))}"'
    if answer is None:
        return f"<td {label}>–</td>"
    taken, refused = ("valid", "invalid") if column == "review" else ("works", "stopped")
    return (
        f'<td class="{_kind(answer)}" {label}>{_word(taken if answer.taken else refused, answer, content)}'
        f"{_why(answer)}</td>"
    )


def _why(answer: Answer) -> str:
    """The refusal: its code, with the message in a fold; the message alone where there is no code."""
    if not answer.server_message:
        return ""
    if not answer.code:
        return f'<p class="quiet">{escape(answer.server_message)}</p>'
    return (
        f'<details class="why"><summary><code>{escape(answer.code)}</code></summary>'
        f'<p class="quiet">{breakable(answer.server_message)}</p></details>'
    )


def everybody(attempts: Sequence[Attempt], pattern: str, own: str, policy: JsonValue, content: Content) -> str:
    """The trust policy as it is now, and who was let in by it; `own` is the `sub` that was meant."""
    inside = sum(attempt.answer.taken for attempt in attempts)
    sentence = prose(content.message(f"thief.patterns.{pattern}.outcome"))
    count = escape(content.message("thief.inside", inside=inside, total=len(attempts)))
    lit: Notes = {("Statement", "0", "Condition"): content.message("thief.condition")}
    rows = "".join(_attempt(attempt, attempt.subject == own, content) for attempt in attempts)
    return (
        f'<p role="status"><b>{count}</b> {sentence}</p>{document(content, json_lines(policy), lit)}'
        f"{_table('asking', ('subject', 'answer'), rows, content)}"
    )


def _attempt(attempt: Attempt, rightful: bool, content: Content) -> str:
    answer = attempt.answer
    badge = _badge("created", content) if attempt.made_up else _badge("rightful", content) if rightful else ""
    word = _word("gets_in" if answer.taken else "stays_out", answer, content)
    words = (
        "" if answer.taken else f' <span class="quiet">{escape(answer.code)}: {escape(answer.server_message)}</span>'
    )
    kind = f"{_kind(answer)} rightful" if rightful else _kind(answer)
    return f'<tr class="{kind}"><td><code>{breakable(attempt.subject)}</code>{badge}</td><td>{word}{words}</td></tr>'


def _table(kind: str, columns: Sequence[str], rows: str, content: Content) -> str:
    heads = "".join(f'<th scope="col">{escape(content.message(f"thief.columns.{name}"))}</th>' for name in columns)
    return f'<table class="{kind}"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _kind(answer: Answer) -> str:
    return "taken" if answer.taken else "refused"


def _word(key: str, answer: Answer, content: Content) -> str:
    sign = "●" if answer.taken else "○"
    word = escape(content.message(f"thief.{key}"))
    return f'<span class="word"><span aria-hidden="true">{sign}</span> {word}</span>'


def _badge(key: str, content: Content) -> str:
    return f' <span class="badge">{escape(content.message(f"thief.{key}"))}</span>'
