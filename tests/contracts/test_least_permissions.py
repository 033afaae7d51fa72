"""The IAM policy of deploy/ is enough for every check, and nothing in it is too much."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import Credentials

from app.clients.aws.account import BotoAws
from app.flow.model import Status
from app.flow.port_wrappers.consent import NOTHING, consented
from app.flow.port_wrappers.permissions_needed import iam_policy, need
from app.flow.ports import Ports
from app.flow.steps.walk import walk
from app.wiring import simulated
from app.world.lifecycle.simulation import Simulation
from app.world.world import World
from tests.contracts.conftest import SUBJECT
from tests.world.helpers import aws_client

POLICY = json.loads((Path(__file__).resolve().parents[2] / "deploy" / "iam-policy.json").read_text())
ACTIONS = POLICY["Statement"][0]["Action"]
_OF_A_FIX = "iam:ListRoles"
"""No check needs it: it tells which role a fix may write into the annotation."""


def allowed_only(simulation: Simulation, world: World, actions: list[str]) -> Ports:
    """The ports as somebody who may do no more than these actions; the role that is examined has an inline policy."""
    iam: Any = aws_client(simulation, world, "iam")
    iam.put_role_policy(RoleName="s3-reader", PolicyName="own", PolicyDocument=json.dumps(iam_policy(["s3:List*"])))
    statement = {"Effect": "Allow", "Principal": {"AWS": world.account_id}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    iam.create_role(RoleName="explorer", AssumeRolePolicyDocument=json.dumps(trust))
    policy = json.dumps(iam_policy(actions or ["none:None"]))
    iam.put_role_policy(RoleName="explorer", PolicyName="explorer", PolicyDocument=policy)
    key = world.account.open_session(world.account.roles["explorer"], "me", 3600)
    login = Credentials(key.access_key_id, key.secret_access_key, key.session_token)
    aws = BotoAws(region=world.region, endpoint_url=simulation.aws_url, identity=lambda: login)
    return consented(dataclasses.replace(simulated(simulation, world), aws=aws), NOTHING)


def refused(ports: Ports) -> set[str]:
    found = walk(ports, SUBJECT)
    assert not [check for check in found.checks if check.status is Status.FAILED]
    return {check.id for check in found.checks if check.reason == "no_permission"}


def test_the_policy_is_enough(simulation: Simulation, world: World) -> None:
    assert refused(allowed_only(simulation, world, ACTIONS)) == set()


@pytest.mark.parametrize("action", [it for it in ACTIONS if it.startswith("iam:") and it != "iam:ListRoles"])
def test_nothing_in_it_is_too_much(simulation: Simulation, world: World, action: str) -> None:
    """Without one action just the checks are open that need it."""
    left = [other for other in ACTIONS if other != action]
    (check_id,) = refused(allowed_only(simulation, world, left))
    assert action in need(check_id).iam


def test_which_roles_there_are_takes_one_action(simulation: Simulation, world: World) -> None:
    ports = allowed_only(simulation, world, [_OF_A_FIX])
    assert {"s3-reader", "explorer"} <= {role["RoleName"] for role in ports.aws.roles()}


def test_with_nothing_the_cluster_is_still_read(simulation: Simulation, world: World) -> None:
    assert refused(allowed_only(simulation, world, [])) == {"provider.exists", "role.exists"}
