"""What a Pod asks of AWS, and whether its role may do that: nothing is asked in its name that it does not ask."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.flow.doctor import Diagnosis, diagnose, examine
from app.flow.doctor.fix import Fix
from app.flow.errors import NotFound, NotPermitted, Refused
from app.flow.model import NO_ACTION, Check, Status, Step, Walk
from app.flow.permissions.asked import ANY, LIST_BUCKETS, AskedAction, of_command
from app.flow.permissions.decision import Decision, Role, decide_actions
from app.flow.ports import Assumptions
from app.flow.steps import access
from app.flow.steps.walk import walk_through
from app.flow.trust import request_facts, session_keys
from app.flow.verdict.judge import Outcome
from tests.unit.fake_ports import ACCOUNT, ISSUER, NOW, PROVIDER, ROLE, SUBJECT, Fakes
from tests.unit.test_doctor import container, ended, healthy

TABLE = f"arn:aws:dynamodb:ap-northeast-1:{ACCOUNT}:table/orders"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/botocore-session-1"
GET_ITEM = AskedAction(action="dynamodb:GetItem", resource=TABLE)
ENDS = {
    "no identity": "because no identity-based policy allows the dynamodb:GetItem action",
    "boundary": "because no permissions boundary allows the dynamodb:GetItem action",
    "boundary denies": "with an explicit deny in a permissions boundary",
    "scp": "because no service control policy allows the dynamodb:GetItem action",
    "scp denies": "with an explicit deny in a service control policy: "
    "arn:aws:organizations::210987654321:policy/o-1234567890/service_control_policy/p-12345678",
    "identity denies": f"with an explicit deny in an identity-based policy: arn:aws:iam::{ACCOUNT}:policy/deny",
    "session": "because no session policy allows the dynamodb:GetItem action",
    "endpoint": "because no VPC endpoint policy allows the dynamodb:GetItem action",
}


def denied(end: str = "no identity") -> str:
    return (
        f"An error occurred (AccessDeniedException) when calling the GetItem operation: User: {SESSION} is not "
        f"authorized to perform: dynamodb:GetItem on resource: {TABLE} {ENDS[end]}"
    )


def of_another_program(*policies: tuple[str, Any]) -> Fakes:
    """A Pod that says nothing of what it needs, and a role with these policies."""
    fakes = healthy()
    container(fakes).update(image="registry.example/orders:1", args=["serve"])
    fakes.policies[:] = policies
    fakes.talk = []
    return fakes


def printing(fakes: Fakes, said: str) -> Fakes:
    fakes.logs[""] = f"starting\n{said}\n"
    fakes.pod["status"]["containerStatuses"] = [ended(1)]
    return fakes


def allowing(action: str, resource: str = "*", effect: str = "Allow", **more: Any) -> tuple[str, Any]:
    statement = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return "own", {"Version": "2012-10-17", "Statement": [statement]}


def denying_elsewhere(action: str, **more: Any) -> tuple[str, Any]:
    """A policy that denies it on every resource but the table."""
    statement = {"Effect": "Deny", "Action": action, "NotResource": TABLE, **more}
    return "elsewhere", {"Version": "2012-10-17", "Statement": [statement]}


def both(*policies: tuple[str, Any]) -> tuple[str, Any]:
    """Their statements in one policy."""
    statements = [statement for _, document in policies for statement in document["Statement"]]
    return "both", {"Version": "2012-10-17", "Statement": statements}


ANOTHER = ("another", allowing("s3:*")[1])
ANYTHING = ("anything", allowing("dynamodb:*")[1])
IN_A_VPC = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
OUTSIDE_A_VPC = {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}
POLICY = "access.policy"


def examined(fakes: Fakes, *asked: AskedAction) -> Diagnosis:
    ports = fakes.ports()
    return diagnose(ports, Walk(subject=SUBJECT, reports=tuple(walk_through(ports, SUBJECT, asked))))


def check(found: Diagnosis, check_id: str) -> Check:
    return found.walk.report(Step.ACCESS).check(check_id)


def granted(found: Diagnosis) -> Any:
    """The statements that the fix gives the role."""
    assert found.fix is not None
    (command,) = found.fix.commands
    assert command.startswith("aws iam put-role-policy --role-name s3-reader --policy-name allow-")
    return json.loads(command.partition("--policy-document ")[2].strip("'"))["Statement"]


# --- What is asked ---------------------------------------------------------------------------------------------------

LISTS = [
    {"image": "amazon/aws-cli:latest", "args": ["s3", "ls"]},
    {"image": "public.ecr.aws/aws-cli/aws-cli@sha256:1", "args": ["--region", "eu-west-1", "s3", "ls"]},
    {"image": "x", "command": ["aws", "s3api"], "args": ["list-buckets", "--output=json"]},
    {"image": "x", "command": ["sh", "-c"], "args": ["while true; do\n  AWS_PAGER= aws s3 ls; sleep 60; done"]},
    {"image": "x", "command": ["/bin/sh", "-c", "aws s3 ls && sleep 3600"]},
    {"image": "x", "command": ["/bin/sh", "-c", "exec aws s3 ls 2>&1"]},
]
DOES_NOT_LIST = [
    {"image": "amazon/aws-cli:latest", "args": ["s3", "ls", "s3://orders"]},
    {"image": "amazon/aws-cli:latest", "args": ["sts", "get-caller-identity"]},
    {"image": "amazon/aws-cli:latest", "args": ["s3", "ls", "--endpoint-url=http://minio:9000"]},
    {"image": "amazon/aws-cli:latest", "command": ["sleep", "s3", "ls"]},
    {"image": "x", "args": ["s3", "ls"]},
    {"image": "x", "command": ["sh", "-c", "echo aws s3 ls"]},
    {"image": "x", "command": ["sh", "-c", "aws s3 ls s3://orders 2>/dev/null"]},
    {"image": "x", "command": ["sh", "-c", "echo 'unfinished"]},
    {"image": "x", "command": ["sh", "-c"]},
    {"image": 1, "command": "aws", "args": None},
    None,
]


@pytest.mark.parametrize("box", LISTS)
def test_a_command_that_lists_the_buckets_asks_for_that(box: Any) -> None:
    assert of_command({"spec": {"containers": [box]}}) == (AskedAction(action=LIST_BUCKETS, resource=ANY),)


@pytest.mark.parametrize("box", DOES_NOT_LIST)
def test_no_other_command_asks_for_it(box: Any) -> None:
    assert of_command({"spec": {"containers": [box]}}) == ()


def test_a_role_that_needs_no_s3_is_not_asked_for_it() -> None:
    found = examined(of_another_program())
    report = found.walk.report(Step.ACCESS)
    assert (found.verdict.outcome, found.verdict.check, found.fix) == (Outcome.WORKS, None, None)
    assert report.status is Status.PASSED
    assert {it.id: it.reason for it in report.checks if it.reason} == {
        "access.policy": NO_ACTION,
        "access.list_buckets": NO_ACTION,
    }
    assert found.verdict.open == ()


def test_a_role_whose_pod_lists_buckets_is_asked_for_that_alone() -> None:
    fakes = healthy()
    fakes.policies[:] = [allowing("s3:ListAllMyBuckets")]
    assert check(examine(fakes.ports(), SUBJECT), "access.policy").status is Status.PASSED
    fakes.policies[:] = [allowing("s3:ListBucket")]
    fakes.errors["list_buckets"] = Refused(code="AccessDenied", server_message="Access Denied", status=403)
    assert granted(examine(fakes.ports(), SUBJECT)) == [
        {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    ]


# --- By an option ----------------------------------------------------------------------------------------------------


def test_what_the_caller_names_is_asked_for() -> None:
    found = examined(of_another_program(), GET_ITEM)
    named = found.verdict.check
    assert named is not None
    assert (named.id, named.got, named.expected) == (
        "access.policy",
        f"implicit-deny: dynamodb:GetItem {TABLE}",
        f"allow: dynamodb:GetItem {TABLE}",
    )
    assert granted(found) == [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE}]
    assert examined(of_another_program(allowing("dynamodb:*", TABLE)), GET_ITEM).verdict.outcome is Outcome.WORKS


def test_of_several_actions_only_those_that_are_denied_are_granted() -> None:
    put = AskedAction(action="dynamodb:PutItem", resource=TABLE)
    fakes = of_another_program(allowing("dynamodb:Query", TABLE))
    query = AskedAction(action="dynamodb:Query", resource=TABLE)
    assert granted(examined(fakes, query, GET_ITEM, put)) == [
        {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": TABLE}
    ]


@pytest.mark.parametrize(
    "policies",
    [
        [allowing("dynamodb:GetItem", TABLE)],
        [allowing("dynamodb:GetItem", TABLE, Condition=IN_A_VPC)],
        [ANYTHING, denying_elsewhere("dynamodb:*")],
        [ANYTHING, denying_elsewhere("dynamodb:*", Condition=OUTSIDE_A_VPC)],
        [ANYTHING, allowing("dynamodb:*", TABLE, "Deny")],
    ],
)
def test_an_action_that_is_allowed_somewhere_stays_open_until_the_resource_is_given(policies: list[Any]) -> None:
    found = check(examined(of_another_program(*policies, ANOTHER), AskedAction(action="dynamodb:GetItem")), POLICY)
    assert (found.status, found.reason) == (Status.UNKNOWN, "resource_not_given")
    assert check(examined(of_another_program(*policies, ANOTHER), GET_ITEM), POLICY).reason != "resource_not_given"


@pytest.mark.parametrize(
    "policies",
    [
        [allowing("dynamodb:Query", TABLE)],
        [denying_elsewhere("dynamodb:*")],
        [ANYTHING, denying_elsewhere("dynamodb:*"), allowing("dynamodb:*", effect="Deny")],
    ],
)
def test_an_action_that_is_allowed_nowhere_is_denied_whatever_the_resource(policies: list[Any]) -> None:
    found = check(examined(of_another_program(*policies), AskedAction(action="dynamodb:GetItem")), POLICY)
    assert found.status is Status.FAILED


@pytest.mark.parametrize(
    "policy",
    [
        allowing("dynamodb:GetItem", TABLE, Condition=IN_A_VPC),
        both(ANYTHING, allowing("dynamodb:*", TABLE, "Deny", Condition=OUTSIDE_A_VPC)),
        both(ANYTHING, allowing("dynamodb:*", TABLE, "Deny", Condition=IN_A_VPC)),
    ],
)
def test_what_depends_on_something_unknown_is_not_called_denied(policy: tuple[str, Any]) -> None:
    found = check(examined(of_another_program(policy, ANOTHER), GET_ITEM), "access.policy")
    assert (found.status, found.reason) == (Status.UNKNOWN, "not_observable")
    # A boundary may decide it all the same, or depend on it in turn.
    fakes = bounded(of_another_program(allowing("dynamodb:*")), policy[1])
    assert check(examined(fakes, GET_ITEM), "access.policy").status is Status.UNKNOWN
    fakes = bounded(of_another_program(policy), allowing("s3:*")[1])
    assert check(examined(fakes, GET_ITEM), "access.policy").status is Status.FAILED


def decided(*statements: dict[str, Any], version: str = "2012-10-17") -> Decision:
    keys, facts = session_keys(ISSUER, {"sub": "a"}, "provider"), request_facts(NOW)
    role = Role(arn=ROLE, keys=keys, facts=facts)
    (found,) = decide_actions(
        Fakes().ports(), role, [("own", {"Version": version, "Statement": statements})], [GET_ITEM]
    )
    return found


def statement(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "dynamodb:*", "Resource": "*", **more}


def denying(**condition: Any) -> Decision:
    return decided(statement(), statement("Deny", Condition=condition))


def test_a_key_that_is_not_known_leaves_a_condition_open_whether_it_matched_or_not() -> None:
    tag = "${aws:PrincipalTag/team}"
    open_ = [
        denying(StringEquals={"aws:SourceVpc": "vpc-1"}),
        denying(BoolIfExists={"aws:MultiFactorAuthPresent": "false"}),
        decided(statement(Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}})),
        decided(statement(Condition={"Null": {"aws:SourceVpc": "true"}})),
        decided(statement(Resource=f"arn:aws:dynamodb:*:*:table/{tag}")),
        decided(statement(), statement("Deny", Resource="*/${aws:PrincipalTag/team, 'none'}")),
        decided(statement(Condition={"StringLike": {"aws:FederatedProvider": f"*{tag}"}})),
    ]
    assert [it.open for it in open_] == ["not_observable"] * len(open_)


def test_what_is_known_of_every_session_decides() -> None:
    certain = [
        denying(Bool={"aws:SecureTransport": "false"}),
        denying(DateLessThan={"aws:CurrentTime": "2020-01-01T00:00:00Z"}),
        denying(StringEquals={"oidc.eks.eu-west-1.amazonaws.com/id/ANOTHER:sub": "system:serviceaccount:a:b"}),
        denying(StringEquals={"aws:FederatedProvider": "${*}"}),
        decided(statement(), statement("Deny", Resource="*/${aws:PrincipalTag/team}"), version="2008-10-17"),
    ]
    assert [(it.reason, it.open) for it in certain] == [("allow", "")] * len(certain)


@pytest.mark.parametrize(
    "policies",
    [
        [allowing("dynamodb:GetItem", f"{TABLE}-2", Condition=IN_A_VPC)],
        [allowing("dynamodb:GetItem", f"{TABLE}-2")],
        [allowing("dynamodb:GetItem", TABLE, Condition={"StringEqual": {"aws:SourceVpc": "vpc-1"}})],
        [allowing("dynamodb:*", TABLE, "Deny", Condition=OUTSIDE_A_VPC)],
        [
            ANYTHING,
            ("another", allowing("dynamodb:*", TABLE, "Deny")[1]),
            allowing("dynamodb:*", TABLE, "Deny", Condition=OUTSIDE_A_VPC),
        ],
    ],
)
def test_what_nothing_unknown_can_change_is_called_denied(policies: list[tuple[str, Any]]) -> None:
    assert check(examined(of_another_program(*policies), GET_ITEM), "access.policy").status is Status.FAILED


# --- By what was refused ---------------------------------------------------------------------------------------------


def test_an_action_that_the_log_says_was_denied_is_granted_and_nothing_more() -> None:
    found = examined(printing(of_another_program(), denied()))
    assert (found.verdict.outcome, found.verdict.step) == (Outcome.BROKEN, Step.ACCESS)
    assert check(found, "access.policy").error == denied()
    assert granted(found) == [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE}]


@pytest.mark.parametrize(
    ("end", "limit", "organization"),
    [
        ("no identity", None, None),
        ("boundary", None, None),
        ("boundary", allowing("dynamodb:*")[1], None),
        ("scp", None, True),
    ],
)
def test_what_has_been_allowed_since_is_not_granted_again(end: str, limit: Any, organization: bool | None) -> None:
    fakes = printing(of_another_program(allowing("dynamodb:GetItem", TABLE)), denied(end))
    if limit is not None:
        bounded(fakes, limit)
    if organization is not None:
        detail = {"AllowedByOrganizations": organization}
        fakes.simulations = [result("allowed", OrganizationsDecisionDetail=detail)]
    found = examined(fakes)
    assert check(found, "access.policy").status is Status.PASSED
    assert found.fix is not None
    assert found.fix.id == "read_log"


SECOND = f"arn:aws:iam::{ACCOUNT}:role/second"
OTHER = "arn:aws:iam::444455556666:role/second"


def second_role(principal: Any, **more: Any) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return {"Arn": SECOND, "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": trust}}


def going_on_to(arn: str, role: Any, *policies: tuple[str, Any]) -> Fix:
    fakes = of_another_program(*policies)
    fakes.more_roles["second"] = role
    said = f"An error occurred (AccessDenied) when calling the AssumeRole operation: User: {SESSION} is not authorized"
    found = examined(printing(fakes, f"{said} to perform: sts:AssumeRole on resource: {arn}"))
    assert found.fix is not None
    return found.fix


@pytest.mark.parametrize(
    ("principal", "fix"),
    [
        ({"AWS": ACCOUNT}, "second_role_trusts"),
        ({"AWS": [f"arn:aws:iam::{ACCOUNT}:root", OTHER]}, "second_role_trusts"),
        ({"AWS": [OTHER, ROLE]}, "read_log"),
        ({"Federated": "accounts.google.com", "AWS": SESSION}, "read_log"),
        ({"AWS": "*"}, "read_log"),
        ({"AWS": SESSION + "0"}, "trust_first_role"),
        ({"Service": "ec2.amazonaws.com"}, "trust_first_role"),
    ],
)
def test_the_second_roles_trust_policy_says_what_is_missing(principal: Any, fix: str) -> None:
    found = going_on_to(SECOND, second_role(principal))
    assert found.id == fix
    if fix == "trust_first_role":  # which a role that is named in its own account does not need
        assert found.change is not None
        assert found.change.after["Statement"][-1]["Principal"] == {"AWS": ROLE}
    assert any("put-role-policy" in line for line in found.commands) is (fix == "second_role_trusts")


def test_what_the_second_role_asks_beside_who_it_is_leaves_it_open() -> None:
    condition = {"StringEquals": {"sts:ExternalId": "42"}}
    assert going_on_to(SECOND, second_role({"AWS": ROLE}, Condition=condition)).id == "assumes_another"
    assert going_on_to(SECOND, second_role({"AWS": ROLE}, Effect="Deny")).id == "assumes_another"
    assert going_on_to(OTHER, second_role({"AWS": ROLE})).id == "assumes_another"
    there = f"arn:aws:iam::{ACCOUNT}:role/team/second"
    assert going_on_to(there, second_role({"AWS": ROLE})).id == "no_second_role"
    absent = NotFound(code="NoSuchEntity", server_message="", status=404)
    assert going_on_to(SECOND, absent).id == "no_second_role"
    assert going_on_to(SECOND, second_role({"AWS": ACCOUNT}), allowing("sts:AssumeRole")).id == "read_log"


def test_what_a_deny_may_still_apply_to_does_not_count_as_allowed_since() -> None:
    since = both(ANYTHING, allowing("dynamodb:*", effect="Deny", Condition=IN_A_VPC))
    found = examined(printing(of_another_program(since), denied("identity denies")))
    assert (check(found, POLICY).status, found.fix and found.fix.id) == (Status.UNKNOWN, "remove_deny_from_role")


@pytest.mark.parametrize(
    ("end", "fix"),
    [
        ("boundary", "boundary"),
        ("boundary denies", "boundary"),
        ("scp", "control_policy"),
        ("scp denies", "control_policy"),
        ("identity denies", "remove_deny_from_role"),
        ("session", "other_policy"),
        ("endpoint", "other_policy"),
    ],
)
@pytest.mark.parametrize("readable", [True, False])
def test_no_identity_policy_is_offered_against_another_kind(end: str, fix: str, readable: bool) -> None:
    fakes = printing(of_another_program(allowing("dynamodb:GetItem", TABLE)), denied(end))
    if end.startswith("boundary"):
        bounded(fakes, allowing("s3:*")[1])
    if end == "identity denies":
        fakes.policies.append(("denying", allowing("dynamodb:*", TABLE, "Deny")[1]))
    if not readable:
        fakes.errors["role_policies"] = NotPermitted(code="AccessDenied", server_message="no", status=403)
    found = examined(fakes)
    decides = readable and end in ("boundary", "boundary denies", "identity denies")
    reason = "" if decides else "not_observable" if readable else "no_permission"
    report = found.walk.report(Step.ACCESS)
    assert [it.id for it in report.checks] == list(access.CHECKS)
    judged = report.check("access.policy")
    assert (judged.status, judged.reason) == (Status.FAILED if decides else Status.UNKNOWN, reason)
    assert found.fix is not None
    assert found.fix.id == fix
    assert not any("put-role-policy" in line for line in found.fix.commands)
    if end == "scp denies":
        assert found.fix.commands == ("aws organizations describe-policy --policy-id p-12345678",)


def test_what_a_node_role_was_refused_is_not_granted_to_the_pods_role() -> None:
    said = denied().replace("s3-reader/botocore-session-1", "NodeInstanceRole/i-0d65729d6d09d2540")
    found = examined(printing(of_another_program(), said))
    assert check(found, "access.policy").reason == NO_ACTION
    assert found.fix is not None
    assert found.fix.id != "permit"


def in_cloudtrail(seconds_ago: int, **changes: Any) -> dict[str, Any]:
    from datetime import UTC, datetime

    time = datetime.fromtimestamp(NOW - seconds_ago, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "eventTime": time,
        "errorCode": "AccessDenied",
        "errorMessage": denied().partition("operation: ")[2],
    } | changes


def test_what_a_role_of_the_same_name_in_another_account_was_refused_is_not_granted_to_the_pods_role() -> None:
    """Teams often give the role in each of their accounts one name, and a Pod's role goes on to that of another."""
    elsewhere = denied().replace(ACCOUNT, OTHER.split(":")[4])
    found = examined(printing(of_another_program(ANOTHER), elsewhere))
    assert check(found, POLICY).reason == NO_ACTION
    assert (found.fix and found.fix.id) == "another_identity"


def test_what_cloudtrail_has_of_the_last_hour_is_asked_for() -> None:
    fakes = of_another_program()
    fakes.assumptions = Assumptions(denied=(in_cloudtrail(60), in_cloudtrail(50, errorMessage="no")))
    assert granted(examined(fakes)) == [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE}]
    fakes.assumptions = Assumptions(denied=(in_cloudtrail(4000),))
    assert check(examined(fakes), "access.policy").reason == NO_ACTION


def test_what_a_session_of_another_cluster_was_denied_is_not_asked_for() -> None:
    """Its ServiceAccount has the same name, and its cluster shares the role."""
    context = {"webIdFederationData": {"federatedProvider": f"{PROVIDER}X", "attributes": {}}}
    elsewhere = in_cloudtrail(60, userIdentity={"type": "AssumedRole", "sessionContext": context})
    fakes = of_another_program()
    fakes.assumptions = Assumptions(denied=(elsewhere,))
    assert check(examined(fakes), POLICY).reason == NO_ACTION
    context["webIdFederationData"]["federatedProvider"] = PROVIDER
    assert check(examined(fakes), POLICY).reason == ""


def test_a_resource_that_is_no_arn_is_for_the_reader_to_name() -> None:
    said = denied().replace(f"resource: {TABLE}", "resource: role other").replace("dynamodb:GetItem", "iam:GetRole")
    assert granted(examined(printing(of_another_program(), said))) == [
        {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "RESOURCE_ARN"}
    ]


# --- Boundaries, the organization, the simulator ---------------------------------------------------------------------


def bounded(fakes: Fakes, document: Any) -> Fakes:
    fakes.role["PermissionsBoundary"] = {"PermissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/limit"}
    fakes.boundary = document
    return fakes


def test_a_boundary_that_does_not_allow_it_is_the_cause() -> None:
    fakes = bounded(of_another_program(allowing("dynamodb:*")), allowing("s3:*")[1])
    found = examined(fakes, GET_ITEM)
    assert check(found, "access.policy").got == f"implicit-deny (permissions boundary): dynamodb:GetItem {TABLE}"
    assert found.fix is not None
    assert found.fix.id == "boundary"
    assert found.fix.commands[0].startswith(
        f"aws iam get-policy-version --policy-arn arn:aws:iam::{ACCOUNT}:policy/limit"
    )
    assert examined(bounded(fakes, allowing("dynamodb:*")[1]), GET_ITEM).verdict.outcome is Outcome.WORKS


def test_a_boundary_that_may_not_be_read_leaves_it_open() -> None:
    fakes = bounded(of_another_program(allowing("dynamodb:*")), None)
    fakes.errors["managed_policy"] = NotPermitted(code="AccessDenied", server_message="no", status=403)
    assert check(examined(fakes, GET_ITEM), "access.policy").status is Status.UNKNOWN


def result(decision: str, **more: Any) -> dict[str, Any]:
    return {"EvalActionName": "dynamodb:GetItem", "EvalResourceName": TABLE, "EvalDecision": decision, **more}


@pytest.mark.parametrize(
    ("answer", "status", "fix"),
    [
        (result("allowed"), Status.PASSED, None),
        (result("implicitDeny"), Status.FAILED, "permit"),
        (result("explicitDeny"), Status.FAILED, "remove_deny_from_role"),
        (
            result("implicitDeny", PermissionsBoundaryDecisionDetail={"AllowedByPermissionsBoundary": False}),
            Status.FAILED,
            "boundary",
        ),
        (
            result("implicitDeny", OrganizationsDecisionDetail={"AllowedByOrganizations": False}),
            Status.FAILED,
            "control_policy",
        ),
        (result("implicitDeny", MissingContextValues=["aws:SourceVpc"]), Status.UNKNOWN, None),
        (result("allowed", MissingContextValues=["aws:SourceVpc"]), Status.UNKNOWN, None),
        (
            result("explicitDeny", ResourceSpecificResults=[{"MissingContextValues": ["aws:SourceVpc"]}]),
            Status.UNKNOWN,
            None,
        ),
    ],
)
def test_iams_own_simulator_decides_where_it_may_be_asked(answer: Any, status: Status, fix: str | None) -> None:
    fakes = of_another_program()
    fakes.errors["role_policies"] = NotPermitted(code="AccessDenied", server_message="no", status=403)
    fakes.simulations = [answer]
    found = examined(fakes, GET_ITEM)
    assert check(found, "access.policy").status is status
    assert (found.fix.id if found.fix else None) == fix


@pytest.mark.parametrize(
    ("policies", "limit", "decision", "status"),
    [
        ([ANYTHING], None, "allowed", Status.PASSED),
        ([ANYTHING], None, "implicitDeny", Status.UNKNOWN),
        ([both(ANYTHING, allowing("dynamodb:*", effect="Deny", Condition=IN_A_VPC))], None, "allowed", Status.UNKNOWN),
        ([ANYTHING], allowing("dynamodb:*", Condition=OUTSIDE_A_VPC)[1], "allowed", Status.UNKNOWN),
        ([allowing("dynamodb:*", effect="Deny", Condition=OUTSIDE_A_VPC)], None, "explicitDeny", Status.FAILED),
    ],
)
def test_the_simulators_answer_without_a_key_is_certain_where_the_policies_are(
    policies: Any, limit: Any, decision: str, status: Status
) -> None:
    fakes = of_another_program(*policies)
    if limit is not None:
        bounded(fakes, limit)
    fakes.simulations = [result(decision, MissingContextValues=["aws:SourceVpc"])]
    found = examined(fakes, GET_ITEM)
    assert check(found, POLICY).status is status
    # A Deny that may not apply is no cause where nothing allows it.
    assert (found.fix.id if found.fix else "") == ("permit" if status is Status.FAILED else "")


@pytest.mark.parametrize(
    ("policies", "decision", "status"),
    [
        (None, "implicitDeny", Status.UNKNOWN),
        (None, "explicitDeny", Status.UNKNOWN),
        (None, "allowed", Status.UNKNOWN),
        ([allowing("dynamodb:GetItem", TABLE)], "implicitDeny", Status.UNKNOWN),
        ([ANYTHING, denying_elsewhere("dynamodb:*")], "explicitDeny", Status.UNKNOWN),
        ([ANYTHING, denying_elsewhere("dynamodb:*")], "allowed", Status.UNKNOWN),
        ([ANYTHING], "allowed", Status.PASSED),
        ([allowing("dynamodb:Query", TABLE)], "implicitDeny", Status.FAILED),
    ],
)
def test_the_simulators_refusal_on_any_resource_is_none_on_a_certain_one(
    policies: Any, decision: str, status: Status
) -> None:
    fakes = of_another_program(*policies or ())
    if policies is None:
        fakes.errors["role_policies"] = NotPermitted(code="AccessDenied", server_message="no", status=403)
    fakes.simulations = [result(decision)]
    found = check(examined(fakes, AskedAction(action="dynamodb:GetItem")), "access.policy")
    assert (found.status, found.reason) == (status, "resource_not_given" if status is Status.UNKNOWN else "")


def test_where_nothing_may_be_read_nothing_is_said() -> None:
    fakes = of_another_program()
    fakes.errors["role_policies"] = NotPermitted(code="AccessDenied", server_message="no", status=403)
    found = check(examined(fakes, GET_ITEM), "access.policy")
    assert (found.status, found.reason) == (Status.UNKNOWN, "no_permission")
