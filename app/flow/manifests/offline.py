"""The ports of the steps over files: what the manifests and trust policies say. Every other question stays unasked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import jsonpatch

from app.flow.errors import FlowError
from app.flow.json_access import get, strings
from app.flow.manifests.trust_documents import TrustDocument
from app.flow.manifests.workloads import Found
from app.flow.matching.nearest import statements
from app.flow.model import Exchange, JsonValue
from app.flow.names import provider_url, role_name
from app.flow.port_wrappers.consent import NOT_ASKED, NotAsked
from app.flow.ports import Aws, Clock, Cluster, Issuer, Ports, ServerLog
from app.flow.webhook import CONFIGURATION, WEBHOOKS, WebhookSettings, identity_of, mutate, selector_on_eks

EKS_WEBHOOK: JsonValue = {
    "metadata": {"name": CONFIGURATION},
    "webhooks": [
        {
            "name": WEBHOOKS[0],
            "objectSelector": selector_on_eks(),
            "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
        }
    ],
}
"""The registration as EKS makes it, as far as it decides which Pods the webhook sees."""


class Offline(NotAsked):
    """Files do not say it, and no server is asked."""

    def __init__(self, operation: str) -> None:
        FlowError.__init__(self, code=NOT_ASKED, server_message="", operation=operation)


class _Port:
    """A port that knows a few answers."""

    region = ""
    regions: frozenset[str] = frozenset()
    """The SDK knows them, which is not asked either."""

    def __init__(self, answers: Mapping[str, Callable[..., Any]]) -> None:
        self._answers = answers

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def unasked(*arguments: Any, **options: Any) -> Any:
            raise Offline(method)

        return self._answers.get(method, unasked)

    def exchanges(self) -> tuple[Exchange, ...]:
        return ()

    def setup(self) -> tuple[Exchange, ...]:
        return ()


def ports(
    account: Found, workload: Found | None, trust: TrustDocument | None, role_arn: str, issuer: str, now: float
) -> Ports:
    """What the files say of one ServiceAccount, its Pod and its role. `issuer` may be empty: then it is not known."""

    def discovery() -> JsonValue:
        if not issuer:
            raise Offline("discovery")
        return {"issuer": issuer}

    def pod(namespace: str, name: str) -> JsonValue:
        if workload is None:
            raise Offline("pod")
        return workload.document

    def dry_run(namespace: str, asked: JsonValue) -> JsonValue:
        """What the webhook's own algorithm makes of the Pod as it is written, where it can decode that."""
        patch = mutate(pod("", ""), account.document, WebhookSettings()) if workload else []
        if not patch and (workload is None or identity_of(account.document, WebhookSettings())):
            raise Offline("dry_run_pod")
        return jsonpatch.apply_patch(pod("", ""), patch)

    def role(name: str) -> JsonValue:
        policy = trust.policy_of(role_arn) if trust else None
        if policy is None:
            raise Offline("role")
        return {"Arn": (trust.arn if trust else "") or role_arn, "RoleName": name, "AssumeRolePolicyDocument": policy}

    cluster: dict[str, Callable[..., Any]] = {
        "discovery": discovery,
        "service_account": lambda namespace, name: account.document,
        "pod": pod,
        "mutating_webhooks": lambda: [EKS_WEBHOOK],
        "dry_run_pod": dry_run,
    }
    return Ports(
        cluster=cast(Cluster, _Port(cluster)),
        aws=cast(Aws, _Port({"role": role})),
        issuer=cast(Issuer, _Port({})),
        clock=cast(Clock, _Port({"now": lambda: now})),
        server_log=cast(ServerLog, _Port({})),
    )


def trust_of(role_arn: str, known: list[TrustDocument]) -> TrustDocument | None:
    """The trust policy of a role: the one that says its name, else the file of its name, else the only one without."""
    name = role_name(role_arn)
    if not name:
        return None
    nameless = [it for it in known if not it.name]
    return (
        next((it for it in known if it.arn == role_arn), None)
        or next((it for it in known if it.name == name), None)
        or next((it for it in nameless if it.stem == name), None)
        or (nameless[0] if len(nameless) == 1 else None)
    )


def named_issuers(policy: JsonValue) -> list[str]:
    """The issuers whose providers a trust policy names."""
    found = (
        provider_url(arn)
        for statement in statements(policy)
        for arn in strings(get(statement, "Principal", "Federated"))
    )
    return list(dict.fromkeys(f"https://{it}" for it in found if it))
