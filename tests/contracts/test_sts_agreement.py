"""Our own evaluation of the trust policy beside the answer of STS: every way in which they can disagree."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.flow.doctor import examine
from app.flow.model import Check, Status, Step, StepReport
from app.flow.ports import AssumedRole
from app.flow.steps.sts_agreement import CHANGED, GRANTED, REFUSED
from app.flow.steps.sts_assume import OWN_REQUEST
from app.flow.steps.trust_policy import OF_CALLER
from app.flow.steps.walk import walk
from app.wiring import simulated
from app.world.lifecycle.simulation import Simulation
from app.world.world import World
from tests.contracts.conftest import SUBJECT
from tests.contracts.test_walk_in_a_world import NOT_AUTHORIZED, Learner

SUB = "system:serviceaccount:default:my-sa"
OTHER = "system:serviceaccount:prod:my-sa"


class Meddling:
    """The AWS port of a world in which somebody changes things just before STS is asked, and just after."""

    def __init__(self, aws: Any, before: Callable[[], object], after: Callable[[], object]) -> None:
        self._aws = aws
        self._before = before
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._aws, name)

    def assume_role_with_web_identity(self, *arguments: str) -> AssumedRole:
        self._before()
        try:
            role: AssumedRole = self._aws.assume_role_with_web_identity(*arguments)
            return role
        finally:
            self._after()


@pytest.fixture
def learner(simulation: Simulation, world: World, tmp_path: Path) -> Learner:
    return Learner(simulation, world, tmp_path)


def asked(
    learner: Learner, before: Callable[[], object] = lambda: None, after: Callable[[], object] = lambda: None
) -> StepReport:
    ports = simulated(learner.simulation, learner.world)
    ports = dataclasses.replace(ports, aws=Meddling(ports.aws, before, after))
    return walk(ports, SUBJECT).report(Step.STS_ASSUME)


def both(report: StepReport) -> Iterator[Check]:
    return iter((report.check("sts.trust"), report.check("sts.credentials")))


def admit(learner: Learner, subject: str) -> None:
    learner.condition("StringEquals", sub=subject, aud="sts.amazonaws.com")


def delete_role(learner: Learner) -> None:
    learner.iam.detach_role_policy(RoleName="s3-reader", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    learner.iam.delete_role(RoleName="s3-reader")


def test_where_both_say_yes_nothing_is_asked_again(learner: Learner) -> None:
    report = asked(learner)
    trust, _ = both(report)
    assert (trust.status, trust.reason, trust.got) == (Status.PASSED, "", "allow")
    assert "trust_before" not in report.evidence
    assert [it.callee for it in report.exchanges if it.caller == "explorer"] == ["sts"]


FAILING: dict[str, tuple[Callable[[Learner], object], str, str]] = {
    # how the policy is spoilt: (how, what it says there, what the token or the request says)
    "subject": (lambda me: admit(me, OTHER), "Condition.StringEquals.{host}:sub " + OTHER, "{host}:sub " + SUB),
    "audience": (
        lambda me: me.condition("StringEquals", aud="other"),
        "Condition.StringEquals.{host}:aud other",
        "{host}:aud sts.amazonaws.com",
    ),
    "operator": (
        lambda me: me.condition("StringEquals", sub="system:serviceaccount:default:*"),
        "Condition.StringEquals.{host}:sub system:serviceaccount:default:*",
        "{host}:sub " + SUB,
    ),
    "key": (
        lambda me: me.condition("StringEquals", subject=SUB),
        "Condition.StringEquals.{host}:subject",
        "{host}:subject -",
    ),
    "principal": (
        lambda me: me.trust(Principal={"Federated": f"{me.provider}X"}),
        "Principal.Federated {provider}X",
        "Principal {provider}",
    ),
    "action": (
        lambda me: me.trust(Action="sts:AssumeRole"),
        "Action sts:AssumeRole",
        "Action sts:AssumeRoleWithWebIdentity",
    ),
}


@pytest.mark.parametrize("name", FAILING)
def test_where_both_say_no_it_is_said_which_element_fails(learner: Learner, name: str) -> None:
    spoil, got, expected = FAILING[name]
    spoil(learner)
    report = asked(learner)
    trust, answer = both(report)
    names = {"host": learner.host, "provider": learner.provider}
    assert (trust.status, trust.reason) == (Status.FAILED, "")
    assert trust.got.startswith(f"implicit-deny: {got.format(**names)}")
    assert trust.expected == expected.format(**names)
    assert (answer.status, answer.error) == (Status.FAILED, NOT_AUTHORIZED)
    assert [it.callee for it in report.exchanges if it.caller == "explorer"] == ["sts"]


@pytest.mark.parametrize(("sid", "name"), [({"Sid": "NotYou"}, "NotYou"), ({}, "2")], ids=["sid", "place from 1"])
def test_a_deny_is_named_by_its_statement(learner: Learner, sid: dict[str, str], name: str) -> None:
    role = learner.iam.get_role(RoleName="s3-reader")["Role"]["AssumeRolePolicyDocument"]
    role["Statement"].append({**role["Statement"][0], **sid, "Effect": "Deny"})
    role["Statement"].append(
        {**role["Statement"][0], "Effect": "Deny", "Action": "sts:AssumeRole"}
    )  # of other requests
    learner.iam.update_assume_role_policy(RoleName="s3-reader", PolicyDocument=json.dumps(role))
    trust, _ = both(asked(learner))
    assert (trust.status, trust.got) == (Status.FAILED, f"explicit-deny: Statement {name}")


def test_a_policy_that_was_narrowed_in_between(learner: Learner) -> None:
    report = asked(learner, before=lambda: admit(learner, OTHER))
    trust, answer = both(report)
    assert (trust.status, trust.reason, trust.error) == (Status.FAILED, CHANGED, NOT_AUTHORIZED)
    assert OTHER in trust.got
    assert (answer.status, answer.error) == (Status.FAILED, NOT_AUTHORIZED)
    assert report.evidence["trust_before"]["allowed"] is True
    assert OTHER in json.dumps(report.evidence["trust_policy_now"])


def test_a_role_that_was_deleted_in_between(learner: Learner) -> None:
    trust, answer = both(asked(learner, before=lambda: delete_role(learner)))
    assert (trust.status, trust.reason, trust.got) == (Status.FAILED, CHANGED, "NoSuchEntity")
    assert "cannot be found" in trust.error
    assert answer.error == NOT_AUTHORIZED


def test_the_doctor_goes_by_nothing_that_was_read_of_a_role_before_it_was_changed(learner: Learner) -> None:
    ports = simulated(learner.simulation, learner.world)
    ports = dataclasses.replace(ports, aws=Meddling(ports.aws, lambda: delete_role(learner), lambda: None))
    found = examine(ports, SUBJECT)
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.verdict.check.got) == ("sts.trust", "NoSuchEntity")
    assert (found.verdict.remaining, found.verdict.ruled_out) == ((CHANGED,), ())
    assert found.fix is not None
    assert (found.fix.id, found.fix.commands) == ("read_again", ())


def test_a_role_that_was_recreated_elsewhere_in_between(learner: Learner) -> None:
    def replace() -> None:
        policy = learner.iam.get_role(RoleName="s3-reader")["Role"]["AssumeRolePolicyDocument"]
        delete_role(learner)
        learner.iam.create_role(RoleName="s3-reader", Path="/team/", AssumeRolePolicyDocument=json.dumps(policy))

    trust, _ = both(asked(learner, before=replace))
    assert (trust.status, trust.reason) == (Status.FAILED, CHANGED)


def test_a_policy_that_sts_does_not_know_yet(learner: Learner) -> None:
    """IAM shows the new policy at once; what STS goes by comes after."""
    report = asked(learner, before=lambda: admit(learner, OTHER), after=lambda: admit(learner, SUB))
    trust, answer = both(report)
    assert (trust.status, trust.reason, trust.got, trust.error) == (Status.WARNING, REFUSED, "allow", NOT_AUTHORIZED)
    assert (answer.status, answer.error) == (Status.FAILED, NOT_AUTHORIZED)
    assert report.evidence["trust_before"]["reason"] == "allow"


def test_a_policy_that_was_widened_in_between(learner: Learner) -> None:
    admit(learner, OTHER)
    report = asked(learner, before=lambda: admit(learner, SUB))
    trust, answer = both(report)
    assert (trust.status, trust.reason) == (Status.WARNING, CHANGED)
    assert answer.status is Status.PASSED
    assert report.evidence["trust_before"]["allowed"] is False


def test_a_policy_that_sts_still_goes_by(learner: Learner) -> None:
    admit(learner, OTHER)
    trust, answer = both(asked(learner, before=lambda: admit(learner, SUB), after=lambda: admit(learner, OTHER)))
    assert (trust.status, trust.reason) == (Status.WARNING, GRANTED)
    assert OTHER in trust.got
    assert answer.status is Status.PASSED


def test_a_condition_on_what_only_sts_knows(learner: Learner) -> None:
    learner.trust(Condition={"StringEquals": {"sts:RoleSessionName": "irsa-explorer", f"{learner.host}:sub": SUB}})
    trust, answer = both(asked(learner))
    assert (trust.status, trust.reason) == (Status.UNKNOWN, OF_CALLER)
    assert "sts:RoleSessionName" in trust.expected
    assert (answer.status, answer.reason) == (Status.UNKNOWN, OWN_REQUEST), "the Pod's session has another name"


def test_a_role_that_may_not_be_read_again(learner: Learner) -> None:
    def forget() -> None:
        admit(learner, OTHER)
        account = learner.world.account
        account.explorer = dataclasses.replace(account.explorer, secret_access_key="x")

    trust, answer = both(asked(learner, before=forget))
    assert (trust.status, trust.reason, trust.error) == (Status.WARNING, REFUSED, NOT_AUTHORIZED)
    assert answer.status is Status.FAILED


def test_another_refusal_is_no_disagreement_about_the_policy(learner: Learner) -> None:
    learner.world.account.disabled_sts_regions.add(learner.world.region)
    trust, answer = both(asked(learner))
    assert (trust.status, trust.reason) == (Status.PASSED, "")
    assert answer.got == "RegionDisabledException"
