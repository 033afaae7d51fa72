"""From the words of the command line to the subject of the examination. All functions raise `CannotRun`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app import settings as environment
from app.commands.failure import CannotRun
from app.commands.streams import read_bounded, text_in, why
from app.content import Content
from app.flow.errors import FlowError
from app.flow.model import Subject
from app.flow.targets import manifest
from app.flow.targets.kinds import POD, SERVICE_ACCOUNT, Target, target_of
from app.wiring import Choice, is_in_cluster

OF_ALL = "--fail-on, --strict, --lang"
"""The options that go with every examination."""
OF_EXAMINATION = "--profile, --region, --issuer, --do, --action, --resource, --verbose"
"""Those that go with every examination of one ServiceAccount in a cluster."""
WITH_ALL = f"--context, --profile, --region, --output, {OF_ALL}"
"""Those that go with `--all-namespaces`."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """An object that makes Pods. The cluster knows its ServiceAccount."""

    namespace: str
    """Empty for the namespace of the context."""
    target: Target


@dataclass(frozen=True, kw_only=True)
class Everybody:
    """Every annotated ServiceAccount of a namespace, or of all namespaces."""

    namespace: str = ""
    """Empty for the namespace of the context."""
    everywhere: bool = False


Wanted = Subject | Workload | Everybody


def asked(
    words: Content,
    *,
    target: Sequence[str],
    filename: Path | None,
    namespace: str,
    service_account: str,
    pod: str,
    everybody: bool,
) -> Wanted:
    """The subject of the examination by these options. `target`: the words that are no options. Raises `CannotRun`."""
    # (1) All of them.
    if everybody:
        if target or filename or service_account or pod or namespace:
            raise CannotRun(words, "options_exclude", got="--all-namespaces", expected=WITH_ALL)
        return Everybody(everywhere=True)
    try:
        named = target_of(target) if target else None
        if filename is not None:
            found = manifest.one(_objects(filename, words), named)
            if namespace and found.namespace and namespace != found.namespace:
                raise CannotRun(words, "namespace_differs", got=found.namespace, expected=namespace, path=filename)
            named, namespace = found.target, namespace or found.namespace
    except FlowError as error:
        raise CannotRun(words, error.words, **{**error.values, "path": filename or ""}) from error

    # (2) One of them, by an object or by the options. A ServiceAccount is named beside a Pod that we may not read.
    if named is None:
        return Subject(namespace=namespace, service_account=service_account, pod=pod)
    if pod or (service_account and named.kind is not POD):
        expected = f"-n, --context, {OF_EXAMINATION}, --rbac, --watch, --until-fixed, --save, --output, {OF_ALL}"
        raise CannotRun(words, "options_exclude", got=str(named), expected=expected)
    if named.kind is POD:
        return Subject(namespace=namespace, service_account=service_account, pod=named.name)
    if named.kind is not SERVICE_ACCOUNT:
        return Workload(namespace=namespace, target=named)
    if named.name:
        return Subject(namespace=namespace, service_account=named.name)
    return Everybody(namespace=namespace)


def _objects(file: Path, words: Content) -> list[manifest.Found]:
    """Raises `FlowError`."""
    try:
        content = read_bounded(file, manifest.SIZE_LIMIT)
        if len(content) > manifest.SIZE_LIMIT:
            raise CannotRun(words, "manifest_unreadable", path=file, said=f"> {manifest.SIZE_LIMIT} bytes")
        return manifest.objects(text_in(content))
    except (OSError, ValueError) as error:
        raise CannotRun(words, "manifest_unreadable", path=file, said=why(error)) from error


def choice_of(context: str, *, profile: str = "", region: str = "", issuer: str = "", program: str) -> Choice:
    """The cluster and the account. In a Pod its own cluster, unless a context is named or `KUBECONFIG` is set."""
    named = bool(context or environment.process_environment().get("KUBECONFIG"))
    in_cluster = not named and is_in_cluster()
    return Choice(
        context=context, in_cluster=in_cluster, profile=profile, region=region, issuer=issuer, program=program
    )
