"""What an account holds: plain records, changed only by `iam`, `sts` and `s3`. Times are Unix seconds by its clock.

Policies are kept as the text that was given: IAM answers that text, and each evaluation reads it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import jwt


@dataclass(kw_only=True)
class OidcProvider:
    """An IAM OIDC provider: a record of trust in an issuer. It issues nothing."""

    url: str
    """Without `https://`, as IAM shows it."""
    arn: str
    created: float
    client_ids: list[str] = field(default_factory=list)
    thumbprints: list[str] = field(default_factory=list)
    """SHA-1, 40 hex digits, lower case."""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PublishedKeys:
    """An issuer's JWKS, as STS keeps it."""

    url: str
    fetched: float
    keys: Mapping[str, jwt.PyJWK]
    """By `kid`. Keys that STS cannot use are left out."""


@dataclass(kw_only=True)
class Role:
    """An IAM role with its trust policy and its permissions."""

    name: str
    path: str
    arn: str
    role_id: str
    created: float
    trust_policy: str
    description: str | None = None
    max_session_duration: int = 3600
    inline_policies: dict[str, str] = field(default_factory=dict)
    attached: list[str] = field(default_factory=list)
    """ARNs of managed policies."""
    permissions_boundary: str = ""
    """The ARN of the managed policy that limits what the others give; empty where nothing does."""
    tags: dict[str, str] = field(default_factory=dict)
    last_used: float | None = None
    """When a session of it last made a request: Unix seconds by the world's clock; None where none has."""
    last_region: str = ""
    """Where it made that request."""


@dataclass(kw_only=True)
class InstanceProfile:
    """An instance profile: by it EC2 gives an instance its role."""

    name: str
    path: str
    arn: str
    profile_id: str
    created: float
    role_name: str = ""
    """Empty where it has no role."""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class User:
    """An IAM user without a policy of its own: it may do nothing."""

    name: str
    arn: str
    user_id: str
    created: float
    path: str = "/"
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PolicyVersion:
    """One version of a managed policy."""

    version_id: str
    document: str
    created: float


@dataclass(kw_only=True)
class Policy:
    """A managed policy, AWS's or the account's own."""

    name: str
    path: str
    arn: str
    policy_id: str
    created: float
    updated: float
    versions: dict[str, PolicyVersion]
    default_version_id: str = "v1"
    next_version: int = 2
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def document(self) -> str:
        """The document of the default version: the one in force."""
        return self.versions[self.default_version_id].document


_HEADER_BYTES = 100
"""What one header takes beside its characters. An object may have a thousand of a few characters each."""


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object in a bucket."""

    body: bytes = field(repr=False)
    content_type: str
    etag: str
    """MD5 in hex, without the quotes."""
    modified: float
    headers: Mapping[str, str] = field(default_factory=dict)
    """What else it was stored with and is given out with: other metadata of S3's and the user's, and its checksum."""

    @property
    def size(self) -> int:
        """Bytes of memory that it takes, those of its headers among them."""
        headers = sum(_HEADER_BYTES + len(name) + len(value) for name, value in self.headers.items())
        return len(self.body) + len(self.content_type) + headers


@dataclass(kw_only=True)
class Bucket:
    """An S3 bucket."""

    name: str
    region: str
    created: float
    objects: dict[str, StoredObject] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class MetadataOptions:
    """How an instance's metadata service answers (EC2, `MetadataOptions`)."""

    hop_limit: int
    """`HttpPutResponseHopLimit`: how many network hops the answer to a request for a token may take. IMDSv1 has
    no such limit."""
    tokens_required: bool
    """`HttpTokens` is `required`: IMDSv1, which takes requests without a token, is off."""


class NodeKind(StrEnum):
    """What made the node, which decides about its instance metadata.

    Sources: eksctl, pkg/cfn/builder/nodegroup.go and pkg/apis/eksctl.io/v1alpha5/defaults.go; EKS user guide, "Upgrade
    from Amazon Linux 2 to Amazon Linux 2023" and "Fargate"; Karpenter, EC2NodeClass; for Auto Mode AWS's samples.
    """

    EKSCTL = "eksctl"
    LAUNCH_TEMPLATE = "launch-template"
    """A launch template of one's own that limits the hops and leaves IMDSv1 on."""
    AL2023 = "al2023"
    """A managed node group of Amazon Linux 2023 without a launch template of one's own."""
    KARPENTER = "karpenter"
    AUTO_MODE = "auto-mode"
    FARGATE = "fargate"

    @property
    def metadata(self) -> MetadataOptions | None:
        """What the instance is set to; None where there is no instance metadata."""
        return _METADATA[self]

    @property
    def takes_no_token(self) -> bool:
        """Whether the service also responds to IMDSv1, to which no hop limit applies."""
        return self.metadata is not None and not self.metadata.tokens_required

    @property
    def pods_reach_role(self) -> bool:
        """Whether a Pod on the Pod network gets the node's role.

        A Pod on the host's network always does, except on Fargate.
        """
        options = self.metadata
        return options is not None and (options.hop_limit >= POD_HOPS or self.takes_no_token)


POD_HOPS = 2
"""Network hops from the metadata service to a Pod that has a network of its own; to the host it is one."""
_METADATA: Mapping[NodeKind, MetadataOptions | None] = {
    NodeKind.EKSCTL: MetadataOptions(hop_limit=2, tokens_required=True),
    NodeKind.LAUNCH_TEMPLATE: MetadataOptions(hop_limit=1, tokens_required=False),
    NodeKind.AL2023: MetadataOptions(hop_limit=1, tokens_required=True),
    NodeKind.KARPENTER: MetadataOptions(hop_limit=1, tokens_required=True),
    NodeKind.AUTO_MODE: MetadataOptions(hop_limit=1, tokens_required=True),
    NodeKind.FARGATE: None,
}


@dataclass(kw_only=True)
class Node:
    """The node on which Pods run, with the role that its metadata service hands out."""

    role_name: str
    """The role of its instance profile."""
    instance_id: str
    """`i-` and 17 hex digits: also the session name of the role's credentials."""
    kind: NodeKind = NodeKind.EKSCTL
    availability_zone: str = ""
    """Empty: the first zone of the account's region."""
