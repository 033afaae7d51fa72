"""Which chain a learner is building in a world that began empty, whatever they call its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from app.flow.doctor.pods.choosing import in_order
from app.flow.json_access import get_str
from app.flow.model import Chain, JsonObject
from app.flow.names import SUBJECT_PREFIX, annotated_role_arn, host_and_path, role_of, runs_as
from app.flow.permissions.asked import of_command
from app.world.setup.kube_system import NAMESPACE as KUBE_SYSTEM

if TYPE_CHECKING:
    from app.world.aws.entities import Role
    from app.world.world import World

_SUBJECT = re.compile(rf"{SUBJECT_PREFIX}([a-z0-9.-]+):(?:([a-z0-9.-]+)(?![a-z0-9.*?-]))?")
"""A `sub` in a trust policy; the name is empty where that is a pattern."""


def built(world: World) -> Chain:
    """The ServiceAccount with the newest annotation that points to a role, or else the one that a role trusts.

    Where there is neither it is the newest ServiceAccount that was made here. What does not exist yet has the name
    that it has in the chain of the article. Of several Pods it is the newest that asks AWS for something.
    """
    role = trusting_role(world)
    namespace, name = _service_account(world, role)
    chain = replace(world.seeded, namespace=namespace, service_account=name)
    annotated = annotated_role(world, namespace, name) or role
    if annotated is not None:
        chain = replace(chain, role=annotated.name, role_path=annotated.path)
    pods = pods_of(world, namespace, name)
    newest = next(iter(in_order([pod for pod in pods if of_command(pod)] or pods)), None)
    return replace(chain, pod=get_str(newest, "metadata", "name")) if newest else chain


def annotation(world: World, namespace: str, service_account: str) -> str:
    """The role that a ServiceAccount is annotated with; empty where it is not, or does not exist."""
    stored = world.cluster.find("serviceaccounts", namespace, service_account)
    return annotated_role_arn(stored.copy()) if stored else ""


def annotated_role(world: World, namespace: str, service_account: str) -> Role | None:
    """The role that the annotation points to; None where it points to none of the world's account."""
    parts = role_of(annotation(world, namespace, service_account))
    return world.account.roles.get(parts[2]) if parts and parts[1] == world.account_id else None


def pods_of(world: World, namespace: str, service_account: str) -> list[JsonObject]:
    """The Pods that run under a ServiceAccount."""
    return [pod for pod in world.cluster.list("pods", namespace) if runs_as(pod) == service_account]


def trusting_role(world: World) -> Role | None:
    """The newest role that trusts an OIDC provider, that of the cluster before others; else the newest role that was
    made here."""
    own = [role for role in world.account.roles.values() if role.name != world.node_role_name]
    provider = f":oidc-provider/{host_and_path(world.issuer)}"

    def order(role: Role) -> tuple[bool, bool, float]:
        return provider in role.trust_policy, ":oidc-provider/" in role.trust_policy, role.created

    return max(own, key=order, default=None)


def trusted_subject(role: Role | None) -> tuple[str, str] | None:
    """Namespace and name of the ServiceAccount that a role's trust policy names; None where it names none.

    The name is empty where the policy has a pattern for it.
    """
    found = _SUBJECT.search(role.trust_policy) if role else None
    return (found[1], found[2] or "") if found else None


def _service_account(world: World, role: Role | None) -> tuple[str, str]:
    accounts = sorted(_own_accounts(world), key=lambda it: int(get_str(it, "metadata", "resourceVersion") or 0))
    named = [(get_str(it, "metadata", "namespace"), get_str(it, "metadata", "name")) for it in accounts]
    annotated = [place for it, place in zip(accounts, named, strict=True) if annotated_role_arn(it)]
    if annotated:
        return annotated[-1]
    trusted = trusted_subject(role)
    if trusted and trusted[1]:
        return trusted
    namespace = trusted[0] if trusted else ""
    made = [place for place in named if place[1] != "default" and namespace in ("", place[0])]
    return made[-1] if made else (namespace or world.seeded.namespace, world.seeded.service_account)


def _own_accounts(world: World) -> Iterator[JsonObject]:
    return (it for it in world.cluster.list("serviceaccounts") if get_str(it, "metadata", "namespace") != KUBE_SYSTEM)
