"""The names that ServiceAccounts have as users, and their groups.

Source: k8s.io/apiserver `pkg/authentication/serviceaccount/util.go` (`MakeUsername`, `SplitUsername`,
`MakeGroupNames`).
"""

from __future__ import annotations

from app.flow.names import SUBJECT_PREFIX

ALL_SERVICE_ACCOUNTS = "system:serviceaccounts"


def username(namespace: str, name: str) -> str:
    """The user's name, which is the `sub` of its tokens, too."""
    return f"{SUBJECT_PREFIX}{namespace}:{name}"


def namespace_of(user: str) -> str:
    """The namespace of a ServiceAccount's user name; empty for any other."""
    namespace, separator, account = user.removeprefix(SUBJECT_PREFIX).partition(":")
    known = user.startswith(SUBJECT_PREFIX) and bool(separator and namespace and account) and ":" not in account
    return namespace if known else ""


def groups(namespace: str) -> tuple[str, ...]:
    """The groups of a namespace's ServiceAccounts, with that of all authenticated users."""
    return ALL_SERVICE_ACCOUNTS, f"{ALL_SERVICE_ACCOUNTS}:{namespace}"
