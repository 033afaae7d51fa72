"""A cluster that says its issuer to someone who may not read it there: from what that person gave, or from EKS.

And its account, which the kubeconfig or EKS says.

Kubernetes lets only ServiceAccounts read the discovery document by default (the ClusterRole
`system:service-account-issuer-discovery`), so the built-in ClusterRole `view` is not enough for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from app.flow.errors import FlowError, NotPermitted
from app.flow.json_access import get_str
from app.flow.model import JsonValue
from app.flow.names import account_of
from app.flow.port_wrappers.port_proxy import intercepted
from app.flow.ports import Ports

SOURCE = "source"
"""The key under which such a discovery document says where its issuer comes from."""
GIVEN, EKS = "--issuer", "eks:DescribeCluster"


@dataclass(frozen=True, kw_only=True)
class EksCluster:
    """What a kubeconfig says of a cluster of EKS."""

    name: str
    region: str
    """Empty where it does not say: then the identity's own."""
    account: str = ""
    """The id of its account; empty where it does not say."""


def knowing_issuer(ports: Ports, *, given: str, eks: EksCluster | None, endpoint: str) -> Ports:
    """The same ports, where the discovery document that we may not read is one that contains the issuer alone, and the
    cluster's account is known.

    `given` is the issuer that a person named; `eks` is described otherwise, and believed if its endpoint is ours.
    """

    def ask(method: str, put: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        try:
            return put(*arguments, **options)
        except NotPermitted as error:
            if method != "discovery" or error.about_login:
                raise
            if given:
                return {"issuer": given, SOURCE: GIVEN}
            if eks is not None and (issuer := get_str(_described(ports, eks, endpoint), "identity", "oidc", "issuer")):
                return {"issuer": issuer, SOURCE: EKS}
            raise

    def account() -> str:
        return "" if eks is None else eks.account or account_of(get_str(_described(ports, eks, endpoint), "arn"))

    return replace(ports, cluster=intercepted(ports.cluster, ask), cluster_account=account)


def _described(ports: Ports, eks: EksCluster, endpoint: str) -> JsonValue:
    """The cluster as EKS has it; None where it does not answer, or means another one."""
    try:
        found = ports.aws.cluster(eks.name, eks.region)
    except FlowError:
        return None
    same = get_str(found, "endpoint").rstrip("/").lower() == endpoint.rstrip("/").lower()
    return found if same else None
