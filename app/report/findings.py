"""What was checked, one finding a check: what the formats of other tools are made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.doctor.survey import Survey
from app.flow.model import Check, Status
from app.report import help_links, survey_words, verdict_words

TRUST, SCOPE = "trust.decision", "trust.scope"
"""The checks that a survey makes of every role."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check of one ServiceAccount."""

    check: str
    """The check's id."""
    title: str
    """What is true when it passes."""
    status: Status
    subject: str
    """`NAMESPACE/NAME` of the ServiceAccount, behind the context and a `/` where several clusters were examined."""
    message: str
    """What was found, in a line."""
    where: str
    """The object that was read; empty where that is not known."""
    fix: tuple[str, ...]
    """The commands that fix it; none where it is not what the verdict names."""
    help: str
    """The URL of its explanation."""


def of_diagnosis(found: Diagnosis, words: Content, context: str = "") -> Iterator[Finding]:
    """Every check of a diagnosis."""
    subject = "/".join(filter(None, (context, found.subject.namespace, found.subject.service_account)))
    named = found.verdict.check
    for _, checks in found.steps():
        for check in checks:
            fix = found.fix.commands if found.fix and named is not None and check.id == named.id else ()
            yield Finding(
                check=check.id,
                title=verdict_words.title(check, found, words),
                status=check.status,
                subject=subject,
                message=_message(check, found, words),
                where=check.where,
                fix=fix,
                help=help_links.link(check.id, words),
            )


def of_survey(found: Survey, words: Content, context: str = "") -> Iterator[Finding]:
    """Of every ServiceAccount whether its role accepts it; of one whose role accepts too many, that as well."""
    for row in survey_words.rows(found, words):
        wide = [(SCOPE, Status.FAILED, row.also)] if row.wide else []
        for check, status, said in ((TRUST, row.status, row.stand), *wide):
            yield Finding(
                check=check,
                title=words.check(check).title,
                status=status,
                subject="/".join(filter(None, (context, row.service_account))),
                message=f"{row.role_arn}: {said}",
                where=row.role_arn,
                fix=(),
                help=help_links.link(check, words),
            )


def _message(check: Check, found: Diagnosis, words: Content) -> str:
    return words.facts.sentences(verdict_words.title(check, found, words), verdict_words.evidence(check, words) or "")
