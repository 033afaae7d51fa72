"""Walks that may not do everything: what was not granted is never called, and all else is as it would have been."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flow.errors import FlowError, NotPermitted, Refused, Unreachable
from app.flow.model import NO_ACTION, Check, Status, Step, Subject, Walk
from app.flow.port_wrappers.consent import ALL, Action, consented
from app.flow.port_wrappers.permissions_needed import need
from app.flow.ports import Ports
from app.flow.steps.walk import walk, walk_through
from app.flow.verdict.judge import Outcome, judge
from tests.examples import examples
from tests.unit.fake_ports import ISSUER, SUBJECT, Fakes, claims, token
from tests.unit.test_walk import METHODS, assert_whole, full_fakes

PASSED, FAILED, UNKNOWN, NOT_REACHED = Status.PASSED, Status.FAILED, Status.UNKNOWN, Status.NOT_REACHED
SENDING = {
    Action.DRY_RUN: {"dry_run_pod"},
    Action.TOKEN_REQUEST: {"request_token"},
    Action.READ_TOKEN: {"execute"},
    Action.EXCHANGE: {"assume_role", "caller_identity"},
    Action.S3: {"list_buckets"},
}
POD_LESS = dataclasses.replace(SUBJECT, pod="")
REQUESTED = {name: value for name, value in claims().items() if name != "kubernetes.io"} | {
    "kubernetes.io": {"namespace": "default", "serviceaccount": {"name": "my-sa", "uid": "14ee3fa4"}}
}
FORBIDDEN = NotPermitted(code="Forbidden", server_message='pods is forbidden: User "me" cannot do that', status=403)


def forbidding(fakes: Fakes, *actions: Action) -> Ports:
    """Ports that fail the test when one of the methods of these actions is called."""
    forbidden = set().union(*(SENDING[action] for action in actions))
    answer = fakes.answer

    def checked(method: str, document: Any) -> Any:
        assert method not in forbidden, f"{method} was called"
        return answer(method, document)

    fakes.answer = checked  # type: ignore[method-assign]
    return fakes.ports()


def healthy(subject: Subject = SUBJECT) -> Fakes:
    """A healthy chain, whose API server answers a TokenRequest with a token of no Pod."""
    fakes = full_fakes()
    answer = fakes.answer

    def answered(method: str, document: Any) -> Any:
        return answer(method, token(**REQUESTED) if method == "request_token" else document)

    fakes.answer = answered  # type: ignore[method-assign]
    if not subject.pod:
        fakes.errors["pod"] = Refused(code="asked", server_message="for a Pod that nobody named")
    return fakes


def walked(*granted: Action, subject: Subject = SUBJECT, **errors: FlowError) -> Walk:
    fakes = healthy(subject)
    fakes.errors.update(errors)
    ports = forbidding(fakes, *(ALL - set(granted)))
    return walk(consented(ports, frozenset(granted)), subject)


def checks(found: Walk) -> dict[str, Check]:
    return {check.id: check for check in found.checks}


def open_reasons(found: Walk) -> dict[str, str]:
    return {check.id: check.reason for check in checks(found).values() if check.status is UNKNOWN}


def passed(found: Walk) -> set[str]:
    return {check.id for check in checks(found).values() if check.status is PASSED}


def test_with_all_actions_nothing_is_left_open() -> None:
    assert {check.status for check in checks(walked(*Action)).values()} == {PASSED}


def test_reading_alone_sends_nothing_and_says_what_was_not_asked() -> None:
    found = walked()
    assert_whole(found)
    assert open_reasons(found) == dict.fromkeys(("webhook.dry_run", "token.file", "token.format"), "not_asked")
    assert found.report(Step.OIDC_PROVIDER).status is found.report(Step.SERVICE_ACCOUNT).status is PASSED
    assert checks(found)["pod.injected"].status is PASSED
    assert checks(found)["access.policy"].status is PASSED
    assert not [check for check in checks(found).values() if check.status is FAILED]
    assert (judge(found).outcome, judge(found).status) == (Outcome.SHOULD_WORK, UNKNOWN)


WITHHELD = {
    # the action: (what is open without it, what is not reached for want of it)
    Action.DRY_RUN: ({"webhook.dry_run": "not_asked"}, {"webhook.volume", "webhook.mount", "webhook.environment"}),
    Action.TOKEN_REQUEST: ({}, set()),
    Action.READ_TOKEN: (
        {"token.file": "not_asked", "token.bound_pod": "stand_in", "token.lifetime": "stand_in"},
        set(),
    ),
    Action.EXCHANGE: ({"sts.credentials": "not_asked"}, {"access.identity", "access.list_buckets"}),
    Action.S3: ({"access.list_buckets": "not_asked"}, set()),
}


@pytest.mark.parametrize("action", Action)
def test_without_one_action_all_others_are_as_they_were(action: Action) -> None:
    expected, unreached = WITHHELD[action]
    found = walked(*(ALL - {action}))
    assert_whole(found)
    assert open_reasons(found) == expected
    assert {check.id for check in checks(found).values() if check.status is NOT_REACHED} == unreached
    assert passed(found) == checks(found).keys() - expected.keys() - unreached
    assert all(need(check_id).action is action for check_id, reason in expected.items() if reason == "not_asked")


def test_a_token_of_a_token_request_stands_in_and_says_so() -> None:
    found = walked(Action.TOKEN_REQUEST, Action.EXCHANGE, Action.S3)
    mounted = found.report(Step.TOKEN_MOUNT)
    assert mounted.evidence["token"]["claims"]["kubernetes.io"] == REQUESTED["kubernetes.io"]
    assert mounted.evidence["token_request"] == {"audiences": ["sts.amazonaws.com"], "expirationSeconds": 600}
    assert checks(found)["token.format"].where == "TokenRequest default/my-sa"
    assert found.report(Step.STS_ASSUME).status is found.report(Step.ACCESS).status is PASSED
    assert (judge(found).outcome, judge(found).status) == (Outcome.SHOULD_WORK, UNKNOWN)


def test_the_mounted_token_is_preferred() -> None:
    found = walked(*Action)
    assert "token_request" not in found.report(Step.TOKEN_MOUNT).evidence
    assert not [x for x in found.report(Step.TOKEN_MOUNT).exchanges if x.url == "request_token"]


UNNEEDED = dict.fromkeys(("access.policy", "access.list_buckets"), NO_ACTION)
"""Without a Pod's command line nothing says what the role is needed for."""


def test_without_a_pod_one_gets_as_far_as_one_can() -> None:
    found = walked(*Action, subject=POD_LESS)
    assert_whole(found)
    assert open_reasons(found) == UNNEEDED | dict.fromkeys(
        ("pod.exists", "token.file", "token.bound_pod", "token.lifetime"), "no_pod"
    )
    assert {check.id for check in checks(found).values() if check.status is NOT_REACHED} == {"pod.injected"}
    assert checks(found)["webhook.dry_run"].status is PASSED
    assert found.report(Step.ACCESS).status is PASSED


def test_without_a_pod_and_without_actions_it_is_clear_what_each_lacks() -> None:
    assert open_reasons(walked(subject=POD_LESS)) == UNNEEDED | {
        "pod.exists": "no_pod",
        "token.file": "no_pod",
        "webhook.dry_run": "not_asked",
        "token.format": "not_asked",
    }


def test_where_the_pod_may_not_be_read_its_labels_are_not_guessed() -> None:
    found = walked(*Action, pod=FORBIDDEN)
    assert open_reasons(found) == UNNEEDED | {
        "webhook.selector": "no_permission",
        "pod.exists": "no_permission",
        "token.bound_pod": "no_permission",
    }
    assert found.report(Step.STS_ASSUME).status is PASSED


def test_where_neither_the_pod_may_be_read_nor_entered_another_token_stands_in() -> None:
    found = walked(*Action, pod=FORBIDDEN, execute=FORBIDDEN)
    assert open_reasons(found) == UNNEEDED | {
        "webhook.selector": "no_permission",
        "pod.exists": "no_permission",
        "token.file": "no_permission",
        "token.bound_pod": "stand_in",
        "token.lifetime": "stand_in",
    }


def test_where_the_pod_is_seen_to_have_no_token_none_stands_in() -> None:
    fakes = healthy()
    fakes.pod = {**fakes.pod, "spec": {"serviceAccountName": "my-sa", "containers": [{"name": "aws-cli"}]}}
    found = walk(forbidding(fakes, Action.TOKEN_REQUEST), SUBJECT)
    assert checks(found)["pod.injected"].status is FAILED
    assert {check.reason for check in found.report(Step.TOKEN_MOUNT).checks} == {"earlier_step"}


def test_what_admission_minds_about_a_pod_that_we_made_up_is_no_fault_of_the_chain() -> None:
    said = 'pods "irsa-explorer-x" is forbidden: violates PodSecurity "restricted:latest"'
    refusal = Refused(code="Forbidden", server_message=said, status=403)
    found = walked(*Action, subject=POD_LESS, dry_run_pod=refusal)
    dry_run = checks(found)["webhook.dry_run"]
    assert (dry_run.status, dry_run.reason, dry_run.error) == (UNKNOWN, "not_observable", said)
    assert checks(walked(*Action, dry_run_pod=refusal))["webhook.dry_run"].status is FAILED


@pytest.mark.parametrize("error", [FORBIDDEN, Unreachable(code="timed_out", server_message="timed out")])
def test_a_token_request_that_brings_nothing_leaves_it_open(error: FlowError) -> None:
    found = walked(*Action, subject=POD_LESS, request_token=error)
    assert checks(found)["token.format"].status is UNKNOWN
    assert checks(found)["token.format"].error == error.server_message
    assert {check.status for check in found.report(Step.STS_ASSUME).checks} == {NOT_REACHED}


REFUSED = {
    # the port's method: the checks that it leaves open. STS, S3 and the issuer answer about the chain, not about us.
    "cluster_discovery": {"issuer.discovery"},
    "cluster_jwks": {"issuer.cluster_keys"},
    "oidc_providers": {"provider.exists"},
    "oidc_provider": {"provider.exists"},
    "service_account": {"service_account.exists"},
    "role": {"role.exists"},
    "mutating_webhooks": {"webhook.registered"},
    "dry_run_pod": {"webhook.dry_run"},
    "pod": {"pod.exists", "webhook.selector", "token.bound_pod"},
    "execute": {"token.file"},
    "role_policies": {"access.policy"},
    "request_token": set[str](),
    "assume_role": set[str](),
    "caller_identity": set[str](),
    "list_buckets": set[str](),
    "discovery": set[str](),
    "jwks": set[str](),
    "thumbprint": set[str](),
}


NEEDED = {"service_account", "pod", "execute", "assume_role", "caller_identity", "list_buckets", "discovery", "jwks"}
"""Without which nobody knows whether it works, or it does not."""


@pytest.mark.parametrize("method", METHODS)
def test_a_refusal_of_one_call_is_never_a_pass_and_never_hides_what_was_seen(method: str) -> None:
    found = walked(*Action, **{method: FORBIDDEN})
    assert_whole(found)
    refused = {check_id for check_id, reason in open_reasons(found).items() if reason == "no_permission"}
    assert refused == REFUSED[method]
    assert {checks(found)[check_id].error for check_id in refused} - {""} == (
        {FORBIDDEN.server_message} if refused else set()
    )
    for check_id in refused:
        assert need(check_id).accesses or need(check_id).iam
    everything = {check.status for check in checks(found).values()}
    assert (everything == {PASSED}) == (method == "request_token")
    assert (judge(found).outcome is Outcome.WORKS) == (method not in NEEDED)


@settings(max_examples=examples(200))
@given(
    granted=st.sets(st.sampled_from(list(Action))),
    refused=st.sets(st.sampled_from(METHODS)),
    pod=st.sampled_from([SUBJECT.pod, ""]),
)
def test_any_actions_and_any_refusals_give_a_whole_walk(granted: set[Action], refused: set[str], pod: str) -> None:
    subject = dataclasses.replace(SUBJECT, pod=pod)
    found = walked(*granted, subject=subject, **dict.fromkeys(refused, FORBIDDEN))
    assert_whole(found)
    for check in checks(found).values():
        if check.reason == "not_asked":
            assert need(check.id).action not in granted
    if granted != ALL - {Action.TOKEN_REQUEST} and granted != ALL:
        assert {check.status for check in checks(found).values()} != {PASSED}
    if Action.EXCHANGE not in granted or "assume_role" in refused:
        assert judge(found).outcome is not Outcome.WORKS


def test_the_steps_come_one_by_one() -> None:
    fakes = healthy()
    ports = fakes.ports()
    steps = walk_through(ports, SUBJECT)
    first = next(steps)
    assert first.step is Step.OIDC_PROVIDER
    assert [exchange.url for exchange in ports.cluster.exchanges()] == ["cluster_discovery", "cluster_jwks"]
    assert [report.step for report in steps] == list(Step)[1:]
    assert ISSUER in first.check("issuer.discovery").where
