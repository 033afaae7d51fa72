"""Where a diagnosis comes from, or a survey: a real cluster, or a file. All raise `CannotRun`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.failure import CannotRun
from app.content import Content
from app.flow.errors import FlowError, NotPermitted
from app.flow.json_access import get_str
from app.flow.model import Step, StepReport, Subject, Walk
from app.flow.object_names import check_names, check_namespace
from app.flow.port_wrappers.consent import NOTHING, Action, consented
from app.wiring import Choice
from app.world.setup.tool_files import write

if TYPE_CHECKING:
    from app.flow.doctor import Diagnosis
    from app.flow.doctor.survey import Survey
    from app.flow.ports import Ports


def examined(choice: Choice, subject: Subject, granted: frozenset[Action], words: Content) -> Diagnosis:
    """The diagnosis of a ServiceAccount in a real cluster."""
    from app import wiring
    from app.flow.doctor import diagnose
    from app.flow.steps.walk import walk_through

    try:
        check_names(subject)

        # (1) The subject. One set of ports serves this and the walk: both together are over when its patience is.
        own = wiring.own_subject() if choice.in_cluster else None
        ports = wiring.live(choice)
        subject = _completed(consented(ports, NOTHING), choice, subject, own, words)
    except FlowError as error:
        raise cannot(error, words, "pod.exists") from error

    # (2) In our own Pod its token is ours to read.
    if own is not None and subject == own:
        ports, granted = wiring.within_own_pod(ports, own), granted | {Action.READ_TOKEN}

    # (3) Step by step.
    ports = consented(ports, granted)
    reports = tuple(_with_progress(walk_through(ports, subject), words))
    return diagnose(ports, Walk(subject=subject, reports=reports))


def surveyed(choice: Choice, namespace: str, words: Content) -> Survey:
    """The survey of a real cluster."""
    from app import wiring
    from app.flow.doctor.survey import USES, survey

    try:
        check_namespace(namespace)
        return survey(consented(wiring.live_for_survey(choice), NOTHING), namespace)
    except FlowError as error:
        raise cannot(error, words, *USES) from error


def opened(path: Path, words: Content) -> Diagnosis:
    """The diagnosis in a file that `saved` has written."""
    from app.flow.diagnosis_file.diagnosis_file import SIZE_LIMIT, load

    try:
        with path.open("rb") as file:
            return load(file.read(SIZE_LIMIT + 1))  # what is larger is refused: it may be endless
    except OSError as error:
        raise CannotRun(words, "snapshot_unreadable", path=path, said=error) from error
    except FlowError as error:
        raise cannot(error, words) from error


def saved(found: Diagnosis, path: Path, words: Content) -> None:
    """Writes a diagnosis into a file that its owner alone may read: it names what others need not know."""
    from app.flow.diagnosis_file.diagnosis_file import save

    try:
        write(path, save(found).encode("utf-8"))
    except OSError as error:
        raise CannotRun(words, "cannot_save", path=path, said=error) from error
    except FlowError as error:
        raise cannot(error, words) from error


def cannot(error: FlowError, words: Content, *uses: str, instead: tuple[str, str] | None = None) -> CannotRun:
    """A server's refusal, or a file's fault, as the end of the command; with what would have allowed these uses.

    `instead`: what does without them, to be pasted, with a sentence before it.
    """
    from app.report.verdict_words import allowing_after

    below = [*allowing_after(error, uses, words), *([instead] if instead else [])]
    return CannotRun(words, error.words, below, **error.values)


def _completed(ports: Ports, choice: Choice, subject: Subject, own: Subject | None, words: Content) -> Subject:
    """The subject, with what was left out: the namespace, the Pod's ServiceAccount, a Pod. Raises `FlowError`."""
    from app import wiring
    from app.flow.doctor.choosing import pod_of

    # (1) No subject is given: in a Pod it is that Pod.
    if not subject.service_account and not subject.pod:
        if own is None or subject.namespace not in ("", own.namespace):
            raise CannotRun(words, "no_subject")
        return own

    # (2) What is named leads to the rest.
    namespace = subject.namespace or wiring.default_namespace(choice)
    account, pod = subject.service_account, subject.pod
    if not account:
        account = _account_of(ports, namespace, pod, words)
    return Subject(namespace=namespace, service_account=account, pod=pod or pod_of(ports, namespace, account))


def _account_of(ports: Ports, namespace: str, pod: str, words: Content) -> str:
    """The Pod's ServiceAccount, which a person who may not read the Pod can give instead. Raises `FlowError`."""
    try:
        return get_str(ports.cluster.pod(namespace, pod), "spec", "serviceAccountName") or "default"
    except NotPermitted as error:
        if error.about_login:
            raise
        instead = (words.message("doctor.name_service_account"), "-s SERVICE_ACCOUNT")
        raise cannot(error, words, "pod.exists", instead=instead) from error


def _with_progress(reports: Iterator[StepReport], words: Content) -> Iterator[StepReport]:
    """Hands the reports on; a terminal shows the progress, on standard error."""
    for number, report in enumerate(reports, 1):
        if sys.stderr.isatty():
            click.echo(f"{number}/{len(Step)} {words.message(f'steps.{report.step}.title')}", err=True)
        yield report
