"""Findings as SARIF 2.1.0 (OASIS), which code scanners exchange: rules are checks, places are Kubernetes' objects.

What a server said is in no file, so its location is logical: the ServiceAccount, and the object that was read. What a
file says has that place as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from urllib.parse import quote

from app import __version__
from app.content import Content
from app.flow.model import JsonObject, JsonValue, Status
from app.flow.names import APPLICATION_ID
from app.report.findings import Finding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_KINDS = {
    Status.PASSED: ("pass", "none"),
    Status.WARNING: ("fail", "warning"),
    Status.FAILED: ("fail", "error"),
    Status.UNKNOWN: ("open", "none"),
    Status.NOT_REACHED: ("notApplicable", "none"),
}
"""`kind` and `level` of a result (3.27.9, 3.27.10: what does not fail has no level)."""


def of(findings: Sequence[Finding], words: Content) -> JsonValue:
    """The log, with one run."""
    ids = list(dict.fromkeys(finding.check for finding in findings))
    rules = {finding.check: finding for finding in findings}
    driver = {
        "name": APPLICATION_ID,
        "version": __version__,
        "rules": [_rule(rules[check_id], words) for check_id in ids],
    }
    results = [_result(finding, ids.index(finding.check)) for finding in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(finding: Finding, words: Content) -> JsonObject:
    text = words.check(finding.check)
    return {
        "id": finding.check,
        "shortDescription": {"text": finding.title},
        "fullDescription": {"text": text.why},
        "help": {"text": text.what},
        "helpUri": finding.help,
    }


def _result(finding: Finding, place: int) -> JsonObject:
    kind, level = _KINDS[finding.status]
    named = [{"fullyQualifiedName": finding.subject, "kind": "serviceAccount"}]
    if finding.where:
        named.append({"fullyQualifiedName": finding.where, "kind": "object"})
    if finding.workload:
        named.append({"fullyQualifiedName": finding.workload, "kind": "workload"})
    location: JsonObject = {"logicalLocations": named}
    if finding.file:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(finding.file)},
            "region": {"startLine": finding.line},
        }
    return {
        "ruleId": finding.check,
        "ruleIndex": place,
        "kind": kind,
        "level": level,
        "message": {"text": "\n".join((finding.message, *finding.fix))},
        "locations": [location],
    }


def _uri(file: str) -> str:
    """An absolute URI, or one that is relative to where the command ran, as the path was (3.4.3; RFC 3986, 4.2)."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
