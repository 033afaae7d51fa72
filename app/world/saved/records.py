"""What is kept of a world beside its objects and what its accounts hold, as `codec` writes it: each field a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.flow.build.deeds import Deed
from app.flow.model import Chain, JsonObject
from app.flow.webhook import WebhookSettings
from app.world.aws.access_keys import AccessKey
from app.world.aws.entities import Node
from app.world.identity import Identity
from app.world.keys import SigningKey
from app.world.node.pod_status import PodState
from app.world.node.volumes.scratch import Written
from app.world.node.volumes.token_manager import KeptToken


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What never changes in a world."""

    account_id: str
    seeded: Chain
    start: Literal["empty", "finished"]
    identity: Identity


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a world: each exists once and seldom changes."""

    chain: Chain
    chain_is_chosen: bool
    clock_offset: float
    """Seconds ahead of the wall clock, which goes on while the world is off."""
    webhook_settings: WebhookSettings
    issuer_published: bool
    webhook_delay: float
    """Seconds after which the webhook answers."""
    faults: tuple[str, ...]
    node_egress_blocked: set[str]
    node_clock_skew: float
    """Seconds by which the node's clock is ahead of the world's."""
    closed: set[str]
    """Paths at which nothing listens (`Network.closed`)."""
    private_ca: bool
    keys: tuple[SigningKey, ...]
    acted: bool
    deeds: set[Deed]


@dataclass(frozen=True, kw_only=True)
class AccountSettings:
    """What an account has one of."""

    created: float
    admin: AccessKey
    explorer: AccessKey
    sts_wording: Literal["current", "classic"]
    disabled_sts_regions: set[str]
    service_control_policies: list[str]
    resource_control_policies: list[str]
    node: Node | None
    metadata_tokens: dict[str, float]
    instance_key_id: str


@dataclass(frozen=True, kw_only=True)
class BucketSettings:
    """A bucket without what is in it."""

    name: str
    region: str
    created: float


@dataclass(frozen=True, kw_only=True)
class KeptKubelet:
    """What the kubelet knows beside its Pods."""

    addresses: int
    """How many Pods have got an address."""
    tokens: dict[str, KeptToken]


@dataclass(frozen=True, kw_only=True)
class KeptContainer:
    """A container that has been created."""

    environment: dict[str, str]
    written: dict[str, Written]
    """What its programs have written."""


@dataclass(frozen=True, kw_only=True)
class KeptPod:
    """A Pod as its node knows it. The files of its volumes are made again from what the cluster has."""

    pod: JsonObject
    """As it was bound."""
    state: PodState
    looked: float
    """When its volumes were looked at last: Unix seconds by the node's clock."""
    changed: float | None
    """When something changed that they are made of."""
    containers: dict[str, KeptContainer]
    volumes: dict[str, dict[str, Written]]
    """What programs have written into them."""
