"""The three ways to grant permissions, with the roles and ServiceAccounts that this world has for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import streamlit as st

from app.flow.json_access import get_str
from app.flow.lessons.blast_radius import Data, Pod, Role, Setting
from app.flow.names import annotated_role_arn, provider_in
from app.flow.ports import Ports
from app.ui.state import allowance, session
from app.wiring import simulated
from app.world.setup import story
from app.world.world import World

_KEPT, _LENT = "scenes", "scenes_lent"
"""In the session: the last walk, and the scenes that were read since, by scheme; and the scenes of another world, by
scheme."""


class Scheme(StrEnum):
    """How permissions are granted; the values stand in addresses."""

    NODE_ROLE = "node-role"
    IRSA = "irsa"
    IRSA_NO_SUB = "irsa-no-sub"


class Taken(StrEnum):
    """The Pod that is compromised; the values stand in addresses."""

    POD_1 = "pod-1"
    POD_2 = "pod-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One scheme, ready to be evaluated."""

    setting: Setting
    pods: Mapping[Taken, Pod]
    boxes: Mapping[str, Role]
    """The roles of the scheme by their box in the figure: `node_role`, `pod_1_role`, `pod_2_role`."""


def current(scheme: Scheme) -> Scene:
    """The scheme in the world that the reader last walked through: read once a walk, when it is shown.

    A world that began empty has no such roles, so the scene is a finished world's, read once. Raises `FlowError` where
    one of its roles is gone.
    """
    if session.world().start == "empty":
        return _of_a_finished_world(scheme)
    walk_view, kept = session.simulated_walk_view(), st.session_state.get(_KEPT)
    if not isinstance(kept, tuple) or kept[0] is not walk_view:
        kept = st.session_state[_KEPT] = (walk_view, {})
    known: dict[Scheme, Scene] = kept[1]
    if scheme not in known:
        known[scheme] = read(session.simulated_ports(), session.world(), scheme)
    return known[scheme]


def _of_a_finished_world(scheme: Scheme) -> Scene:
    """The scene of a new world, on a node like the reader's own. That world is dropped again, so all scenes are read at
    once."""
    if _LENT not in st.session_state:
        with allowance.room_for_a_world(), session.another_world() as finished:
            ports = simulated(session.simulation(), finished)
            st.session_state[_LENT] = {scheme: read(ports, finished, scheme) for scheme in Scheme}
    scene: Scene = st.session_state[_LENT][scheme]
    reached = session.world().account.pods_reach_node_role
    return replace(scene, setting=replace(scene.setting, metadata_reached=reached))


def read(ports: Ports, world: World, scheme: Scheme) -> Scene:
    """A scheme, as IAM and the API server return it now. Raises `FlowError` where one of its roles is gone."""
    # (1) Who the two Pods are, and what their ServiceAccounts name. Before IRSA no ServiceAccount names a role, so no
    # Pod holds a token for STS.
    accounts = {Taken.POD_1: story.FRONTEND, Taken.POD_2: story.ORDERS}
    pods = {
        taken: Pod(
            name=taken,
            namespace=story.NAMESPACE,
            service_account=account,
            role_arn="" if scheme is Scheme.NODE_ROLE else _annotated(ports, account),
        )
        for taken, account in accounts.items()
    }
    if scheme is Scheme.NODE_ROLE:
        return _scene(world, {"node_role": _role(ports, story.SHARED_NODE_ROLE)}, pods)
    # (2) The roles of IRSA; of its mistake the ServiceAccount of Pod 2 names the other one.
    names = {
        "node_role": world.node_role_name,
        "pod_1_role": story.FRONTEND_ROLE,
        "pod_2_role": story.ORDERS_ROLE if scheme is Scheme.IRSA else story.ORDERS_ROLE_WITHOUT_SUB,
    }
    roles = {box: _role(ports, name) for box, name in names.items()}
    if scheme is Scheme.IRSA_NO_SUB:
        pods[Taken.POD_2] = replace(pods[Taken.POD_2], role_arn=roles["pod_2_role"].arn)
    return _scene(world, roles, pods)


def _annotated(ports: Ports, account: str) -> str:
    """The ARN of the role in a ServiceAccount's annotation."""
    return annotated_role_arn(ports.cluster.service_account(story.NAMESPACE, account))


def _scene(world: World, boxes: Mapping[str, Role], pods: Mapping[Taken, Pod]) -> Scene:
    node_role, *roles = boxes.values()
    aurora = Data(name="aurora", action=story.CONNECT, resource=story.database_user(world))
    setting = Setting(
        issuer=world.issuer,
        provider_arn=provider_in(world.account_id, world.issuer),
        node_role=node_role,
        roles=tuple(roles),
        data=(aurora,),
        metadata_reached=world.account.pods_reach_node_role,
    )
    return Scene(setting=setting, pods=pods, boxes=boxes)


def _role(ports: Ports, name: str) -> Role:
    found = ports.aws.role(name)
    return Role(
        name=name,
        arn=get_str(found, "Arn"),
        trust_policy=found.get("AssumeRolePolicyDocument") if isinstance(found, dict) else None,
        permissions=tuple(ports.aws.role_policies(name)),
    )
