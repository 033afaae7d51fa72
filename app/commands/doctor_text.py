"""A diagnosis and a survey for a terminal: the verdict first and last, every check a line with its mark and word."""

from __future__ import annotations

from collections.abc import Iterator

import click

from app.commands.rendering import heading, labelled, marked, pad, to_paste, width
from app.commands.verdict_text import conclusions
from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.doctor.survey import Survey
from app.flow.model import Check, Status
from app.flow.verdict.judge import Outcome
from app.flow.visible import visible
from app.report import survey_words, verdict_words
from app.report.survey_words import Row


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
            yield from _would_allow(check, rules_shown, words)

    # (3) What follows, and the verdict once more.
    yield from conclusions(found, words)
    yield from _to_be_sure(found, words)
    yield ""
    yield verdict


def _check(check: Check, found: Diagnosis, columns: int, reason: str, words: Content) -> Iterator[str]:
    """One line, and more where it did not pass; the reason of a run of checks is shown once."""
    word = pad(words.message(f"statuses.{check.status}"), columns)
    title = visible(verdict_words.title(check, found, words), keep="")
    yield f"  {marked(check.status, f'{word}  {title}')}"
    if reason:
        yield f"      {click.style(words.message(f'reasons.{reason}'), dim=True)}"
    if check.status in (Status.FAILED, Status.WARNING, Status.UNKNOWN):
        yield from labelled(_details(check, words), indent=6)


def _would_allow(check: Check, already_shown: set[str], words: Content) -> Iterator[str]:
    """The rules and the policy without which we may not make the check, each where it is missing first."""
    new = [(sentence, text) for sentence, text in verdict_words.would_allow(check, words) if text not in already_shown]
    already_shown.update(text for _, text in new)
    yield from to_paste(new, indent=6)


def _details(check: Check, words: Content) -> dict[str, str]:
    """What was found, by its label."""
    values = {"got": check.got, "expected": check.expected, "where": check.where, "server_said": check.error}
    return {words.message(f"ui.{name}"): value for name, value in values.items()}


def _to_be_sure(found: Diagnosis, words: Content) -> Iterator[str]:
    if actions := verdict_words.to_be_sure(found):
        yield ""
        yield words.message("doctor.to_be_sure")
        yield f"    {' '.join(f'--do {action}' for action in actions)}"


def of_survey(found: Survey, words: Content) -> Iterator[str]:
    """A survey as a table, the worst first and an over-broad role's line red; then what to do, in the same order."""
    verdict = marked(verdict_words.STATUS_OF[found.outcome], heading(survey_words.verdict(found, words)))
    yield verdict
    if not found.ties:
        return
    rows = survey_words.by_severity(survey_words.rows(found, words))
    cells = [survey_words.heads(words), *([row.service_account, row.role_arn, row.stand, row.also] for row in rows)]
    table = [[visible(cell, keep="") for cell in line] for line in cells]
    columns = [max(map(width, column)) for column in zip(*table, strict=True)]
    yield ""
    yield f"    {heading(_line(table[0], columns))}"
    for row, printed in zip(rows, table[1:], strict=True):
        line = _line(printed, columns)
        yield f"  {marked(row.status, click.style(line, fg='red') if row.wide else line)}"
    for row in rows:
        yield from _advice(row)
    if texts := survey_words.would_allow(found, words):
        yield ""
        yield from to_paste(texts, indent=2)
    yield ""
    yield verdict


def _advice(row: Row) -> Iterator[str]:
    """What is wrong with a ServiceAccount, and what fixes it."""
    if row.advice:
        yield ""
        yield f"  {heading(visible(row.service_account, keep=''))}"
    for one in row.advice:
        yield f"    {marked(one.status, visible(one.cause, keep=''))}"
        if one.fix:
            yield from to_paste([(one.fix, "\n".join(map(visible, one.commands)))], indent=4)


def _line(row: list[str], columns: list[int]) -> str:
    return "  ".join(pad(cell, columns[place]) for place, cell in enumerate(row)).rstrip()
