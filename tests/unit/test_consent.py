"""Consent: what was not granted is never called, and nothing that a port can do is left out of account."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from app.flow.errors import FlowError
from app.flow.port_wrappers.consent import (
    ALL,
    AWS_ACTIONS,
    AWS_READS,
    CLUSTER_ACTIONS,
    CLUSTER_READS,
    Action,
    NotAsked,
    consented,
)
from app.flow.port_wrappers.port_proxy import intercepted
from app.flow.ports import Access, Aws, Cluster, Credentials, Ports
from app.flow.targets.kinds import SERVICE_ACCOUNT
from tests.unit.fake_ports import ROLE, Fakes, bare_pod

CREDENTIALS = Credentials(access_key_id="ASIA", secret_access_key="-", session_token="-", expiration="")
CALLS: dict[str, tuple[Action, Callable[[Ports], Any]]] = {
    "dry run": (Action.DRY_RUN, lambda p: p.cluster.dry_run_pod("default", bare_pod())),
    "dry run of a change": (Action.DRY_RUN, lambda p: p.cluster.dry_run_patch("default", SERVICE_ACCOUNT, "my-sa", {})),
    "dry run of an account": (Action.DRY_RUN, lambda p: p.cluster.dry_run_service_account("default", {})),
    "token request": (Action.TOKEN_REQUEST, lambda p: p.cluster.request_token("default", "my-sa", "a", 600)),
    "exec": (Action.READ_TOKEN, lambda p: p.cluster.execute("default", "pod-after", "aws-cli", ["env"])),
    "log": (Action.READ_TOKEN, lambda p: p.cluster.pod_log("default", "pod-after")),
    "exchange": (Action.EXCHANGE, lambda p: p.aws.assume_role_with_web_identity(ROLE, "s", "t")),
    "identity": (Action.EXCHANGE, lambda p: p.aws.caller_identity(CREDENTIALS)),
    "identity, by name": (Action.EXCHANGE, lambda p: p.aws.caller_identity(credentials=CREDENTIALS)),
    "buckets": (Action.S3, lambda p: p.aws.list_buckets(CREDENTIALS)),
}


def methods(protocol: type) -> set[str]:
    return {name for name in vars(protocol) if not name.startswith("_") and callable(getattr(protocol, name))}


@pytest.mark.parametrize(
    ("protocol", "reads", "actions"), [(Cluster, CLUSTER_READS, CLUSTER_ACTIONS), (Aws, AWS_READS, AWS_ACTIONS)]
)
def test_every_question_is_a_read_or_needs_an_action(protocol: type, reads: Any, actions: Any) -> None:
    assert methods(protocol) - {"exchanges"} == set(reads) | set(actions)
    assert not set(reads) & set(actions)


@pytest.mark.parametrize("name", CALLS)
def test_what_was_not_granted_is_not_called(name: str) -> None:
    action, call = CALLS[name]
    fakes = Fakes()
    ports = fakes.ports()
    with pytest.raises(NotAsked) as refused:
        call(consented(ports, ALL - {action}))
    assert refused.value.action is action
    assert isinstance(refused.value, FlowError)
    assert (refused.value.words, refused.value.operation) == ("not_asked", action)
    assert (*ports.cluster.exchanges(), *ports.aws.exchanges()) == ()
    call(consented(ports, frozenset({action})))
    assert len((*ports.cluster.exchanges(), *ports.aws.exchanges())) == 1


def test_reads_need_nothing() -> None:
    ports = consented(Fakes().ports(), frozenset())
    assert ports.cluster.pod("default", "pod-after")["metadata"]["name"] == "pod-after"
    assert ports.aws.role("s3-reader")["Arn"] == ROLE
    assert ports.aws.caller_identity()["Arn"]
    assert ports.aws.region == "ap-northeast-1"
    assert [len(port.exchanges()) for port in (ports.cluster, ports.aws)] == [1, 2]


def test_a_question_that_nobody_knows_is_not_put() -> None:
    class Newer:
        def delete_everything(self) -> None:
            pytest.fail("called")

    ports = Fakes().ports()
    newer: Any = Newer()
    guarded: Any = consented(dataclasses.replace(ports, cluster=newer), ALL).cluster
    with pytest.raises(AttributeError, match="delete_everything"):
        guarded.delete_everything()


def test_an_interceptor_sees_the_question_as_it_was_put() -> None:
    seen: list[Any] = []

    def ask(method: str, put: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        seen.append((method, arguments, options))
        return "answer"

    cluster = intercepted(Fakes().ports().cluster, ask)
    assert cluster.pod("default", name="pod-after") == "answer"
    assert cluster.allowed(access := Access(verb="get", resource="pods")) == "answer"
    assert seen == [("pod", ("default",), {"name": "pod-after"}), ("allowed", (access,), {})]
