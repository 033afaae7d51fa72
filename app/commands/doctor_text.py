"""A diagnosis and a survey for a terminal: the verdict first and last, each check on a line with its mark and word."""

from __future__ import annotations

from collections.abc import Iterator

import click

from app.commands.rendering import heading, labelled, marked, pad, to_paste, width
from app.commands.verdict_text import conclusions, to_do
from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.doctor.reading.lacking import Lacking
from app.flow.doctor.survey import Survey
from app.flow.model import Check, Status
from app.flow.verdict.judge import Outcome
from app.flow.visible import visible, visible_ends
from app.report import help_links, permission_words, pod_words, survey_words, verdict_words
from app.report.survey_words import Advice


def of_diagnosis(found: Diagnosis, words: Content) -> Iterator[str]:
    """A diagnosis, line by line."""
    verdict = marked(verdict_words.mark(found), heading(visible(verdict_words.verdict(found, words), keep="")))

    # (1) The verdict, and its subject.
    yield verdict
    yield ""
    subject = found.subject
    pod = f"{subject.namespace}/{subject.pod}" if subject.pod else words.message("doctor.no_pod")
    yield from labelled(
        {
            words.message("ui.service_account"): f"{subject.namespace}/{subject.service_account}",
            words.message("ui.pod"): pod,
            words.message("doctor.read_at"): verdict_words.read_at(found.read_at),
        },
        indent=2,
    )
    if (named := found.verdict.check) is not None and found.verdict.outcome is not Outcome.WORKS:
        yield ""
        if named.reason:
            yield f"  {words.message(f'reasons.{named.reason}')}"
        if not found.verdict.refusal:  # the causes of a refusal are listed below
            yield from (f"  {sentence}" for sentence in verdict_words.plainly(named, found, words))
        yield from labelled(_details(named, words), indent=2)

    # (2) Every check.
    columns = max(width(words.message(f"statuses.{status}")) for status in Status)
    rules_shown: set[str] = set()
    for number, (step, checks) in enumerate(found.steps(), 1):
        yield ""
        yield heading(f"{number}  {words.message(f'steps.{step}.title')}")
        already_shown = ""
        for check in checks:
            yield from _check(check, found, columns, check.reason if check.reason != already_shown else "", words)
            already_shown = check.reason
            yield from _would_allow(check, found, rules_shown, words)

    # (3) What follows, the state of the other Pods, and the verdict again.
    yield from conclusions(found, words)
    yield from _pods(found, words)
    yield from _to_be_sure(found, words)
    yield ""
    yield verdict


def _check(check: Check, found: Diagnosis, columns: int, reason: str, words: Content) -> Iterator[str]:
    """One line, and more where the check did not pass; checks in a row with the same reason show it once."""
    word = pad(words.message(f"statuses.{check.status}"), columns)
    title = visible(verdict_words.title(check, found, words), keep="")
    yield f"  {marked(check.status, f'{word}  {title}')}"
    if reason:
        yield f"      {click.style(words.message(f'reasons.{reason}'), dim=True)}"
    if check.status in (Status.FAILED, Status.WARNING, Status.UNKNOWN):
        explained = {words.message("cli.brief.explained"): help_links.link(check.id, words)}
        yield from labelled({**_details(check, words), **explained}, indent=6)


def _would_allow(check: Check, found: Diagnosis, already_shown: set[str], words: Content) -> Iterator[str]:
    """The rules and the policy that we lack for the check, each shown only where it is missing first."""
    new = [
        (sentence, text) for sentence, text in permission_words.would_allow(check, words) if text not in already_shown
    ]
    already_shown.update(text for _, text in new)
    yield from to_paste([*new, *permission_words.instead(check, found, words)], indent=6)


def _details(check: Check, words: Content) -> dict[str, str]:
    """The values that were found, by their labels."""
    values = {"got": visible_ends(check.got), "expected": visible_ends(check.expected)}
    values |= {"where": check.where, "server_said": check.error}
    return {words.message(f"ui.{name}"): value for name, value in values.items()}


def _pods(found: Diagnosis, words: Content) -> Iterator[str]:
    """All Pods of the ServiceAccount in columns, and what to do about those that do not use its role."""
    intro, lines = pod_words.intro(found, words), pod_words.lines(found, words)
    if not (intro or lines):
        return
    yield ""
    yield heading(words.message("doctor.pods.title"))
    if intro:
        yield f"  {intro}"
    table = [[visible(cell, keep="") for cell in line.cells] for line in lines]
    columns = [max(map(width, column)) for column in zip(*table, strict=True)]
    for line, cells in zip(lines, table, strict=True):
        yield f"  {marked(line.status, _line(cells, columns))}"
    if more := pod_words.more(found, words):
        yield f"  {more}"
    if fix := found.siblings_fix:
        yield ""
        yield from to_do(fix, words)


def _to_be_sure(found: Diagnosis, words: Content) -> Iterator[str]:
    if actions := found.to_be_sure:
        yield ""
        yield words.message("doctor.to_be_sure")
        yield f"    {' '.join(f'--do {action}' for action in actions)}"


def of_lacking(found: Lacking, words: Content) -> Iterator[str]:
    """The texts to paste, each below its sentence, which a shell and YAML read as a comment."""
    for number, (sentence, text) in enumerate(permission_words.to_paste(found, words)):
        yield from ("",) if number else ()
        yield f"# {sentence}"
        yield from text.splitlines()


def of_survey(found: Survey, words: Content) -> Iterator[str]:
    """A survey as a table, the worst first and an over-broad role's line red; below it, once for all roles, why some
    were not read; then what to do, in the same order, what is the same for several ServiceAccounts once."""
    verdict = marked(verdict_words.STATUS_OF[found.outcome], heading(survey_words.verdict(found, words)))
    yield verdict
    if not found.ties:
        return
    rows = survey_words.by_severity(survey_words.rows(found, words))
    also = ["" if row.unread else row.also for row in rows]
    named = ([row.service_account, row.role_arn, row.stand, it] for row, it in zip(rows, also, strict=True))
    cells = [survey_words.heads(words), *named]
    table = [[visible(cell, keep="") for cell in line] for line in cells]
    columns = [max(map(width, column)) for column in zip(*table, strict=True)]
    yield ""
    yield f"    {heading(_line(table[0], columns))}"
    for row, printed in zip(rows, table[1:], strict=True):
        line = _line(printed, columns)
        yield f"  {marked(row.status, click.style(line, fg='red') if row.wide else line)}"
    for why in dict.fromkeys(row.unread for row in rows if row.unread):
        yield ""
        yield f"  {marked(Status.UNKNOWN, why)}"
        yield from labelled({row.service_account: row.said or "-" for row in rows if row.unread == why}, indent=4)
    for names, advice in survey_words.to_do(rows).items():
        yield ""
        yield f"  {heading(visible(', '.join(names), keep=''))}"
        for one in advice:
            yield from _advice(one)
    if texts := survey_words.would_allow(found, words):
        yield ""
        yield from to_paste(texts, indent=2)
    yield ""
    yield verdict


def _advice(advice: Advice) -> Iterator[str]:
    """What is wrong, and what fixes it."""
    yield f"    {marked(advice.status, visible(advice.cause, keep=''))}"
    if advice.fix:
        yield from to_paste([(advice.fix, "\n".join(map(visible, advice.commands)))], indent=4)


def _line(row: list[str], columns: list[int]) -> str:
    return "  ".join(pad(cell, columns[place]) for place, cell in enumerate(row)).rstrip()
