"""What to do about the Pods of a ServiceAccount that do not use its role, and where it has none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.flow.doctor import changes
from app.flow.doctor.fix import Fix
from app.flow.doctor.names import Names
from app.flow.doctor.pods.rows import rows

_KINDS = "deployments,statefulsets,daemonsets,cronjobs"
_COLUMNS = ",".join(
    (
        *("KIND:.kind", "NAME:.metadata.name", "REPLICAS:.spec.replicas"),
        "SERVICE_ACCOUNT:.spec.template.spec.serviceAccountName",
        "OF_CRONJOB:.spec.jobTemplate.spec.template.spec.serviceAccountName",
    )
)
"""The columns that show which workloads have the ServiceAccount, also those without a Pod."""


def siblings(names: Names) -> Fix | None:
    """Recreates the Pods of which a new one would be current, with one command for each owner. Where there are none,
    examines the other Pods that lack the role, one of each owner.

    The workload of the examined Pod is left out of these: this is its diagnosis.
    """
    found = rows(names.documents.get("pods"))
    if not found:
        return _no_pod(names)
    stale = [pod for pod in found if pod.stale]
    owners = [names.of(pod) for pod in stale if pod.restart]
    commands = dict.fromkeys(command for owner in owners for command in owner.recreate())
    if commands:
        return Fix(id="restart_pods", commands=tuple(commands), then=_resumed(owners, commands))
    known = [pod.workload for pod in found if pod.name == names.pod]
    others = {str(pod.workload): pod.name for pod in reversed(stale) if pod.workload not in known}
    commands = dict.fromkeys(names.doctor(pod=name) for name in others.values())
    return Fix(id="examine_pods", commands=tuple(commands)) if commands else None


def _no_pod(names: Names) -> Fix | None:
    """Has the workloads whose Pods run as `default` use the ServiceAccount, or lists those that name it: only the
    reader knows which one is meant. None while the role is not known."""
    if not names.role_arn:
        return None
    found = [names.of(pod) for pod in rows(names.documents.get("default_pods")) if not pod.deleting]
    commands = dict.fromkeys(command for pod in found for command in pod.set_service_account())
    if not commands:
        look = names.kubectl("get", _KINDS, "-o", f"custom-columns={_COLUMNS}")
        there = names.kubectl("set", "serviceaccount", "deployment/NAME", names.service_account)
        return Fix(id="write_service_account", commands=(look, there))
    alone = len({it.workload for it in found}) == 1
    change = changes.workload(found[0], changes.run_as(names.service_account)) if alone else None
    return Fix(id="use_service_account", commands=tuple(commands), change=change, then=_resumed(found, commands))


def _resumed(owners: Sequence[Names], commands: Iterable[str]) -> str:
    return next((then for it in owners if (then := it.resumes(commands))), "")
