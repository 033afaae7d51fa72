"""What was checked, one finding a check: what the formats of other tools are made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.content import Content
from app.flow.doctor import Diagnosis, Fix
from app.flow.doctor.names import ROLE_HERE
from app.flow.doctor.survey import Survey
from app.flow.manifests import Examination, Examined
from app.flow.manifests.trust_documents import TrustDocument
from app.flow.manifests.workloads import Found
from app.flow.model import Check, JsonObject, Status
from app.report import help_links, survey_words, verdict_words

TRUST = "trust.decision"
"""The check that a survey makes of every role."""
_OF_ROLE, _OF_POD = ("role", "trust"), ("pod", "token", "webhook")
"""How the ids of the checks begin that are about a role's trust policy, and of those that are about a Pod."""
_STDIN = "-"


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
    """The commands that fix it; none where the verdict names another check."""
    help: str
    """The URL of its explanation."""
    workload: str = ""
    """`KIND/NAME` of the workload that it is about; empty where it is about the ServiceAccount or its role."""
    file: str = ""
    """The file that says it; empty where it comes from a server, or through standard input."""
    line: int = 0
    """The line of that file at which the object begins, from 1; 0 where there is no file."""

    @property
    def about(self) -> str:
        """What was checked: the ServiceAccount, and its workload."""
        return " ".join(filter(None, (self.subject, self.workload)))


def of_diagnosis(found: Diagnosis, words: Content, context: str = "") -> Iterator[Finding]:
    """Every check of a diagnosis."""
    subject = "/".join(filter(None, (context, found.subject.namespace, found.subject.service_account)))
    named = found.verdict.check
    for _, checks in found.steps():
        for check in checks:
            fix = _pasted(found.fix) if found.fix and named is not None and check.id == named.id else ()
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


def _pasted(fix: Fix) -> tuple[str, ...]:
    """The commands, behind comments with what a placeholder in them may stand for."""
    return (*(f"# {ROLE_HERE}: {choice}" for choice in fix.choices), *fix.commands)


def of_survey(found: Survey, words: Content, context: str) -> Iterator[Finding]:
    """Of every ServiceAccount whether its role accepts it, and every other problem by the check that fails by it."""
    for row in survey_words.rows(found, words):
        by_check: dict[str, list[survey_words.Advice]] = {TRUST: []}
        for one in row.advice:
            by_check.setdefault(one.check or TRUST, []).append(one)
        for check, found_wrong in by_check.items():
            causes = [one.cause for one in found_wrong]
            said = words.facts.sentences(*([row.stand, *causes] if check == TRUST else causes))
            yield Finding(
                check=check,
                title=words.check(check).title,
                status=row.stand_status if check == TRUST else found_wrong[0].status,
                subject="/".join(filter(None, (context, row.service_account))),
                message=f"{row.role_arn}: {said}",
                where=row.role_arn,
                fix=tuple(command for one in found_wrong for command in one.commands),
                help=help_links.link(check, words),
            )


def of_examination(found: Examination, words: Content) -> Iterator[Finding]:
    """Every check of every ServiceAccount in the files, once for each workload that it is about; and what is unread."""
    made: dict[tuple[str, str], Finding] = {}
    for one in found.examined:
        for finding in of_diagnosis(one.diagnosis, words):
            placed = _placed(finding, one)
            known = made.get((placed.about, placed.check))
            if known is None or (placed.fix and not known.fix):
                made[placed.about, placed.check] = placed
    yield from made.values()
    for unread in found.unread:
        yield Finding(
            check=TRUST,
            title=words.check(TRUST).title,
            status=Status.UNKNOWN,
            subject=unread.where,
            message=words.message("check.unread", where=unread.where, what=unread.unread),
            where=unread.where,
            fix=(),
            help=help_links.link(TRUST, words),
            **_file(unread),
        )


def _placed(finding: Finding, one: Examined) -> Finding:
    """The same with its place: that of the object which the check is about, and where no file has that, the account."""
    kind = finding.check.partition(".")[0]
    if one.workload is not None and kind in _OF_POD:
        return replace(finding, workload=f"{one.workload.kind}/{one.workload.name}", **_file(one.workload))
    return replace(finding, **_file(one.trust if one.trust is not None and kind in _OF_ROLE else one.account))


def _file(of: Found | TrustDocument) -> JsonObject:
    return {} if of.path == _STDIN else {"file": of.path, "line": of.line}


def _message(check: Check, found: Diagnosis, words: Content) -> str:
    return words.facts.sentences(verdict_words.title(check, found, words), verdict_words.evidence(check, words) or "")
