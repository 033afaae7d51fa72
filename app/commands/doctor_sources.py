"""The sources of a diagnosis or a survey: a real cluster, or a file. All functions raise `CannotRun`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.examining.asking import Workload
from app.commands.failure import CannotRun
from app.commands.streams import read_bounded, why
from app.content import Content
from app.flow.errors import FlowError, NotFound, NotPermitted
from app.flow.model import Step, StepReport, Subject, Walk
from app.flow.names import runs_as
from app.flow.object_names import check_names, check_namespace
from app.flow.permissions.asked import AskedAction, NotAnAction, needed
from app.flow.port_wrappers.consent import NOTHING, Action, consented
from app.flow.port_wrappers.deadline import WALK_SECONDS
from app.flow.targets.kinds import POD, Target
from app.own_commands import program
from app.own_file import write
from app.wiring import Choice

if TYPE_CHECKING:
    from app.flow.doctor import Diagnosis
    from app.flow.doctor.reading.lacking import Lacking
    from app.flow.doctor.survey import Survey
    from app.flow.ports import Ports

PERMISSIONS_SECONDS = 30.0
"""Seconds for some twenty reviews, which are sent one after the other after the walk."""


def asked_actions(actions: Sequence[str], resource: str, words: Content) -> tuple[AskedAction, ...]:
    """The actions that the Pod needs by the command line."""
    try:
        return needed(actions, resource)
    except NotAnAction as error:
        raise cannot(error, words) from error


def examined(
    choice: Choice,
    wanted: Subject | Workload,
    granted: frozenset[Action],
    words: Content,
    asked: Sequence[AskedAction] = (),
    *,
    progress: bool = True,
) -> Diagnosis:
    """The diagnosis of a ServiceAccount, or of a workload's, in a real cluster.

    Where the subject names no Pod, each call examines the newest one. `asked` is what its Pod needs, where that is
    known.
    """
    return _examined(choice, wanted, granted, words, asked, progress=progress)[1]


def permissions(choice: Choice, wanted: Subject | Workload, granted: frozenset[Action], words: Content) -> Lacking:
    """The permissions that we lack for the same diagnosis with every check made."""
    from app.flow.doctor.reading.lacking import lacking

    ports, found = _examined(choice, wanted, granted, words, seconds=PERMISSIONS_SECONDS)
    return lacking(ports.cluster, found, granted)


def _examined(
    choice: Choice,
    wanted: Subject | Workload,
    granted: frozenset[Action],
    words: Content,
    asked: Sequence[AskedAction] = (),
    *,
    seconds: float = WALK_SECONDS,
    progress: bool = True,
) -> tuple[Ports, Diagnosis]:
    from app import wiring
    from app.flow.doctor import diagnose
    from app.flow.steps.walk import walk_through
    from app.flow.targets.resolving import with_workload

    try:
        if isinstance(wanted, Subject):
            check_names(wanted)
        else:
            check_namespace(wanted.namespace)

        # (1) The subject. One set of ports, with one deadline, serves this and the walk.
        own = wiring.own_subject() if choice.in_cluster else None
        ports = wiring.live(choice, seconds=seconds)
        asking = consented(ports, NOTHING)
        if isinstance(wanted, Subject):
            subject = _completed(asking, choice, wanted, own, words)
        else:
            subject = _of_workload(asking, choice, wanted, words)
    except FlowError as error:
        raise cannot(error, words, "pod.exists", choice=choice) from error

    # (2) Our own Pod's token may be read without being asked for.
    if own is not None and subject == own:
        ports, granted = wiring.within_own_pod(ports, own), granted | {Action.READ_TOKEN}

    # (3) The walk, step by step.
    ports = consented(ports, granted)
    walked = walk_through(ports, subject, asked)
    reports = tuple(_with_progress(walked, words) if progress else walked)
    found = replace(diagnose(ports, Walk(subject=subject, reports=reports)), options=choice.tool_options)
    if isinstance(wanted, Workload) and not subject.pod:
        found = with_workload(ports, found, wanted.target)
    return ports, found


def surveyed(choice: Choice, namespace: str, words: Content) -> Survey:
    """The survey of a real cluster. Raises `CannotRun`."""
    from app import wiring
    from app.flow.doctor.survey import USES, survey

    try:
        check_namespace(namespace)
        ports = consented(wiring.live_for_survey(choice), NOTHING)
        found = survey(ports, namespace).given(choice.tool_options)
        if namespace and not found.ties and (missing := _no_such_namespace(ports, choice, namespace, words)):
            raise missing
        return found
    except FlowError as error:
        raise cannot(error, words, *USES, choice=choice) from error


def opened(path: Path, words: Content) -> Diagnosis:
    """The diagnosis in a file that `saved` has written. Raises `CannotRun`."""
    from app.flow.diagnosis_file.diagnosis_file import SIZE_LIMIT, load

    try:
        return load(read_bounded(path, SIZE_LIMIT))  # a larger file is refused
    except OSError as error:
        raise CannotRun(words, "snapshot_unreadable", path=path, said=why(error)) from error
    except FlowError as error:
        raise cannot(error, words) from error


def saved(found: Diagnosis, path: Path, words: Content) -> None:
    """Writes a diagnosis into a file that its owner alone may read: it names what others need not know.

    Raises `CannotRun`.
    """
    from app.flow.diagnosis_file.diagnosis_file import save

    try:
        write(path, save(found).encode("utf-8"))
    except OSError as error:
        raise CannotRun(words, "cannot_save", path=path, said=error.strerror or error) from error
    except FlowError as error:
        raise cannot(error, words) from error


def cannot(
    error: FlowError,
    words: Content,
    *uses: str,
    choice: Choice | None = None,
    instead: tuple[str, str] | None = None,
) -> CannotRun:
    """A server's refusal, or an error in a file, as the end of the command; with the permission for these uses.

    `choice`: the cluster that was asked. `instead`: a command that works without these uses, with a sentence before it.
    """
    from app.flow.doctor.reading.near_names import near
    from app.report.permission_words import allowing_after

    below = [*allowing_after(error, uses, words), *([instead] if instead else [])]
    if error.code == "no_such_context" and (names := near(error.got, error.expected.split(", "))):
        below.append((words.message("doctor.did_you_mean"), f"--context {shlex.quote(names[0])}"))
    quoted = choice.tool_options.quoted if choice else str
    return CannotRun(words, error.words, below, quoted, **error.values)


def namespace_of(choice: Choice, words: Content) -> str:
    """The namespace of the chosen context, or of our own Pod. Ends the command where it cannot be read."""
    from app import wiring

    try:
        return wiring.default_namespace(choice)
    except FlowError as error:
        raise cannot(error, words, choice=choice) from error


def _of_workload(ports: Ports, choice: Choice, wanted: Workload, words: Content) -> Subject:
    """The ServiceAccount and Pod of a workload. Raises `FlowError`."""
    from app import wiring
    from app.flow.targets.resolving import subject_of

    namespace, kind = wanted.namespace or wiring.default_namespace(choice), wanted.target.kind
    try:
        return subject_of(ports, wanted.target, namespace)
    except NotFound as error:
        missing = _no_such_namespace(ports, choice, namespace, words)
        raise missing or _no_such(wanted.target, namespace, choice, error, words) from error
    except NotPermitted as error:
        raise cannot(error, words, f"choose.{kind.singular}", choice=choice) from error


def _completed(ports: Ports, choice: Choice, subject: Subject, own: Subject | None, words: Content) -> Subject:
    """The subject, with what was left out: the namespace, the Pod's ServiceAccount, a Pod. Raises `FlowError`."""
    from app import wiring
    from app.flow.doctor.pods.choosing import pod_of

    # (1) No subject is given: in a Pod it is that Pod.
    if not subject.service_account and not subject.pod:
        if own is None or subject.namespace not in ("", own.namespace):
            raise CannotRun(words, "no_subject", program=program())
        return own

    # (2) The missing names follow from those that are given.
    namespace = subject.namespace or wiring.default_namespace(choice)
    account, pod = subject.service_account, subject.pod
    if not account:
        account = _account_of(ports, choice, namespace, pod, words)
    return Subject(namespace=namespace, service_account=account, pod=pod or pod_of(ports, namespace, account))


def _account_of(ports: Ports, choice: Choice, namespace: str, pod: str, words: Content) -> str:
    """The Pod's ServiceAccount. A reader who may not read the Pod can name it instead. Raises `FlowError`."""
    try:
        return runs_as(ports.cluster.pod(namespace, pod))
    except NotPermitted as error:
        if error.about_login:
            raise
        instead = (words.message("doctor.name_service_account"), "-s SERVICE_ACCOUNT")
        raise cannot(error, words, "pod.exists", choice=choice, instead=instead) from error
    except NotFound as error:
        if missing := _no_such_namespace(ports, choice, namespace, words):
            raise missing from error
        found = _in_its_place(ports, namespace, pod, words)
        target = Target(kind=POD, name=pod)
        raise _no_such(target, namespace, choice, error, words, *([found] if found else [])) from error


def _no_such_namespace(ports: Ports, choice: Choice, namespace: str, words: Content) -> CannotRun | None:
    """The error that says that the cluster has no such namespace; None where it has, or may have."""
    from app.flow.doctor.reading.near_names import of_namespace

    if (names := of_namespace(ports, namespace)) is None:
        return None
    below = [(words.message("doctor.did_you_mean"), f"-n {name}") for name in names[:1]]
    return CannotRun(words, "no_such_namespace", below, choice.tool_options.quoted, got=namespace)


def _no_such(
    target: Target, namespace: str, choice: Choice, error: NotFound, words: Content, *below: tuple[str, str]
) -> CannotRun:
    """The error that says that the cluster has no such object there."""
    values = {"kind": target.kind.plural, "namespace": namespace, "said": error.server_message}
    return CannotRun(words, "no_such_workload", below, choice.tool_options.quoted, got=target, **values)


def _in_its_place(ports: Ports, namespace: str, pod: str, words: Content) -> tuple[str, str] | None:
    """The command that examines the Pod that has replaced one that is gone, or one with a similar name; None where we
    see none."""
    from app.flow.doctor.pods.choosing import successor
    from app.flow.doctor.pods.rows import row
    from app.flow.doctor.reading import near_names

    try:
        found = successor(pod, [row(it) for it in ports.cluster.pods(namespace)])
    except FlowError:
        found = ""
    if found:
        return words.message("doctor.in_its_place"), f"--pod {found}"
    options = near_names.of_pod(ports, namespace, pod)
    return (words.message("doctor.did_you_mean"), options) if options else None


def _with_progress(reports: Iterator[StepReport], words: Content) -> Iterator[StepReport]:
    """Passes the reports on; shows the progress on standard error if that is a terminal."""
    for number, report in enumerate(reports, 1):
        if sys.stderr.isatty():
            click.echo(f"{number}/{len(Step)} {words.message(f'steps.{report.step}.title')}", err=True)
        yield report
