"""What a world is known by, and what opens it: made at random, so that no other learner can guess it."""

from __future__ import annotations

import secrets
import string
import uuid
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The names and secrets of one world, the same for as long as there is that world."""

    path: str
    """The prefix of its URLs, 128 random bits."""
    issuer_id: str
    node_name: str
    node_uid: str
    node_role_name: str
    instance_id: str
    admin_token: str = field(repr=False)
    """The learner's bearer token for the API server. It names the world, for clients that leave out the path."""
    explorer_token: str = field(repr=False)
    """The explorer's own token of the same user, so that its walks are not taken for what the learner does."""
    node_token: str = field(repr=False)
    """The kubelet's."""


def new_identity(region: str, cluster_name: str) -> Identity:
    """The identity of a new world."""
    path = secrets.token_hex(16)
    return Identity(
        path=path,
        issuer_id=secrets.token_hex(16).upper(),
        node_name=f"ip-192-168-{secrets.randbelow(64)}-{10 + secrets.randbelow(240)}.{region}.compute.internal",
        node_uid=str(uuid.uuid4()),
        node_role_name=f"eksctl-{cluster_name}-nodegroup-ng-1-NodeInstanceRole-{_suffix()}",
        instance_id=f"i-0{secrets.token_hex(8)}",
        admin_token=f"{path}.{secrets.token_urlsafe(32)}",
        explorer_token=secrets.token_urlsafe(32),
        node_token=secrets.token_urlsafe(32),
    )


def _suffix() -> str:
    """What CloudFormation appends to the names it makes."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(12))
