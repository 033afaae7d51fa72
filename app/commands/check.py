"""`check`: what is wrong with IRSA in manifests and trust policies, before they are deployed. It asks no server."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from app.commands.examining.files import files_in, issuer_of, text_of
from app.commands.examining.results import OF_OTHER_TOOLS, print_findings
from app.commands.failure import CannotRun
from app.commands.help import command_of, output_options
from app.commands.rendering import heading, labelled, marked, pad, print_json, print_lines, width
from app.commands.streams import STDIN
from app.commands.usage_errors import PathType
from app.commands.verdict_text import conclusions
from app.content import Content, load
from app.flow.model import Check, JsonValue, Status
from app.flow.names import annotated_role_arn, role_name
from app.flow.verdict.judge import Outcome
from app.flow.visible import visible, visible_ends
from app.settings import Settings

if TYPE_CHECKING:
    from app.flow.manifests import Document, Examination, Examined
    from app.flow.manifests.trust_documents import TrustDocument
    from app.report.findings import Finding

FORMATS = ("text", "json", *OF_OTHER_TOOLS)
_MOST_NAMES = 5
"""How many role names a line lists at most."""


def command(settings: Settings, words: Content) -> click.Command:
    """The command, in the language of the locale where `--lang` is not given."""

    @command_of("check", words)
    @click.option(
        "-f",
        "--filename",
        "files",
        multiple=True,
        type=PathType(allow_dash=True),
        metavar="PATH|-",
        help=words.message("cli.help.files"),
    )
    @click.option(
        "--trust-policy",
        "trusts",
        multiple=True,
        type=PathType(allow_dash=True, dir_okay=False),
        metavar="FILE",
        help=words.message("cli.help.trust_policy"),
    )
    @click.option("--issuer", default="", metavar="URL|FILE", help=words.message("cli.help.check_issuer"))
    @click.option("--namespace", "-n", default="", help=words.message("cli.help.default_namespace"))
    @output_options(settings, words, FORMATS)
    @click.pass_context
    def check(
        context: click.Context,
        *,
        files: tuple[str, ...],
        trusts: tuple[str, ...],
        issuer: str,
        namespace: str,
        output: str,
        lang: str,
    ) -> None:
        reader = load(lang)
        found = examined(files, trusts, issuer, namespace, reader)
        match output:
            case "json":
                print_json(as_json(found, reader))
            case "text":
                print_lines(as_text(found, reader))
            case _:
                print_findings(_findings(found, output, reader), output, reader)
        context.exit(1 if found.wrong else 0)

    return check


def examined(files: Iterable[str], trusts: Iterable[str], issuer: str, namespace: str, words: Content) -> Examination:
    """The examination of the files; `issuer` is a URL or a file that contains it. Raises `CannotRun`."""
    from app.flow.manifest_documents import documents
    from app.flow.manifests import UnreadableDocument, examine
    from app.flow.manifests.trust_documents import NoTrustPolicy, trust_documents
    from app.flow.manifests.workloads import NotAText

    # (1) The options.
    manifests, policies = list(files), list(trusts)
    if not manifests or [*manifests, *policies, issuer].count(STDIN) > 1:
        raise CannotRun(words, "no_manifests", got=" ".join(f"-f {it}" for it in manifests) or "-")
    issuer = issuer_of(issuer, words)

    # (2) The files.
    read: list[Document] = []
    roles: list[TrustDocument] = []
    try:
        for path in (it for given in manifests for it in files_in(given, words)):
            read += documents(text_of(path, words), path)
        for path in policies:
            roles += trust_documents(text_of(path, words), path)
        found = examine(read, roles, issuer=issuer, namespace=namespace, now=time.time())
    except NotAText as error:
        raise CannotRun(words, "value_is_no_text", got=error) from error
    except NoTrustPolicy as error:
        raise CannotRun(words, "no_trust_policy_in_file", got=error) from error
    except UnreadableDocument as error:
        if error.problem.endswith("metadata.namespace"):
            raise CannotRun(words, "namespace_unknown", got=error) from error
        raise CannotRun(words, "file_to_check_unreadable", got=error) from error
    if not found.examined:
        below = [
            (words.message("check.is_a_policy"), f"--trust-policy {shlex.quote(it.path)}") for it in found.misplaced
        ]
        raise CannotRun(words, "nothing_to_check", dict.fromkeys(below), got=len(read))
    return found


def as_json(found: Examination, words: Content) -> JsonValue:
    """Every ServiceAccount as the doctor's JSON has it, with the places of what was examined."""
    from app.report import document

    return {
        "format": "irsa-explorer check",
        "outcome": "broken" if found.wrong else "nothing_wrong",
        "skipped": dict(found.manifests.skipped),
        "unread": [{"where": it.where, "what": it.unread} for it in found.unread],
        "examined": [
            {
                "service_account": it.account.where,
                "workload": f"{it.workload.kind} {it.workload.where}" if it.workload else None,
                "trust_policy": it.trust.where if it.trust else None,
                **_doctors(document.of_diagnosis(it.diagnosis, words)),
            }
            for it in found.examined
        ],
    }


def _findings(found: Examination, output: str, words: Content) -> Iterator[Finding]:
    """Every check as a finding. Annotations get only what the files decide, and what could not be read: no reader wants
    the rest there."""
    from app.report import findings

    unread = {it.where for it in found.unread}
    for finding in findings.of_examination(found, words):
        if output != "github" or finding.status is not Status.UNKNOWN or finding.subject in unread:
            yield finding


def _doctors(diagnosis: JsonValue) -> dict[str, JsonValue]:
    return {key: value for key, value in diagnosis.items() if key not in ("format", "read_at")}


def as_text(found: Examination, words: Content) -> Iterator[str]:
    """The decided checks of each ServiceAccount, the number of open ones, and the verdict."""
    for one in found.examined:
        yield from _of_one(one, found, words)
        yield ""
    for unread in found.unread:
        yield marked(Status.UNKNOWN, words.message("check.unread", where=visible(unread.where), what=unread.unread))
    for policy in found.misplaced:
        said = words.message("check.misplaced", where=policy.where, option=f"--trust-policy {shlex.quote(policy.path)}")
        yield marked(Status.UNKNOWN, visible(said, keep=""))
    if found.manifests.skipped:
        kinds = ", ".join(f"{kind or '-'} {count}" for kind, count in found.manifests.skipped.items())
        yield words.message("check.skipped", kinds=visible(kinds))
    wrong = sum(it.diagnosis.verdict.outcome is Outcome.BROKEN for it in found.examined)
    key, status = ("wrong", Status.FAILED) if wrong else ("nothing_wrong", Status.PASSED)
    yield marked(status, heading(words.message(f"check.{key}", wrong=wrong, all=len(found.examined))))


def _of_one(found: Examined, known: Examination, words: Content) -> Iterator[str]:
    account = f"{found.account.namespace}/{found.account.name} ({found.account.where})"
    workload, trust = found.workload, found.trust
    ran = f"{workload.kind} {workload.name} ({workload.where})" if workload else _of_other_accounts(known, words)
    yield heading(visible(f"ServiceAccount {account}", keep=""))
    yield from labelled(
        {
            words.message("check.workload"): ran,
            words.message("check.trust_policy"): trust.where if trust else _of_others(found, known.trusts, words),
        },
        indent=2,
    )
    checks = [check for _, of_step in found.diagnosis.steps() for check in of_step]
    decided = [it for it in checks if it.status in (Status.PASSED, Status.WARNING, Status.FAILED)]
    columns = max((width(words.message(f"statuses.{it.status}")) for it in decided), default=0)
    for check in decided:
        yield from _check(check, found, columns, words)
    yield f"  {marked(Status.UNKNOWN, words.message('check.not_asked', count=len(checks) - len(decided)))}"
    yield from conclusions(found.diagnosis, words)
    if (fix := found.diagnosis.fix) is not None and fix.change is not None:
        yield ""
        yield f"  {words.message('check.in_the_files')}"


def _of_other_accounts(known: Examination, words: Content) -> str:
    """A text that no workload of the files runs as it, and as which ServiceAccounts that the files lack some do.

    Empty where no workload runs as a ServiceAccount that the files lack: a chart may have its workloads elsewhere.
    """
    there = known.manifests.accounts
    named = {
        f"{it.kind} {it.name}: {it.namespace or '-'}/{it.service_account}": None
        for it in known.manifests.workloads
        if it.service_account and (it.namespace, it.service_account) not in there
    }
    return words.message("check.of_other_accounts", names=_listed(list(named))) if named else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")


def _of_others(found: Examined, known: Sequence[TrustDocument], words: Content) -> str:
    """A text that the files have trust policies, but none of this role; empty where they have none, or the role has no
    name."""
    role = role_name(annotated_role_arn(found.account.document))
    names = list(dict.fromkeys(it.name or it.where for it in known))
    if not role or not names:
        return ""
    return words.message("check.of_other_roles", role=role, names=_listed(names))


def _check(check: Check, found: Examined, columns: int, words: Content) -> Iterator[str]:
    from app.report import verdict_words

    title = visible(verdict_words.title(check, found.diagnosis, words), keep="")
    yield f"  {marked(check.status, pad(words.message(f'statuses.{check.status}'), columns) + '  ' + title)}"
    if check.status is not Status.PASSED:
        if check.reason:
            yield f"      {words.message(f'reasons.{check.reason}')}"
        values = {"got": visible_ends(check.got), "expected": visible_ends(check.expected), "where": check.where}
        yield from labelled({words.message(f"ui.{name}"): value for name, value in values.items()}, indent=6)
