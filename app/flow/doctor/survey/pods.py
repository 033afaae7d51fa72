"""Which Pods of a ServiceAccount run without the role that its annotation names: the webhook edits a Pod only once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.flow.json_access import get, get_object, get_str
from app.flow.model import JsonValue
from app.flow.names import runs_as
from app.flow.steps.injection import ROLE_VARIABLE, containers, environment
from app.flow.steps.kubelet_status import ENDED
from app.flow.webhook import POD_IDENTITY_LABEL, SKIP_LABEL


@dataclass(frozen=True, kw_only=True)
class StalePod:
    """A Pod that would differ if it was recreated."""

    document: JsonValue
    role_arn: str
    """The role that its variables name; empty where it is not injected."""

    @property
    def name(self) -> str:
        """Its name."""
        return get_str(self.document, "metadata", "name")


def by_service_account(pods: Iterable[JsonValue]) -> Mapping[tuple[str, str], list[JsonValue]]:
    """The Pods by namespace and ServiceAccount, each list in the order of the Pods' names."""
    found: dict[tuple[str, str], list[JsonValue]] = {}
    for pod in sorted(pods, key=lambda pod: get_str(pod, "metadata", "name")):
        account = runs_as(pod)
        found.setdefault((get_str(pod, "metadata", "namespace"), account), []).append(pod)
    return found


def living(pods: Iterable[JsonValue]) -> list[JsonValue]:
    """The Pods that have not ended and are not being deleted."""
    return [
        pod
        for pod in pods
        if not get(pod, "metadata", "deletionTimestamp") and get_str(pod, "status", "phase") not in ENDED
    ]


def by_pod_identity(pods: Iterable[JsonValue]) -> list[str]:
    """The names of the Pods without the role's variables that use EKS Pod Identity, because an association takes
    precedence."""
    return [
        get_str(pod, "metadata", "name")
        for pod in pods
        if POD_IDENTITY_LABEL in get_object(pod, "metadata", "labels")
        and not any(ROLE_VARIABLE in environment(box) for box in containers(pod))
    ]


def stale(pods: Iterable[JsonValue], role_arn: str) -> list[StalePod]:
    """The living Pods in which the webhook has set no role, or another one than `role_arn`.

    A Pod that would be the same after it was recreated is left out: one that is kept from the webhook on purpose (by
    its label, or by `skip-containers` for all of its containers), and one with Pod Identity, which takes precedence.
    """
    found = []
    for pod in pods:
        boxes, labels = containers(pod), get_object(pod, "metadata", "labels")
        if not boxes or SKIP_LABEL in labels or POD_IDENTITY_LABEL in labels:
            continue
        carried = {environment(box)[ROLE_VARIABLE] for box in boxes if ROLE_VARIABLE in environment(box)}
        if not carried:
            found.append(StalePod(document=pod, role_arn=""))
        elif role_arn not in carried and (other := sorted(filter(None, carried))):  # else the manifest sets it
            found.append(StalePod(document=pod, role_arn=other[0]))
    return found
