"""A cluster that says its issuer to someone who may not read it there: from what that person gave, or from EKS.

Kubernetes lets only ServiceAccounts read the discovery document by default (the ClusterRole
`system:service-account-issuer-discovery`), so the built-in ClusterRole `view` is not enough for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from app.flow.errors import FlowError, NotPermitted
from app.flow.json_access import get_str
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


def knowing_issuer(ports: Ports, *, given: str, eks: EksCluster | None, endpoint: str) -> Ports:
    """The same ports, where the discovery document that we may not read is one that contains the issuer alone.

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
            if eks is not None and (issuer := _described(ports, eks, endpoint)):
                return {"issuer": issuer, SOURCE: EKS}
            raise

    return replace(ports, cluster=intercepted(ports.cluster, ask))


def _described(ports: Ports, eks: EksCluster, endpoint: str) -> str:
    """The issuer that EKS has for the cluster; empty where it does not answer, or means another one."""
    try:
        found = ports.aws.cluster(eks.name, eks.region)
    except FlowError:
        return ""
    same = get_str(found, "endpoint").rstrip("/").lower() == endpoint.rstrip("/").lower()
    return get_str(found, "identity", "oidc", "issuer") if same else ""
