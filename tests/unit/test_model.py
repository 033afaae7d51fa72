"""The vocabulary of a walk: which status a step has, and how its parts are found."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.model import Check, Exchange, Status, Step, StepReport, Subject, Walk
from app.flow.ports import Credentials

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
WORST_FIRST = [Status.FAILED, Status.UNKNOWN, Status.NOT_REACHED, Status.WARNING, Status.PASSED]


def report(step, *statuses):
    checks = tuple(Check(id=f"{step}.{index}", status=status) for index, status in enumerate(statuses))
    return StepReport(step=step, checks=checks)


def walk(*reports):
    return Walk(subject=SUBJECT, reports=reports)


@given(st.lists(st.sampled_from(Status)))
def test_a_step_is_as_its_worst_check_and_reached_where_its_first_was(statuses):
    worst = min(statuses, key=WORST_FIRST.index, default=Status.PASSED)
    if worst is Status.NOT_REACHED and statuses[0] is not worst:
        worst = Status.UNKNOWN
    assert report(Step.WEBHOOK, *statuses).status is worst


def test_a_check_is_found_by_its_id():
    found = report(Step.ACCESS, Status.PASSED, Status.FAILED)
    assert found.check("access.1").status is Status.FAILED
    with pytest.raises(KeyError, match=r"access\.2"):
        found.check("access.2")


def test_a_walk_is_its_reports_in_order():
    reports = [report(step, Status.PASSED) for step in Step]
    assert list(walk(*reports)) == reports
    assert walk(*reports).report(Step.STS_ASSUME) is reports[4]
    with pytest.raises(KeyError):
        walk(reports[0]).report(Step.ACCESS)


@pytest.mark.parametrize(
    "value",
    [
        SUBJECT,
        Check(id="a.b", status=Status.PASSED),
        Exchange(caller="pod", callee="sts", method="POST", url="https://sts.us-east-1.amazonaws.com/"),
        report(Step.ACCESS),
        walk(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_nothing_can_be_changed_afterwards(value):
    name = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, None)


def test_the_steps_are_in_the_order_in_which_they_happen():
    assert [str(step) for step in Step] == [
        "oidc_provider",
        "service_account",
        "webhook",
        "token_mount",
        "sts_assume",
        "access",
    ]


def test_credentials_do_not_show_their_secrets():
    credentials = Credentials(
        access_key_id="ASIAEXAMPLE", secret_access_key="s/e+c", session_token="IQo", expiration="2026-11-25T00:00:00Z"
    )
    assert "ASIAEXAMPLE" in repr(credentials)
    assert "s/e+c" not in repr(credentials)
    assert "IQo" not in repr(credentials)
