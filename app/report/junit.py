"""Findings as JUnit XML, which CI systems show as tests: a suite for each ServiceAccount, or for each of its workloads
where files are checked; in it a test for each check.

There is no standard; this is what Jenkins' plug-in (`junit-10.xsd`) and GitLab read alike. A failed check is a failure,
one that could not be decided was skipped, a warning passes and says so in `system-out`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.flow.model import Status
from app.report.escaping import escape
from app.report.findings import Finding

_UNDECIDED = (Status.UNKNOWN, Status.NOT_REACHED)


def of(findings: Iterable[Finding]) -> str:
    """The findings as a JUnit XML document, a suite for each subject."""
    suites: dict[str, list[Finding]] = {}
    for finding in findings:
        suites.setdefault(finding.about, []).append(finding)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    for subject, found in suites.items():
        lines += _suite(subject, found)
    return "\n".join([*lines, "</testsuites>"])


def _suite(subject: str, found: list[Finding]) -> Iterator[str]:
    failed = sum(finding.status is Status.FAILED for finding in found)
    skipped = sum(finding.status in _UNDECIDED for finding in found)
    counts = f'tests="{len(found)}" failures="{failed}" errors="0" skipped="{skipped}"'
    yield f'  <testsuite name="{escape(subject)}" {counts}>'
    for finding in found:
        yield f'    <testcase classname="{escape(subject)}" name="{escape(finding.check)}">'
        yield from _outcome(finding)
        yield "    </testcase>"
    yield "  </testsuite>"


def _outcome(finding: Finding) -> Iterator[str]:
    place = (f"{finding.file}:{finding.line}",) if finding.file else ()
    said, more = escape(finding.message), escape("\n".join((*place, *finding.fix, finding.help)))
    if finding.status is Status.FAILED:
        yield f'      <failure type="{escape(finding.check)}" message="{said}">{more}</failure>'
    elif finding.status in _UNDECIDED:
        yield f'      <skipped message="{said}"/>'
    elif finding.status is Status.WARNING:
        yield f"      <system-out>{said}\n{more}</system-out>"
