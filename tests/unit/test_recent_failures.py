"""What CloudTrail remembers of refusals, as one check of the doctor."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flow.diagnosis_file import diagnosis_file
from app.flow.doctor import examine
from app.flow.doctor.recent_failures import RECENT, SHOWN, WHERE
from app.flow.errors import NotFound, NotPermitted, Refused, ServerFailed, Unreachable
from app.flow.model import Check, Status
from app.flow.ports import Assumptions
from app.flow.verdict.judge import Outcome
from tests.examples import examples
from tests.unit.fake_ports import ACCOUNT, NOW, PROVIDER, ROLE, SUB, SUBJECT, Fakes


def record(**changes):
    return {
        "eventTime": "2026-11-25T00:00:00Z",
        "errorCode": "AccessDenied",
        "userIdentity": {"userName": SUB},
        "requestParameters": {"roleArn": ROLE, "roleSessionName": "botocore-session-1"},
    } | changes


def found(*records, fakes: Fakes | None = None, since: str = "") -> tuple[Check, list]:
    fakes = fakes or Fakes()
    fakes.assumptions = Assumptions(refused=records, since=since)
    diagnosis = examine(fakes.ports(), SUBJECT)
    assert [it.status for it in diagnosis_file.load(diagnosis_file.save(diagnosis)).checks] == [
        it.status for it in diagnosis.checks
    ]
    (check,) = (check for check in diagnosis.checks if check.id == "sts.recent_failures")
    return check, diagnosis.evidence.get("recent_failures", [])


def minute_before() -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(NOW - 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_nothing_was_refused():
    check, evidence = found()
    assert (check.status, check.got, check.where) == (Status.PASSED, "-", WHERE)
    assert evidence == []


@pytest.mark.parametrize(
    ("changes", "other_role", "other_subject"),
    [
        ({}, False, False),
        ({"requestParameters": {"roleArn": f"{ROLE}-old", "roleSessionName": "b"}}, True, False),
        ({"userIdentity": {"userName": "system:serviceaccount:default:default"}}, False, True),
    ],
)
def test_a_refusal_is_reported_with_what_was_asked_for(changes, other_role, other_subject):
    time = minute_before()
    check, evidence = found(record(eventTime=time, **changes), since="2026-11-25T00:00:00Z")
    assert check.status is Status.WARNING
    assert check.got == f"{time} AccessDenied: {evidence[0]['subject']} → {evidence[0]['role']}"
    assert check.expected == f"{SUB} → {ROLE}"
    assert check.where == f"{WHERE} > 2026-11-25T00:00:00Z"
    assert (evidence[0]["other_role"], evidence[0]["other_subject"]) == (other_role, other_subject)


def test_it_is_a_warning_and_no_broken_link():
    fakes = Fakes(assumptions=Assumptions(refused=(record(eventTime=minute_before()),)))
    verdict = examine(fakes.ports(), SUBJECT).verdict
    assert verdict.outcome is Outcome.WORKS
    assert verdict.check is not None
    assert verdict.check.id == "sts.recent_failures"


@pytest.mark.parametrize("role", [ROLE, f"{ROLE}-old"])
def test_a_pod_with_the_annotated_role_is_not_recreated_whatever_role_was_requested(role):
    """The program has the other role from its own settings, or it is another program."""
    asked = {"roleArn": role, "roleSessionName": "b"}
    fakes = Fakes(assumptions=Assumptions(refused=(record(eventTime=minute_before(), requestParameters=asked),)))
    fix = examine(fakes.ports(), SUBJECT).fix
    assert fix is not None
    assert (fix.id, fix.commands[0].split()[:3]) == ("look_up", ["aws", "cloudtrail", "lookup-events"])


def test_pods_that_still_have_the_requested_role_are_recreated_and_no_others():
    asked = {"roleArn": f"{ROLE}-old", "roleSessionName": "b"}
    fakes = Fakes(assumptions=Assumptions(refused=(record(eventTime=minute_before(), requestParameters=asked),)))
    old = json.dumps(fakes.pod).replace(ROLE, f"{ROLE}-old").replace(SUBJECT.pod, "sibling")
    fakes.siblings = [json.loads(old)]
    fix = examine(fakes.ports(), SUBJECT).fix
    assert fix is not None
    assert (fix.id, [command.split()[4] for command in fix.commands]) == ("restart_pods", ["pod/sibling"])


def test_history_and_our_own_attempts_do_not_count():
    ours = {"roleArn": ROLE, "roleSessionName": "irsa-explorer"}
    assert found(record(eventTime=minute_before(), requestParameters=ours))[0].status is Status.PASSED
    behind = [*[record(requestParameters=ours)] * 30, *[record(eventTime=minute_before())] * 30]
    check, evidence = found(*behind)
    assert (check.status, len(evidence)) == (Status.WARNING, SHOWN)
    fakes = Fakes(now=float(NOW + RECENT))
    check, evidence = found(record(eventTime=minute_before()), fakes=fakes)
    assert check.status is Status.PASSED
    assert len(evidence) == 1


@pytest.mark.parametrize("role", [ROLE, f"{ROLE}-green", ROLE.replace(ACCOUNT, "444455556666")])
def test_a_refusal_of_another_clusters_token_is_none_of_this_one(role):
    """Add-ons have the same ServiceAccount in each cluster, and AWS's account of the role has the provider."""
    time, asked = minute_before(), {"roleArn": role, "roleSessionName": "b"}
    provider = PROVIDER.replace(ACCOUNT, role.split(":")[4])
    here, elsewhere = (
        record(eventTime=time, requestParameters=asked, userIdentity={"userName": SUB, "identityProvider": arn})
        for arn in (provider, f"{provider}X")
    )
    assert [found(it)[0].status for it in (elsewhere, here)] == [Status.PASSED, Status.WARNING]
    assert len(found(elsewhere, here)[1]) == 1
    fakes = Fakes(errors={"cluster_discovery": NotPermitted(code="Forbidden", server_message="no", status=403)})
    assert len(found(elsewhere, here, fakes=fakes)[1]) == 2, "which issuer is this cluster's is not known"


def test_that_nothing_was_refused_is_not_said_of_an_hour_that_was_read_in_part():
    check, _ = found(since=minute_before())
    assert (check.status, check.reason) == (Status.UNKNOWN, "read_in_part")
    assert check.where == f"{WHERE} > {minute_before()}"
    assert found(since="2026-11-24T00:00:00Z")[0].status is Status.PASSED
    assert found(record(eventTime=minute_before()), since=minute_before())[0].status is Status.WARNING
    fakes = Fakes(assumptions=Assumptions(since=minute_before()))
    assert examine(fakes.ports(), SUBJECT).verdict.outcome is Outcome.WORKS


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotPermitted(code="AccessDeniedException", server_message="cloudtrail:LookupEvents"), "no_permission"),
        (Unreachable(code="timed_out", server_message="no answer"), "unreachable"),
        (ServerFailed(code="ThrottlingException", server_message="Rate exceeded"), "server_failed"),
        (Refused(code="InvalidTimeRangeException", server_message="?"), "not_observable"),
        (NotFound(code="NoSuch", server_message="?"), "not_observable"),
    ],
)
def test_what_may_not_be_looked_up_is_unknown_and_holds_up_nothing(error, reason):
    fakes = Fakes(errors={"assumptions": error})
    check, _ = found(fakes=fakes)
    assert (check.status, check.reason, check.where, check.error) == (
        Status.UNKNOWN,
        reason,
        WHERE,
        error.server_message,
    )
    assert examine(fakes.ports(), SUBJECT).verdict.outcome is Outcome.WORKS


def test_without_a_role_there_is_nothing_to_look_for():
    fakes = Fakes()
    fakes.service_account["metadata"]["annotations"] = {}
    check, _ = found(fakes=fakes)
    assert (check.status, check.reason) == (Status.NOT_REACHED, "earlier_step")


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"]),
    lambda children: (
        st.lists(children, max_size=2)
        | st.dictionaries(st.sampled_from(sorted(record())) | st.text(max_size=3), children, max_size=4)
    ),
    max_leaves=6,
)


@settings(max_examples=examples(100))
@given(JSON, JSON.map(lambda value: record(eventTime=value)))
def test_records_of_any_shape_are_read_or_passed_over(first, second):
    check, evidence = found(first, second)
    assert check.status in (Status.PASSED, Status.WARNING)
    json.dumps([dataclasses.asdict(check), evidence])
