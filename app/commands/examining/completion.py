"""What a shell may offer next: contexts, namespaces, ServiceAccounts, workloads; from the kubeconfig and its cluster.

A shell waits for this, so no AWS client is loaded, the cluster has three seconds, and whatever goes wrong offers
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps

import click
from click.shell_completion import CompletionItem

from app.commands.examining.asking import choice_of
from app.flow.errors import FlowError
from app.flow.json_access import get_str
from app.flow.names import APPLICATION_ID
from app.flow.port_wrappers.deadline import in_a_thread
from app.flow.ports import Cluster
from app.flow.targets.kinds import KINDS, POD, SERVICE_ACCOUNT, Kind, kind_of
from app.wiring import Choice

SECONDS = 3.0

Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]


def _offers(names: Callable[[click.Context, str], Iterable[str]]) -> Offer:
    """Those that begin with what was typed."""

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
    return _service_accounts(context)


@_offers
def targets(context: click.Context, typed: str) -> Iterable[str]:
    """A type, and then the names of its objects; those of Pods are not offered, which nobody types."""
    before: tuple[str, ...] = context.params.get("target") or ()
    word, slash, _ = typed.partition("/")
    if not slash and not before:
        return [f"{kind.short}/" for kind in KINDS]
    kind = kind_of(before[0] if before else word)
    if kind is None or kind is POD:
        return []
    prefix = f"{word}/" if slash else ""
    names = _service_accounts(context) if kind is SERVICE_ACCOUNT else _workloads(context, kind)
    return [f"{prefix}{name}" for name in names]


def _service_accounts(context: click.Context) -> list[str]:
    found = _cluster(context).service_accounts(_namespace(context))
    return [get_str(account, "metadata", "name") for account in found]


def _workloads(context: click.Context, kind: Kind) -> Iterable[str]:
    return _cluster(context).workloads(_namespace(context), kind)


def _namespace(context: click.Context) -> str:
    """The one that was typed, else that of the context."""
    from app import wiring

    return context.params.get("namespace") or wiring.default_namespace(_choice(context))


def _cluster(context: click.Context) -> Cluster:
    from app import wiring

    return wiring.cluster(_choice(context))


def _choice(context: click.Context) -> Choice:
    named: tuple[str, ...] = context.params.get("contexts") or ()
    return choice_of(named[-1] if named else "", program=context.find_root().obj or APPLICATION_ID)
