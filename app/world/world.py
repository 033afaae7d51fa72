"""One learner's simulated world: an EKS cluster, an AWS account, a node, a clock. No state of it is anywhere else."""

from __future__ import annotations

import asyncio
import hmac
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from app.flow.model import Chain, JsonValue
from app.flow.webhook import WebhookSettings
from app.world.apiserver.auth.authentication import ADMIN, User
from app.world.apiserver.controllers.manager import ControllerManager
from app.world.apiserver.storage.state import ClusterState
from app.world.apiserver.version import KUBERNETES_VERSION
from app.world.aws.account import Account, other_account_id
from app.world.aws.eks.cluster import Cluster
from app.world.clock import WorldClock
from app.world.exchange_log import ExchangeLog
from app.world.identity import Identity, new_identity
from app.world.keys import KeyPool, KeyRing
from app.world.lifecycle.world_snapshot import WorldSnapshot
from app.world.node.container_runtime import ContainerRuntime
from app.world.node.kubelet import Kubelet
from app.world.node.programs.program_limits import Programs
from app.world.node.programs.runner import AwsCli
from app.world.servers.loopback import Loopback
from app.world.servers.network import Network
from app.world.usage import Usage

REGION = "ap-northeast-1"
ISSUER_HOST = f"oidc.eks.{REGION}.amazonaws.com"
CLUSTER_NAME = "irsa"
REMAINS_SECONDS = 40.0
"""How long a closed world keeps its parts, so that what is under way in it can end. The client of an `exec` over SPDY
has 30 seconds to open its streams."""
Start = Literal["empty", "finished"]
"""What a world begins with: the cluster and the account alone, or a chain of IRSA that works in them."""


@dataclass(frozen=True, kw_only=True)
class SharedServices:
    """What all worlds of one process stand on."""

    kubernetes_url: str
    loopback: Loopback
    keys: KeyPool
    aws_cli: AwsCli
    programs: Programs
    directory: Path
    """Where the worlds keep their nodes' files."""


class World:
    """State and identities of one world. It lives on the servers' loop."""

    def __init__(
        self,
        shared_services: SharedServices,
        *,
        account_id: str,
        seeded: Chain,
        start: Start = "finished",
        usage: Usage | None = None,
        identity: Identity | None = None,
    ) -> None:
        """`seeded`: the chain that is in it at the start. `usage`: where its use is counted, if not from now on.
        `identity`: that of a world that comes back."""
        # (1) Names. What another learner must not guess is random: path, issuer, tokens.
        self.identity = identity = identity or new_identity(REGION, CLUSTER_NAME)
        self.account_id = account_id
        """12 digits. The next number is the other account's."""
        self.region = REGION
        self.cluster_name = CLUSTER_NAME
        self.path = identity.path
        self.issuer_id = identity.issuer_id
        self.issuer = f"https://{ISSUER_HOST}/id/{self.issuer_id}"
        self.api_audience = "https://kubernetes.default.svc"
        self.node_name = identity.node_name
        self.node_uid = identity.node_uid
        self.node_role_name = identity.node_role_name
        self.instance_id = identity.instance_id
        self.api_url = f"{shared_services.kubernetes_url}/k8s/{self.path}"
        self.webhook_url = f"{shared_services.kubernetes_url}/webhook/{self.path}/mutate"

        # (2) Secrets.
        self.admin_token = identity.admin_token
        self.explorer_token = identity.explorer_token
        self.node_token = identity.node_token
        self.keys = KeyRing(shared_services.keys)

        # (3) State, and what is known of its use.
        self.usage = usage or Usage()
        self.start: Start = start
        """What it began with."""
        self.seeded = seeded
        """The chain that was in it at the start; in an empty one, the names that nothing has yet."""
        self.chain = seeded
        """The chain that its learner looks at: faults break it, edits change it, walks are about it."""
        self.chain_is_chosen = start == "finished"
        """Whether it stays until its learner turns to another; in an empty world it is the one that they are building
        (`lifecycle.own_chain`) until they choose one, or begin what a page keeps of one (`Simulation.pin_chain`)."""
        self.clock = WorldClock()
        self.log = ExchangeLog()
        self.network = Network(shared_services.loopback, self.log)
        self.network.webhook_url = self.webhook_url
        self.root_ca_pem = shared_services.loopback.root_ca_pem
        self.cluster = ClusterState(self.clock)
        self.account, self.other_account = (
            Account(number, region=REGION, clock=self.clock, issuer_client=self.network, log=self.log, usage=self.usage)
            for number in (account_id, other_account_id(account_id))
        )
        """The learner's account, and another one of the same company: without providers and roles until they are
        made."""
        self.account.clusters[CLUSTER_NAME] = Cluster(
            name=CLUSTER_NAME,
            arn=f"arn:aws:eks:{REGION}:{account_id}:cluster/{CLUSTER_NAME}",
            endpoint=self.api_url,
            certificate_authority=self.root_ca_pem,
            issuer=self.issuer,
            version=KUBERNETES_VERSION,
            created=self.clock.now(),
        )
        self.webhook_settings = WebhookSettings(region=REGION, sts_regional_endpoint=True)
        self.issuer_published = True
        """Whether the issuer's documents can be read. Set it to False, and it answers as a private bucket does."""
        self.webhook_delay = 0.0
        """Seconds by which the webhook's answers are late."""
        self.find_service_account: Callable[[str, str], JsonValue | None] = self._own_service_account
        """Where the webhook looks up a ServiceAccount (namespace, name): here, unless another cluster calls it."""
        self.faults: tuple[str, ...] = ()
        """The ids of the faults in force (`app.world.faults`), in the order in which they were caused."""
        self.before_faults: WorldSnapshot | None = None
        """The world before the first of them."""
        self.changing = asyncio.Lock()
        """Held while the world as a whole changes: its clock moves, a fault is caused, an earlier moment comes back."""
        self.node_egress_blocked: set[str] = set()
        """Services that no Pod reaches through the node: `sts`, `s3`. (The metadata service is on the node itself.)"""
        self.node_clock_skew = 0.0
        """Seconds by which the node's clock is ahead of the world's; negative when behind."""
        self.directory = shared_services.directory / self.path
        self.directory.mkdir(mode=0o700)

        # (4) What works in it. Both refer to the world, so the world drops them some time after it was closed.
        self._kubelet: Kubelet | None = Kubelet(
            self, self.api_url, ContainerRuntime(self, shared_services.aws_cli, shared_services.programs)
        )
        self._controllers: ControllerManager | None = ControllerManager(self)

    @property
    def kubelet(self) -> Kubelet:
        """The node's. Raises `LookupError` some time after the world was closed."""
        if self._kubelet is None:
            raise LookupError("the world is gone")
        return self._kubelet

    @property
    def controllers(self) -> ControllerManager:
        """The cluster's. Raises `LookupError` some time after the world was closed."""
        if self._controllers is None:
            raise LookupError("the world is gone")
        return self._controllers

    @property
    def webhook_available(self) -> bool:
        """Whether the webhook listens. Set it to False and connections to it are refused."""
        return urlsplit(self.webhook_url).path not in self.network.closed

    @webhook_available.setter
    def webhook_available(self, available: bool) -> None:
        change = self.network.closed.discard if available else self.network.closed.add
        change(urlsplit(self.webhook_url).path)

    @property
    def eks_cluster(self) -> Cluster:
        """The cluster as EKS knows it."""
        return self.account.clusters[self.cluster_name]

    def user_of(self, token: str) -> User | None:
        """Whose static bearer token this is: the learner's, the explorer's, the kubelet's, or no one's."""
        given = token.encode("utf-8", "replace")
        if any(hmac.compare_digest(given, own.encode()) for own in (self.admin_token, self.explorer_token)):
            return ADMIN
        if hmac.compare_digest(given, self.node_token.encode()):
            return self.node_user
        return None

    @property
    def node_user(self) -> User:
        """Who the kubelet is for the API server."""
        return User(name=f"system:node:{self.node_name}", groups=("system:nodes", "system:authenticated"))

    def node_now(self) -> float:
        """Unix seconds by the node's clock, which the kubelet and Pods live by."""
        return self.clock.now() + self.node_clock_skew

    def _own_service_account(self, namespace: str, name: str) -> JsonValue | None:
        stored = self.cluster.find("serviceaccounts", namespace, name)
        return stored.copy() if stored else None

    @property
    def is_closed(self) -> bool:
        """Whether it is gone for good."""
        return self.log.events.is_closed

    def close(self) -> None:
        """Ends all work, removes the node's files, and says so to the open pages. On the servers' loop, once."""
        self.controllers.stop()
        self.kubelet.stop()
        self.log.events.close()
        self.keys.give_back()
        shutil.rmtree(self.directory, ignore_errors=True)
        asyncio.get_running_loop().call_later(REMAINS_SECONDS, self._part)

    def _part(self) -> None:
        """Its parts no longer refer to the world, so that all of it goes as soon as no one else refers to it. In a
        circle of references it would wait until Python looks for garbage, which takes longer the more garbage there is.
        """
        self.kubelet.forget()
        self._controllers = self._kubelet = None
        self.find_service_account = lambda *_: None
        self.before_faults = None
        self.usage.page_state.clear()
