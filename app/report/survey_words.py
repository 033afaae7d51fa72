"""A survey in sentences, and as the rows of a table, the same ones wherever it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from app.content import Content
from app.flow.doctor.survey import RoleFound, Stand, Survey
from app.flow.model import Status
from app.flow.steps.findings import NO_PERMISSION
from app.flow.visible import visible_ends
from app.report.verdict_words import allowing

_STATUS_OF = {
    Stand.OWN: Status.PASSED,
    Stand.REFUSED: Status.FAILED,
    Stand.MALFORMED: Status.FAILED,
    Stand.UNREAD: Status.UNKNOWN,
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A ServiceAccount and the role that it names."""

    service_account: str
    """`NAMESPACE/NAME`."""
    role_arn: str
    """As the annotation has it, an ARN or not."""
    status: Status
    """The mark that `stand` bears."""
    stand: str
    """How the role stands to the ServiceAccount."""
    also: str
    """The subjects that the role lets in besides."""
    wide: bool
    """Whether the role lets in more than it should."""


def heads(words: Content) -> list[str]:
    """Over the four columns: who, which role, `stand` and `also`."""
    return [words.message(f"doctor.survey.{key}") for key in ("service_account", "role", "trust", "also")]


def rows(found: Survey, words: Content) -> list[Row]:
    """One for each annotated ServiceAccount, in the survey's order."""
    made = []
    for tie in found.ties:
        role = found.role(tie.role_arn)
        made.append(
            Row(
                service_account=f"{tie.namespace}/{tie.service_account}",
                role_arn=visible_ends(tie.role_arn),
                status=_STATUS_OF[tie.stand],
                stand=words.message(f"doctor.survey.{tie.stand}"),
                also="" if role is None else _also(role, words),
                wide=role is not None and role.wide,
            )
        )
    return made


def _also(role: RoleFound, words: Content) -> str:
    """In general where it is over-broad, else by name; of one that was not read, why, and what the server said."""
    if role.reason:
        reason = f"{words.message('doctor.survey.unread')}: {words.message(f'reasons.{role.reason}')}"
        return f"{reason} {role.said}" if role.said else reason
    if role.wide:
        return words.message("doctor.survey.wide", subjects=subjects(role, words))
    return ", ".join(role.also) or words.message("doctor.survey.nobody_else")


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
    values = {
        "refused": found.refused,
        "wide": sum(role.wide for role in found.roles),
        "unknown": found.unread,
        "service_accounts": len(found.ties),
        "roles": len(found.roles),
    }
    summary = words.message("doctor.survey.summary", **values)
    return words.facts.sentences(summary, words.message(f"doctor.survey.{found.outcome}", **values), unseen)


def would_allow(found: Survey, words: Content) -> list[tuple[str, str]]:
    """What would let us read the roles that we may not read; empty where no permission is missing."""
    lacking = any(role.reason == NO_PERMISSION for role in found.roles)
    return allowing(["role.exists"], words) if lacking else []
