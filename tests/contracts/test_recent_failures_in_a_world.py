"""A Pod that is refused leaves its trace in CloudTrail, and the doctor finds it when all else looks right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.flow.doctor import Diagnosis, examine
from app.flow.model import Check, Status, Step, Subject
from app.flow.port_wrappers.consent import NOTHING, consented
from app.flow.verdict.judge import Outcome
from app.wiring import simulated
from app.world.lifecycle.simulation import Simulation
from app.world.world import World
from tests.contracts.conftest import SUBJECT
from tests.contracts.test_walk_in_a_world import Learner
from tests.waiting import eventually

SUB = "system:serviceaccount:default:my-sa"


@pytest.fixture
def learner(simulation: Simulation, world: World, tmp_path: Path) -> Learner:
    return Learner(simulation, world, tmp_path)


def looked(learner: Learner, subject: Subject = SUBJECT) -> tuple[Diagnosis, Check]:
    found = examine(simulated(learner.simulation, learner.world), subject)
    return found, next(check for check in found.checks if check.id == "sts.recent_failures")


def role(learner: Learner, name: str) -> str:
    return f"arn:aws:iam::{learner.world.account_id}:role/{name}"


def test_where_nobody_was_refused_nothing_is_found(learner: Learner) -> None:
    found, check = looked(learner)
    assert (check.status, check.got) == (Status.PASSED, "-")
    assert "recent_failures" not in found.evidence
    assert found.exchanges[-1].callee == "cloudtrail"


def test_a_pod_that_was_not_restarted_asks_for_the_role_of_before(learner: Learner) -> None:
    # (1) The annotation names a role that is not there, and the Pod is made with it.
    learner.annotate(role_arn=role(learner, "s3-raeder"))
    learner.restart()
    # (2) The annotation is corrected, the Pod stays.
    learner.annotate(role_arn=role(learner, "s3-reader"))
    found, check = looked(learner)
    assert check.status is Status.WARNING
    (failure, *_) = found.evidence["recent_failures"]
    assert (failure["role"], failure["subject"]) == (role(learner, "s3-raeder"), SUB)
    assert (failure["other_role"], failure["other_subject"]) == (True, False)
    assert failure["session"].startswith("botocore-session-")
    assert failure["agent"].startswith("Boto")


def test_a_pod_under_another_service_account_asks_as_another_subject(learner: Learner) -> None:
    learner.core.create_namespaced_service_account(
        "default",
        {"metadata": {"name": "other", "annotations": {"eks.amazonaws.com/role-arn": role(learner, "s3-reader")}}},
    )
    container = {"name": "aws-cli", "image": "amazon/aws-cli:latest", "args": ["s3", "ls"]}
    spec = {"serviceAccountName": "other", "restartPolicy": "Never", "containers": [container]}
    learner.core.create_namespaced_pod("default", {"metadata": {"name": "stray"}, "spec": spec})
    eventually(lambda: learner.phase("stray") in ("Succeeded", "Failed"))
    found, check = looked(learner)
    assert check.status is Status.WARNING
    (failure, *_) = found.evidence["recent_failures"]
    assert (failure["subject"], failure["other_role"], failure["other_subject"]) == (
        "system:serviceaccount:default:other",
        False,
        True,
    )


def test_what_the_walk_itself_was_refused_does_not_count(learner: Learner) -> None:
    learner.condition("StringEquals", sub="system:serviceaccount:prod:my-sa")
    looked(learner)
    _, check = looked(learner)
    assert check.status is Status.PASSED
    records = [json.dumps(dict(record)) for record in learner.world.account.management_events]
    assert any('"errorCode": "AccessDenied"' in record for record in records)


def test_an_hour_later_it_is_history(learner: Learner) -> None:
    learner.annotate(role_arn=role(learner, "s3-raeder"))
    learner.restart()
    learner.annotate(role_arn=role(learner, "s3-reader"))
    learner.world.clock.move(3700)
    found, check = looked(learner)
    assert check.status is Status.PASSED
    assert found.evidence["recent_failures"]


def test_what_the_pods_program_was_granted_proves_that_it_works_without_a_look_into_the_pod(learner: Learner) -> None:
    learner.restart()
    ports = consented(simulated(learner.simulation, learner.world), NOTHING)
    found = examine(ports, SUBJECT)
    check = next(check for check in found.checks if check.id == "sts.recent_successes")
    assert (check.status, found.verdict.outcome) == (Status.PASSED, Outcome.WORKS)
    assert "botocore-session-" in check.got
    used = found.walk.report(Step.SERVICE_ACCOUNT).evidence["role"]["RoleLastUsed"]
    assert used["LastUsedDate"].startswith("20")
