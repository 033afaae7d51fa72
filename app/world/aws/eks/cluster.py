"""What EKS knows of a cluster. Times are Unix seconds by the clock of its account."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from app.flow.model import JsonValue


@dataclass(frozen=True, kw_only=True)
class Association:
    """An association of EKS Pod Identity: a role for a ServiceAccount, which need not exist."""

    association_id: str
    """`a-` and 17 characters."""
    arn: str
    namespace: str
    service_account: str
    role_arn: str
    target_role_arn: str = ""
    """The role of another account that is assumed after it; empty where there is none."""
    disables_session_tags: bool = False
    created: float
    modified: float
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Cluster:
    """A cluster of one account."""

    name: str
    arn: str
    endpoint: str
    """The URL of the API server."""
    certificate_authority: bytes = field(repr=False)
    """PEM."""
    issuer: str
    """The URL of its OIDC issuer."""
    version: str
    """The version of Kubernetes, such as `1.33`."""
    created: float
    associations: dict[str, Association] = field(default_factory=dict)
    """By id."""
    tags: dict[str, str] = field(default_factory=dict)

    def is_associated(self, namespace: str, service_account: str) -> bool:
        """Whether EKS Pod Identity has a role for that ServiceAccount."""
        return self.association_of(namespace, service_account) is not None

    def association_of(self, namespace: str, service_account: str) -> Association | None:
        """The ServiceAccount's association: there is at most one."""
        wanted = (namespace, service_account)
        return next((it for it in self.associations.values() if (it.namespace, it.service_account) == wanted), None)

    def describe(self) -> JsonValue:
        """The cluster as DescribeCluster shows it. What this world has nothing for is left out."""
        return {
            "name": self.name,
            "arn": self.arn,
            "createdAt": self.created,
            "version": self.version,
            "endpoint": self.endpoint,
            "identity": {"oidc": {"issuer": self.issuer}},
            "status": "ACTIVE",
            "certificateAuthority": {"data": base64.b64encode(self.certificate_authority).decode()},
            "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
            "health": {"issues": []},
            "tags": dict(self.tags),
        }
