"""A diagnosis on a page: the verdict with what proves it, the commands that fix it, and every check."""

from __future__ import annotations

from collections.abc import Sequence

from app.content import Content
from app.content.template import in_capitals
from app.flow.doctor import Change, Diagnosis, Fix
from app.flow.json_access import get_list, get_str
from app.flow.model import NOT_OBSERVABLE, Check, JsonValue, Status, Step
from app.flow.verdict.check_dependencies import PLACES
from app.flow.verdict.judge import Outcome
from app.report import pod_words, prediction_words, verdict_words
from app.ui.draw.checks import framed, listed, mark, said, shown_value
from app.ui.draw.code import code
from app.ui.step.evidence.agreement import disagreement
from app.ui.step.evidence.difference import change
from app.ui.text import breakable, escape, prose, value


def verdict(found: Diagnosis, content: Content, *, listed_below: bool = False) -> str:
    """The sentence, what proves it, and what else a refusal by STS may mean.

    `listed_below`: whether `all_checks` is on the same page; a button then leads there.
    """
    judged, subject, status = found.verdict, found.subject, verdict_words.mark(found)
    rows = {
        content.message("ui.service_account"): value(f"{subject.namespace}/{subject.service_account}"),
        content.message("ui.pod"): value(subject.pod) if subject.pod else prose(content.message("doctor.no_pod")),
        content.message("doctor.read_at"): escape(verdict_words.read_at(found.read_at)),
    }
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{shown}</dd>" for name, shown in rows.items())
    way = _way(judged.check, content) if listed_below else ""
    sentence, also = map(prose, verdict_words.parts(found, content))
    said = f'<p>{sentence}<span class="also">{also}</span></p>' if also else f"<p>{sentence}</p>"
    parts = [framed(status, f"{said}<dl>{facts}</dl>{way}", content)]
    if judged.check is not None and judged.outcome is not Outcome.WORKS:
        plainly = [] if judged.refusal else verdict_words.plainly(judged.check, found, content)
        parts += [_heading("doctor.evidence", content), *(f"<p>{prose(it)}</p>" for it in plainly)]
        parts.append(_evidence(judged.check, content))
    if judged.refusal:
        sentence = content.message(f"doctor.refusals.{judged.refusal}")
        parts += [_heading("doctor.refusal", content), f"<p>{prose(sentence)}</p>"]
        for heading, causes in verdict_words.meanings(found, content):
            lines = "".join(f"<li>{prose(cause)}</li>" for cause in causes)
            parts.append(f"<h3>{escape(heading)}</h3><ul>{lines}</ul>")
    if later := verdict_words.later(found, content):
        parts += [
            _heading("doctor_page.later", content),
            f"<ul>{''.join(f'<li>{prose(it)}</li>' for it in later)}</ul>",
        ]
    if conflict := disagreement(found.walk.report(Step.STS_ASSUME), content):
        parts.append(conflict)
    if failures := get_list(found.evidence, "recent_failures"):
        parts += [_heading("doctor_page.failures", content), _failures(failures, content)]
    return f'<div class="diagnosis">{"".join(parts)}</div>'


def _way(check: Check | None, content: Content) -> str:
    """A button that leads to the check in the list of all checks."""
    if check is None:
        return ""
    label = escape(content.message("doctor_page.to_check"))
    return f'<button type="button" class="to_check" data-lead="{escape(check.id)}">{label}</button>'


def seen(found: Diagnosis, content: Content) -> str:
    """Where the break appears: the product's error message, where it is from and in which step; empty where there is
    none."""
    shown, named = found.verdict.seen, found.verdict.check
    if shown is None or (named is not None and named.error == shown.text):  # the evidence shows it already
        return ""
    step = content.message(f"steps.{shown.step}.short")
    sentence = prose(content.message("doctor_page.seen_at", step=step))
    return f"{_heading('doctor_page.seen', content)}<p>{sentence} {value(shown.where)}</p>{said(shown.text, content)}"


def _heading(key: str, content: Content) -> str:
    return f'<h2 class="heading">{escape(content.message(key))}</h2>'


def _evidence(check: Check, content: Content) -> str:
    rows = "".join(
        f"<dt>{escape(content.message(f'ui.{key}'))}</dt><dd>{shown_value(found, content)}</dd>"
        for key, found in (("got", check.got), ("expected", check.expected), ("where", check.where))
        if found
    )
    reason = f"<p>{prose(content.message(f'reasons.{check.reason}'))}</p>" if check.reason else ""
    return f"{reason}{f'<dl>{rows}</dl>' if rows else ''}{said(check.error, content) if check.error else ''}"


def _failures(failures: Sequence[JsonValue], content: Content) -> str:
    """The requests that STS refused, and who sent them, as CloudTrail records it."""
    columns = ("time", "code", "subject", "role")
    names = {key: escape(content.message(f"doctor_page.{key}")) for key in columns}
    head = "".join(f'<th scope="col">{name}</th>' for name in names.values())
    cells = (
        "".join(f'<td data-head="{name}">{value(get_str(failure, key))}</td>' for key, name in names.items())
        for failure in failures
    )
    rows = "".join(f"<tr>{row}</tr>" for row in cells)
    return (
        f'<div class="scroll" tabindex="0"><table class="failures"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def fix(found: Diagnosis, content: Content) -> str:
    """What to do, as lines to copy."""
    if found.fix is None:
        return ""
    return _heading(f"doctor.{verdict_words.fix_heading(found)}", content) + _to_do(
        found.fix, content, prediction(found, content)
    )


def _to_do(wanted: Fix, content: Content, foretold: str = "") -> str:
    commands = "".join(code(content, command) for command in wanted.commands)
    note = f'<p class="quiet">{prose(content.message("doctor.copy_note"))}</p>' if wanted.commands else ""
    lead = f"<p>{prose(content.message(f'doctor.fixes.{wanted.id}'))}</p>"
    if wanted.choices:
        lead += f"<ul>{''.join(f'<li>{value(choice)}</li>' for choice in wanted.choices)}</ul>"
    then = f"<p>{prose(content.message(f'doctor.then.{wanted.then}'))}</p>" if wanted.then else ""
    return f"{lead}{commands}{note}{then}{foretold}{_change(wanted.change, content)}"


def prediction(found: Diagnosis, content: Content) -> str:
    """What the fix leads to; empty where no prediction is made."""
    foretold = prediction_words.prediction(found, content)
    if foretold is None:
        return ""
    parts = [f"<h3>{escape(content.message('doctor.prediction.title'))}</h3>"]
    parts += (f"<p>{prose(content.facts.sentences(it))}</p>" for it in foretold.sentences)
    if (check := foretold.next) is not None:
        details = (
            ("got", check.got),
            ("expected", check.expected),
            ("server_said", foretold.prediction.server_message),
        )
        rows = "".join(
            f"<dt>{escape(content.message(f'ui.{key}'))}</dt><dd>{value(text)}</dd>" for key, text in details if text
        )
        parts.append(f"<dl>{rows}</dl>")
    if foretold.unknown:
        items = "".join(f"<li>{prose(it)}</li>" for it in foretold.unknown)
        parts.append(f"<p>{prose(content.message('doctor.prediction.open'))}</p><ul>{items}</ul>")
    return f'<div class="leads_to {foretold.prediction.outcome}">{"".join(parts)}</div>'


def pods(found: Diagnosis, content: Content) -> str:
    """All Pods of the ServiceAccount, and what to do about those that do not use its role. Empty: none was listed."""
    intro, lines = pod_words.intro(found, content), pod_words.lines(found, content)
    if not (intro or lines):
        return ""
    parts = [_heading("doctor.pods.title", content), f"<p>{prose(intro)}</p>" if intro else ""]
    names = [escape(content.message(f"doctor.pods.heads.{column}")) for column in pod_words.COLUMNS]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row">{value(line.name)}</th>'
        f'<td data-head="{names[1]}">{value(line.workload)}</td>'
        f'<td data-head="{names[2]}">{escape(line.state)}</td>'
        f'<td data-head="{names[3]}">{escape(line.created)}</td>'
        f'<td data-head="{names[4]}" class="{line.status}">{mark(line.status, content)} {prose(line.stand)}</td></tr>'
        for line in lines
    )
    label = escape(content.message("doctor.pods.title"))
    table = (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table class="pods"><thead>'
        f"<tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    more = pod_words.more(found, content)
    parts += [table if lines else "", f"<p>{prose(more)}</p>" if more else ""]
    return "".join((*parts, _to_do(found.siblings_fix, content) if found.siblings_fix else ""))


def _change(wanted: Change | None, content: Content) -> str:
    """How the object changes."""
    if wanted is None:
        return ""
    title = content.message("doctor_page.change", object=wanted.object)
    drawn = change(wanted.before, wanted.after, content)
    return f'<details class="more" open><summary>{breakable(title)}</summary>{drawn}</details>'


def explained(check_id: str, content: Content) -> str:
    """What a check looks at, why, and what to do where it does not pass, whatever it finds here."""
    words = content.check(check_id)
    parts = "".join(
        f'<p><span class="label">{escape(content.message(f"ui.{key}"))}</span> {prose(in_capitals(text))}</p>'
        for key, text in (("what", words.what), ("why", words.why), ("fix", words.fix))
    )
    return f'<section class="prose about_check"><h2>{prose(words.title)}</h2>{parts}</section>'


def all_checks(found: Diagnosis, content: Content) -> str:
    """Every check, by step. A step in which a check did not pass stands open, as does that of the verdict's check.

    What a Pod never shows to the outside is counted apart: it keeps no step from being marked as passed.
    """
    parts, named = [_heading("doctor.checks", content)], found.verdict.check
    for step, checks in found.steps():
        seen = [check for check in checks if not (check.id in PLACES and check.reason == NOT_OBSERVABLE)]
        worst = next(
            (
                status
                for status in (Status.FAILED, Status.WARNING, Status.UNKNOWN, Status.NOT_REACHED)
                if any(check.status is status for check in seen)
            ),
            Status.PASSED,
        )
        title = escape(content.message(f"steps.{step}.title"))
        passed = f"{sum(check.status is Status.PASSED for check in seen)}/{len(seen)}"
        if unseen := len(checks) - len(seen):
            passed = content.message("doctor_page.passed_of_seen", passed=passed, unseen=unseen)
        opened = " open" if worst in (Status.FAILED, Status.WARNING) or named in checks else ""
        parts.append(
            f'<details class="more step {worst}"{opened}><summary>{mark(worst, content)} {title} '
            f'<span class="quiet">{escape(passed)}</span></summary>'
            f"{listed(checks, found.subject, content)}</details>"
        )
    return "".join(parts)
