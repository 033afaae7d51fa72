"""The only place that knows the mode: it makes the ports through which everything else sees a cluster and AWS.

The client libraries are imported when the first ports are made, since they take a third of a second to load;
`warm_up` loads them in a thread of its own while the server already answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from app import __version__, settings
from app.flow.model import Subject
from app.flow.names import APPLICATION_ID
from app.flow.port_wrappers.deadline import WALK_SECONDS, with_deadline
from app.flow.port_wrappers.known_issuer import EksCluster, knowing_issuer
from app.flow.ports import Cluster, Ports

if TYPE_CHECKING:
    from app.clients.issuer import IssuerTransport
    from app.clients.kubernetes.cluster import KubernetesCluster
    from app.clients.kubernetes.connection import Connection
    from app.clients.kubernetes.exec_plugin import Plugins
    from app.clients.kubernetes.kubeconfig import Contexts
    from app.clients.kubernetes.transport import KubernetesTransport
    from app.clients.kubernetes.writer import KubernetesWriter
    from app.flow.doctor.tool_options import ToolOptions
    from app.world.lifecycle.simulation import Simulation
    from app.world.world import World

C = TypeVar("C", bound="KubernetesCluster")

SURVEY_SECONDS = 120.0
"""For all questions of a survey: thousands of roles."""
SURVEY_LONGER = {"pods": 9.0}
"""For the list of all Pods, its last question: it comes in pages."""
SURVEY_ATTEMPTS = 3
"""How often it asks AWS for the same thing at most, where AWS answers that it is asked too often."""


def simulated(simulation: Simulation, world: World) -> Ports:
    """The ports to one world, as its learner: new ones for every walk, over the connections of all walks before."""
    from app.clients.aws.account import BotoAws
    from app.clients.aws.calls import static_identity
    from app.clients.issuer import PublicIssuer

    key = world.account.explorer
    return Ports(
        cluster=_simulated_cluster(simulation, world, world.explorer_token),
        aws=BotoAws(
            region=world.region,
            endpoint_url=simulation.aws_url,
            identity=static_identity(key.access_key_id, key.secret_access_key),
        ),
        issuer=PublicIssuer(_transports(simulation)[1]),
        clock=world.clock,
        server_log=world.log,
        cluster_account=lambda: world.account.account_id,
    )


def learners_cluster(simulation: Simulation, world: World) -> Cluster:
    """The cluster of a world as its learner's own kubectl sees it: what is asked here is the learner's deed."""
    return _simulated_cluster(simulation, world, world.admin_token)


def _simulated_cluster(simulation: Simulation, world: World, token: str) -> Cluster:
    from app.clients.kubernetes.cluster import KubernetesCluster

    host = f"{simulation.kubernetes_url}/k8s/{world.path}"
    transport = _transports(simulation)[0]
    return KubernetesCluster(host=host, token=token, transport=transport, user_agent=Choice().user_agent)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which real cluster, and which identity in AWS. All empty: what `kubectl` and `aws` would use."""

    context: str = ""
    """A context of the kubeconfig; empty for its current one."""
    in_cluster: bool = False
    """The cluster in whose Pod we run, as its ServiceAccount. The context does not matter then."""
    profile: str = ""
    """A profile of ~/.aws; empty for what the environment says."""
    region: str = ""
    """An AWS region; empty for what the profile or the environment says."""
    issuer: str = ""
    """The cluster's issuer, as a user who may not read it there has named it; empty where none was named."""
    program: str = APPLICATION_ID
    """Which program asks: audit logs have it, with its version, in the user agent of each request."""

    @property
    def user_agent(self) -> str:
        """The product of a `User-Agent` (RFC 9110, section 10.1.5)."""
        return f"{self.program}/{__version__}"

    @property
    def tool_options(self) -> ToolOptions:
        """What kubectl, aws and the doctor have to be given to go where this goes."""
        from app.flow.doctor.tool_options import ToolOptions

        return ToolOptions(context=self.context, profile=self.profile, region=self.region, issuer=self.issuer)


def live(
    choice: Choice, *, seconds: float = WALK_SECONDS, longer: Mapping[str, float] | None = None, attempts: int = 1
) -> Ports:
    """The ports to a real cluster and to AWS: new ones for every walk. So far they ask only a credential plugin.

    From their first question on they answer for no longer than `seconds`, less what the plugin took of them, and a
    server that was silent once is not asked again. They do all that a port can: `port_wrappers.consent.consented` keeps
    back what the reader has not asked for.

    `longer`: as for `with_deadline`. `attempts`: how often a request is sent at most that AWS throttles.
    Raises `Unreachable` where the cluster cannot even be addressed, or `IRSA_ISSUER_CA` cannot be used. What is wrong
    with AWS shows when that is asked.
    """
    started = time.monotonic()
    connection = _connection(choice)
    taken = time.monotonic() - started

    # A kubeconfig that leads nowhere is reported before boto3 and the kubernetes client are loaded.
    from app.clients.aws.account import BotoAws
    from app.clients.aws.login import AwsLogin
    from app.clients.clock_and_log import EmptyLog, ServersClock
    from app.clients.issuer import IssuerTransport, PublicIssuer, transport_to
    from app.clients.kubernetes.asked_ahead import AskedAhead

    near = settings.near_issuer()
    environment = settings.process_environment()
    region = choice.region or environment.get("AWS_REGION", "")
    login = AwsLogin(profile=choice.profile, region=region, user_agent=choice.user_agent, attempts=attempts)
    cluster = AskedAhead(lambda: _cluster(connection, choice))
    aws = BotoAws(region=login.region, endpoint_url=None, identity=login.identity, sdk=login.sdk)
    ports = Ports(
        cluster=cast(Cluster, cluster),
        aws=aws,
        issuer=PublicIssuer(
            transport_to(near.connect_to, near.ca_file) if near else IssuerTransport(environment=environment)
        ),
        clock=ServersClock(aws.exchanges, cluster.exchanges),
        server_log=EmptyLog(),
        ahead=cluster.ahead,
        reads_private_issuers=near is not None,
    )
    patient = with_deadline(ports, seconds=seconds - taken, longer=longer)
    return knowing_issuer(patient, given=choice.issuer, eks=_eks(choice), endpoint=connection.host)


def live_for_survey(choice: Choice) -> Ports:
    """As `live`, for a survey: it reads much, no walk waits for it, and many questions at a time may be too many."""
    return live(choice, seconds=SURVEY_SECONDS, longer=SURVEY_LONGER, attempts=SURVEY_ATTEMPTS)


def cluster(choice: Choice) -> Cluster:
    """The cluster alone, without a limit to the time. Raises `Unreachable` as `live` does."""
    return _cluster(_connection(choice), choice)


def writer(choice: Choice) -> KubernetesWriter:
    """The cluster for one who may write what `KubernetesWriter` writes. Raises `Unreachable` as `live` does."""
    from app.clients.kubernetes.writer import KubernetesWriter

    return _client(KubernetesWriter, _connection(choice), choice)


def server(context: str) -> tuple[str, bool]:
    """The API server's URL in the kubeconfig, and whether that says that it is EKS. Raises `Unreachable`."""
    from app.clients.kubernetes import kubeconfig

    read = kubeconfig.read(settings.process_environment())
    named = read.cluster_of(read.contexts.context(context)).values.get("server")
    return str(named or ""), kubeconfig.eks_cluster(read, context) is not None


def contexts() -> Contexts:
    """The contexts that can be chosen, and which one is current. Raises `Unreachable` where there is no kubeconfig."""
    from app.clients.kubernetes import kubeconfig

    return kubeconfig.read(settings.process_environment()).contexts


def is_in_cluster() -> bool:
    """Whether this process runs in a Pod, and may choose the Pod's own cluster."""
    from app.clients.kubernetes import connection

    return connection.is_in_cluster(settings.process_environment())


def own_subject() -> Subject | None:
    """Who we are, where we run in a Pod; None where we do not, or the Pod does not say."""
    from app.clients.kubernetes import own_pod

    return own_pod.subject() if is_in_cluster() else None


def within_own_pod(ports: Ports, own: Subject) -> Ports:
    """The same ports, where our own Pod's files and variables are read here instead of through the API server."""
    from app.clients.kubernetes import own_pod

    return replace(ports, cluster=own_pod.within(ports.cluster, own))


def default_namespace(choice: Choice) -> str:
    """Where to look first. Raises `Unreachable` as `live` does, but asks no plugin."""
    from app.clients.kubernetes import connection

    if choice.in_cluster:
        return connection.in_cluster(settings.process_environment()).namespace
    return contexts().context(choice.context).namespace


def profiles() -> tuple[str, ...]:
    """The profiles of ~/.aws, and an empty list where there are none or they cannot be read."""
    from app.clients.aws.login import profiles

    return profiles()


def _cluster(connection: Connection, choice: Choice) -> Cluster:
    from app.clients.kubernetes.cluster import KubernetesCluster

    return _client(KubernetesCluster, connection, choice)


def _client(kind: type[C], connection: Connection, choice: Choice) -> C:
    return kind(
        host=connection.host,
        token=connection.token,
        transport=connection.transport,
        user_agent=choice.user_agent,
        impersonation=connection.impersonation,
    )


def _connection(choice: Choice) -> Connection:
    from app.clients.kubernetes import connection, kubeconfig

    environment = settings.process_environment()
    if choice.in_cluster:
        return connection.in_cluster(environment)
    return connection.from_kubeconfig(kubeconfig.read(environment), choice.context, _plugins(), environment)


def _eks(choice: Choice) -> EksCluster | None:
    from app.clients.kubernetes import kubeconfig

    if choice.in_cluster:
        return None
    return kubeconfig.eks_cluster(kubeconfig.read(settings.process_environment()), choice.context)


@cache
def _plugins() -> Plugins:
    """What remembers the answers of credential plugins for a moment, for the whole process."""
    from app.clients.kubernetes.exec_plugin import Plugins

    return Plugins()


def warm_up() -> None:
    """Loads the client libraries; for a thread of its own at a server's start."""
    from app.clients.warm_up import warm_up

    warm_up()


_Transports = tuple["KubernetesTransport", "IssuerTransport"]
_lock = threading.Lock()
_of: WeakKeyDictionary[Simulation, _Transports] = WeakKeyDictionary()
"""The connections of each simulation, which live as long as it does. They know no identity: all worlds share them."""


def _transports(simulation: Simulation) -> _Transports:
    from app.clients.issuer import IssuerTransport
    from app.clients.kubernetes.transport import KubernetesTransport, loopback_context

    with _lock:
        if simulation not in _of:
            address = urlsplit(simulation.kubernetes_url)
            _of[simulation] = (
                KubernetesTransport(context=loopback_context(simulation.ca_pem)),
                IssuerTransport(connect_to=(address.hostname or "", address.port or 443), ca_pem=simulation.ca_pem),
            )
        return _of[simulation]
