"""The exercise in a world: what its page has to know beside the walk, and its tasks done as the learner would do them.

A task is done by the same requests to the world's servers that the learner's commands send.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.flow.build.deeds import has_failed, is_injected
from app.flow.build.plan import SESSION, Act, AssumeWithToken, InPod, Place, Request, Settle, ToCluster, ToIam
from app.flow.build.role import role_checks
from app.flow.build.tasks import Seen
from app.flow.json_access import get_str
from app.flow.model import Walk
from app.flow.ports import Ports
from app.flow.redaction import mask_text
from app.world.setup.developer import PODS_SECONDS, Developer
from app.world.setup.kube_system import NAMESPACE as KUBE_SYSTEM

if TYPE_CHECKING:
    from app.world.world import World


# (1) What the page has to know


def place(world: World) -> Place:
    """The names that the commands of the exercise are about, and what exists."""
    return Place(
        chain=world.chain,
        account_id=world.account_id,
        issuer=world.issuer,
        taken=frozenset(
            (get_str(pod.object, "metadata", "namespace"), get_str(pod.object, "metadata", "name"))
            for pod in world.cluster.scan("pods")
        ),
        namespaces=frozenset(get_str(it.object, "metadata", "name") for it in world.cluster.scan("namespaces")),
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
        has_failed(pod.object) and not is_injected(pod.object)
        for pod in world.cluster.scan("pods")
        if get_str(pod.object, "metadata", "namespace") != KUBE_SYSTEM
    )


# (2) A task, done


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What became of one command."""

    command: str
    output: str = ""
    """What it shows, secrets masked; empty for a command that changes something."""
    in_pod: InPod | None = None
    """A request to a container that is still to be sent: only a client can send it."""


async def carry_out(world: World, acts: Sequence[Act]) -> tuple[Sent, ...]:
    """Sends the requests in their order. `ExchangeLog.setup` then has them, and the requests that follow from them.

    Raises `SetupRefused` and `NetworkError`; what came before stays.
    """
    developer, sent = Developer(world), []
    with world.log.setting_up():
        for act in acts:
            output, in_pod = "", None
            for request in act.requests:
                if isinstance(request, InPod):
                    in_pod = request
                else:
                    output += await _send(world, developer, request)
            sent.append(Sent(command=act.command, output=mask_text(output), in_pod=in_pod))
        await world.kubelet.settle(PODS_SECONDS)
    return tuple(sent)


async def _send(world: World, developer: Developer, request: Request) -> str:
    match request:
        case ToCluster(method=method, path=path, body=body, shows=shows):
            answer = await developer.ask(method, path, body)
            return answer.decode("utf-8", "replace") if shows else ""
        case ToIam(action=action, parameters=parameters):
            await developer.iam(action, parameters)
        case AssumeWithToken(namespace=namespace, service_account=name, role_arn=role_arn):
            return await developer.assume_role(role_arn, SESSION, namespace=namespace, service_account=name)
        case Settle():
            await world.kubelet.settle(PODS_SECONDS)
    return ""
