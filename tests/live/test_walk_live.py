"""The whole walk against a real API server, with the AWS side simulated: right, without rights, without answers."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app import wiring
from app.flow.diagnosis_file import diagnosis_file
from app.flow.doctor import examine
from app.flow.model import NO_ACTION, Check, Status, Step, Walk
from app.flow.port_wrappers.consent import NOTHING, consented
from app.flow.ports import Execution, Ports
from app.flow.steps.walk import walk
from app.wiring import Choice
from app.world.setup import scenario
from tests import canaries
from tests.live.control_plane import ADMIN_TOKEN
from tests.live.eks import SUBJECT, Eks
from tests.live.gate import Gate, silent
from tests.waiting import eventually

FAILED, PASSED, UNKNOWN, NOT_REACHED = Status.FAILED, Status.PASSED, Status.UNKNOWN, Status.NOT_REACHED


class WithKubelet:
    """The cluster, as if a node ran the Pod: files are as the kubelet would write them, with the real token."""

    def __init__(self, cluster: Any, token: str) -> None:
        self._cluster = cluster
        self._token = token

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)

    def execute(self, namespace: str, pod: str, container: str, command: Sequence[str]) -> Execution:
        mounted = command[0] == "head" and "eks.amazonaws.com" in command[1]
        shown = f"==> {command[1]} <==\n{self._token}" if mounted else ""
        return Execution(stdout=shown, stderr="", exit_code=0 if mounted else 1)


def checks(found: Walk, *statuses: Status) -> dict[str, Check]:
    return {check.id: check for check in found.checks if check.status in statuses}


def test_what_a_cluster_without_nodes_lets_see(here: Eks) -> None:
    """What a running Pod alone would show is unknown, and says why; a requested token stands in for the mounted one.

    So a token of the real API server is exchanged at STS and opens S3.
    """
    found = walk(here.ports(), SUBJECT)
    assert [report.status for report in found] == [PASSED, PASSED, PASSED, UNKNOWN, PASSED, PASSED]
    unknown = checks(found, UNKNOWN)
    assert {name: check.reason for name, check in unknown.items()} == {
        "token.file": "not_running",
        "token.bound_pod": "stand_in",
        "token.lifetime": "stand_in",
    }
    assert unknown["token.file"].error == "pod pod-after does not have a host assigned"
    assert checks(found, FAILED, Status.WARNING, NOT_REACHED) == {}


def test_until_somebody_asks_for_more_the_walk_only_reads(here: Eks) -> None:
    """Seen on the wire: the cluster gets nothing but GET, AWS nothing but what reads IAM."""
    ports = consented(here.ports(), NOTHING)
    found = walk(ports, SUBJECT)
    exchanges = [exchange for report in found for exchange in report.exchanges]
    assert {exchange.method for exchange in exchanges if exchange.callee in ("kube-apiserver", "issuer")} == {"GET"}
    assert {exchange.callee for exchange in exchanges} == {"kube-apiserver", "issuer", "iam"}
    asked = {exchange.request_body.partition("&")[0] for exchange in exchanges if exchange.callee == "iam"}
    assert all(action.startswith(("Action=Get", "Action=List", "Action=Simulate")) for action in asked)
    assert checks(found, FAILED) == {}
    assert {check.reason for check in checks(found, UNKNOWN).values()} == {"not_asked"}


def test_a_token_of_the_real_api_server_opens_s3(here: Eks) -> None:
    ports = here.ports()
    ports = dataclasses.replace(ports, cluster=WithKubelet(ports.cluster, here.projected_token()))
    found = walk(ports, SUBJECT)
    assert checks(found, FAILED, UNKNOWN, NOT_REACHED, Status.WARNING) == {}
    token = found.report(Step.TOKEN_MOUNT).evidence["token"]
    assert token["claims"]["iss"] == here.world.issuer
    assert found.report(Step.ACCESS).evidence["buckets"] == sorted(here.world.account.buckets)


def test_the_real_webhook_call_is_shown_as_far_as_one_may_listen(here: Eks) -> None:
    """The server's log of a real cluster is empty; the dry run shows what came of the call."""
    report = walk(here.ports(), SUBJECT).report(Step.WEBHOOK)
    assert {exchange.callee for exchange in report.exchanges} == {"kube-apiserver"}
    assert report.check("webhook.volume").status is PASSED


def test_no_secret_leaves_the_walk_or_the_snapshot(here: Eks) -> None:
    token = here.projected_token()
    ports = here.ports()
    ports = dataclasses.replace(ports, cluster=WithKubelet(ports.cluster, token))
    found = examine(ports, SUBJECT)
    secrets = canaries.of_world(here.world, [token]) | {"the administrator's token": ADMIN_TOKEN}
    everything = json.dumps(dataclasses.asdict(found), ensure_ascii=False)
    assert canaries.found(secrets, everything, repr(found), diagnosis_file.save(found)) == []


def test_without_any_rights_everything_of_the_cluster_is_unknown(here: Eks) -> None:
    found = walk(here.ports("stranger"), SUBJECT)
    unknown = checks(found, UNKNOWN)
    assert {check.reason for check in unknown.values()} == {"no_permission", NO_ACTION}
    for asked in ("issuer.discovery", "service_account.exists", "webhook.registered", "webhook.dry_run", "pod.exists"):
        assert 'User "stranger" cannot ' in unknown[asked].error
    assert checks(found, FAILED) == {}


def test_with_a_part_of_the_rights_that_part_is_known(here: Eks) -> None:
    rules = (
        {"apiGroups": [""], "resources": ["serviceaccounts", "pods"], "verbs": ["get"]},
        {"nonResourceURLs": ["/.well-known/openid-configuration", "/openid/v1/jwks"], "verbs": ["get"]},
    )
    with here.granted(*rules):
        eventually(lambda: here.ports("reader").cluster.discovery() is not None)
        found = walk(here.ports("reader"), SUBJECT)
    assert {"webhook.registered", "webhook.dry_run", "token.file"} <= set(checks(found, UNKNOWN))
    assert checks(found, FAILED) == {}
    assert found.report(Step.OIDC_PROVIDER).status is found.report(Step.SERVICE_ACCOUNT).status is PASSED
    assert found.report(Step.WEBHOOK).check("pod.injected").status is PASSED


def through(here: Eks, port: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Ports:
    """The admin's ports, by another way to the server."""
    here.write_kubeconfig(folder / "kubeconfig", server=f"https://127.0.0.1:{port}")
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
    return here.ports()


class Closing:
    """The AWS port, at whose first question about a role the API server goes away."""

    def __init__(self, aws: Any, gate: Gate) -> None:
        self._aws = aws
        self._gate = gate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._aws, name)

    def role(self, name: str) -> Any:
        self._gate.close()
        return self._aws.role(name)


def test_a_server_that_stops_in_mid_walk(here: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was learnt before is kept; what comes after is unknown, with a reason."""
    gate = Gate(here.control_plane.port)
    ports = through(here, gate.port, tmp_path, monkeypatch)
    found = walk(dataclasses.replace(ports, aws=Closing(ports.aws, gate)), SUBJECT)
    assert found.report(Step.OIDC_PROVIDER).status is found.report(Step.SERVICE_ACCOUNT).status is PASSED
    unknown = checks(found, UNKNOWN)
    assert {"webhook.dry_run", "token.file"} <= set(unknown)  # what the walk reads was asked at once
    assert {check.reason for check in unknown.values()} - {NO_ACTION} == {"unreachable"}


def test_a_server_that_hangs_is_asked_once(here: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with silent() as server:
        found = walk(through(here, server.port, tmp_path, monkeypatch), SUBJECT)
        assert server.connections() == 1
    unknown = checks(found, UNKNOWN)
    assert {"issuer.discovery", "service_account.exists", "webhook.registered", "pod.exists"} <= set(unknown)
    assert {check.reason for check in unknown.values()} - {NO_ACTION} == {"unreachable"}


def test_without_aws_credentials_the_cluster_is_still_read(here: Eks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    found = walk(here.ports(), SUBJECT)
    assert {"provider.exists", "role.exists", "token.file"} <= set(checks(found, UNKNOWN))
    assert checks(found, UNKNOWN)["role.exists"].reason == "login"
    assert found.report(Step.WEBHOOK).status is PASSED


def test_a_webhook_that_is_down_shows_as_on_eks(here: Eks) -> None:
    """`failurePolicy: Ignore`: the Pod is created unchanged, and nobody says a word."""
    path = f"apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{'pod-identity-webhook'}"
    here.request("DELETE", path)
    eventually(lambda: not here.webhook_is_called())
    try:
        found = walk(here.ports(), SUBJECT)
        assert {"webhook.registered", "webhook.volume", "webhook.mount"} <= set(checks(found, FAILED))
    finally:
        here.register_webhook()


def test_the_choice_of_a_person(here: Eks) -> None:
    contexts = wiring.contexts()
    assert contexts.current == "admin"
    assert {"admin", "stranger", "certificate"} <= set(contexts.by_name)
    assert wiring.default_namespace(Choice()) == "default"
    assert wiring.live(Choice()).cluster.allowed(access("pods"))
    assert wiring.live(Choice()).aws.caller_identity()["Account"] == here.world.account_id
    assert not wiring.is_in_cluster()


def access(resource: str) -> Any:
    from app.flow.ports import Access

    return Access(verb="get", resource=resource, namespace=scenario.NAMESPACE)
