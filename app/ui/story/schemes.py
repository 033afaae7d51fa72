"""The three ways to hand out permissions, with the roles and ServiceAccounts that this world has for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import cast

import streamlit as st

from app.flow.annotations import ROLE_ARN
from app.flow.json_access import get_str
from app.flow.lessons.blast_radius import Data, Pod, Role, Setting
from app.flow.ports import Ports
from app.ui.state import session
from app.wiring import simulated
from app.world.setup import story
from app.world.world import World

_KEPT, _LENT = "scenes", "scenes_lent"


class Scheme(StrEnum):
    """How permissions are handed out; the values stand in addresses."""

    NODE_ROLE = "node-role"
    IRSA = "irsa"
    IRSA_NO_SUB = "irsa-no-sub"


class Taken(StrEnum):
    """The Pod that is taken over; the values stand in addresses."""

    POD_1 = "pod-1"
    POD_2 = "pod-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One scheme, ready to be evaluated."""

    setting: Setting
    pods: Mapping[Taken, Pod]
    boxes: Mapping[str, Role]
    """The roles of the scheme by their box in the figure: `node_role`, `pod_1_role`, `pod_2_role`."""


def current() -> Mapping[Scheme, Scene]:
    """Every scheme as it stood when the reader last walked: like the checks, it is read once a walk.

    A world that began empty has no such roles: then it is a finished one's, read once. Raises `FlowError` where one of
    the roles is gone.
    """
    if session.world().start == "empty":
        return _of_a_finished_world()
    walk_view = session.simulated_walk_view()
    kept = st.session_state.get(_KEPT)
    if not isinstance(kept, tuple) or kept[0] is not walk_view:
        kept = st.session_state[_KEPT] = (walk_view, read(session.simulated_ports(), session.world()))
    return cast("Mapping[Scheme, Scene]", kept[1])


def _of_a_finished_world() -> Mapping[Scheme, Scene]:
    """Those of a world that is gone again, on a node like the reader's own."""
    if _LENT not in st.session_state:
        with session.another_world() as finished:
            st.session_state[_LENT] = read(simulated(session.simulation(), finished), finished)
    reached = session.world().account.pods_reach_node_role
    scenes = cast("Mapping[Scheme, Scene]", st.session_state[_LENT])
    return {
        scheme: replace(scene, setting=replace(scene.setting, metadata_reached=reached))
        for scheme, scene in scenes.items()
    }


def read(ports: Ports, world: World) -> Mapping[Scheme, Scene]:
    """Every scheme, as IAM and the API server say now. Raises `FlowError` where one of the roles is gone."""
    # (1) Who the two Pods are, and what their ServiceAccounts name.
    accounts = {Taken.POD_1: story.FRONTEND, Taken.POD_2: story.ORDERS}
    pods = {
        taken: Pod(
            name=taken,
            namespace=story.NAMESPACE,
            service_account=account,
            role_arn=get_str(
                ports.cluster.service_account(story.NAMESPACE, account), "metadata", "annotations", ROLE_ARN
            ),
        )
        for taken, account in accounts.items()
    }
    # (2) The roles.
    shared, today, frontend, orders, without_sub = (
        _role(ports, name)
        for name in (
            story.SHARED_NODE_ROLE,
            world.node_role_name,
            story.FRONTEND_ROLE,
            story.ORDERS_ROLE,
            story.ORDERS_ROLE_WITHOUT_SUB,
        )
    )
    # (3) The schemes. Before IRSA no ServiceAccount names a role, so no Pod holds a token for STS.
    bare = {taken: replace(pod, role_arn="") for taken, pod in pods.items()}
    mistaken = {**pods, Taken.POD_2: replace(pods[Taken.POD_2], role_arn=without_sub.arn)}
    irsa = {"node_role": today, "pod_1_role": frontend}
    return {
        Scheme.NODE_ROLE: _scene(world, {"node_role": shared}, bare),
        Scheme.IRSA: _scene(world, {**irsa, "pod_2_role": orders}, pods),
        Scheme.IRSA_NO_SUB: _scene(world, {**irsa, "pod_2_role": without_sub}, mistaken),
    }


def _scene(world: World, boxes: Mapping[str, Role], pods: Mapping[Taken, Pod]) -> Scene:
    node_role, *roles = boxes.values()
    aurora = Data(name="aurora", action=story.CONNECT, resource=story.database_user(world))
    provider = f"arn:aws:iam::{world.account_id}:oidc-provider/{world.issuer.removeprefix('https://')}"
    setting = Setting(
        issuer=world.issuer,
        provider_arn=provider,
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
