"""SimulatePrincipalPolicy and permissions boundaries of the simulated IAM, through boto3."""

import asyncio
import json

import pytest
from botocore.exceptions import ClientError

from app.flow.policy.json_places import places
from app.world.aws.iam import simulation
from tests.world.aws_world import (  # noqa: F401
    ACCOUNT,
    ROLE,
    aws_fixture,
    aws_server,
    refused,
)

NAME = ROLE.rpartition("/")[2]
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/limit"
KEY = "oidc.example/id/1:sub"


def policy(action, effect="Allow", **more):
    statement = {"Effect": effect, "Action": action, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def context(*values):
    return {"ContextKeyName": KEY, "ContextKeyType": "stringList", "ContextKeyValues": values}


def bounded(iam, action):
    iam.create_policy(PolicyName="limit", PolicyDocument=policy(action))
    iam.put_role_permissions_boundary(RoleName=NAME, PermissionsBoundary=BOUNDARY)


def simulated(iam, action="s3:ListAllMyBuckets", **more):
    (result,) = iam.simulate_principal_policy(PolicySourceArn=ROLE, ActionNames=[action], **more)["EvaluationResults"]
    assert result["EvalActionName"] == action
    return result


def test_what_the_policies_allow_and_which_statement_does(aws):
    found = simulated(aws.client("iam"))
    assert (found["EvalDecision"], found["EvalResourceName"], found["MissingContextValues"]) == ("allowed", "*", [])
    (statement,) = found["MatchedStatements"]
    assert (statement["SourcePolicyId"], statement["SourcePolicyType"]) == ("AmazonS3ReadOnlyAccess", "aws-managed")
    assert statement["StartPosition"]["Line"] < statement["EndPosition"]["Line"]
    assert "PermissionsBoundaryDecisionDetail" not in found


def test_implicit_and_explicit_denial(aws):
    iam = aws.client("iam")
    assert simulated(iam, "dynamodb:GetItem")["EvalDecision"] == "implicitDeny"
    iam.put_role_policy(RoleName=NAME, PolicyName="no", PolicyDocument=policy("s3:*", "Deny"))
    found = simulated(iam)
    assert found["EvalDecision"] == "explicitDeny"
    assert {it["SourcePolicyType"] for it in found["MatchedStatements"]} == {"aws-managed", "role"}


def test_a_boundary_limits_and_gives_nothing(aws):
    iam = aws.client("iam")
    bounded(iam, "dynamodb:*")
    for action in ("s3:ListAllMyBuckets", "dynamodb:GetItem"):
        found = simulated(iam, action)
        assert found["EvalDecision"] == "implicitDeny"
        allowed = found["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"]
        assert allowed is (action == "dynamodb:GetItem")
    credentials = aws.assume()["Credentials"]
    said = "because no permissions boundary allows the s3:ListAllMyBuckets action"
    with pytest.raises(ClientError, match=said):
        aws.client("s3", credentials).list_buckets()
    described = iam.get_role(RoleName=NAME)["Role"]["PermissionsBoundary"]
    assert described == {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": BOUNDARY}
    with refused("DeleteConflict", None, 409):
        iam.delete_policy(PolicyArn=BOUNDARY)
    iam.delete_role_permissions_boundary(RoleName=NAME)
    aws.client("s3", credentials).list_buckets()
    assert simulated(iam)["EvalDecision"] == "allowed"


def test_a_boundary_may_be_given_at_creation_and_must_be_there(aws):
    iam = aws.client("iam")
    with refused("NoSuchEntity", None, 404):
        iam.put_role_permissions_boundary(RoleName=NAME, PermissionsBoundary=BOUNDARY)
    with refused("NoSuchEntity", None, 404):
        iam.delete_role_permissions_boundary(RoleName=NAME)


def test_conditions_take_the_keys_that_are_given_and_name_those_that_are_not(aws):
    iam = aws.client("iam")
    document = policy("sqs:SendMessage", Condition={"StringEquals": {KEY: "system:serviceaccount:a:b"}})
    iam.put_role_policy(RoleName=NAME, PolicyName="own", PolicyDocument=document)
    found = simulated(iam, "sqs:SendMessage")
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("implicitDeny", [KEY])
    entry = {"ContextKeyName": KEY, "ContextKeyValues": ["system:serviceaccount:a:b"], "ContextKeyType": "string"}
    assert simulated(iam, "sqs:SendMessage", ContextEntries=[entry])["EvalDecision"] == "allowed"


def test_policies_may_be_tried_before_they_are_attached(aws):
    iam = aws.client("iam")
    found = simulated(iam, "sqs:SendMessage", PolicyInputList=[policy("sqs:*")])
    assert found["EvalDecision"] == "allowed"
    found = simulated(iam, PermissionsBoundaryPolicyInputList=[policy("sqs:*")])
    assert found["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"PolicySourceArn": f"{ROLE}-2"}, "NoSuchEntity"),
        ({"ActionNames": ["nothing"]}, "InvalidInput"),
        ({"ActionNames": ["s3:ListBucket"] * 101}, "InvalidInput"),
        ({"ResourceArns": ["*"] * 101}, "InvalidInput"),
        ({"PolicyInputList": ["{"]}, "MalformedPolicyDocument"),
        ({"PolicyInputList": [policy("sqs:*", Sid="s" * 6000)] * 4}, "InvalidInput"),
        ({"PermissionsBoundaryPolicyInputList": [policy("sqs:*", Sid="s" * 21_000)]}, "InvalidInput"),
        ({"ResourceArns": ["arn:aws:s3:::" + "b" * 2048]}, "InvalidInput"),
        ({"ContextEntries": [context("a" * 2049)]}, "InvalidInput"),
        ({"ContextEntries": [context(*"a" * 51)]}, "InvalidInput"),
    ],
)
def test_junk_is_refused(aws, parameters, code):
    asked = {"PolicySourceArn": ROLE, "ActionNames": ["s3:ListBucket"], **parameters}
    with refused(code, None):
        aws.client("iam").simulate_principal_policy(**asked)


def test_of_many_statements_each_text_is_read_once_and_the_answer_stays_small(aws, monkeypatch):
    read = []
    monkeypatch.setattr(simulation, "places", lambda text: read.append(text) or places(text))
    given = json.loads(policy("sqs:*"))
    given["Statement"] *= 200
    found = simulated(aws.client("iam"), "sqs:SendMessage", PolicyInputList=[json.dumps(given)])
    assert (len(found["MatchedStatements"]), len(read)) == (200, 2)  # the own policy and the given one
    with refused("InvalidInput", None):
        aws.client("iam").simulate_principal_policy(
            PolicySourceArn=ROLE, ActionNames=["sqs:SendMessage"] * 26, PolicyInputList=[json.dumps(given)]
        )


def test_others_have_their_turn_between_two_results():
    async def results():
        order = []

        def one(asked):
            order.append((asked["ActionNames.member.1"], asked["ResourceArns.member.1"], asked["PolicySourceArn"]))
            asyncio.get_running_loop().call_soon(order.append, "another")
            return {"EvaluationResults": [len(order)]}

        parameters = {"PolicySourceArn": ROLE} | {
            f"{name}.member.{number}": f"{name[0]}{number}"
            for name in ("ActionNames", "ResourceArns")
            for number in (1, 2)
        }
        return order, await simulation.simulate_in_turns(parameters, one)

    order, answer = asyncio.run(results())
    assert order[::2] == [(action, resource, ROLE) for action in ("A1", "A2") for resource in ("R1", "R2")]
    assert set(order[1::2]) == {"another"}
    assert answer == {"EvaluationResults": [1, 3, 5, 7], "IsTruncated": False}
