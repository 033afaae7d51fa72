"""What an account holds: plain records, changed only by `iam`, `sts` and `s3`.

Policies are kept as the text that was given: IAM answers that text, and each evaluation reads it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class User:
    """An IAM user without a policy of its own: it may do nothing."""

    name: str
    arn: str
    user_id: str
    created: float


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


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object in a bucket."""

    body: bytes = field(repr=False)
    content_type: str
    etag: str
    """MD5 in hex, without the quotes."""
    modified: float


@dataclass(kw_only=True)
class Bucket:
    """An S3 bucket."""

    name: str
    region: str
    created: float
    objects: dict[str, StoredObject] = field(default_factory=dict)


@dataclass(kw_only=True)
class Node:
    """The EC2 instance whose metadata service Pods can reach."""

    role_name: str
    """The role of its instance profile."""
    instance_id: str
    """`i-` and 17 hex digits: also the session name of the role's credentials."""
    hop_limit: int = 2
    """`HttpPutResponseHopLimit`: how many network hops the answer to a token request lives."""
    availability_zone: str = ""
    """Empty: the first zone of the account's region."""
