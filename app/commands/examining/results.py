"""The results for one cluster or several, in the requested format; and the exit status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from app.commands.failure import COULD_NOT_RUN, CannotRun
from app.commands.rendering import heading, marked, pad, print_json, print_lines, print_utf8, width
from app.content import Content
from app.flow.model import JsonObject, JsonValue, Status
from app.flow.verdict.judge import Outcome
from app.flow.visible import visible

if TYPE_CHECKING:
    from app.flow.doctor import Diagnosis
    from app.flow.doctor.reading.lacking import Lacking
    from app.flow.doctor.survey import Survey
    from app.report.findings import Finding

T = TypeVar("T")
SHOULD_WORK = 3
EXIT = {Outcome.WORKS: 0, Outcome.BROKEN: 1, Outcome.UNKNOWN: COULD_NOT_RUN, Outcome.SHOULD_WORK: SHOULD_WORK}
_WORST_FIRST = (1, COULD_NOT_RUN, SHOULD_WORK, 0)
CSV = "csv"
OF_OTHER_TOOLS = ("junit", "sarif", "github")
FORMATS = ("text", "json", "html", *OF_OTHER_TOOLS, CSV)


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """Which outcomes end with status 0."""

    fail_on: Literal["broken", "warning"] = "broken"
    """`warning`: an outcome that works, or should work, with a warning ends with 1, like a broken one."""
    strict: bool = False
    """As `warning`; and an outcome that only should work ends with 2, like an unknown one, so that status 0 is a
    proof."""

    def status(self, outcome: Outcome, warns: bool) -> int:
        """The exit status."""
        if warns and (self.strict or self.fail_on == "warning") and outcome in (Outcome.WORKS, Outcome.SHOULD_WORK):
            return EXIT[Outcome.BROKEN]
        if self.strict and outcome is Outcome.SHOULD_WORK:
            return EXIT[Outcome.UNKNOWN]
        return EXIT[outcome]


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result for one cluster."""

    found: Diagnosis | Survey | CannotRun
    context: str = ""
    """The context's name, where several were examined."""

    def status(self, threshold: Threshold) -> int:
        """The exit status of this cluster alone."""
        from app.flow.doctor import Diagnosis
        from app.report import verdict_words

        if isinstance(self.found, CannotRun):
            return self.found.exit_code
        if isinstance(self.found, Diagnosis):
            warns = verdict_words.mark(self.found) is Status.WARNING
            return threshold.status(self.found.verdict.outcome, warns)
        return threshold.status(self.found.outcome, False)


def exit_status(results: Sequence[Result], threshold: Threshold) -> int:
    """The status of the worst result: broken, then unknown, then what only should work."""
    return min((result.status(threshold) for result in results), key=_WORST_FIRST.index)


def print_results(results: Sequence[Result], *, output: str, words: Content, verbose: bool) -> None:
    """Prints all results as one document."""
    if output in OF_OTHER_TOOLS:
        print_findings(_findings(results, words), output, words)
    elif len(results) > 1:
        _print_clusters(results, output, words)
    else:
        _print_one(results[0], output, words, verbose=verbose)


def print_findings(findings: Iterable[Finding], output: str, words: Content) -> None:
    """Prints them in another tool's format."""
    from app.report import github, junit, sarif

    match output:
        case "junit":
            print_utf8(junit.of(findings))
        case "sarif":
            print_json(sarif.of(list(findings), words))
        case _:
            for line in github.of(findings):
                print_utf8(line)


def print_lacking(found: Lacking, output: str, words: Content) -> int:
    """Prints the permissions that are lacking; returns the exit status."""
    from app.commands import doctor_text
    from app.report import document

    if output == "json":
        print_json(document.of_lacking(found))
    else:
        print_lines(doctor_text.of_lacking(found, words))
    return 0 if found.is_nothing else EXIT[Outcome.BROKEN if found.is_known else Outcome.UNKNOWN]


def _print_one(result: Result, output: str, words: Content, *, verbose: bool) -> None:
    from app.commands import doctor_text, verdict_text
    from app.flow.doctor import Diagnosis
    from app.report import document, page, survey_csv

    found = result.found
    if isinstance(found, CannotRun):
        raise found
    if isinstance(found, Diagnosis):
        lines = doctor_text.of_diagnosis if verbose else verdict_text.briefly
        _print(found, output, words, document.of_diagnosis, page.of_diagnosis, lines)
    elif output == CSV:
        print_utf8(survey_csv.of_survey(found, words).rstrip("\r\n"))
    else:
        _print(found, output, words, document.of_survey, page.of_survey, doctor_text.of_survey)


def _print(
    found: T,
    output: str,
    words: Content,
    as_json: Callable[[T, Content], JsonValue],
    as_html: Callable[[T, Content], str],
    as_lines: Callable[[T, Content], Iterable[str]],
) -> None:
    match output:
        case "json":
            print_json(as_json(found, words))
        case "html":
            print_utf8(as_html(found, words))
        case _:
            print_lines(as_lines(found, words))


def _print_clusters(results: Sequence[Result], output: str, words: Content) -> None:
    """A table over all clusters, and below it what to do where one could not be examined; in JSON a list with an entry
    for each."""
    if output == "json":
        print_json({"format": "irsa-explorer clusters", "clusters": [_entry(it, words) for it in results]})
        return
    heads = [words.message(f"cli.clusters.{key}") for key in ("context", "subject", "verdict")]
    rows = [row for result in results for row in _rows(result, words)]
    cells = [heads, *([visible(cell, keep="") for cell in row] for _, row in rows)]
    columns = [max(map(width, column)) for column in zip(*cells, strict=True)]
    head, *lines = ["  ".join(map(pad, row, columns)).rstrip() for row in cells]
    marks = (status for status, _ in rows)
    stopped = [(it.context, it.found.message) for it in results if isinstance(it.found, CannotRun)]
    below = [line for context, said in stopped for line in ("", heading(visible(context, keep="")), *said.splitlines())]
    print_lines([f"  {heading(head)}", *map(marked, marks, lines), *below])


def _rows(result: Result, words: Content) -> list[tuple[Status, list[str]]]:
    """The rows of a result: one for a diagnosis, or for the error that stopped it; for a survey one for each
    ServiceAccount."""
    from app.flow.doctor import Diagnosis
    from app.report import survey_words, verdict_words

    found = result.found
    if isinstance(found, CannotRun):
        said = f"{found.document['message']}: {found.document['got']}"
        return [(Status.UNKNOWN, [result.context, "", said])]
    if isinstance(found, Diagnosis):
        subject = f"{found.subject.namespace}/{found.subject.service_account}"
        return [(verdict_words.mark(found), [result.context, subject, verdict_words.verdict(found, words)])]
    if not found.ties:
        return [(verdict_words.STATUS_OF[found.outcome], [result.context, "", survey_words.verdict(found, words)])]
    return [
        (
            Status.FAILED if row.wide else row.status,
            [result.context, row.service_account, " · ".join((row.role_arn, row.also if row.wide else row.stand))],
        )
        for row in survey_words.rows(found, words)
    ]


def _entry(result: Result, words: Content) -> JsonObject:
    from app.flow.doctor import Diagnosis
    from app.report import document

    found = result.found
    if isinstance(found, CannotRun):
        return {"context": result.context, **found.document}
    of = document.of_diagnosis(found, words) if isinstance(found, Diagnosis) else document.of_survey(found, words)
    return {"context": result.context, **of}


def _findings(results: Sequence[Result], words: Content) -> Iterator[Finding]:
    """The findings of every cluster. Raises `CannotRun` where one of them could not be examined."""
    from app.flow.doctor import Diagnosis
    from app.report import findings

    for result in results:
        if isinstance(result.found, CannotRun):
            raise result.found
        if isinstance(result.found, Diagnosis):
            yield from findings.of_diagnosis(result.found, words, result.context)
        else:
            yield from findings.of_survey(result.found, words, result.context)
