"""The roles of the story, as IAM and STS of a new world take them."""

import pytest

from app.flow.errors import NotPermitted
from app.flow.lessons.blast_radius import Data, Pod, Role, Setting, blast_radius
from app.flow.names import DEFAULT_AUDIENCE
from app.wiring import simulated
from app.world.setup import story

pytestmark = pytest.mark.one_world


@pytest.fixture
def ports(simulation, world):
    return simulated(simulation, world)


def role(ports, name):
    found = ports.aws.role(name)
    return Role(
        name=name,
        arn=found["Arn"],
        trust_policy=found["AssumeRolePolicyDocument"],
        permissions=tuple(ports.aws.role_policies(name)),
    )


@pytest.mark.parametrize(("name", "own"), [(story.FRONTEND, story.FRONTEND_ROLE), (story.ORDERS, story.ORDERS_ROLE)])
def test_each_service_account_names_its_role(ports, name, own):
    metadata = ports.cluster.service_account(story.NAMESPACE, name)["metadata"]
    assert metadata["annotations"] == {"eks.amazonaws.com/role-arn": ports.aws.role(own)["Arn"]}


def test_the_database_account_is_named_as_rds_names_one(world):
    _, _, service, region, account, kind, rest = story.database_user(world).split(":")
    cluster, _, user = rest.partition("/")
    assert (service, region, account, kind, user) == ("rds-db", world.region, world.account_id, "dbuser", "orders")
    assert cluster.startswith("cluster-")
    assert cluster[8:].isalnum()
    assert cluster == cluster[:8] + cluster[8:].upper()


def test_the_two_roles_of_pod_2_differ_in_the_subject_alone(ports, world):
    with_sub, without = role(ports, story.ORDERS_ROLE), role(ports, story.ORDERS_ROLE_WITHOUT_SUB)
    assert with_sub.permissions == without.permissions
    keys = with_sub.trust_policy["Statement"][0]["Condition"]["StringEquals"]
    host = world.issuer.removeprefix("https://")
    assert keys.pop(f"{host}:sub") == "system:serviceaccount:shop:orders"
    assert with_sub.trust_policy == without.trust_policy


def test_todays_node_may_not_connect_and_the_shared_one_of_before_may(ports, world):
    data = (Data(name="aurora", action=story.CONNECT, resource=story.database_user(world)),)
    for name, leaks in ((world.node_role_name, 0), (story.SHARED_NODE_ROLE, 1)):
        setting = Setting(
            issuer=world.issuer,
            provider_arn="",
            node_role=role(ports, name),
            roles=(),
            data=data,
            metadata_reached=True,
        )
        found = blast_radius(setting, Pod(name="pod-1", namespace="shop", service_account="frontend"))
        assert len(found.leaks) == leaks


@pytest.mark.parametrize("service_account", [story.FRONTEND, story.ORDERS])
def test_what_is_computed_is_what_sts_answers(ports, world, service_account):
    provider = f"arn:aws:iam::{world.account_id}:oidc-provider/{world.issuer.removeprefix('https://')}"
    roles = tuple(role(ports, name) for name in (story.FRONTEND_ROLE, story.ORDERS_ROLE, story.ORDERS_ROLE_WITHOUT_SUB))
    setting = Setting(
        issuer=world.issuer, provider_arn=provider, node_role=roles[0], roles=roles, data=(), metadata_reached=True
    )
    pod = Pod(name="pod", namespace=story.NAMESPACE, service_account=service_account, role_arn=roles[0].arn)
    token = ports.cluster.request_token(story.NAMESPACE, service_account, DEFAULT_AUDIENCE, 600)
    for attempt in blast_radius(setting, pod).attempts[1:]:
        if attempt.obtained:
            assert ports.aws.assume_role_with_web_identity(attempt.role.arn, "attacker", token).subject == pod.subject
        else:
            with pytest.raises(NotPermitted, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
                ports.aws.assume_role_with_web_identity(attempt.role.arn, "attacker", token)
