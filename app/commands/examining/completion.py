"""Completions for a shell: contexts, namespaces and the names of objects, from the kubeconfig and its cluster; and the
profiles of ~/.aws.

A shell waits for them, so botocore is loaded for the profiles alone, each has three seconds, and what they cannot read
means no completion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps

import click
from click.shell_completion import CompletionItem

from app.commands.examining.asking import choice_of
from app.flow.errors import FlowError
from app.flow.json_access import get_str
from app.flow.model import JsonValue
from app.flow.names import APPLICATION_ID
from app.flow.port_wrappers.deadline import in_a_thread
from app.flow.ports import Cluster
from app.flow.targets.kinds import KINDS, POD, SERVICE_ACCOUNT, Kind, kind_of
from app.wiring import Choice

SECONDS = 3.0

Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]


def _offers(names: Callable[[click.Context, str], Iterable[str]]) -> Offer:
    """A completion function that offers those of the names that begin with the typed text."""

    @wraps(names)
    def offer(context: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem[str]]:
        try:
            found = in_a_thread(lambda: [name for name in names(context, typed) if name.startswith(typed)], SECONDS)
        except (FlowError, TimeoutError):
            return []
        return [CompletionItem(name, goes_on=name.endswith("/")) for name in found]

    return offer


@_offers
def contexts(_: click.Context, __: str) -> Iterable[str]:
    """The kubeconfig's contexts."""
    from app import wiring

    return wiring.contexts().by_name


@_offers
def profiles(_: click.Context, __: str) -> Iterable[str]:
    """The profiles of ~/.aws."""
    from app import wiring

    return wiring.profiles()


@_offers
def namespaces(context: click.Context, _: str) -> Iterable[str]:
    """The cluster's namespaces."""
    return _cluster(context).namespaces()


@_offers
def service_accounts(context: click.Context, _: str) -> Iterable[str]:
    """The namespace's ServiceAccounts."""
    return _objects(context, SERVICE_ACCOUNT)


@_offers
def pods(context: click.Context, _: str) -> Iterable[str]:
    """The namespace's Pods, or those of the ServiceAccount."""
    return _objects(context, POD)


@_offers
def targets(context: click.Context, typed: str) -> Iterable[str]:
    """A type, and then the names of its objects."""
    before: tuple[str, ...] = context.params.get("target") or ()
    word, slash, _ = typed.partition("/")
    if not slash and not before:
        return [f"{kind.short}/" for kind in KINDS]
    kind = kind_of(before[0] if before else word)
    if kind is None:
        return []
    prefix = f"{word}/" if slash else ""
    return [f"{prefix}{name}" for name in _objects(context, kind)]


def _objects(context: click.Context, kind: Kind) -> Iterable[str]:
    """The names of the objects of a kind. For Pods those of the ServiceAccount, where one was typed before."""
    cluster, namespace = _cluster(context), _namespace(context)
    if kind is POD:
        return _names(cluster.pods(namespace, context.params.get("service_account") or ""))
    if kind is SERVICE_ACCOUNT:
        return _names(cluster.service_accounts(namespace))
    return cluster.workloads(namespace, kind)


def _names(objects: Iterable[JsonValue]) -> list[str]:
    return [get_str(it, "metadata", "name") for it in objects]


def _namespace(context: click.Context) -> str:
    """The namespace that was typed, else that of the context."""
    from app import wiring

    return context.params.get("namespace") or wiring.default_namespace(_choice(context))


def _cluster(context: click.Context) -> Cluster:
    from app import wiring

    return wiring.cluster(_choice(context))


def _choice(context: click.Context) -> Choice:
    named: tuple[str, ...] = context.params.get("contexts") or ()
    return choice_of(named[-1] if named else "", program=context.find_root().obj or APPLICATION_ID)
