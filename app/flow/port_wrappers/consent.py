"""What is done only when a person has asked for it, because it sends something beyond a plain read.

A walk reads. The rest it does on request alone: the caller that makes the ports says which actions the person granted,
and the wrapper never calls what was not granted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from app.flow.errors import FlowError
from app.flow.port_wrappers.port_proxy import intercepted
from app.flow.ports import Ports


class Action(StrEnum):
    """One thing that a person can grant. The value is the key of its words."""

    DRY_RUN = "dry_run"
    """A server-side dry run of the Pod, and of what a fix changes: the API server calls its webhooks, and stores
    nothing."""
    TOKEN_REQUEST = "token_request"
    """A TokenRequest for the ServiceAccount, for STS' audience (or the one that it is annotated with)."""
    READ_TOKEN = "read_token"
    """Into the chosen Pod: commands that show its projected token, the files beside it and its environment; its log."""
    EXCHANGE = "exchange"
    """The token goes to STS (AssumeRoleWithWebIdentity), and what comes back says who it is (GetCallerIdentity)."""
    S3 = "s3"
    """ListBuckets with what came back."""


NOT_ASKED = "not_asked"
"""The reason of what the reader has not asked for."""
ALL = frozenset(Action)
NOTHING: frozenset[Action] = frozenset()

CLUSTER_ACTIONS: Mapping[str, Action] = {
    **dict.fromkeys(("dry_run_pod", "dry_run_patch", "dry_run_service_account"), Action.DRY_RUN),
    "request_token": Action.TOKEN_REQUEST,
    "execute": Action.READ_TOKEN,
    "pod_log": Action.READ_TOKEN,
}
"""By method of `Cluster`: what it takes to call it."""
CLUSTER_READS = frozenset(
    {
        "version",
        "discovery",
        "jwks",
        "namespaces",
        "namespace",
        "service",
        "endpoints",
        "service_accounts",
        "pods",
        "workload",
        "workloads",
        "allowed",
        "service_account",
        "pod",
        "pod_events",
        "config_map",
        "mutating_webhooks",
    }
)
AWS_ACTIONS: Mapping[str, Action] = {
    "assume_role_with_web_identity": Action.EXCHANGE,
    "list_buckets": Action.S3,
}
"""By method of `Aws`."""
AWS_READS = frozenset(
    {
        "oidc_providers",
        "oidc_provider",
        "role",
        "roles",
        "role_policies",
        "managed_policy",
        "simulate",
        "caller_identity",
        "assumptions",
        "cluster",
    }
)


class NotAsked(FlowError):
    """The reader has not asked for this, so it was not done. `action` is what would have to be granted."""

    kind = NOT_ASKED

    def __init__(self, action: Action) -> None:
        super().__init__(code=NOT_ASKED, server_message="", operation=action)
        self.action = action


def consented(ports: Ports, actions: frozenset[Action]) -> Ports:
    """The same ports, where a method that `actions` does not contain raises `NotAsked` and sends nothing."""
    return replace(
        ports,
        cluster=intercepted(ports.cluster, _Consent(CLUSTER_READS, CLUSTER_ACTIONS, actions)),
        aws=intercepted(ports.aws, _Consent(AWS_READS, AWS_ACTIONS, actions)),
        withheld=ALL - actions,
    )


class _Consent:
    """Asks what may be asked. A method that it does not know is not called: it might send something."""

    def __init__(self, reads: frozenset[str], needs: Mapping[str, Action], granted: frozenset[Action]) -> None:
        self._reads = reads
        self._needs = needs
        self._granted = granted

    def __call__(self, method: str, put: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        # With credentials, GetCallerIdentity is part of the exchange; without, it says who we ourselves are.
        with_credentials = method == "caller_identity" and any((*arguments, *options.values()))
        action = Action.EXCHANGE if with_credentials else self._needs.get(method)
        if action is None and method not in self._reads:
            raise AttributeError(f"nobody has said what {method} needs")
        if action is not None and action not in self._granted:
            raise NotAsked(action)
        return put(*arguments, **options)
