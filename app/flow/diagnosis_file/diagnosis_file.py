"""A diagnosis as one JSON file that opens without any cluster, so that a colleague can look.

What is saved was masked when it was captured, and is masked once more. What is opened is trusted in nothing: it has
exactly the shape that was saved, or it is refused with the place; nothing of it is ever run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace

from app.flow import strict_json
from app.flow.diagnosis_file.strict_shape import WrongShape, cut, read, shown
from app.flow.doctor import Diagnosis
from app.flow.doctor.tool_options import ToolOptions
from app.flow.errors import FlowError
from app.flow.model import NOT_OBSERVABLE, Check, JsonValue, Step
from app.flow.port_wrappers.consent import NOT_ASKED
from app.flow.redaction import mask_text
from app.flow.steps.standstill import KINDS
from app.flow.steps.walk import STEPS
from app.flow.verdict.check_dependencies import PLACES
from app.flow.visible import visible

FORMAT = "irsa-explorer diagnosis"
VERSION = 3
"""Counted up with every change of what is saved: an older or newer file is refused by name, not by accident."""
SIZE_LIMIT_MEGABYTES = 2
"""A walk with all that went over the wire takes 160 kB, the largest of the catalogue's faults 235 kB, a Pod of 30 kB
430 kB, and one whose annotations are as long as Kubernetes allows 1.4 MB: each is in several documents."""
SIZE_LIMIT = SIZE_LIMIT_MEGABYTES * 1024 * 1024
"""The same in bytes."""
VALUES_LIMIT = 50_000
"""Texts, numbers, lists and objects in a file: an empty list takes two bytes of it and sixty of memory. A walk has
some 3,500."""
TEXT_LIMIT = 256 * 1024
"""Characters of one text: the most that the annotations of a Kubernetes object may hold. A longer one is cut."""
ERROR, ERROR_LIMIT = "error", 8 * 1024
"""The member that has a check's error message, and the characters of it. The verdict looks for many things in it, in
quadratic time: the last message in a log has at most as many (`log_sentences`)."""
REASONS = frozenset(
    {
        "earlier_step",
        "earlier_check",
        "no_permission",
        "login",
        "no_configuration",
        "unreachable",
        "no_region",
        "server_failed",
        "answer_too_large",
        "unreadable_answer",
        NOT_OBSERVABLE,
        NOT_ASKED,
        "no_pod",
        "no_volume",
        "stand_in",
        "clocks_apart",
        "own_clock",
        "other_account",
        "role_unknown",
        "other_matter",
        "literal",
        "names_no_one",
        "comes_and_goes",
        "unknown_key",
        "encoded",
        "no_kid",
        "out_of_time",
        "issuer_assumed",
        "of_request",
        "of_caller",
        "of_time",
        "own_request",
        "mounted_twice",
        "next_pod",
        "webhooks_own",
        "optional_keys",
        "on_pod",
        "empty_annotation",
        "kube2iam",
        "own_audience",
        "sub_path",
        "api_alone",
        "by_hand",
        "by_pod_identity",
        "sts_granted",
        "sts_refused",
        "changed_meanwhile",
        "not_running",
        "no_program",
        "no_record",
        "read_in_part",
        *KINDS,
        "no_action_known",
        "resource_not_given",
        "offline",
    }
)
"""The reasons that a check may have, besides none."""
_CHECKS_OF_STEPS = tuple(zip(Step, (step.CHECKS for step in STEPS), strict=True))


class DiagnosisFileError(FlowError):
    """The file is none of ours. `operation` is the place in it: a line, or a member's path."""

    kind = "snapshot"

    def __init__(self, code: str, *, got: str, expected: str, place: str = "") -> None:
        super().__init__(
            code=f"snapshot_{code}", server_message="", operation=_clean(place), got=_clean(got), expected=expected
        )


def save(diagnosis: Diagnosis) -> str:
    """The file's text. Raises `DiagnosisFileError` where it could not be opened again, for being too large."""
    values = asdict(diagnosis)
    del values["options"]
    document = {"format": FORMAT, "version": VERSION, "redacted": True, "diagnosis": _clean(values)}
    text = mask_text(json.dumps(document, ensure_ascii=False, indent=1)) + "\n"
    _document(_text(text))
    return text


def load(content: str | bytes) -> Diagnosis:
    """The diagnosis of a file. Raises `DiagnosisFileError`, whatever the file holds."""
    document = _document(_text(content))

    # (1) One of ours, and of this version.
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        got = shown(document["format"]) if isinstance(document, dict) and "format" in document else "-"
        raise DiagnosisFileError("foreign", got=got, expected=shown(FORMAT), place="format")
    version = document.get("version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise DiagnosisFileError("shape", got=shown(version), expected=f"{VERSION}", place="version")
    if version != VERSION:
        code = "newer" if version > VERSION else "older"
        raise DiagnosisFileError(code, got=shown(version), expected=f"{VERSION}", place="version")

    # (2) Its shape, by the types of what was saved.
    try:
        diagnosis = read(Diagnosis, _clean(document.get("diagnosis")), "diagnosis")
        _check_ids(diagnosis)
    except WrongShape as error:
        raise DiagnosisFileError("shape", got=error.got, expected=error.expected, place=error.place) from error
    return replace(diagnosis, options=ToolOptions())


def _text(content: str | bytes) -> str:
    size = len(content) if isinstance(content, bytes) else len(content.encode("utf-8", "surrogatepass"))
    if size > SIZE_LIMIT:
        raise DiagnosisFileError("too_large", got=f"{SIZE_LIMIT:,}", expected=f"{SIZE_LIMIT:,}")
    try:
        return content.decode("utf-8-sig") if isinstance(content, bytes) else content.removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        place = f"byte {error.start + 1}"
        raise DiagnosisFileError(
            "not_json", got=f"0x{error.object[error.start]:02x}", expected="UTF-8", place=place
        ) from error


def _document(text: str) -> JsonValue:
    try:
        document = strict_json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{error.lineno}:{error.colno}"
        raise DiagnosisFileError("not_json", got=error.msg, expected="JSON", place=place) from error
    except strict_json.TooDeep as error:
        raise DiagnosisFileError("too_deep", got=f"{strict_json.DEEPEST}", expected=f"{strict_json.DEEPEST}") from error
    except ValueError as error:
        raise DiagnosisFileError("not_strict", got=cut(str(error)), expected="RFC 8259") from error
    if _count(document) > VALUES_LIMIT:
        raise DiagnosisFileError("too_many", got=f"{VALUES_LIMIT:,}", expected=f"{VALUES_LIMIT:,}")
    return document


def _count(value: JsonValue) -> int:
    """The value and all that lie in it."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_count, children))


def _check_ids(diagnosis: Diagnosis) -> None:
    """The steps and the ids by which everything is looked up. Raises `WrongShape`."""
    place = "diagnosis.walk.reports"
    steps = [report.step for report in diagnosis.walk.reports]
    if steps != list(Step):
        raise WrongShape(place, ", ".join(steps), ", ".join(Step))
    for index, (report, (_, known)) in enumerate(zip(diagnosis.walk.reports, _CHECKS_OF_STEPS, strict=True)):
        _check_checks(report.checks, known, f"{place}[{index}].checks")
    _check_checks(diagnosis.checks, tuple(PLACES), "diagnosis.checks")


def _check_checks(checks: tuple[Check, ...], known: tuple[str, ...], place: str) -> None:
    """That these are the known checks, in any order, and each reason is a known one. Raises `WrongShape`."""
    for index, check in enumerate(checks):
        if check.reason and check.reason not in REASONS:
            raise WrongShape(f"{place}[{index}].reason", shown(check.reason), " | ".join(map(shown, sorted(REASONS))))
    got = [check.id for check in checks]
    if sorted(got) != sorted(known):
        raise WrongShape(place, cut(", ".join(got)), ", ".join(known))


def _clean(value: JsonValue, limit: int = TEXT_LIMIT) -> JsonValue:
    """The same value, with nothing in its texts that steers the screen that shows them, and none of them enormous."""
    if isinstance(value, str):
        value = visible(value)
        return value if len(value) <= limit else value[: limit - 1] + "…"
    if isinstance(value, Mapping):
        limits = {ERROR: ERROR_LIMIT}
        return {_clean(name): _clean(member, limits.get(name, TEXT_LIMIT)) for name, member in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list | tuple) else value
