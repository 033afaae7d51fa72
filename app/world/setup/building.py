"""Does a task of the exercise as its learner would: the same requests, over the world's own doors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.flow.build.plan import SESSION, Act, AssumeWithToken, InPod, Request, Settle, ToCluster, ToIam
from app.flow.names import DEFAULT_AUDIENCE
from app.world.setup.developer import Developer

if TYPE_CHECKING:
    from app.world.world import World

PODS_SECONDS = 20.0
"""How long Pods on their way are waited for."""


async def carry_out(world: World, acts: Sequence[Act]) -> tuple[InPod, ...]:
    """Sends the requests in their order; returns those to a container, which only a client can send.

    What they set off is kept with the world's setup. Raises `SetupRefused` and `NetworkError`; what came before stays.
    """
    developer, left = Developer(world), []
    with world.log.setting_up():
        for act in acts:
            for request in act.requests:
                if isinstance(request, InPod):
                    left.append(request)
                else:
                    await _send(world, developer, request)
        await world.kubelet.settle(PODS_SECONDS)
    return tuple(left)


async def _send(world: World, developer: Developer, request: Request) -> None:
    match request:
        case ToCluster(method=method, path=path, body=body):
            await developer.ask(method, path, body)
        case ToIam(action=action, parameters=parameters):
            await developer.iam(action, parameters)
        case AssumeWithToken(namespace=namespace, service_account=name, role_arn=role_arn):
            path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
            spec = {"audiences": [DEFAULT_AUDIENCE]}
            body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
            answer = json.loads(await developer.ask("POST", path, body))
            await developer.assume_with_token(role_arn, SESSION, answer["status"]["token"])
        case Settle():
            await world.kubelet.settle(PODS_SECONDS)
