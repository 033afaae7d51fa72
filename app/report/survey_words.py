"""A survey in sentences, and as the rows of a table, the same ones wherever it is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.content import Content
from app.flow.doctor.survey import Problem, RoleFound, Stand, Survey, Tie
from app.flow.model import Status
from app.flow.steps.findings import NO_PERMISSION
from app.flow.visible import visible_ends
from app.report.permission_words import allowing

_STATUS_OF = {
    Stand.OWN: Status.PASSED,
    Stand.REFUSED: Status.FAILED,
    Stand.DEPENDS: Status.UNKNOWN,
    Stand.AUDIENCE: Status.UNKNOWN,
    Stand.MISSING: Status.FAILED,
    Stand.MALFORMED: Status.FAILED,
    Stand.MISTYPED: Status.FAILED,
    Stand.UNREAD: Status.UNKNOWN,
}
SEVERITY = (Status.FAILED, Status.WARNING, Status.UNKNOWN, Status.PASSED)
"""The worst first."""


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One problem, in words."""

    status: Status
    cause: str
    check: str = ""
    """The check of a walk that fails by it; empty where the stand follows from it."""
    fix: str = ""
    """The sentence before the commands; empty where there is nothing to do that we know of."""
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Row:
    """A ServiceAccount and the role that it names."""

    namespace: str
    service_account: str
    """`NAMESPACE/NAME`."""
    role_arn: str
    """As the annotation has it, an ARN or not."""
    status: Status
    """The worst of all that is known of it."""
    stand: str
    """How the role stands to the ServiceAccount."""
    stand_status: Status
    """The mark that `stand` bears."""
    also: str
    """The subjects that the role lets in besides; where it was not read, why not."""
    unread: str
    """Why the role was not read, without the server's message; empty where it was."""
    said: str
    """What the server said to that; empty where it said nothing."""
    wide: bool
    """Whether the role lets in more than it should."""
    advice: tuple[Advice, ...]


def heads(words: Content) -> list[str]:
    """The headings of the four columns: who, which role, `stand` and `also`."""
    return [words.message(f"doctor.survey.{key}") for key in ("service_account", "role", "trust", "also")]


def rows(found: Survey, words: Content) -> list[Row]:
    """One for each annotated ServiceAccount, in the survey's order."""
    return [
        _row(tie, found.role(tie.role_arn) if tie.stand is not Stand.MISTYPED else None, words) for tie in found.ties
    ]


def by_severity(found: Iterable[Row]) -> list[Row]:
    """The worst first; else as they are."""
    return sorted(found, key=lambda row: SEVERITY.index(row.status))


def to_do(found: Iterable[Row]) -> dict[tuple[str, ...], list[Advice]]:
    """Every advice once, with all the ServiceAccounts that it is for, in the order in which the rows have them."""
    names: dict[Advice, list[str]] = defaultdict(list)
    for row in found:
        for one in row.advice:
            names[one].append(row.service_account)
    grouped: dict[tuple[str, ...], list[Advice]] = defaultdict(list)
    for one, concerned in names.items():
        grouped[tuple(concerned)].append(one)
    return grouped


def only(found: Iterable[Row], *, namespace: str = "", status: Status | None = None, text: str = "") -> list[Row]:
    """The rows of a namespace and a status that have a text in a name or a sentence; what is empty filters nothing."""
    wanted = text.strip().lower()
    return [
        row
        for row in found
        if namespace in ("", row.namespace)
        and status in (None, row.status)
        and wanted in " ".join((row.service_account, row.role_arn, row.stand, *_sentences(row.advice))).lower()
    ]


def _sentences(advice: Sequence[Advice]) -> list[str]:
    return [sentence for one in advice for sentence in (one.cause, one.fix)]


def _row(tie: Tie, role: RoleFound | None, words: Content) -> Row:
    return Row(
        namespace=tie.namespace,
        service_account=tie.name,
        role_arn=visible_ends(tie.role_arn),
        status=tie.status,
        stand=words.message(f"doctor.survey.{tie.stand}"),
        stand_status=_STATUS_OF[tie.stand],
        also="" if role is None else _also(role, words),
        unread="" if role is None else _unread(role, words),
        said="" if role is None else role.said,
        wide=role is not None and role.wide,
        advice=tuple(advice(problem, role, words) for problem in tie.problems),
    )


def advice(problem: Problem, role: RoleFound | None, words: Content) -> Advice:
    """A problem in words."""
    values = {"subjects": subjects(role, words) if role is not None else "", **problem.values}
    cause = words.facts.sentences(words.message(f"doctor.{problem.cause}", **values))
    if problem.fix is None:
        return Advice(status=problem.status, cause=cause, check=problem.check)
    then = [words.message(f"doctor.then.{problem.fix.then}")] if problem.fix.then else []
    fix = words.facts.sentences(*then, words.message(f"doctor.fixes.{problem.fix.id}"))
    return Advice(status=problem.status, cause=cause, check=problem.check, fix=fix, commands=problem.fix.commands)


def _also(role: RoleFound, words: Content) -> str:
    """Which other subjects a role lets in: by name, or in general words where it is over-broad. Of a role that was not
    read, the reason and what the server said."""
    if reason := _unread(role, words):
        return f"{reason} {role.said}" if role.said else reason
    if role.wide:
        return words.message("doctor.survey.wide", subjects=subjects(role, words))
    return ", ".join(role.also) or words.message("doctor.survey.nobody_else")


def _unread(role: RoleFound, words: Content) -> str:
    if not role.reason:
        return ""
    return f"{words.message('doctor.survey.unread')}: {words.message(f'reasons.{role.reason}')}"


def subjects(role: RoleFound, words: Content) -> str:
    """The subjects that an over-broad role lets in, in words."""
    if role.cluster:
        return words.message("doctor.survey.everybody")
    named = [words.message("doctor.survey.namespace", namespace=name) for name in role.namespaces]
    return ", ".join([*named, *([words.message("doctor.survey.others")] if role.similar else [])])


def verdict(found: Survey, words: Content) -> str:
    """What a survey comes to in a few sentences, the last of which says what it did not look at."""
    unseen = words.message("doctor.survey.named_only")
    if not found.ties:
        return words.facts.sentences(words.message("doctor.survey.nothing"), unseen)
    sentences = [
        words.message("doctor.survey.summary", service_accounts=len(found.ties), roles=len(found.roles)),
        *(
            words.message(f"doctor.survey.counts.{key}", count=count)
            for key, count in (*found.counts.items(), ("unread", found.unread))
            if count
        ),
    ]
    unread = (
        ("no_pods", found.pods_reason, found.pods_said),
        ("no_provider", found.provider_reason, found.provider_said),
    )
    for key, reason, said in unread:
        if reason:
            sentence = words.message(f"doctor.survey.{key}", reason=words.message(f"reasons.{reason}"))
            sentences += [sentence, *filter(None, [said])]
    if len(sentences) == 1:
        sentences.append(words.message("doctor.survey.works"))
    return words.facts.sentences(*sentences, unseen)


def would_allow(found: Survey, words: Content) -> list[tuple[str, str]]:
    """What would let us read what we may not read; empty where no permission is missing."""
    lacking = {
        "role.exists": any(role.reason == NO_PERMISSION for role in found.roles),
        "choose.pod": found.pods_reason == NO_PERMISSION,
        "provider.exists": found.provider_reason == NO_PERMISSION,
    }
    return allowing([use for use, lacks in lacking.items() if lacks], words)
