"""The blast radius of one compromised Pod, under each scheme: who gets which credentials, and what they open."""

import copy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.lessons.blast_radius import Data, Pod, Role, Setting, Way, blast_radius

ACCOUNT = "111122223333"
HOST = "oidc.eks.ap-northeast-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"
AURORA = Data(
    name="aurora",
    action="rds-db:connect",
    resource=f"arn:aws:rds-db:ap-northeast-1:{ACCOUNT}:dbuser:cluster-ABCDEFGHIJKL01234/orders",
)
BUCKET = Data(name="reports", action="s3:GetObject", resource="arn:aws:s3:::reports/2026/summary.csv")


def allow(action, resource, **more):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource} | more]}


def trusts(**conditions):
    keys = {f"{HOST}:{name}": value for name, value in conditions.items()}
    statement = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRoleWithWebIdentity"],
        "Principal": {"Federated": PROVIDER},
        "Condition": {"StringEquals": keys},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def role(name, trust_policy, *permissions):
    return Role(
        name=name,
        arn=f"arn:aws:iam::{ACCOUNT}:role/{name}",
        trust_policy=trust_policy,
        permissions=tuple((f"policy-{index}", document) for index, document in enumerate(permissions)),
    )


AUD = "sts.amazonaws.com"
CONNECT = allow("rds-db:connect", AURORA.resource)
EC2 = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}]}
SHARED_NODE = role("shared-node", EC2, allow("ec2:Describe*", "*"), CONNECT)
BARE_NODE = role("bare-node", EC2, allow("ec2:Describe*", "*"))
FRONTEND = role("frontend", trusts(sub="system:serviceaccount:shop:frontend", aud=AUD))
ORDERS = role("orders", trusts(sub="system:serviceaccount:shop:orders", aud=AUD), CONNECT)
WITHOUT_SUB = role("orders-without-sub", trusts(aud=AUD), CONNECT)


def setting(node_role, *roles, data=(AURORA,)):
    return Setting(
        issuer=f"https://{HOST}",
        provider_arn=PROVIDER,
        node_role=node_role,
        roles=roles,
        data=data,
        metadata_reached=True,
    )


def pod(name, service_account, own=None):
    return Pod(name=name, namespace="shop", service_account=service_account, role_arn=own.arn if own else "")


SCHEMES = {
    "node": (setting(SHARED_NODE), None, None),
    "irsa": (setting(BARE_NODE, FRONTEND, ORDERS), FRONTEND, ORDERS),
    "without-sub": (setting(BARE_NODE, FRONTEND, WITHOUT_SUB), FRONTEND, WITHOUT_SUB),
}


@pytest.mark.parametrize(
    ("scheme", "taken", "ways", "leaks"),
    [
        ("node", 1, ["metadata"], ["shared-node"]),
        ("node", 2, ["metadata"], ["shared-node"]),
        ("irsa", 1, ["metadata", "trusted", "refused"], []),
        ("irsa", 2, ["metadata", "refused", "trusted"], ["orders"]),
        ("without-sub", 1, ["metadata", "trusted", "trusted"], ["orders-without-sub"]),
        ("without-sub", 2, ["metadata", "refused", "trusted"], ["orders-without-sub"]),
    ],
)
def test_every_scheme_and_pod(scheme, taken, ways, leaks):
    given_setting, *own = SCHEMES[scheme]
    name = ("frontend", "orders")[taken - 1]
    found = blast_radius(given_setting, pod(f"pod-{taken}", name, own[taken - 1]))
    assert [attempt.way for attempt in found.attempts] == ways
    assert [(leak.pod.name, leak.attempt.role.name, leak.data.name) for leak in found.leaks] == [
        (f"pod-{taken}", through, "aurora") for through in leaks
    ]


@pytest.mark.parametrize("scheme", ["node", "irsa"])
def test_where_the_metadata_service_does_not_answer_nobody_gets_the_nodes_role(scheme):
    given_setting, own, _ = SCHEMES[scheme]
    found = blast_radius(replace(given_setting, metadata_reached=False), pod("pod-1", "frontend", own))
    assert (found.attempts[0].way, found.attempts[0].obtained) == (Way.UNREACHED, False)
    assert not found.leaks


def test_the_role_of_the_annotation_is_the_pods_own_and_no_other():
    found = blast_radius(setting(BARE_NODE, FRONTEND, ORDERS), pod("pod-2", "orders", ORDERS))
    assert [(attempt.role.name, attempt.own) for attempt in found.attempts] == [
        ("bare-node", False),
        ("frontend", False),
        ("orders", True),
    ]


def test_an_annotation_grants_nothing():
    found = blast_radius(setting(BARE_NODE, ORDERS), pod("pod-1", "frontend", ORDERS))
    assert (found.attempts[1].own, found.attempts[1].way) == (True, Way.REFUSED)
    assert not found.leaks


def test_a_pod_without_an_annotation_has_no_token_to_try_even_the_widest_role_with():
    found = blast_radius(setting(BARE_NODE, WITHOUT_SUB), pod("pod-1", "frontend"))
    assert (found.attempts[1].way, found.attempts[1].trust, found.attempts[1].own) == (Way.NO_TOKEN, None, False)
    assert not found.leaks


def test_a_trust_policy_of_another_issuer_takes_nobody():
    theirs = copy.deepcopy(trusts(aud=AUD))
    theirs["Statement"][0]["Principal"]["Federated"] = PROVIDER.replace("EXAMPLED", "0THER")
    found = blast_radius(setting(BARE_NODE, role("theirs", theirs, CONNECT)), pod("pod-1", "frontend", FRONTEND))
    assert found.attempts[1].way is Way.REFUSED


def test_the_trace_says_which_line_refused():
    found = blast_radius(setting(BARE_NODE, ORDERS), pod("pod-1", "frontend", FRONTEND))
    decision = found.attempts[1].trust
    assert (decision.allowed, decision.reason) == (False, "implicit-deny")
    assert [(match.key, match.wanted, match.got) for match in decision.trace if not match.matched] == [
        (f"{HOST}:sub", "system:serviceaccount:shop:orders", "system:serviceaccount:shop:frontend")
    ]


def test_what_a_role_may_is_said_whether_or_not_the_attacker_gets_it():
    found = blast_radius(setting(BARE_NODE, ORDERS), pod("pod-1", "frontend", FRONTEND))
    assert [attempt.opens for attempt in found.attempts] == [(), (AURORA,)]


def test_each_piece_of_data_is_looked_at_by_itself():
    both = setting(SHARED_NODE, data=(AURORA, BUCKET))
    assert [leak.data for leak in blast_radius(both, pod("pod-1", "frontend")).leaks] == [AURORA]
    reader = role("reader", EC2, allow("s3:*", "*"))
    assert [leak.data.name for leak in blast_radius(setting(reader, data=(AURORA, BUCKET)), pod("a", "b")).leaks] == [
        "reports"
    ]


def test_another_database_account_is_not_opened():
    other = Data(name="other", action="rds-db:connect", resource=AURORA.resource.replace("/orders", "/admin"))
    assert not blast_radius(setting(SHARED_NODE, data=(other,)), pod("pod-1", "frontend")).leaks


def test_a_deny_puts_the_fire_out():
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "rds-db:*", "Resource": "*"}]}
    assert not blast_radius(setting(role("node", EC2, CONNECT, deny)), pod("pod-1", "frontend")).leaks


def test_a_condition_on_what_nobody_knows_does_not_open():
    only_from = allow("rds-db:connect", "*", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})
    assert not blast_radius(setting(role("node", EC2, only_from)), pod("pod-1", "frontend")).leaks


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(["Allow", "*"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Version", "Statement", "Effect", "Action", "Resource", "Principal", "Condition", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(trust_policy=JUNK, permissions=JUNK)
def test_junk_policies_open_only_what_their_evaluation_allows(trust_policy, permissions):
    junk = role("junk", trust_policy, permissions)
    found = blast_radius(setting(junk, junk), pod("pod-1", "frontend", FRONTEND))
    node, other = found.attempts
    assert node.obtained
    assert other.obtained is other.trust.allowed
    assert len(found.leaks) == len(node.opens) + len(other.opens) * other.obtained


@pytest.mark.parametrize("policy", [None, "", "{", "[]", {}, {"Statement": 7}, {"Statement": [{"Effect": "Allow"}]}])
def test_a_policy_that_cannot_be_read_allows_nothing(policy):
    found = blast_radius(setting(role("node", EC2, policy), role("x", policy, CONNECT)), pod("p", "frontend", FRONTEND))
    assert found.attempts[1].way is Way.REFUSED
    assert not found.leaks
