"""Patience: a silent server is asked once, and nothing takes longer than what it was given."""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from app.flow.doctor import examine
from app.flow.errors import NotPermitted, Unreachable
from app.flow.model import Status, Walk
from app.flow.port_wrappers.deadline import (
    ANSWER_SECONDS,
    OUT_OF_TIME,
    SILENCE_SECONDS,
    TIMED_OUT,
    WALK_SECONDS,
    in_a_thread,
    with_deadline,
)
from app.flow.ports import Aws, Cluster, Issuer, Ports
from app.flow.steps.walk import walk
from app.flow.verdict.judge import judge
from tests.unit.fake_ports import SUBJECT, Fakes
from tests.unit.test_doctor import healthy
from tests.unit.test_walk import assert_whole


class Time:
    """A clock that moves only while a question waits: by what its method costs."""

    def __init__(self, seconds: dict[str, float] | None = None, *, each: float = 0.0) -> None:
        self.now = 1000.0
        self.costs = seconds or {}
        self.each = each
        self.waits: list[float] = []
        self.asked: list[str] = []

    def run(self, call: Callable[[], Any], limit: float) -> Any:
        try:
            return call()  # the fakes answer at once; the time it takes is made up
        finally:
            cost = self.costs.get(self.asked[-1], self.each)
            self.waits.append(min(cost, limit))
            self.now += min(cost, limit)
            if cost > limit:
                raise TimeoutError

    def ports(self, fakes: Fakes, seconds: float = WALK_SECONDS) -> Ports:
        answer = fakes.answer

        def heard(method: str, document: Any) -> Any:
            self.asked.append(method)
            return answer(method, document)

        fakes.answer = heard  # type: ignore[method-assign]
        return with_deadline(fakes.ports(), seconds=seconds, clock=lambda: self.now, run=self.run)


def reasons(found: Walk) -> dict[str, str]:
    return {check.id: check.reason for check in found.checks if check.status is Status.UNKNOWN}


def test_who_answers_in_time_is_asked_everything() -> None:
    found = walk(Time(each=0.1).ports(Fakes()), SUBJECT)
    assert judge(found).status is Status.PASSED


@pytest.mark.parametrize("code", [TIMED_OUT, "connection_refused", "unknown_host"])
def test_a_server_that_did_not_answer_is_asked_once(code: str) -> None:
    fakes = Fakes(errors={"service_account": Unreachable(code=code, server_message="the library's words")})
    time = Time()
    found = walk(time.ports(fakes), SUBJECT)
    assert_whole(found)
    after = time.asked[time.asked.index("service_account") + 1 :]
    assert {"pod", "mutating_webhooks", "dry_run_pod", "request_token"} & set(after) == set()
    assert {reason for check, reason in reasons(found).items() if check.startswith(("webhook", "pod"))} == {
        "unreachable"
    }
    assert found.reports[0].status is Status.PASSED


def test_a_server_with_the_wrong_certificate_did_answer() -> None:
    """Its certificate can still be looked at."""
    fakes = Fakes(errors={"jwks": Unreachable(code="certificate_untrusted", server_message="self-signed")})
    found = walk(Time().ports(fakes), SUBJECT)
    assert found.reports[0].check("issuer.jwks").reason == "unreachable"
    assert found.reports[0].check("provider.thumbprint").status is Status.PASSED


def test_a_refusal_is_an_answer() -> None:
    fakes = Fakes(errors={"service_account": NotPermitted(code="Forbidden", server_message="no")})
    time = Time()
    walk(time.ports(fakes), SUBJECT)
    assert {"pod", "mutating_webhooks", "dry_run_pod"} <= set(time.asked)


@pytest.mark.parametrize(("method", "check_id"), [("dry_run_pod", "webhook.dry_run"), ("execute", "token.file")])
def test_behind_the_api_server_another_one_may_be_silent(method: str, check_id: str) -> None:
    """A webhook or a kubelet that hangs says nothing of the API server."""
    found = walk(Time({method: 99.0}).ports(Fakes()), SUBJECT)
    assert set(reasons(found)) >= {check_id}
    assert found.report(found.reports[2].step).check("pod.injected").status is Status.PASSED
    assert found.report(found.reports[4].step).check("sts.credentials").status is Status.PASSED


def test_iam_sts_and_s3_are_servers_of_their_own() -> None:
    found = walk(Time({"oidc_providers": 99.0}).ports(Fakes()), SUBJECT)
    assert reasons(found)["provider.exists"] == reasons(found)["role.exists"] == "unreachable"
    assert found.report(found.reports[3].step).check("token.signature").status is Status.PASSED
    assert found.report(found.reports[5].step).check("access.list_buckets").status is Status.PASSED


@pytest.mark.parametrize("cost", [0.5, 0.9, 3.0, 4.9, 60.0])
def test_the_deadline_is_kept_whatever_each_answer_takes(cost: float) -> None:
    time = Time(each=cost)
    found = walk(time.ports(Fakes()), SUBJECT)
    assert_whole(found)
    assert time.now - 1000 <= WALK_SECONDS < 10
    assert max(time.waits) <= ANSWER_SECONDS
    assert {check.status for check in found.checks} != {Status.PASSED}
    if cost < ANSWER_SECONDS:
        assert "out_of_time" in reasons(found).values()
        assert found.reports[0].check("issuer.discovery").status is (Status.PASSED if cost < 4 else Status.UNKNOWN)


def test_where_everybody_is_silent_the_second_one_is_not_waited_for_as_long() -> None:
    time = Time({"cluster_discovery": 0.0}, each=60.0)
    assert_whole(examine(time.ports(Fakes()), SUBJECT).walk)
    left = SILENCE_SECONDS - ANSWER_SECONDS
    assert time.waits[:4] == [0.0, ANSWER_SECONDS, left / 2, left / 4]
    assert time.now - 1000 < SILENCE_SECONDS


def test_what_a_client_waited_in_vain_counts_as_much() -> None:
    """A connection that is not made is given up by the client itself, before our limit."""
    fakes = Fakes(errors={"oidc_providers": Unreachable(code=TIMED_OUT, server_message="the library's words")})
    time = Time({"oidc_providers": 3.0, "caller_identity": 60.0})
    ports = time.ports(fakes)
    for ask in (ports.aws.oidc_providers, ports.aws.caller_identity):
        with pytest.raises(Unreachable):
            ask()
    assert time.waits == [3.0, (SILENCE_SECONDS - 3.0) / 2]


def test_after_a_silence_those_who_take_a_second_are_heard_to_the_end() -> None:
    time = Time({"discovery": 60.0}, each=1.0)
    ports = time.ports(Fakes())
    with pytest.raises(Unreachable):
        ports.issuer.discovery("https://issuer.example")
    for ask in (ports.aws.oidc_providers, ports.cluster.jwks, ports.aws.caller_identity, ports.cluster.version):
        ask()
    assert time.waits == [ANSWER_SECONDS, 1.0, 1.0, 1.0, 1.0]


def test_a_survey_of_many_roles_has_its_own_time_but_no_more_for_silence() -> None:
    time = Time({"caller_identity": 60.0}, each=1.0)
    ports = time.ports(Fakes(), seconds=120.0)
    with pytest.raises(Unreachable):
        ports.aws.caller_identity()
    for _ in range(50):
        ports.aws.role("s3-reader")
    time.costs["role"] = 60.0
    with pytest.raises(Unreachable):
        ports.aws.role("s3-reader")
    assert time.waits == [ANSWER_SECONDS, *[1.0] * 50, (SILENCE_SECONDS - ANSWER_SECONDS) / 2]


def test_credentials_that_do_not_come_say_nothing_of_who_was_to_be_asked() -> None:
    """What needs none, the exchange at STS, can still be asked for."""
    late = Unreachable(code="aws_credentials_timed_out", server_message="")
    fakes = Fakes(errors={"caller_identity": late})
    time = Time({"caller_identity": 3.0})
    ports = time.ports(fakes)
    with pytest.raises(Unreachable):
        ports.aws.caller_identity()
    ports.aws.assume_role_with_web_identity("arn", "session", "token")
    assert time.asked == ["caller_identity", "assume_role"]


@pytest.mark.parametrize("method", ["discovery", "oidc_providers"])
def test_one_silent_server_leaves_the_others_time_to_answer(method: str) -> None:
    time = Time({method: 60.0}, each=0.1)
    found = walk(time.ports(Fakes()), SUBJECT)
    assert "out_of_time" not in reasons(found).values()
    assert found.report(found.reports[2].step).status is Status.PASSED


def test_all_of_aws_may_be_silent_and_the_cluster_still_tells_of_the_pod() -> None:
    silent = dict.fromkeys(("oidc_providers", "caller_identity", "assumptions"), 60.0)
    found = examine(Time(silent, each=0.05).ports(healthy()), SUBJECT)
    unheard = [check.id for check in found.checks if check.reason in ("out_of_time", "unreachable")]
    assert unheard == ["service_account.account", "sts.recent_failures", "sts.recent_successes"]
    assert next(check for check in found.checks if check.id == "pod.environment").status is Status.PASSED


QUESTIONS = [
    (field, method, len([it for it in inspect.signature(asked).parameters.values() if it.default is it.empty]) - 1)
    for field, port in (("cluster", Cluster), ("aws", Aws), ("issuer", Issuer))
    for method, asked in vars(port).items()
    if inspect.isfunction(asked) and not method.startswith("_") and method != "exchanges"
]


@pytest.mark.parametrize(("field", "method", "arguments"), QUESTIONS)
def test_what_was_not_answered_is_named_as_the_api_names_it(field: str, method: str, arguments: int) -> None:
    def silent(put: Callable[[], Any], limit: float) -> Any:
        raise TimeoutError

    ports = with_deadline(Fakes().ports(), run=silent)
    with pytest.raises(Unreachable) as silence:
        getattr(getattr(ports, field), method)(*("",) * arguments)
    assert silence.value.code == TIMED_OUT
    assert re.fullmatch(r"(get|list|create|patch) [a-z-]+( [a-z]+|/[a-z]+)?|([A-Z][A-Za-z]+)+", silence.value.operation)


def test_what_two_questions_wait_for_at_once_is_lost_once() -> None:
    now, limits = [0.0], []

    def run(put: Callable[[], Any], limit: float) -> Any:
        limits.append(limit)
        if len(limits) > 2:
            return put()
        if len(limits) == 1:
            with pytest.raises(Unreachable):
                patient.cluster.namespaces()  # at the same time
        else:
            now[0] += limit
        raise TimeoutError

    patient = with_deadline(Fakes().ports(), clock=lambda: now[0], run=run)
    with pytest.raises(Unreachable):
        patient.cluster.discovery()
    patient.aws.oidc_providers()
    assert limits == [ANSWER_SECONDS, ANSWER_SECONDS, (SILENCE_SECONDS - ANSWER_SECONDS) / 2]


def test_who_takes_two_seconds_is_slow_and_not_silent() -> None:
    time = Time(each=2.0)
    ports = time.ports(Fakes())
    for ask in (ports.cluster.version, ports.aws.caller_identity, ports.cluster.jwks, ports.cluster.namespaces):
        ask()
    assert time.waits == [2.0] * 4


def test_a_refused_connection_costs_nobody_time() -> None:
    time = Time({"version": 0.0}, each=1.0)
    ports = time.ports(Fakes(errors={"version": Unreachable(code="connection_refused", server_message="")}))
    with pytest.raises(Unreachable):
        ports.cluster.version()
    for _ in range(7):
        ports.aws.caller_identity()
    assert time.waits == [0.0, *[1.0] * 7]


def test_time_begins_with_the_first_question() -> None:
    time = Time(each=1.0)
    ports = time.ports(Fakes(), seconds=2.5)
    time.now += 3600
    ports.cluster.version()
    ports.aws.caller_identity()
    with pytest.raises(Unreachable) as late:
        ports.issuer.discovery("https://issuer.example")
    assert (late.value.code, late.value.operation) == (OUT_OF_TIME, "get openid-configuration")
    with pytest.raises(Unreachable):
        ports.cluster.version()
    assert time.asked.count("version") == 1


def test_a_thread_hands_on_what_came() -> None:
    assert in_a_thread(lambda: 7, 60) == 7
    with pytest.raises(KeyError, match="mine"):
        in_a_thread(lambda: {}["mine"], 60)


def test_a_thread_that_hangs_is_left_behind() -> None:
    """Were it waited for, this would not end: what it hangs on comes only afterwards."""
    done, ended = threading.Event(), threading.Event()

    def hang() -> None:
        done.wait()
        ended.set()

    with pytest.raises(TimeoutError):
        in_a_thread(hang, 0.05)
    assert not ended.is_set()
    done.set()
    assert ended.wait(60)
