"""The doctor's report as one HTML file: no network, no script, every value escaped, ready for paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from app.content import Content
from app.flow.doctor import Change, Diagnosis, Fix
from app.flow.doctor.survey import Survey
from app.flow.model import Check, Status
from app.flow.verdict.judge import Outcome
from app.flow.visible import visible_ends
from app.locations import ASSETS
from app.report import (
    help_links,
    permission_words,
    picture,
    pod_words,
    prediction_words,
    survey_words,
    unified_diff,
    verdict_words,
)
from app.report.escaping import escape
from app.report.survey_words import Advice

_STYLE = ASSETS / "report.css"
_MARKS = {
    Status.PASSED: "✓",
    Status.WARNING: "!",
    Status.FAILED: "✗",
    Status.UNKNOWN: "?",
    Status.NOT_REACHED: "·",
}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_WIDE = ' class="wide"'
_CODE = re.compile(r"`([^`]+)`")


def of_diagnosis(found: Diagnosis, words: Content) -> str:
    """A diagnosis as a page."""
    judged = found.verdict
    subject = found.subject
    status = verdict_words.mark(found)
    parts = [
        _verdict(status, *verdict_words.parts(found, words)),
        _values(
            {
                words.message("ui.service_account"): f"{subject.namespace}/{subject.service_account}",
                words.message("ui.pod"): subject.pod or words.message("doctor.no_pod"),
                words.message("doctor.read_at"): verdict_words.read_at(found.read_at),
            }
        ),
    ]
    # (1) Why, and what it may mean.
    if judged.check is not None and judged.outcome is not Outcome.WORKS:
        parts += [_heading("evidence", words), _details(judged.check, words)]
    if judged.seen:
        seen_at = words.message("doctor_page.seen_at", step=words.message(f"steps.{judged.seen.step}.short"))
        parts += [
            f"<h2>{escape(words.message('doctor_page.seen'))}</h2>",
            f"<p>{_prose(seen_at)} <code>{escape(judged.seen.where)}</code></p>",
            f"<pre><code>{escape(judged.seen.text)}</code></pre>",
        ]
    if later := verdict_words.later(found, words):
        parts += [f"<h2>{escape(words.message('doctor_page.later'))}</h2>", _list(later)]
    if judged.refusal:
        parts += [_heading("refusal", words), f"<p>{_prose(words.message(f'doctor.refusals.{judged.refusal}'))}</p>"]
        for heading, causes in verdict_words.meanings(found, words):
            parts += [f"<h2>{escape(heading)}</h2>", _list(causes)]

    # (2) What to do.
    if fix := found.fix:
        parts += [_heading(verdict_words.fix_heading(found), words), *_to_do(fix, words, _prediction(found, words))]
    parts += _pods(found, words)

    if actions := found.to_be_sure:
        options = " ".join(f"--do {action}" for action in actions)
        parts.append(f"<p>{_prose(words.message('doctor.to_be_sure'))} <code>{escape(options)}</code></p>")

    # (3) All that was checked.
    parts.append(_heading("checks", words))
    for step, checks in found.steps():
        parts.append(f"<h3>{escape(words.message(f'steps.{step}.title'))}</h3>")
        parts.append(f'<ul class="checks">{"".join(_check(check, found, words) for check in checks)}</ul>')
    return _page(words.message("doctor.title"), parts, words)


def of_survey(found: Survey, words: Content) -> str:
    """A survey as a page: a table, and the picture where there is a `dot`, else its source."""
    source = picture.dot(found, words)
    drawn = picture.svg(source)
    status = verdict_words.STATUS_OF[found.outcome]
    parts = [
        _verdict(status, survey_words.verdict(found, words)),
        _values({"issuer": found.issuer, words.message("doctor.read_at"): verdict_words.read_at(found.read_at)}),
        _table(found, words),
        _to_paste(survey_words.would_allow(found, words)),
    ]
    if found.ties:
        parts.append(f"<p>{_prose(words.message('doctor.survey.picture'))}</p>")
        if drawn:
            parts.append(f'<div class="picture scroll">{drawn}</div>')
        else:
            parts.append(
                f"<p>{_prose(words.message('doctor.survey.no_dot'))}</p><pre><code>{escape(source)}</code></pre>"
            )
    return _page(words.message("doctor.survey.title"), parts, words)


def _page(title: str, parts: Iterable[str], words: Content) -> str:
    return f"""<!DOCTYPE html>
<html lang="{escape(words.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{_style()}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
{chr(10).join(parts)}
</main>
<footer>{escape(words.message("doctor.footer"))}</footer>
</body>
</html>
"""


def _to_do(fix: Fix, words: Content, foretold: Iterable[str] = ()) -> list[str]:
    """A fix: its sentence, its commands, what it leads to, its diff."""
    parts = [f"<p>{_prose(words.message(f'doctor.fixes.{fix.id}'))}</p>"]
    parts += [_list(f"`{choice}`" for choice in fix.choices)] if fix.choices else []
    parts += [f"<pre><code>{escape(command)}</code></pre>" for command in fix.commands]
    parts += [f'<p class="quiet">{_prose(words.message("doctor.copy_note"))}</p>'] if fix.commands else []
    parts += [f"<p>{_prose(words.message(f'doctor.then.{fix.then}'))}</p>"] if fix.then else []
    parts += foretold
    return parts + (_change(fix.change, words) if fix.change else [])


def _pods(found: Diagnosis, words: Content) -> list[str]:
    """All Pods of the ServiceAccount, and what to do about those that do not use its role."""
    intro, lines = pod_words.intro(found, words), pod_words.lines(found, words)
    if not (intro or lines):
        return []
    parts = [_heading("pods.title", words)]
    parts += [f"<p>{_prose(intro)}</p>"] if intro else []
    names = [escape(words.message(f"doctor.pods.heads.{column}")) for column in pod_words.COLUMNS]
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row"><code>{escape(line.name)}</code></th>'
        f'<td data-head="{names[1]}"><code>{escape(line.workload)}</code></td>'
        f'<td data-head="{names[2]}">{escape(line.state)}</td>'
        f'<td data-head="{names[3]}">{escape(line.created)}</td>'
        f'<td data-head="{names[4]}"><span class="{line.status}">{_mark(line.status)}</span>'
        f"{_prose(line.stand)}</td></tr>"
        for line in lines
    )
    table = f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    parts += [table] if lines else []
    parts += [f"<p>{_prose(more)}</p>"] if (more := pod_words.more(found, words)) else []
    return parts + (_to_do(fix, words) if (fix := found.siblings_fix) else [])


@cache
def _style() -> str:
    return _STYLE.read_text(encoding="utf-8")


def _change(change: Change, words: Content) -> list[str]:
    """What becomes of the object, as lines of a diff."""
    lines = "\n".join(unified_diff.lines(change)[2:])
    title = words.message("doctor_page.change", object=change.object)
    return [f"<h3>{escape(title)}</h3>", f"<pre><code>{escape(lines)}</code></pre>"]


def _prediction(found: Diagnosis, words: Content) -> list[str]:
    """What the fix leads to."""
    foretold = prediction_words.prediction(found, words)
    if foretold is None:
        return []
    parts = [f"<h3>{escape(words.message('doctor.prediction.title'))}</h3>", f"<p>{_prose(foretold.sentence)}</p>"]
    if (check := foretold.next) is not None:
        details = {"got": check.got, "expected": check.expected, "server_said": foretold.prediction.server_message}
        parts.append(_values({words.message(f"ui.{name}"): text for name, text in details.items()}))
    if foretold.unknown:
        parts += [f"<p>{_prose(words.message('doctor.prediction.open'))}</p>", _list(foretold.unknown)]
    return parts


def _verdict(status: Status, sentence: str, also: str = "") -> str:
    beside = f'<span class="also">{_prose(also)}</span>' if also else ""
    return f'<p class="verdict {status}">{_mark(status)}<span>{_prose(sentence)}{beside}</span></p>'


def _mark(status: Status) -> str:
    return f'<span class="mark" aria-hidden="true">{_MARKS[status]}</span>'


def _heading(key: str, words: Content) -> str:
    return f"<h2>{escape(words.message(f'doctor.{key}'))}</h2>"


def _prose(text: str) -> str:
    """A sentence of ours: escaped, what stands in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _list(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{_prose(item)}</li>' for item in items)}</ul>"


def _values(values: Mapping[str, str]) -> str:
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd><code>{escape(value)}</code></dd>" for name, value in values.items() if value
    )
    return f"<dl>{rows}</dl>" if rows else ""


def _details(check: Check, words: Content) -> str:
    values = {"got": visible_ends(check.got), "expected": visible_ends(check.expected)}
    values |= {"where": check.where, "server_said": check.error}
    reason = f"<p>{_prose(words.message(f'reasons.{check.reason}'))}</p>" if check.reason else ""
    found = _values({words.message(f"ui.{name}"): value for name, value in values.items()})
    return reason + found + _to_paste(permission_words.would_allow(check, words))


def _to_paste(texts: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<p>{_prose(sentence)}</p><pre><code>{escape(text)}</code></pre>" for sentence, text in texts)


def _check(check: Check, found: Diagnosis, words: Content) -> str:
    status = check.status
    text = words.check(check.id).fill(check, found.subject)
    head = (
        f'<span class="{status}">{_mark(status)}'
        f"<strong>{escape(words.message(f'statuses.{status}'))}</strong></span> {_prose(text.title)}"
    )
    return f"<li>{head}{_help(check, words)}{_details(check, words) if status is not Status.PASSED else ''}</li>"


def _help(check: Check, words: Content) -> str:
    """A link to its explanation; none to a file of this machine, because the next reader does not have that file."""
    url = help_links.link(check.id, words)
    return f' <a href="{escape(url)}">{escape(check.id)}</a>' if help_links.is_public(url) else ""


def _table(found: Survey, words: Content) -> str:
    """One row a ServiceAccount, the worst first, and below it what is wrong; how to fix it where it comes first. On a
    phone each value bears its head."""
    shown = survey_words.by_severity(survey_words.rows(found, words))
    first = {one: concerned[0] for concerned, advice in survey_words.to_do(shown).items() for one in advice}
    names = [escape(head) for head in survey_words.heads(words)]
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "".join(
        f'<tr{_WIDE if row.wide else ""}><th scope="row"><code>{escape(row.service_account)}</code></th>'
        f'<td data-head="{names[1]}"><code>{escape(row.role_arn)}</code></td>'
        f'<td data-head="{names[2]}" class="stand">'
        f'<span class="{row.stand_status}">{_mark(row.stand_status)}{escape(row.stand)}</span></td>'
        f'<td data-head="{names[3]}">{_prose(row.also)}</td></tr>'
        + "".join(
            f'<tr class="problem"><td colspan="{len(names)}">'
            f"{_advice(one, '' if first[one] == row.service_account else first[one], words)}</td></tr>"
            for one in row.advice
        )
        for row in shown
    )
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _advice(advice: Advice, above: str, words: Content) -> str:
    """A problem and what fixes it; `above`: the ServiceAccount at which that stands already."""
    same = words.message("doctor.survey.as_above", service_account=above) if advice.fix and above else advice.fix
    fix = f"<p>{_prose(same)}</p>" if same else ""
    commands = "".join(f"<pre><code>{escape(command)}</code></pre>" for command in advice.commands if not above)
    cause = f'<span class="{advice.status}">{_mark(advice.status)}</span><strong>{_prose(advice.cause)}</strong>'
    return f"<p>{cause}</p>{fix}{commands}"
