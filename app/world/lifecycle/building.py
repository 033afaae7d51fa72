"""What the page of the exercise has to know of a world beside its walk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.build.deeds import has_failed, is_injected
from app.flow.build.plan import Place
from app.flow.build.role import role_checks
from app.flow.build.tasks import Seen
from app.flow.json_access import get_str
from app.flow.model import Walk
from app.flow.ports import Ports
from app.world.setup.kube_system import NAMESPACE as KUBE_SYSTEM

if TYPE_CHECKING:
    from app.world.world import World


def place(world: World) -> Place:
    """The names that the commands of the exercise are about, and what exists."""
    return Place(
        chain=world.chain,
        account_id=world.account_id,
        issuer=world.issuer,
        taken=frozenset(
            (get_str(pod, "metadata", "namespace"), get_str(pod, "metadata", "name"))
            for pod in world.cluster.list("pods")
        ),
        namespaces=frozenset(get_str(it, "metadata", "name") for it in world.cluster.list("namespaces")),
    )


def seen(world: World, ports: Ports, walk: Walk, log: str) -> Seen:
    """What the goals are judged by. Asks the world's servers, so not on their loop. `log`: of the chain's Pod."""
    role_arn = place(world).role_arn
    return Seen(
        walk=walk,
        role_checks=role_checks(ports, walk, role_arn),
        deeds=frozenset(world.usage.deeds),
        failed_pod=has_failed_pod(world),
        log=log,
    )


def has_failed_pod(world: World) -> bool:
    """Whether a Pod of the learner's has failed without IRSA."""
    return any(
        has_failed(pod) and not is_injected(pod)
        for pod in world.cluster.list("pods")
        if get_str(pod, "metadata", "namespace") != KUBE_SYSTEM
    )
