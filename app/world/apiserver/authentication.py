"""Who is asking: bearer tokens of the world, ServiceAccount tokens, or nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class User:
    """Who a request is made by (`user.Info`)."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further facts, such as `authentication.kubernetes.io/pod-name`."""


ANONYMOUS = User(name="system:anonymous", groups=("system:unauthenticated",))
ADMIN = User(name="kubernetes-admin", groups=("system:masters", "system:authenticated"))
"""The learner, and whoever seeds the cluster."""
