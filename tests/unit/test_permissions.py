"""Permission policies: what a role may do, over all of its policies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.model import Status, Step
from app.flow.permissions import evaluate_permissions
from app.flow.steps.walk import walk
from tests.unit.fake_ports import HOST, SUBJECT, Fakes

READ_ONLY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:Get*", "s3:List*", "s3:Describe*"], "Resource": "*"}],
}
ALL_BUCKETS = "arn:aws:s3:::*"


def decide(*documents, action="s3:ListAllMyBuckets", resource=ALL_BUCKETS, keys=None):
    named = [(f"policy-{index}", document) for index, document in enumerate(documents)]
    return evaluate_permissions(named, action=action, resource=resource, keys=keys or {})


def policy(version="2012-10-17", **elements):
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"} | elements
    return {"Version": version, "Statement": {name: value for name, value in statement.items() if value is not None}}


def test_read_only_access_lists_the_buckets_and_deletes_none():
    decision = decide(READ_ONLY)
    assert (decision.allowed, decision.reason) == (True, "allow")
    assert [(m.policy, m.statement, m.element, m.wanted, m.got, m.matched) for m in decision.trace] == [
        ("policy-0", 0, "Action", ("s3:Get*", "s3:List*", "s3:Describe*"), "s3:ListAllMyBuckets", True),
        ("policy-0", 0, "Resource", "*", ALL_BUCKETS, True),
    ]
    assert decide(READ_ONLY, action="s3:DeleteBucket").reason == "implicit-deny"


def test_no_policy_allows_nothing():
    decision = decide()
    assert (decision.allowed, decision.reason, decision.trace) == (False, "implicit-deny", ())


def test_policies_add_up_and_a_deny_in_any_of_them_wins():
    assert decide(policy(Action="ec2:*"), READ_ONLY).allowed
    decision = decide(READ_ONLY, policy(Effect="Deny", Action="s3:ListAllMyBuckets"))
    assert decision.reason == "explicit-deny"
    assert [match.policy for match in decision.trace] == ["policy-0", "policy-0", "policy-1", "policy-1"]


@pytest.mark.parametrize(
    ("wanted", "resource", "allowed"),
    [
        ("*", "arn:aws:s3:::my-bucket", True),
        ("arn:aws:s3:::my-bucket", "arn:aws:s3:::my-bucket", True),
        ("arn:aws:s3:::my-*", "arn:aws:s3:::my-bucket", True),
        ("arn:aws:s3:::*", "*", False),
        ("arn:aws:s3:::my-bucket/*", "arn:aws:s3:::my-bucket/a/b", True),
        ("arn:aws:s3:::my-bucket/*", "arn:aws:s3:::my-bucket", False),
        ("arn:aws:s3:::My-bucket", "arn:aws:s3:::my-bucket", False),
        (["arn:aws:s3:::a", "arn:aws:s3:::b"], "arn:aws:s3:::b", True),
        ([], "arn:aws:s3:::b", False),
        (None, "arn:aws:s3:::b", False),
        (7, "arn:aws:s3:::b", False),
    ],
)
def test_resource(wanted, resource, allowed):
    assert decide(policy(Resource=wanted), resource=resource).allowed is allowed


@pytest.mark.parametrize(
    ("wanted", "resource", "allowed"),
    [("arn:aws:s3:::a", "arn:aws:s3:::b", True), ("arn:aws:s3:::*", "arn:aws:s3:::b", False)],
)
def test_not_resource(wanted, resource, allowed):
    assert decide(policy(Resource=None, NotResource=wanted), resource=resource).allowed is allowed


@pytest.mark.parametrize(
    ("version", "bucket", "allowed"),
    [("2012-10-17", "home-ada", True), ("2012-10-17", "home-bob", False), ("2008-10-17", "home-ada", False)],
)
def test_a_policy_variable_in_a_resource(version, bucket, allowed):
    document = policy(version=version, Resource="arn:aws:s3:::home-${aws:username}")
    decision = decide(document, resource=f"arn:aws:s3:::{bucket}", keys={"AWS:UserName": "ada"})
    assert decision.allowed is allowed


def test_a_variable_without_a_value_matches_no_resource():
    assert not decide(policy(Resource="*${aws:username}")).allowed


def test_conditions_are_asked():
    document = policy(Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
    assert decide(document, keys={"aws:SourceIp": "203.0.113.9"}).allowed
    assert not decide(document, keys={"aws:SourceIp": "198.51.100.9"}).allowed
    assert not decide(document).allowed


@pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
def test_an_identity_policy_names_nobody(element):
    decision = decide(policy(**{element: "*"}))
    assert not decision.allowed
    assert [match.error for match in decision.trace if match.error] == [
        "Policy document should not specify a principal."
    ]


def test_what_is_no_policy_allows_nothing_and_leaves_the_others_alone():
    decision = decide("{", READ_ONLY)
    assert decision.allowed
    assert (decision.trace[0].policy, decision.trace[0].error) == ("policy-0", "This policy contains invalid Json")
    assert not decide("{").allowed


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.sampled_from(["Allow", "Deny", "*", "s3:*"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Statement", "Effect", "Action", "Resource", "Condition", "StringLike", "a"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.lists(JUNK, max_size=3))
def test_junk_is_never_an_error(documents):
    decision = decide(*documents)
    assert decision.allowed is (decision.reason == "allow")


@pytest.mark.parametrize(("account", "status"), [("default:my-sa", Status.PASSED), ("default:other", Status.WARNING)])
def test_a_policy_may_ask_for_the_service_account_of_the_session(account: str, status: Status) -> None:
    condition = {"StringEquals": {f"{HOST}:sub": f"system:serviceaccount:{account}"}}
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}
    fakes = Fakes(policies=[("by-account", {"Version": "2012-10-17", "Statement": [statement]})])
    assert walk(fakes.ports(), SUBJECT).report(Step.ACCESS).check("access.policy").status is status
