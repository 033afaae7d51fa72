"""What one user lacks for a full diagnosis: the cluster says it beforehand, AWS only by what it refuses.

Rules: SelfSubjectAccessReview (Kubernetes, "Authorization Overview"). IAM's own simulation takes a right of its own, so
an action counts as lacking once a request was refused, and as not known where no request got so far.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.flow.doctor.diagnosis import Diagnosis
from app.flow.model import Check, JsonObject, JsonValue, Status
from app.flow.port_wrappers.consent import Action
from app.flow.port_wrappers.permissions_needed import NEEDS, ROLE_NAME, foresee, iam_policy, rules
from app.flow.ports import Access, Cluster
from app.flow.steps.findings import NO_PERMISSION

USER_HERE = "USER"
"""A placeholder for the user's name, where no error message of the cluster contains it: `kubectl auth whoami` shows
it."""
_API = "rbac.authorization.k8s.io"
_USER = re.compile(r'User "([^"]+)" cannot ')


@dataclass(frozen=True, kw_only=True)
class Lacking:
    """The permissions that are missing, and those that may be."""

    namespace: str
    """The namespace for those accesses that need one."""
    accesses: tuple[Access, ...]
    """The accesses that the cluster does not allow."""
    unanswered: tuple[Access, ...]
    """The accesses about which the cluster did not answer."""
    iam: tuple[str, ...]
    """The IAM actions that AWS refused, each with the actions that follow it in the same check."""
    untried: tuple[str, ...]
    """The IAM actions that were not tried because no request got so far."""
    user: str
    """The user's name in the cluster; empty where it is not known."""

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is missing, and nothing unknown."""
        return not (self.accesses or self.unanswered or self.iam or self.untried)

    @property
    def is_known(self) -> bool:
        """Whether it is certain which permissions are missing."""
        return not (self.unanswered or self.untried)

    @property
    def manifests(self) -> list[JsonValue]:
        """ClusterRoles and their bindings: in the namespace for the accesses that need one, in the whole cluster for
        the others."""
        wanted = (*self.accesses, *self.unanswered)
        wide = [access for access in wanted if not access.namespace]
        narrow = [access for access in wanted if access.namespace]
        return [*_granting(wide, "", self.user), *_granting(narrow, self.namespace, self.user)]

    @property
    def policy(self) -> JsonValue:
        """The IAM policy; None where it would allow nothing new."""
        actions = (*self.iam, *self.untried)
        return iam_policy(actions) if actions else None


def lacking(cluster: Cluster, found: Diagnosis, actions: frozenset[Action]) -> Lacking:
    """The permissions that were missing for this diagnosis, among those for these actions and for reading. Asks the
    cluster. Never raises."""
    uses = [use for use, need in NEEDS.items() if need.action is None or need.action in actions]
    forecast = foresee(cluster, found.subject, uses)
    checks = {check.id: check for _, checks in found.steps() for check in checks}
    tried = {use: checks[use] for use in uses if use in checks and NEEDS[use].iam}
    refused = _actions_of(use for use, check in tried.items() if check.reason == NO_PERMISSION)
    open_ = _actions_of(use for use, check in tried.items() if _is_open(check))
    allowed = _actions_of(use for use, check in tried.items() if check.reason != NO_PERMISSION and not _is_open(check))
    errors = (check.error for check in checks.values())
    users = (named[1] for error in errors if (named := _USER.search(error)))
    return Lacking(
        namespace=found.subject.namespace,
        accesses=tuple(access for access, answer in forecast.answers.items() if answer is False),
        unanswered=tuple(access for access, answer in forecast.answers.items() if answer is None),
        iam=refused,
        untried=tuple(action for action in open_ if action not in (*refused, *allowed)),
        user=next(users, ""),
    )


def _is_open(check: Check) -> bool:
    """Whether something other than a missing permission kept the check from being made."""
    return check.status in (Status.UNKNOWN, Status.NOT_REACHED) and check.reason != NO_PERMISSION


def _actions_of(uses: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(action for use in uses for action in NEEDS[use].iam))


def _granting(accesses: list[Access], namespace: str, user: str) -> list[JsonValue]:
    """A ClusterRole with the rules, and its binding. Its name is made from its rules, so that it replaces no other
    role."""
    if not accesses:
        return []
    wanted = rules(accesses)
    name = f"{ROLE_NAME}-{hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:8]}"
    metadata: JsonObject = {"name": name, **({"namespace": namespace} if namespace else {})}
    return [
        {"apiVersion": f"{_API}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": wanted},
        {
            "apiVersion": f"{_API}/v1",
            "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": _API, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": _API, "kind": "User", "name": user or USER_HERE}],
        },
    ]
