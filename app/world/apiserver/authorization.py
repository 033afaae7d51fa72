"""Who may do what: a small RBAC table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One RBAC rule bound to a user or a group. `*` stands for any."""

    subject: str
    """The user's or group's name, such as `system:serviceaccount:default:my-sa`."""
    verbs: tuple[str, ...]
    resources: tuple[str, ...]
    """Such as `pods`, `serviceaccounts/token`."""
    groups: tuple[str, ...] = ("",)
    """API groups."""
    namespace: str = ""
    """Where it holds: a RoleBinding's namespace; empty for a ClusterRoleBinding."""
    names: tuple[str, ...] = ()
    """The objects it is limited to; empty for all."""
