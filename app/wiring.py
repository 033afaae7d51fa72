"""The only place that knows the mode: it makes the ports through which everything else sees a cluster and AWS.

The client libraries are imported when the first ports are made, since they take a second to load; `warm_up` loads
them in a thread of its own while the server already answers.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from app.flow.ports import Ports

if TYPE_CHECKING:
    from app.clients.issuer import IssuerTransport
    from app.clients.kubernetes_cluster import KubernetesTransport
    from app.world.simulation import Simulation
    from app.world.world import World


def simulated(simulation: Simulation, world: World) -> Ports:
    """The ports to one world, as its learner: new ones for every walk, over the connections of all walks before."""
    from app.clients.aws import BotoAws, static_identity
    from app.clients.issuer import PublicIssuer
    from app.clients.kubernetes_cluster import KubernetesCluster

    kubernetes, issuer = _transports(simulation)
    admin = world.account.admin
    return Ports(
        cluster=KubernetesCluster(
            host=f"{simulation.kubernetes_url}/k8s/{world.path}", token=world.admin_token, transport=kubernetes
        ),
        aws=BotoAws(
            region=world.region,
            endpoint_url=simulation.aws_url,
            identity=static_identity(admin.access_key_id, admin.secret_access_key),
        ),
        issuer=PublicIssuer(issuer),
        clock=world.clock,
        server_log=world.log,
    )


def warm_up() -> None:
    """Loads the client libraries; for a thread of its own at the server's start."""
    from app.clients.warm_up import warm_up

    warm_up()


_Transports = tuple["KubernetesTransport", "IssuerTransport"]
_lock = threading.Lock()
_of: WeakKeyDictionary[Simulation, _Transports] = WeakKeyDictionary()
"""The connections of each simulation, which live as long as it does. They know no identity: all worlds share them."""


def _transports(simulation: Simulation) -> _Transports:
    from app.clients.issuer import IssuerTransport
    from app.clients.kubernetes_cluster import KubernetesTransport

    with _lock:
        if simulation not in _of:
            address = urlsplit(simulation.kubernetes_url)
            _of[simulation] = (
                KubernetesTransport(simulation.ca_pem),
                IssuerTransport(connect_to=(address.hostname or "", address.port or 443), ca_pem=simulation.ca_pem),
            )
        return _of[simulation]
