"""What IAM refuses to store, and in which words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.policy.policy import MalformedPolicy, parse_policy, validate_permission_policy, validate_trust_policy
from app.flow.trust import TrustContext, evaluate

PROVIDER = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE"
TRUST = {"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithWebIdentity"}
PERMISSION = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}


def text(*statements, **document):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)} | document)


def refusal(validate, document):
    with pytest.raises(MalformedPolicy) as caught:
        validate(document)
    return str(caught.value)


def without(statement, *names):
    return {name: value for name, value in statement.items() if name not in names}


@pytest.mark.parametrize(
    "statement",
    [
        TRUST,
        TRUST | {"Sid": "With spaces, too"},
        TRUST | {"Effect": "Deny"},
        TRUST | {"Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]},
        TRUST | {"Action": "sts:*"},
        TRUST | {"Principal": {"AWS": "*"}},
        TRUST | {"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        TRUST | {"Principal": {"Federated": ["accounts.google.com", "arn:aws-cn:iam::111122223333:saml-provider/x"]}},
        TRUST | {"Condition": {"ForAnyValue:StringLikeIfExists": {"a:amr": ["x", 1, True]}}},
        TRUST | {"Condition": {}},
        without(TRUST, "Action") | {"NotAction": "sts:AssumeRole"},
    ],
)
def test_a_trust_policy_that_iam_takes(statement):
    assert validate_trust_policy(text(statement)) == json.loads(text(statement))
    assert validate_trust_policy(json.dumps({"Statement": statement})) == {"Statement": statement}


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (TRUST | {"Resource": "*"}, "Has prohibited field Resource"),
        (TRUST | {"NotResource": "*"}, "AssumeRole policy must not contain resources."),
        (without(TRUST, "Principal"), "Missing required field Principal"),
        (TRUST | {"Principal": {}}, "Missing required field Principal cannot be empty!"),
        (TRUST | {"Principal": "*"}, 'AssumeRolepolicy contained an invalid principal: "STAR":"*".'),
        (TRUST | {"Principal": "x"}, "Syntax errors in policy."),
        (TRUST | {"Principal": {"Federated": []}}, "Syntax errors in policy."),
        (TRUST | {"Principal": {"federated": PROVIDER}}, 'Invalid principal in policy: "federated"'),
        (
            TRUST | {"Principal": {"Federated": "arn:aws:iam:://oidc"}},
            "Federated principals must be valid domain names or SAML metadata ARNs",
        ),
        (
            TRUST | {"Principal": {"Federated": [PROVIDER, "x"]}},
            "Federated principals must be valid domain names or SAML metadata ARNs",
        ),
        (
            TRUST | {"Principal": {"Federated": PROVIDER.partition("/")[2]}},
            "Federated principals must be valid domain names or SAML metadata ARNs",
        ),
        (
            TRUST | {"Principal": {"Federated": "*"}},
            "Federated principals must be valid domain names or SAML metadata ARNs",
        ),
        (
            TRUST | {"Principal": {"Federated": f"{PROVIDER[:13]}0{PROVIDER[13:]}"}},
            "Federated principals must be valid domain names or SAML metadata ARNs",
        ),
        (
            TRUST | {"Principal": {"AWS": ["111122223333", "arn:aws:iam::111122223333:role/*"]}},
            'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/*"',
        ),
        (TRUST | {"Principal": {"AWS": "my-role"}}, 'Invalid principal in policy: "AWS":"my-role"'),
        (
            without(TRUST, "Principal") | {"NotPrincipal": {"AWS": "*"}},
            "Allow with NotPrincipal is not allowed.",
        ),
        (
            without(TRUST, "Principal") | {"Effect": "Deny", "NotPrincipal": {"AWS": "*"}},
            "AssumeRole policy must not contain NotPrincipal field.",
        ),
        (without(TRUST, "Action"), "Missing required field Action"),
        (TRUST | {"NotAction": "sts:AssumeRole"}, "Syntax errors in policy."),
        (TRUST | {"Action": []}, "Syntax errors in policy."),
        (TRUST | {"Action": "*"}, "AssumeRole policy may only specify STS AssumeRole actions."),
        (TRUST | {"Action": "sts:TagSessions"}, "AssumeRole policy may only specify STS AssumeRole actions."),
        (TRUST | {"Action": ["sts:AssumeRole", "s3:*"]}, "AssumeRole policy may only specify STS AssumeRole actions."),
        (without(TRUST, "Effect"), "Missing required field Effect"),
        (TRUST | {"Effect": "allow"}, "Invalid effect: allow"),
        (TRUST | {"Effect": 1}, "Syntax errors in policy."),
        (TRUST | {"Conditions": {}}, "Unknown field Conditions"),
        (TRUST | {"Sid": 1}, "Syntax errors in policy."),
        (TRUST | {"Condition": {"StringMatches": {"a": "b"}}}, "Invalid Condition type : StringMatches"),
        (TRUST | {"Condition": {"StringMatches": {}}}, "Invalid Condition type : StringMatches"),
        (TRUST | {"Condition": {"__doc_comment": "x"}}, "Invalid Condition type : __doc_comment"),
        (TRUST | {"Condition": {"StringEquals": "x"}}, "Syntax errors in policy."),
        (TRUST | {"Condition": {"StringEquals": {"a": {}}}}, "Syntax errors in policy."),
        (TRUST | {"Condition": {"StringEquals": {"a": None}}}, "Syntax errors in policy."),
        (TRUST | {"Condition": []}, "Syntax errors in policy."),
        (TRUST | {"Condition": 7}, "Syntax errors in policy."),
        ("Allow", "Syntax errors in policy."),
    ],
)
def test_a_trust_policy_that_iam_refuses(statement, said):
    assert refusal(validate_trust_policy, text(statement)) == said
    assert refusal(validate_trust_policy, text(TRUST, statement)) == said


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("", "This policy contains invalid Json"),
        ('{"Statement": [],}', "This policy contains invalid Json"),
        ("[]", "This policy contains invalid Json"),
        ("[" * 100_000, "This policy contains invalid Json"),
        ("{}", "Missing required field Statement"),
        (text(), "Could not parse the policy: Statement is empty!"),
        (text(TRUST, statement=[]), "Unknown field statement"),
        (text(TRUST, Version="2026-01-01"), "The policy must contain a valid version string"),
        (text(TRUST | {"Sid": "A"}, TRUST | {"Sid": "A"}), "The Statement Ids in the policy are not unique"),
    ],
)
def test_a_trust_document_that_iam_refuses(document, said):
    assert refusal(validate_trust_policy, document) == said


def test_sids_may_be_empty_more_than_once():
    assert validate_trust_policy(text(TRUST | {"Sid": ""}, TRUST | {"Sid": ""}, TRUST))


@pytest.mark.parametrize(
    "statement",
    [
        PERMISSION,
        PERMISSION | {"Sid": "A1", "Effect": "Deny"},
        PERMISSION | {"Action": "*"},
        PERMISSION | {"Action": ["s3:*", "ec2:Describe*"], "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::a/*"]},
        without(PERMISSION, "Action", "Resource") | {"NotAction": ["iam:*"], "NotResource": "arn:aws:s3:::a"},
        PERMISSION | {"Condition": {"Bool": {"aws:SecureTransport": True}}},
    ],
)
def test_a_permission_policy_that_iam_takes(statement):
    assert validate_permission_policy(text(statement)) == json.loads(text(statement))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (PERMISSION | {"Principal": "*"}, "Policy document should not specify a principal."),
        (PERMISSION | {"NotPrincipal": {"AWS": "*"}}, "Policy document should not specify a principal."),
        (without(PERMISSION, "Resource"), "Policy statement must contain resources."),
        (PERMISSION | {"Resource": []}, "Policy statement must contain resources."),
        (PERMISSION | {"Resource": "my-bucket"}, 'Resource my-bucket must be in ARN format or "*".'),
        (PERMISSION | {"Resource": [1]}, "Syntax errors in policy."),
        (PERMISSION | {"NotResource": "*"}, "Syntax errors in policy."),
        (without(PERMISSION, "Action"), "Policy statement must contain actions."),
        (PERMISSION | {"Action": []}, "Policy statement must contain actions."),
        (
            PERMISSION | {"Action": "ListAllMyBuckets"},
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (PERMISSION | {"Action": "s3:List:Buckets"}, "Actions/Condition can contain only one colon."),
        (PERMISSION | {"Action": "s 3:List"}, "Vendor s 3 is not valid"),
        (without(PERMISSION, "Effect"), "Syntax errors in policy."),
        (PERMISSION | {"Effect": "allow"}, "Syntax errors in policy."),
        (PERMISSION | {"Actions": "s3:*"}, "Syntax errors in policy."),
        (PERMISSION | {"Condition": {"Equals": {}}}, "Syntax errors in policy."),
    ],
)
def test_a_permission_policy_that_iam_refuses(statement, said):
    assert refusal(validate_permission_policy, text(statement)) == said


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "Syntax errors in policy."),
        ("7", "Syntax errors in policy."),
        ("{}", "Syntax errors in policy."),
        (text(PERMISSION, Version="1"), "Syntax errors in policy."),
        (
            text(PERMISSION | {"Sid": "A"}, PERMISSION | {"Sid": "A"}),
            "Statement IDs (SID) in a single policy must be unique.",
        ),
        (
            text(PERMISSION | {"Sid": "read buckets"}),
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
            "[0-9A-Za-z]*",
        ),
    ],
)
def test_a_permission_document_that_iam_refuses(document, said):
    assert refusal(validate_permission_policy, document) == said


def test_parse_policy_reads_text_and_objects_alike():
    document = {"Version": "2012-10-17", "Statement": TRUST}
    assert parse_policy(document) == parse_policy(json.dumps(document))
    assert parse_policy(document).statements == (TRUST,)
    assert parse_policy(document).variables
    assert not parse_policy({"Statement": [TRUST]}).variables
    assert refusal(parse_policy, None) == "This policy contains invalid Json"


LEAVES = st.sampled_from(["Allow", "Deny", "*", "sts:*", "sts:AssumeRole", PROVIDER, "s3:*", "arn:aws:s3:::a", "x", 1])
NAMES = st.sampled_from(
    ["Effect", "Principal", "Action", "NotAction", "Resource", "Condition", "Sid", "Federated", "AWS", "StringLike"]
)
OPERATORS = st.sampled_from(["StringLike", "ArnNotLike", "Null", "Odd"])
CONDITIONS = st.dictionaries(OPERATORS, st.dictionaries(NAMES, LEAVES, max_size=2), max_size=1)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": LEAVES | st.lists(LEAVES, max_size=2),
        "Principal": st.dictionaries(NAMES, LEAVES | st.lists(LEAVES, max_size=2), max_size=2) | LEAVES,
        "Resource": LEAVES,
    },
)
STATEMENTS = st.builds(
    lambda sound, condition, changes: sound | {"Condition": condition} | changes,
    st.sampled_from([TRUST, PERMISSION]),
    CONDITIONS,
    st.just({}) | CHANGES,  # IAM takes some of them: of wholly random ones it takes practically none
)


@given(st.lists(STATEMENTS, max_size=2), st.sampled_from([validate_trust_policy, validate_permission_policy]))
def test_nearly_sound_policies_are_taken_or_refused(statements, validate):
    try:
        document = validate(text(*statements))
    except MalformedPolicy:
        return
    assert document["Statement"] == statements


@given(st.text() | st.binary().map(lambda junk: junk.decode("latin-1")))
def test_junk_is_refused(junk):
    for validate in (validate_trust_policy, validate_permission_policy):
        assert refusal(validate, junk)


@given(st.lists(STATEMENTS, min_size=1, max_size=2))
def test_what_iam_takes_can_be_evaluated(statements):
    document = text(*statements)
    try:
        validate_trust_policy(document)
    except MalformedPolicy:
        return
    trace = evaluate(document, TrustContext(PROVIDER, "sts:AssumeRole", {})).trace
    assert {match.error for match in trace if match.operator != "Null"} <= {""}
