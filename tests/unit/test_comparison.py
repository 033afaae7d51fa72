"""The matcher's rows: what they say of near misses, and that they never say anything else than `flow.trust` does."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.matching import differences
from app.flow.matching.comparison import compare
from app.flow.model import Status
from app.flow.trust import evaluate, web_identity_context

HOST = "oidc.eks.us-east-1.amazonaws.com"
PREFIX = f"{HOST}/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
ISSUER = f"https://{PREFIX}"
ARN = f"arn:aws:iam::111122223333:oidc-provider/{PREFIX}"
SUBJECT = "system:serviceaccount:default:my-sa"
STS = "sts.amazonaws.com"
CLAIMS = {"iss": ISSUER, "sub": SUBJECT, "aud": [STS]}
PROVIDER = {"Url": PREFIX, "ClientIDList": [STS]}
SUB, AUD = f"{PREFIX}:sub", f"{PREFIX}:aud"
EVERYBODY = ["same_namespace", "longer_name", "longer_namespace", "other_namespace", "anyone"]


def policy(condition=None, **elements):
    block = {"StringEquals": {SUB: SUBJECT, AUD: STS}} if condition is None else condition
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": ARN},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": block,
    }
    return {"Version": "2012-10-17", "Statement": [statement | elements]}


def statuses(found):
    return "".join(row.status.value[0] for row in found.rows)


def let_in(strangers):
    return [stranger.kind for stranger in strangers if stranger.allowed]


def test_who_is_specified_beside_ours_is_no_stranger_to_warn_of():
    subjects = [SUBJECT, "system:serviceaccount:kube-system:my-sa"]
    found = compare(CLAIMS, PROVIDER, ARN, policy({"StringEquals": {SUB: subjects}}))
    assert let_in(found.strangers) == ["other_namespace"]
    assert found.row("sub", "policy").status is Status.PASSED
    wide = compare(
        CLAIMS, PROVIDER, ARN, policy({"StringLike": {SUB: [*subjects, "system:serviceaccount:kube-system:*"]}})
    )
    assert [stranger.kind for stranger in wide.strangers if stranger.widens] == ["anyone"]
    assert wide.row("sub", "policy").status is Status.WARNING


def test_all_meets_and_nobody_else_gets_in():
    found = compare(CLAIMS, PROVIDER, ARN, policy())
    assert found.decision.allowed
    assert statuses(found) == "ppppp"
    assert found.obstacles == ()
    assert let_in(found.strangers) == []
    assert found.row("sub", "policy").places == (("Statement", "0", "Condition", "StringEquals", SUB),)
    assert found.row("iss", "policy").places == (("Statement", "0", "Principal", "Federated"),)
    assert found.row("iss", "provider").wanted == (PREFIX,)
    assert found.row("sub", "provider") is None
    assert [(variant.operator, variant.allowed) for variant in found.variants] == [
        ("StringEquals", True),
        ("StringLike", True),
    ]


NEAR_MISSES = [
    # on sub: value
    ({"StringEquals": {SUB: "system:serviceaccount:default:*"}}, "sub", "wildcard"),
    ({"StringEquals": {SUB: "system:serviceaccount:default:My-SA"}}, "sub", "case"),
    ({"StringEquals": {SUB: "system:serviceaccount:default:my-s?"}}, "sub", "wildcard"),
    ({"StringEquals": {SUB: f"{SUBJECT}\n"}}, "sub", "space"),
    ({"StringLike": {SUB: f"{SUBJECT} "}}, "sub", "space"),
    ({"StringEquals": {SUB: "system:serviceaccount:prod:my-sa"}}, "sub", "namespace"),
    ({"StringEquals": {SUB: "system:serviceaccount:default:other"}}, "sub", "name"),
    ({"StringEquals": {SUB: "system:serviceaccount:prod:other"}}, "sub", "subject"),
    ({"StringEquals": {SUB: "default:my-sa"}}, "sub", "prefix"),
    ({"StringEquals": {SUB: "default/my-sa"}}, "sub", "prefix"),
    ({"StringEquals": {SUB: "system:serviceacount:default:my-sa"}}, "sub", "similar"),
    ({"StringEquals": {SUB: STS}}, "sub", "audience_under_sub"),
    ({"StringEquals": {SUB: ""}}, "sub", "empty"),
    ({"StringEquals": {SUB: []}}, "sub", "empty"),
    # on sub: key
    ({"StringEquals": {f"{ISSUER}:sub": SUBJECT}}, "sub", "key_scheme"),
    ({"StringEquals": {f"{ARN}:sub": SUBJECT}}, "sub", "key_arn"),
    (
        {"StringEquals": {f"oidc.us-east-1.eks.amazonaws.com/{PREFIX.partition('/')[2]}:sub": SUBJECT}},
        "sub",
        "key_issuer",
    ),
    ({"StringEquals": {f"{HOST}:sub": SUBJECT}}, "sub", "key_issuer"),
    ({"StringEquals": {f"{SUB} ": SUBJECT}}, "sub", "key_space"),
    # on sub: operator
    ({"StringNotEquals": {SUB: SUBJECT}}, "sub", "negated"),
    ({"ArnLike": {SUB: SUBJECT}}, "sub", "arn_operator"),
    ({"stringEquals": {SUB: SUBJECT}}, "sub", "operator"),
    ({"NumericEquals": {SUB: SUBJECT}}, "sub", "unreadable"),
    ({"ForAnyValue:StringEquals": {SUB: "system:serviceaccount:prod:my-sa"}}, "sub", "namespace"),
    # on aud
    ({"StringEquals": {SUB: SUBJECT, AUD: "sts.amazon.com"}}, "aud", "similar"),
    ({"StringEquals": {SUB: SUBJECT, AUD: "STS.amazonaws.com"}}, "aud", "case"),
    ({"StringEquals": {SUB: SUBJECT, AUD: f"https://{STS}"}}, "aud", "scheme"),
    ({"StringEquals": {AUD: SUBJECT}}, "aud", "subject_under_aud"),
    ({"StringEquals": {SUB: SUBJECT, AUD: "sts.*"}}, "aud", "wildcard"),
]


@pytest.mark.parametrize(("condition", "claim", "code"), NEAR_MISSES)
def test_a_near_miss_in_a_condition(condition, claim, code):
    found = compare(CLAIMS, PROVIDER, ARN, policy(condition))
    row = found.row(claim, "policy")
    assert row.status is Status.FAILED
    assert [miss.code for miss in row.misses] == [code]
    assert not found.decision.allowed
    assert found.obstacles == ()
    assert [other.claim for other in found.rows if other.status is Status.FAILED] == [claim]


@pytest.mark.parametrize(
    ("principal", "code"),
    [
        ({"Federated": ARN.replace("111122223333", "444455556666")}, "account"),
        ({"Federated": ARN.replace("EXAMPLED", "EXAMPLEX")}, "issuer_id"),
        ({"Federated": ARN.replace("us-east-1", "us-west-2")}, "similar"),
        ({"Federated": ARN.replace(PREFIX, ISSUER)}, "scheme"),
        ({"Federated": PREFIX}, "not_an_arn"),
        ({"Federated": f"{ARN}/"}, "slash"),
        ({"Federated": ARN.lower()}, "case"),
        ({"AWS": "arn:aws:iam::111122223333:root"}, "principal_type"),
        ({"Service": "ec2.amazonaws.com"}, "principal_type"),
        ("nobody", "unreadable"),
    ],
)
def test_a_near_miss_in_the_principal(principal, code):
    found = compare(CLAIMS, PROVIDER, ARN, policy(Principal=principal))
    row = found.row("iss", "policy")
    assert row.status is Status.FAILED
    assert [miss.code for miss in row.misses] == [code]
    assert found.obstacles == (), "its own row shows it"


@pytest.mark.parametrize(
    ("provider", "claim", "code"),
    [
        ({"Url": f"{PREFIX}/", "ClientIDList": [STS]}, "iss", "slash"),
        ({"Url": PREFIX.lower(), "ClientIDList": [STS]}, "iss", "case"),
        ({"Url": HOST, "ClientIDList": [STS]}, "iss", "similar"),
        ({"Url": PREFIX, "ClientIDList": ["sts.amazon.com", "x"]}, "aud", "similar"),
        ({"Url": PREFIX, "ClientIDList": []}, "aud", "empty"),
    ],
)
def test_a_near_miss_in_the_provider(provider, claim, code):
    row = compare(CLAIMS, provider, ARN, policy()).row(claim, "provider")
    assert row.status is Status.FAILED
    assert [miss.code for miss in row.misses] == [code]


def test_no_condition_is_met_by_everybody():
    found = compare(CLAIMS, PROVIDER, ARN, policy({"StringEquals": {AUD: STS}}))
    assert found.decision.allowed
    assert statuses(found) == "ppppw"
    assert let_in(found.strangers) == EVERYBODY
    beside = policy({"StringEquals": {SUB: SUBJECT}})
    beside["Statement"] += policy({"StringEquals": {"aws:SourceVpce": "vpce-1"}})["Statement"]  # others are in that VPC
    found = compare(CLAIMS, PROVIDER, ARN, beside)
    assert found.decision.allowed
    assert let_in(found.strangers) == EVERYBODY
    assert found.row("sub", "policy").status is Status.WARNING


def test_a_star_is_a_character_to_one_operator_and_a_pattern_to_the_other():
    star = "system:serviceaccount:default:*"
    found = compare(CLAIMS, PROVIDER, ARN, policy({"StringEquals": {SUB: star, AUD: STS}}))
    equals, like = found.variants
    assert (equals.allowed, equals.literal, let_in(equals.strangers)) == (False, (star,), [])
    assert (like.allowed, like.literal, let_in(like.strangers)) == (True, (), ["same_namespace", "longer_name"])


@pytest.mark.parametrize(
    ("pattern", "other"),
    [
        ("default:*-sa", "default:other-sa"),
        ("*fault:my-sa", "otherfault:my-sa"),
        ("d*t:my-??", "dothert:my-xx"),
        ("default:m?-sa", "default:mx-sa"),
    ],
)
def test_a_pattern_that_none_of_the_usual_ones_fits_has_one_of_its_own(pattern, other):
    prefix = "system:serviceaccount:"
    found = compare(CLAIMS, PROVIDER, ARN, policy({"StringLike": {SUB: f"{prefix}{pattern}"}}))
    let = [(stranger.kind, stranger.subject) for stranger in found.strangers if stranger.allowed]
    assert let == [("same_pattern", f"{prefix}{other}")]
    assert found.row("sub", "policy").status is Status.WARNING
    found = compare(CLAIMS, PROVIDER, ARN, policy({"StringLike": {SUB: [f"{prefix}default:other-*", SUBJECT]}}))
    assert let_in(found.strangers) == []


def test_of_many_patterns_that_the_subject_fits_ten_are_tried():
    patterns = [f"system:serviceaccount:default:{'*' * number}my-sa" for number in range(1, 40)]
    found = compare(CLAIMS, PROVIDER, ARN, policy({"StringLike": {SUB: patterns}}))
    assert len([stranger for stranger in found.strangers if stranger.kind == "same_pattern"]) <= 10


def test_of_many_values_five_are_aligned_and_none_where_too_much_would_have_to_be(monkeypatch):
    aligned = []
    matcher = differences.SequenceMatcher
    monkeypatch.setattr(
        differences, "SequenceMatcher", lambda *texts, **more: aligned.append(texts) or matcher(*texts, **more)
    )
    claims = {**CLAIMS, "aud": ["a" * 100]}
    values = [f"{number}{'ab' * 49}b" for number in range(100)]
    compare(claims, PROVIDER, ARN, policy({"StringEquals": {SUB: SUBJECT, AUD: values}}))
    assert 0 < len(aligned) < 20
    aligned.clear()
    compare({**claims, "aud": ["a" * 200]}, PROVIDER, ARN, policy({"StringEquals": {SUB: SUBJECT, AUD: "ab" * 100}}))
    assert aligned == []


def test_what_else_stands_in_the_way():
    found = compare(CLAIMS, PROVIDER, ARN, policy(Action="sts:AssumeRole"))
    assert statuses(found) == "ppppp"
    assert [entry.element for entry in found.obstacles] == ["Action"]
    deny = policy()
    deny["Statement"].append(deny["Statement"][0] | {"Effect": "Deny", "Sid": "No"})
    found = compare(CLAIMS, PROVIDER, ARN, deny)
    assert found.decision.reason == "explicit-deny"
    assert [(entry.effect, entry.statement) for entry in found.obstacles] == [("Deny", "No")]


@pytest.mark.parametrize(
    ("other", "condition", "elements"),
    [
        ({"Effect": "Deny"}, None, {"Action": "sts:TagSession"}),
        ({"Principal": {"Federated": f"{ARN}X"}}, {"StringEquals": {SUB: f"{SUBJECT}-2"}}, {}),
    ],
)
def test_a_deny_comes_nearest_no_more_than_what_is_for_another_provider(other, condition, elements):
    statements = [*policy(**other)["Statement"], *policy(condition, **elements)["Statement"]]
    found = compare(CLAIMS, PROVIDER, ARN, {"Statement": statements})
    assert found.row("sub", "policy").places == (("Statement", "1", "Condition", "StringEquals", SUB),)


def test_a_set_operator_is_worth_a_word_where_it_is_met():
    set_operator, plain = "ForAllValues:StringEquals", "StringEquals"
    blocks = {set_operator: {SUB: SUBJECT}}, {set_operator: {SUB: "x"}}, {plain: {SUB: SUBJECT}}
    words = [compare(CLAIMS, PROVIDER, ARN, policy(block)).row("sub", "policy").notes for block in blocks]
    assert words == [("ForAllValues",), (), ()]


def test_a_policy_of_one_object_without_a_version():
    single = {"Statement": policy()["Statement"][0]}
    found = compare(CLAIMS, PROVIDER, ARN, single)
    assert found.decision.allowed
    assert statuses(found) == "ppppp"
    assert found.row("sub", "policy").places == (("Statement", "Condition", "StringEquals", SUB),)


def test_without_a_side_it_is_not_known():
    assert statuses(compare({}, None, "", policy())) == "uuuuu"
    assert statuses(compare(CLAIMS, None, ARN, policy())) == "upupp"
    assert statuses(compare(CLAIMS, PROVIDER, ARN, {})) == "pupuu"
    assert statuses(compare(CLAIMS, PROVIDER, ARN, policy() | {"Version": "2020-01-01"})) == "pupuu"
    assert statuses(compare(CLAIMS, PROVIDER, ARN, policy(["junk"]))) == "pppuu"


VALUES = st.sampled_from(
    [SUBJECT, STS, "system:serviceaccount:default:*", "*", "", "x", 1, None, [SUBJECT, "x"], [], {}]
)
KEYS = st.sampled_from([SUB, AUD, f"https://{SUB}", "aws:x", SUB.upper()])
NAMES = st.sampled_from(["StringEquals", "StringLike", "StringNotLike", "ForAllValues:StringEquals", "Null", "Junk"])
BLOCKS = st.dictionaries(NAMES, st.dictionaries(KEYS, VALUES, max_size=2) | VALUES, max_size=3) | VALUES
STATEMENTS = st.fixed_dictionaries(
    {},
    optional={
        "Effect": st.sampled_from(["Allow", "Allow", "Deny", "allow", 1]),
        "Principal": st.sampled_from([{"Federated": ARN}, {"Federated": ARN}, {"AWS": "*"}, "*", {}, 1]),
        "Action": st.sampled_from(["sts:AssumeRoleWithWebIdentity", "sts:*", "s3:*", [], 1]),
        "Condition": BLOCKS,
        "Junk": VALUES,
    },
)
# Of wholly random policies practically none lets the token in.
NEARLY_SOUND = st.builds(lambda elements: policy()["Statement"][0] | elements, st.just({}) | STATEMENTS)
POLICIES = st.fixed_dictionaries(
    {
        "Version": st.just("2012-10-17"),
        "Statement": st.lists(STATEMENTS | VALUES) | STATEMENTS | st.lists(NEARLY_SOUND, max_size=2),
    }
)


def test_what_cannot_be_read_of_a_deny_stands_in_the_way():
    allow = {"Effect": "Allow", "Principal": {"Federated": ARN}, "Action": "sts:AssumeRoleWithWebIdentity"}
    found = compare(CLAIMS, PROVIDER, ARN, {"Version": "2012-10-17", "Statement": [{"Effect": "Deny"}, allow]})
    assert not found.decision.allowed
    missing = [f"Missing required field {element}" for element in ("Principal", "Action")]
    assert [entry.error for entry in found.obstacles] == missing


@given(POLICIES | st.recursive(VALUES, lambda inner: st.dictionaries(st.text(), inner)))
def test_the_rows_agree_with_the_decision_whatever_the_policy(document):
    before = copy.deepcopy(document)
    found = compare(CLAIMS, PROVIDER, ARN, document)
    assert document == before
    assert found.decision == evaluate(document, web_identity_context(ISSUER, CLAIMS, ARN))
    of_policy = [row.status for row in found.rows if row.record == "policy"]
    if found.decision.allowed:
        assert all(status in (Status.PASSED, Status.WARNING) for status in of_policy)
        assert not found.obstacles
    else:
        assert found.obstacles or Status.FAILED in of_policy or Status.UNKNOWN in of_policy
    for row in found.rows:
        assert bool(row.misses) == (row.status is Status.FAILED)
