"""What one has to be allowed, so that a check can be made: for the pages, the files in `deploy/` and the tests.

Every use is a check's id, or one of the few things beside the walk that read something as well. A use that is not
listed asks no server, asks a public one, or asks with the credentials of the role that is examined.

Rules: Kubernetes' RBAC (its bootstrap policy for the OIDC documents; `pods/exec` by websocket is asked for with `get`,
since Kubernetes 1.35 with `create` as well); the service authorization reference of IAM and CloudTrail.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.flow.errors import FlowError
from app.flow.model import JsonValue, Subject
from app.flow.port_wrappers.consent import Action
from app.flow.ports import Access, Cluster
from app.flow.targets.kinds import WORKLOADS

ROLE_NAME = "irsa-explorer"
"""How the ClusterRole that reads is called; those of the actions have the action's name after it."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """What one use takes. A namespace or name in braces is the examined subject's."""

    accesses: tuple[Access, ...] = ()
    """In the cluster, all of them."""
    iam: tuple[str, ...] = ()
    """IAM actions, all of them."""
    action: Action | None = None
    """What a person has to ask for beside that."""

    def of(self, subject: Subject) -> tuple[Access, ...]:
        """The accesses as they are for this subject."""
        known = {"{namespace}": subject.namespace, "{service_account}": subject.service_account, "{pod}": subject.pod}
        return tuple(
            replace(
                access,
                namespace=known.get(access.namespace, access.namespace),
                name=known.get(access.name, access.name),
            )
            for access in self.accesses
        )


def _of_path(path: str) -> Need:
    return Need(accesses=(Access(verb="get", path=path),))


def _namespaced(verb: str, resource: str, *, subresource: str = "", name: str = "") -> Access:
    return Access(verb=verb, resource=resource, subresource=subresource, namespace="{namespace}", name=name)


_READ_POD = Need(accesses=(_namespaced("get", "pods", name="{pod}"),))
_LOG = Need(
    accesses=(*_READ_POD.accesses, _namespaced("get", "pods", subresource="log", name="{pod}")),
    action=Action.READ_TOKEN,
)
_IN_POD = Need(
    accesses=(
        *_READ_POD.accesses,
        *(_namespaced(verb, "pods", subresource="exec", name="{pod}") for verb in ("get", "create")),
    ),
    action=Action.READ_TOKEN,
)

NEEDS: Mapping[str, Need] = {
    # Choosing the subject.
    "choose.namespace": Need(accesses=(Access(verb="list", resource="namespaces"),)),
    "choose.service_account": Need(accesses=(_namespaced("list", "serviceaccounts"),)),
    "choose.pod": Need(accesses=(_namespaced("list", "pods"),)),
    **{
        f"choose.{kind.singular}": Need(
            accesses=(Access(verb="get", resource=kind.plural, group=kind.group, namespace="{namespace}"),)
        )
        for kind in WORKLOADS
    },
    # The walk.
    "issuer.discovery": _of_path("/.well-known/openid-configuration"),
    "issuer.described": Need(iam=("eks:DescribeCluster",)),
    "issuer.cluster_keys": _of_path("/openid/v1/jwks"),
    "provider.exists": Need(iam=("iam:ListOpenIDConnectProviders", "iam:GetOpenIDConnectProvider")),
    "service_account.exists": Need(accesses=(_namespaced("get", "serviceaccounts", name="{service_account}"),)),
    "role.exists": Need(iam=("iam:GetRole",)),
    "webhook.registered": Need(
        accesses=(Access(verb="list", resource="mutatingwebhookconfigurations", group="admissionregistration.k8s.io"),)
    ),
    "webhook.selector": Need(
        accesses=(*_READ_POD.accesses, Access(verb="get", resource="namespaces", name="{namespace}"))
    ),
    "webhook.dry_run": Need(accesses=(_namespaced("create", "pods"),), action=Action.DRY_RUN),
    "pod.exists": _READ_POD,
    "token.file": _IN_POD,
    "token.format": Need(
        accesses=(_namespaced("create", "serviceaccounts", subresource="token", name="{service_account}"),),
        action=Action.TOKEN_REQUEST,
    ),
    "token.bound_pod": _READ_POD,
    "sts.credentials": Need(action=Action.EXCHANGE),
    "access.identity": Need(action=Action.EXCHANGE),
    "access.policy": Need(
        iam=(
            "iam:ListAttachedRolePolicies",
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:ListRolePolicies",
            "iam:GetRolePolicy",
        )
    ),
    "access.list_buckets": Need(action=Action.S3),
    # What only a running Pod shows.
    "pod.running": Need(accesses=(*_READ_POD.accesses, _namespaced("list", "events"))),
    **dict.fromkeys(
        (
            *("pod.service_account", "pod.skipped", "pod.handwritten", "pod.environment", "pod.volume", "pod.age"),
            *("pod.pod_identity", "pod.sdk"),
        ),
        _READ_POD,
    ),
    "pod.siblings": Need(accesses=(_namespaced("list", "pods"),)),
    "service_account.account": Need(iam=("iam:GetRole",)),
    # The webhook may be behind a Service of any namespace.
    "webhook.reachable": Need(
        accesses=tuple(Access(verb="get", resource=resource) for resource in ("services", "endpoints")),
    ),
    "token.api_server": _READ_POD,
    "pod.config_maps": Need(accesses=(_namespaced("get", "configmaps"),)),
    "pod.events": Need(accesses=(_namespaced("list", "events"),)),
    "pod.application": _LOG,
    **dict.fromkeys(("pod.token_readable", "pod.region", "pod.static_keys", "token.contents"), _IN_POD),
    # Which names are near one that leads nowhere.
    "near.role": Need(iam=("iam:ListRoles",)),
    # What AWS remembers of refusals, and of what it granted.
    **dict.fromkeys(("sts.recent_failures", "sts.recent_successes"), Need(iam=("cloudtrail:LookupEvents",))),
}
"""By use."""


def need(use: str) -> Need:
    """What a use takes; nothing, where it is none of `NEEDS`."""
    return NEEDS.get(use, Need())


TOKENS: Mapping[Action, str] = {Action.READ_TOKEN: "token.file", Action.TOKEN_REQUEST: "token.format"}
"""The ways to a token, the Pod's own first: by action the check that waits for it."""


def sent_for(action: Action, subject: Subject) -> tuple[Access, ...]:
    """What an action that brings a token takes in the cluster, beside reading the Pod."""
    return tuple(access for access in need(TOKENS[action]).of(subject) if access.subresource)


# What is allowed


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What the cluster says beforehand that we may do: by access of the subject, None where it did not tell."""

    subject: Subject
    answers: Mapping[Access, bool | None]

    def of(self, use: str) -> bool | None:
        """Whether the cluster will allow a use: None where one answer is missing and none is no."""
        found = [self.answers.get(access) for access in need(use).of(self.subject)]
        return False if False in found else None if None in found else True


def foresee(cluster: Cluster, subject: Subject, uses: Iterable[str] = NEEDS) -> Forecast:
    """Asks about each access once, by SelfSubjectAccessReviews, which every user may send. Never raises."""
    answers: dict[Access, bool | None] = {}
    for access in dict.fromkeys(access for use in uses for access in need(use).of(subject)):
        try:
            answers[access] = cluster.allowed(access)
        except FlowError:
            answers[access] = None
    return Forecast(subject=subject, answers=answers)


# What would allow it


def rules(accesses: Iterable[Access]) -> list[dict[str, list[str]]]:
    """The RBAC rules that allow these, and nothing else but other namespaces and names: as many as it takes."""
    # (1) All verbs of a thing.
    verbs: dict[tuple[str, str, str], set[str]] = {}
    for access in accesses:
        resource = "/".join(filter(None, (access.resource, access.subresource)))
        verbs.setdefault((access.path, access.group, resource), set()).add(access.verb)

    # (2) All things of the same kind that have the same verbs.
    found: dict[tuple[bool, str, tuple[str, ...]], list[str]] = {}
    for (path, group, resource), of_thing in verbs.items():
        found.setdefault((bool(path), group, tuple(sorted(of_thing))), []).append(path or resource)
    return [
        {"nonResourceURLs": things, "verbs": list(of_things)}
        if is_path
        else {"apiGroups": [group], "resources": things, "verbs": list(of_things)}
        for (is_path, group, of_things), things in found.items()
    ]


def rules_as_yaml(found: Sequence[Mapping[str, Sequence[str]]]) -> str:
    """RBAC rules as one writes them below `rules:`."""
    lines = []
    for rule in found:
        for number, (key, values) in enumerate(rule.items()):
            lines.append(f"{'-' if number == 0 else ' '} {key}: {json.dumps(list(values))}")
    return "\n".join(lines)


def iam_policy(actions: Iterable[str]) -> JsonValue:
    """The IAM policy that allows these actions. All of them read; of most of them IAM cannot tell one object."""
    statement = {"Effect": "Allow", "Action": list(dict.fromkeys(actions)), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}
