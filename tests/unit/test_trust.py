"""Trust policies: who may assume a role with a web identity, and the trace that says why."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.trust import TrustContext, evaluate, web_identity_context

ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
PREFIX = ISSUER.removeprefix("https://")
PROVIDER = f"arn:aws:iam::111122223333:oidc-provider/{PREFIX}"
SUBJECT = "system:serviceaccount:default:my-service-account"
CONTEXT = web_identity_context(ISSUER, {"sub": SUBJECT, "aud": ["sts.amazonaws.com"]}, PROVIDER)
ACTION = "sts:AssumeRoleWithWebIdentity"


def statement(**elements):
    """An Allow for the provider; an element given as None is left out."""
    given = {"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": ACTION} | elements
    return {name: value for name, value in given.items() if value is not None}


def policy(*statements, version="2012-10-17"):
    return {"Version": version, "Statement": list(statements)}


def on_subject(value, operator="StringEquals"):
    return {operator: {f"{PREFIX}:sub": value}}


EKSCTL = policy(
    statement(
        Action=[ACTION],
        Condition={"StringEquals": {f"{PREFIX}:sub": SUBJECT, f"{PREFIX}:aud": "sts.amazonaws.com"}},
    )
)


def test_the_policy_that_eksctl_writes():
    decision = evaluate(EKSCTL, CONTEXT)
    assert decision.allowed is True
    assert decision.reason == "allow"
    shown = [(m.statement, m.element, m.operator, m.key, m.wanted, m.got, m.matched) for m in decision.trace]
    assert shown == [
        (0, "Principal", "", "Federated", PROVIDER, PROVIDER, True),
        (0, "Action", "", "", ACTION, ACTION, True),
        (0, "Condition", "StringEquals", f"{PREFIX}:sub", SUBJECT, SUBJECT, True),
        (0, "Condition", "StringEquals", f"{PREFIX}:aud", "sts.amazonaws.com", "sts.amazonaws.com", True),
    ]
    assert not any(match.error for match in decision.trace)


def test_a_policy_may_come_as_text():
    assert evaluate(json.dumps(EKSCTL), CONTEXT) == evaluate(EKSCTL, CONTEXT)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "system:serviceaccount:kube-system:my-service-account"},
        {"sub": "system:serviceaccount:default:My-service-account"},
        {"sub": "system:serviceaccount:default:my-service-account "},
        {"aud": ["https://kubernetes.default.svc"]},
        {"sub": None},
        {"aud": None},
        {"aud": []},
        {"sub": {"sub": SUBJECT}},
        {"sub": [[SUBJECT]]},
    ],
)
def test_another_token_is_refused_by_it(claims):
    context = web_identity_context(ISSUER, {"sub": SUBJECT, "aud": ["sts.amazonaws.com"]} | claims, PROVIDER)
    decision = evaluate(EKSCTL, context)
    assert decision.allowed is False
    assert decision.reason == "implicit-deny"
    assert [match.matched for match in decision.trace].count(False) == 1


def test_another_issuer_s_keys_are_other_keys():
    context = web_identity_context(ISSUER[:-1], {"sub": SUBJECT, "aud": "sts.amazonaws.com"}, PROVIDER)
    trace = evaluate(EKSCTL, context).trace
    assert [(match.got, match.matched) for match in trace[2:]] == [(None, False), (None, False)]


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        ({"Federated": PROVIDER}, True),
        ({"Federated": ["arn:aws:iam::111122223333:oidc-provider/other", PROVIDER]}, True),
        ({"Federated": PROVIDER, "Service": "ec2.amazonaws.com"}, True),
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": ["arn:aws:iam::111122223333:root", "*"]}, True),
        ({"Federated": "*"}, False),
        ({"Federated": PROVIDER.upper()}, False),
        ({"Federated": PROVIDER + "/"}, False),
        ({"Federated": PROVIDER[:-1] + "*"}, False),
        ({"Federated": PREFIX}, False),
        ({"AWS": PROVIDER}, False),
        ({"AWS": "arn:aws:iam::111122223333:root"}, False),
        ({"Service": "*"}, False),
        ({"Service": "ec2.amazonaws.com"}, False),
        ({"CanonicalUser": "*"}, False),
        ({"Federated": []}, False),
        ({"Federated": [PROVIDER, 1]}, False),
        ({"Federated": None}, False),
        ({"federated": PROVIDER}, False),
        ({}, False),
        ([], False),
        (["*"], False),
        (PROVIDER, False),
        (None, False),
        (7, False),
    ],
)
def test_principal(principal, allowed):
    document = policy(statement(Principal=None) | {"Principal": principal})
    assert evaluate(document, CONTEXT).allowed is allowed


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        ({"Federated": PROVIDER}, False),
        ({"Federated": "arn:aws:iam::111122223333:oidc-provider/other"}, True),
        ({"AWS": "arn:aws:iam::111122223333:root"}, True),
        ("*", False),
        ({"AWS": "*"}, False),
        ({}, False),
    ],
)
def test_not_principal(principal, allowed):
    decision = evaluate(policy(statement(Principal=None, NotPrincipal=principal)), CONTEXT)
    assert decision.allowed is allowed
    assert decision.trace[0].matched is allowed


def test_principal_and_not_principal_exclude_each_other():
    document = policy(statement(NotPrincipal={"AWS": "arn:aws:iam::111122223333:root"}))
    assert evaluate(document, CONTEXT).trace[0].error == "Syntax errors in policy."
    assert not evaluate(document, CONTEXT).allowed


def test_principals_of_several_types_are_shown_together():
    document = policy(statement(Principal={"Service": "ec2.amazonaws.com", "Federated": [PROVIDER, "x"]}))
    match = evaluate(document, CONTEXT).trace[0]
    assert (match.key, match.wanted) == ("Service, Federated", ("ec2.amazonaws.com", PROVIDER, "x"))


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("sts:AssumeRoleWithWebIdentity", True),
        ("STS:ASSUMEROLEWITHWEBIDENTITY", True),
        ("sts:*", True),
        ("sts:Assume*", True),
        ("sts:AssumeRoleWith???Identity", True),
        ("*", True),
        (["sts:TagSession", "sts:AssumeRoleWithWebIdentity"], True),
        ("sts:AssumeRole", False),
        ("sts:AssumeRoleWithSAML", False),
        ("sts:AssumeRoleWithWebIdentity ", False),
        ("s3:*", False),
        ("sts:${*}", False),
        ([], False),
        ("", False),
        (None, False),
        ([ACTION, None], False),
        ({ACTION: True}, False),
    ],
)
def test_action(action, allowed):
    assert evaluate(policy(statement() | {"Action": action}), CONTEXT).allowed is allowed


@pytest.mark.parametrize(
    ("action", "allowed"), [("sts:AssumeRole", True), ("sts:assumerolewithweb*", False), ([], False), ("*", False)]
)
def test_not_action(action, allowed):
    assert evaluate(policy(statement(Action=None, NotAction=action)), CONTEXT).allowed is allowed


def test_action_and_not_action_exclude_each_other():
    document = policy(statement(NotAction="sts:AssumeRole"))
    assert evaluate(document, CONTEXT).trace[1].error == "Syntax errors in policy."
    assert not evaluate(document, CONTEXT).allowed


def test_resource_is_not_looked_at():
    assert evaluate(policy(statement(Resource="arn:aws:s3:::other")), CONTEXT).allowed
    assert evaluate(policy(statement(NotResource=7)), CONTEXT).allowed


def test_condition_keys_are_case_insensitive_and_values_are_not():
    assert evaluate(policy(statement(Condition={"StringEquals": {f"{PREFIX}:SUB".upper(): SUBJECT}})), CONTEXT).allowed
    assert not evaluate(policy(statement(Condition=on_subject(SUBJECT.upper()))), CONTEXT).allowed


@pytest.mark.parametrize(
    "key", [f"https://{PREFIX}:sub", f"{PROVIDER}:sub", "sub", "oidc.eks.us-east-1.amazonaws.com:sub"]
)
def test_a_condition_on_a_wrong_key_finds_nothing(key):
    match = evaluate(policy(statement(Condition={"StringEquals": {key: SUBJECT}})), CONTEXT).trace[-1]
    assert (match.key, match.got, match.matched) == (key, None, False)


def test_operators_and_keys_are_anded_and_values_are_ored():
    aud = f"{PREFIX}:aud"
    both = {"StringEquals": {aud: ["x", "sts.amazonaws.com"]}, "StringLike": {f"{PREFIX}:sub": ["a", "system:*"]}}
    assert evaluate(policy(statement(Condition=both)), CONTEXT).allowed
    assert not evaluate(policy(statement(Condition=both | {"StringEquals": {aud: "x"}})), CONTEXT).allowed
    one_line_of_two = {"StringEquals": {aud: "sts.amazonaws.com", f"{PREFIX}:sub": "x"}}
    assert not evaluate(policy(statement(Condition=one_line_of_two)), CONTEXT).allowed


@pytest.mark.parametrize("condition", [{}, {"StringEquals": {}}])
def test_an_empty_condition_always_holds(condition):
    assert evaluate(policy(statement(Condition=condition)), CONTEXT).allowed


@pytest.mark.parametrize(
    ("condition", "error"),
    [
        ({"StringEqual": {f"{PREFIX}:sub": SUBJECT}}, "Invalid Condition type : StringEqual"),
        ({"stringEquals": {f"{PREFIX}:sub": SUBJECT}}, "Invalid Condition type : stringEquals"),
        ({"StringEqual": {}}, "Invalid Condition type : StringEqual"),
        ({"__doc_comment": "scope the role"}, "Invalid Condition type : __doc_comment"),
        ({"StringEquals": SUBJECT}, "Syntax errors in policy."),
        ({"StringEquals": {f"{PREFIX}:sub": {"is": SUBJECT}}}, "Syntax errors in policy."),
        ({"StringEquals": {f"{PREFIX}:sub": None}}, "Syntax errors in policy."),
        ({"StringEquals": {f"{PREFIX}:sub": [[SUBJECT]]}}, "Syntax errors in policy."),
        ({"NumericEquals": {f"{PREFIX}:sub": "many"}}, "Syntax errors in policy."),
        ([], "Syntax errors in policy."),
        ("", "Syntax errors in policy."),
        (None, "Syntax errors in policy."),
    ],
)
def test_a_condition_that_cannot_be_read_never_helps_to_allow(condition, error):
    unreadable = statement() | {"Condition": condition}
    decision = evaluate(policy(unreadable), CONTEXT)
    assert (decision.allowed, decision.reason) == (False, "implicit-deny")
    assert [match.error for match in decision.trace if match.error] == [error]
    # In a Deny that would apply otherwise it lets nobody in; in one that is about others it does not matter.
    deny = unreadable | {"Effect": "Deny"}
    assert evaluate(policy(statement(), deny), CONTEXT).reason == "implicit-deny"
    assert evaluate(policy(statement(), deny | {"Action": "sts:AssumeRole"}), CONTEXT).reason == "allow"


def test_an_allow_that_cannot_be_read_leaves_the_others_alone():
    assert evaluate(policy(statement(Condition=7), statement()), CONTEXT).allowed


def test_numbers_and_booleans_are_compared_as_their_json():
    context = TrustContext(PROVIDER, ACTION, {"n": "7", "b": "true"})
    condition = {"StringEquals": {"n": 7, "b": True}, "NumericLessThan": {"n": 7.5}, "Bool": {"b": [False, True]}}
    decision = evaluate(policy(statement(Condition=condition)), context)
    assert decision.allowed
    assert [match.wanted for match in decision.trace[2:]] == ["7", "true", "7.5", ("false", "true")]


def test_deny_wins_wherever_it_stands():
    deny = statement(Effect="Deny", Sid="NotThem", Condition=on_subject(SUBJECT))
    for document in (policy(deny, statement()), policy(statement(), deny)):
        decision = evaluate(document, CONTEXT)
        assert (decision.allowed, decision.reason) == (False, "explicit-deny")
        assert {match.statement for match in decision.trace} == {"NotThem", document["Statement"].index(statement())}
        assert all(match.matched for match in decision.trace)


def test_a_deny_that_does_not_apply_changes_nothing():
    deny = statement(Effect="Deny", Condition=on_subject("system:serviceaccount:default:other"))
    assert evaluate(policy(statement(), deny), CONTEXT).allowed


def test_a_deny_alone_is_explicit_and_nothing_at_all_is_implicit():
    assert evaluate(policy(statement(Effect="Deny")), CONTEXT).reason == "explicit-deny"
    assert evaluate(policy(statement(Action="sts:AssumeRole")), CONTEXT).reason == "implicit-deny"


def test_a_deny_with_an_absent_key_and_a_negated_operator_applies():
    deny = statement(Effect="Deny", Condition={"StringNotEquals": {"aws:SourceVpc": "vpc-1"}})
    assert evaluate(policy(statement(), deny), CONTEXT).reason == "explicit-deny"


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        ("allow", "Invalid effect: allow"),
        ("ALLOW", "Invalid effect: ALLOW"),
        ("", "Invalid effect: "),
        (None, "Missing required field Effect"),
        (True, "Syntax errors in policy."),
        (["Allow"], "Syntax errors in policy."),
    ],
)
def test_effect_is_allow_or_deny_to_the_letter(effect, error):
    decision = evaluate(policy(statement(Effect=effect)), CONTEXT)
    assert decision.reason == "implicit-deny"
    assert [(match.element, match.error) for match in decision.trace if match.error] == [("Effect", error)]
    assert evaluate(policy(statement(Effect=effect), statement()), CONTEXT).allowed


def test_an_unknown_element_is_not_passed_over():
    decision = evaluate(policy(statement(Conditions=on_subject("nobody"))), CONTEXT)
    assert not decision.allowed
    assert decision.trace[0].element == "Conditions"
    assert decision.trace[0].error == "Unknown field Conditions"


def test_statement_may_be_a_single_object():
    assert evaluate({"Version": "2012-10-17", "Statement": statement()}, CONTEXT).allowed


def test_a_sid_names_the_statement_and_an_empty_one_does_not():
    trace = evaluate(policy(statement(Sid="A"), statement(Sid=""), statement(Sid=3)), CONTEXT).trace
    assert [match.statement for match in trace if match.element == "Action"] == ["A", 1, 2]


@pytest.mark.parametrize(("version", "allowed"), [("2012-10-17", True), ("2008-10-17", False), (None, False)])
def test_policy_variables_depend_on_the_version(version, allowed):
    context = web_identity_context(ISSUER, {"sub": SUBJECT}, PROVIDER, {"who": SUBJECT})
    document = policy(statement(Condition=on_subject("${who}")), version=version)
    if version is None:
        del document["Version"]
    assert evaluate(document, context).allowed is allowed
    literal = web_identity_context(ISSUER, {"sub": "${who}"}, PROVIDER, {"who": SUBJECT})
    assert evaluate(document, literal).allowed is not allowed


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ("", "This policy contains invalid Json"),
        ("{", "This policy contains invalid Json"),
        ('{"Statement": NaN}', "This policy contains invalid Json"),
        ("[" * 100_000, "This policy contains invalid Json"),
        ('{"a":' * 100_000, "This policy contains invalid Json"),
        ('{"Sid": ' + "9" * 5000 + "}", "This policy contains invalid Json"),
        ('"\\ud800"', "This policy contains invalid Json"),
        ("null", "This policy contains invalid Json"),
        ("[]", "This policy contains invalid Json"),
        (None, "This policy contains invalid Json"),
        (7, "This policy contains invalid Json"),
        ([statement()], "This policy contains invalid Json"),
        ({"Statement": {1, 2}}, "This policy contains invalid Json"),
        ({("a",): 1}, "This policy contains invalid Json"),
        ({}, "Missing required field Statement"),
        ({"Statement": []}, "Could not parse the policy: Statement is empty!"),
        ({"Statement": "Allow"}, "Syntax errors in policy."),
        ({"Statement": None}, "Syntax errors in policy."),
        ({"statement": statement()}, "Unknown field statement"),
        ({"Version": "2012-10-18", "Statement": statement()}, "The policy must contain a valid version string"),
        ({"Version": 2012, "Statement": statement()}, "The policy must contain a valid version string"),
        ({"Version": ["2012-10-17"], "Statement": statement()}, "The policy must contain a valid version string"),
    ],
)
def test_a_document_that_is_no_policy_allows_nothing_and_says_why(document, error):
    decision = evaluate(document, CONTEXT)
    assert (decision.allowed, decision.reason) == (False, "implicit-deny")
    assert [(match.element, match.matched, match.error) for match in decision.trace] == [("Policy", False, error)]


@pytest.mark.parametrize("junk", [None, "Allow", 7, [], [statement()]])
def test_a_statement_that_is_none_does_not_apply(junk):
    decision = evaluate(policy(junk, statement()), CONTEXT)
    assert decision.allowed
    first = decision.trace[0]
    assert (first.element, first.matched, first.error) == ("Statement", False, "Syntax errors in policy.")


class TestWebIdentityContext:
    def test_the_keys_are_the_issuer_without_its_scheme(self):
        assert CONTEXT.principal == PROVIDER
        assert CONTEXT.action == ACTION
        assert CONTEXT.keys == {f"{PREFIX}:sub": SUBJECT, f"{PREFIX}:aud": ["sts.amazonaws.com"]}

    def test_azp_stands_for_aud(self):
        context = web_identity_context(ISSUER, {"aud": ["a", "b"], "azp": "client"}, PROVIDER)
        assert context.keys == {f"{PREFIX}:aud": "client"}

    def test_amr_has_several_values(self):
        context = web_identity_context(ISSUER, {"sub": SUBJECT, "amr": ["authenticated", "x"]}, PROVIDER)
        condition = {"ForAnyValue:StringLike": {f"{PREFIX}:amr": "auth*"}}
        assert evaluate(policy(statement(Condition=condition)), context).allowed

    def test_kubernetes_claims_are_no_keys(self):
        claims = {"kubernetes.io": {"namespace": "default"}, "iss": ISSUER, "exp": 1, "email": "a@example.com"}
        assert web_identity_context(ISSUER, claims, PROVIDER).keys == {}

    def test_extra_keys_are_added(self):
        context = web_identity_context(ISSUER, {"sub": SUBJECT}, PROVIDER, {"sts:RoleSessionName": "pod"})
        assert context.keys == {f"{PREFIX}:sub": SUBJECT, "sts:RoleSessionName": "pod"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "Condition", "Other"]
)
VALUES = st.one_of(
    JSON,
    st.sampled_from(["Allow", "Deny", ACTION, "*", {"Federated": PROVIDER}, {"AWS": "*"}, on_subject(SUBJECT)]),
    st.dictionaries(
        st.sampled_from(["StringLike", "ForAnyValue:StringNotLike", "DateEquals", "Null", "Odd"]),
        st.dictionaries(st.sampled_from([f"{PREFIX}:sub", f"{PREFIX}:aud", "x"]), JSON, max_size=2) | JSON,
    ),
)
STATEMENTS = st.dictionaries(NAMES, VALUES) | JSON
DOCUMENTS = st.fixed_dictionaries(
    {"Statement": STATEMENTS | st.lists(STATEMENTS, max_size=3)},
    optional={"Version": st.sampled_from(["2012-10-17", "2008-10-17", ""]) | JSON, "Id": JSON},
)
SOUND = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Principal": st.sampled_from(["*", {"Federated": PROVIDER}, {"Service": "ec2.amazonaws.com"}]),
        "Action": st.sampled_from([ACTION, "sts:*", "sts:AssumeRole"]),
    },
    optional={
        "Condition": st.dictionaries(
            st.sampled_from(["StringEquals", "StringNotEquals", "StringLike", "ForAllValues:StringEquals"]),
            st.dictionaries(
                st.sampled_from([f"{PREFIX}:sub", f"{PREFIX}:aud", "absent"]),
                st.sampled_from([SUBJECT, "sts.amazonaws.com", "system:*", ["a", SUBJECT]]),
                max_size=2,
            ),
            max_size=2,
        )
    },
)


@given(DOCUMENTS | JSON | st.text())
def test_junk_is_never_an_error(document):
    before = copy.deepcopy(document)
    decision = evaluate(document, CONTEXT)
    assert decision.allowed is (decision.reason == "allow")
    assert repr(document) == repr(before)


@given(st.lists(SOUND, min_size=1, max_size=4))
def test_the_trace_explains_the_decision(statements):
    decision = evaluate(policy(*statements), CONTEXT)
    applying = set()
    for index, one in enumerate(statements):
        entries = [match for match in decision.trace if match.statement == index]
        assert len(entries) == 2 + sum(len(keys) for keys in one.get("Condition", {}).values())
        assert {match.effect for match in entries} == {one["Effect"]}
        if all(match.matched for match in entries):
            applying.add(one["Effect"])
    expected = "explicit-deny" if "Deny" in applying else "allow" if "Allow" in applying else "implicit-deny"
    assert decision.reason == expected


@given(st.lists(SOUND, min_size=1, max_size=3), SOUND)
def test_one_more_deny_never_allows_more(statements, other):
    before = evaluate(policy(*statements), CONTEXT)
    after = evaluate(policy(*statements, other | {"Effect": "Deny"}), CONTEXT)
    assert before.allowed or not after.allowed


@given(st.permutations([statement(), statement(Effect="Deny", Condition=on_subject("x")), statement(Action="sts:*")]))
def test_the_order_of_statements_does_not_matter(statements):
    assert evaluate(policy(*statements), CONTEXT).allowed


@given(SOUND)
def test_a_condition_never_widens_an_allow(one):
    narrowed = one | {"Effect": "Allow"}
    wide = {name: value for name, value in narrowed.items() if name != "Condition"}
    assert evaluate(policy(wide), CONTEXT).allowed or not evaluate(policy(narrowed), CONTEXT).allowed
