"""Findings as workflow commands of GitHub Actions, which its runner shows as annotations.

Source: GitHub's documentation, "Workflow commands" (`::error file=…,line=…,title=…::…`), and the escapes of
actions/toolkit (`packages/core/src/command.ts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.flow.model import Status
from app.flow.visible import visible
from app.report.findings import Finding

_COMMANDS = {Status.FAILED: "error", Status.WARNING: "warning", Status.UNKNOWN: "notice"}
"""By status. A check that passed, or was not reached because of another one, gets no annotation."""


def of(findings: Iterable[Finding]) -> Iterator[str]:
    """A line for each check that gets an annotation."""
    for finding in findings:
        if command := _COMMANDS.get(finding.status):
            place = f"file={_property(finding.file)},line={finding.line}," if finding.file else ""
            title = _property(f"{finding.about}: {finding.check}")
            said = _data("\n".join((finding.message, *finding.fix, finding.help)))
            yield f"::{command} {place}title={title}::{said}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
