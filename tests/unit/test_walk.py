"""The walk as a whole: its shape, what it shows, what it hides, and that no answer of a server can break it."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flow.errors import FlowError, NotFound, NotPermitted, Refused, Unreachable
from app.flow.model import Exchange, Status, Step, Walk
from app.flow.ports import Execution
from app.flow.redaction import MASK
from app.flow.steps.oidc_provider import NO_KID
from app.flow.steps.service_account import EMPTY
from app.flow.steps.step_context import StepContext
from app.flow.steps.sts_agreement import CHANGED, GRANTED, REFUSED
from app.flow.steps.walk import STEPS, walk
from app.flow.verdict.judge import Outcome, judge
from tests.examples import examples
from tests.unit.fake_ports import DIRECTORY, ISSUER, NOW, SECRETS, SUBJECT, Fakes, bare_pod, claims, token

CHECKS = {step: module.CHECKS for step, module in zip(Step, STEPS, strict=True)}
EVIDENCE = {
    Step.OIDC_PROVIDER: {"discovery", "jwks", "cluster_discovery", "provider", "thumbprint"},
    Step.SERVICE_ACCOUNT: {"service_account", "role", "trust_policy", "trust_decision"},
    Step.WEBHOOK: {"configuration", "pod_before", "pod_after", "admission_review", "environment"},
    Step.TOKEN_MOUNT: {"files", "data_files", "token", "jwk", "other_token", "verification"},
    Step.STS_ASSUME: {"request", "answer", "claims"},
    Step.ACCESS: {"identity", "buckets", "policies", "permission_decision"},
}
API_TOKEN = "cat /var/run/secrets/kubernetes.io/serviceaccount/token"
LIST = f"ls -la {DIRECTORY} {DIRECTORY}/..data/"
LISTING = f"""{DIRECTORY}:
total 4
drwxrwxrwt    3 root     root           100 Nov 24 22:52 .
drwxr-xr-x    3 root     root          4096 Nov 24 22:52 ..
drwxr-xr-x    2 root     root            60 Nov 24 22:52 ..2026_11_24_22_52_15.474405942
lrwxrwxrwx    1 root     root            31 Nov 24 22:52 ..data -> ..2026_11_24_22_52_15.474405942
lrwxrwxrwx    1 root     root            12 Nov 24 22:52 token -> ..data/token

{DIRECTORY}/..data/:
total 4
drwxr-xr-x    2 root     root            60 Nov 24 22:52 .
drwxrwxrwt    3 root     root           100 Nov 24 22:52 ..
-rw-r--r--    1 root     root           901 Nov 24 22:52 token
ls: cannot open {DIRECTORY}/x: Permission denied
"""


def full_fakes() -> Fakes:
    fakes = Fakes()
    fakes.files[LIST] = Execution(stdout=LISTING, stderr="", exit_code=0)
    fakes.files[API_TOKEN] = Execution(stdout=token(aud=["https://kubernetes.default.svc"]), stderr="", exit_code=0)
    return fakes


REASONS_OF_RESULTS = (CHANGED, EMPTY, GRANTED, REFUSED, NO_KID)
"""Those that a check has whose status is not `unknown` or `not_reached`."""


def assert_whole(found: Walk) -> None:
    """All checks in their order, each with what its status asks for, and nothing that JSON or UTF-8 refuses."""
    assert {report.step: tuple(check.id for check in report.checks) for report in found} == CHECKS
    for report in found:
        for check in report.checks:
            if check.reason not in REASONS_OF_RESULTS:
                assert bool(check.reason) == (check.status in (Status.UNKNOWN, Status.NOT_REACHED))
            assert check.where or check.status is Status.NOT_REACHED
    json.dumps(dataclasses.asdict(found), ensure_ascii=False).encode()


def test_evidence_of_a_healthy_chain() -> None:
    found = walk(full_fakes().ports(), SUBJECT)
    assert_whole(found)
    assert {report.step: set(report.evidence) for report in found} == EVIDENCE
    shown = {name: document for report in found for name, document in report.evidence.items()}
    assert shown["discovery"]["issuer"] == ISSUER
    assert "AssumeRolePolicyDocument" not in shown["role"]
    assert shown["trust_decision"]["allowed"]
    assert {entry["element"] for entry in shown["trust_decision"]["trace"]} == {"Principal", "Action", "Condition"}
    assert shown["pod_before"]["metadata"]["labels"] == {
        "app": "demo",
        "eks.amazonaws.com/skip-pod-identity-webhook": "true",
    }
    assert [entry["name"] for entry in shown["environment"]] == [
        "AWS_STS_REGIONAL_ENDPOINTS",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    ]
    assert shown["files"][4] == {
        "mode": "lrwxrwxrwx",
        "owner": "root",
        "group": "root",
        "size": 12,
        "name": "token",
        "target": "..data/token",
    }
    assert len(shown["files"]) == 5
    assert [it["name"] for it in shown["data_files"]] == [".", "..", "token"]
    assert shown["token"]["claims"] == claims()
    assert shown["token"]["compact"] == token().rpartition(".")[0] + f".{MASK}"
    assert [part["name"] for part in shown["token"]["parts"]] == ["header", "payload", "signature"]
    assert shown["jwk"]["kid"] == shown["token"]["header"]["kid"]
    assert shown["other_token"]["claims"]["aud"] == ["https://kubernetes.default.svc"]
    assert {row["claim"] for row in shown["claims"]} == {"iss", "aud", "sub"}
    assert all(row["matched"] for row in shown["claims"])
    assert shown["answer"]["Credentials"]["SecretAccessKey"] == MASK
    assert shown["buckets"] == ["irsa-demo"]


def test_no_secret_is_in_the_walk_nor_in_the_trail() -> None:
    fakes = full_fakes()
    ports = fakes.ports()
    everything = json.dumps(dataclasses.asdict(walk(ports, SUBJECT)), default=str)
    step_context = StepContext(token=fakes.token, credentials=fakes.credentials)
    for secret in (*SECRETS, token().rpartition(".")[2]):
        assert secret not in everything
        assert secret not in repr(step_context)


def test_static_keys_in_a_pod_are_masked() -> None:
    fakes = full_fakes()
    variable = {"name": "AWS_SECRET_ACCESS_KEY", "value": SECRETS[0]}
    fakes.pod["spec"]["containers"][0]["env"].append(variable)
    applied = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({"env": [variable]})}
    fakes.pod["metadata"]["annotations"] = applied
    found = walk(fakes.ports(), SUBJECT)
    assert SECRETS[0] not in json.dumps(dataclasses.asdict(found), default=str)


def test_a_step_reports_its_own_exchanges_and_what_the_servers_said_meanwhile() -> None:
    fakes = full_fakes()
    review = {"request": {"object": bare_pod()}}
    patch = base64.b64encode(json.dumps([{"op": "add"}]).encode()).decode()
    own, other_pod, for_api_server = (
        '"5e0bd49b" "sts.amazonaws.com"',
        '"another-uid" "sts.amazonaws.com"',
        '"5e0bd49b" "https://kubernetes.default.svc"',
    )
    for body in (own, other_pod, for_api_server):
        fakes.talk.append(exchange("kubelet", "kube-apiserver", url="/serviceaccounts/my-sa/token", body=body))
    for caller, account in (("kubectl", "my-sa"), ("kubelet", "other")):
        fakes.talk.append(exchange(caller, "kube-apiserver", url=f"/serviceaccounts/{account}/token", body=own))
    ports = fakes.ports()
    answer = fakes.answer

    def overheard(method: str, document: Any) -> Any:
        if method == "dry_run_pod":
            fakes.talk.append(
                exchange(
                    "kube-apiserver",
                    "pod-identity-webhook",
                    body=json.dumps(review),
                    answer=json.dumps({"response": {"patch": patch}}),
                )
            )
        return answer(method, document)

    fakes.answer = overheard  # type: ignore[method-assign]
    found = walk(ports, SUBJECT)
    assert [item.url for item in found.report(Step.SERVICE_ACCOUNT).exchanges] == ["service_account", "role"]
    assert [item.callee for item in found.report(Step.WEBHOOK).exchanges] == [
        "FakeCluster",
        "FakeCluster",
        "FakeCluster",
        "pod-identity-webhook",
    ]
    evidence = found.report(Step.WEBHOOK).evidence
    assert evidence["admission_review"]["patch"] == [{"op": "add"}]
    assert evidence["pod_before"] == bare_pod()
    requests = [item for item in found.report(Step.TOKEN_MOUNT).exchanges if item.caller == "kubelet"]
    assert [(item.url, item.request_body) for item in requests] == [("/serviceaccounts/my-sa/token", own)]


def exchange(caller: str, callee: str, *, url: str = "", body: str = "", answer: str = "") -> Exchange:
    return Exchange(caller=caller, callee=callee, method="POST", url=url, request_body=body, response_body=answer)


def test_the_dry_run_asks_for_the_pod_as_it_was_written() -> None:
    fakes = full_fakes()
    fakes.pod["spec"] |= {"nodeName": "ip-10-0-0-1", "priority": 0}
    fakes.pod["status"] = {"phase": "Running"}
    walk(fakes.ports(), SUBJECT)
    asked = fakes.dry_runs[0]
    assert asked["metadata"] == {"generateName": "irsa-explorer-", "namespace": "default", "labels": {"app": "demo"}}
    assert asked["spec"]["containers"][0]["image"] == "amazon/aws-cli:latest"
    assert not {"nodeName", "priority"} & asked["spec"].keys()
    assert "aws-iam-token" not in json.dumps(asked)
    assert "AWS_" not in json.dumps(asked)
    assert "status" not in asked


def test_without_the_pod_a_small_one_is_tried() -> None:
    fakes = full_fakes()
    fakes.errors["pod"] = NotFound(code="NotFound", server_message='pods "pod-after" not found', status=404)
    found = walk(fakes.ports(), SUBJECT)
    assert judge(found).check is not None
    assert judge(found).check.id == "pod.exists"
    assert judge(found).check.error == 'pods "pod-after" not found'
    assert found.report(Step.WEBHOOK).check("webhook.environment").status is Status.PASSED
    assert found.report(Step.TOKEN_MOUNT).check("token.file").reason == "earlier_step"


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["Allow", "*", "keys"])
JUNK = st.recursive(
    LEAVES,
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.text() | st.sampled_from(["metadata", "spec", "Statement", "keys", "items"]), children)
    ),
    max_leaves=12,
)
DOCUMENTS = (
    "cluster_discovery",
    "discovery",
    "cluster_jwks",
    "jwks",
    "provider",
    "service_account",
    "role",
    "webhooks",
    "pod",
    "policies",
    "identity",
)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document, by its keys and indexes."""
    children = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


def replaced(document: Any, path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    copied = dict(document) if isinstance(document, dict) else list(document)
    copied[path[0]] = replaced(document[path[0]], path[1:], junk)
    return copied


@settings(max_examples=examples(300))
@given(data=st.data(), name=st.sampled_from(DOCUMENTS), junk=JUNK)
def test_no_document_can_break_the_walk(data: st.DataObject, name: str, junk: Any) -> None:
    fakes = full_fakes()
    document = getattr(fakes, name)
    path = data.draw(st.sampled_from(places(document)))
    junk = replaced(document, path, junk)
    if name in ("webhooks", "policies") and not isinstance(junk, list):
        junk = [junk]  # the ports promise a sequence
    if name == "policies":
        junk = [("name", entry) for entry in junk]  # of pairs
    setattr(fakes, name, junk)
    assert_whole(walk(fakes.ports(), SUBJECT))


@given(content=st.text() | st.just("a.b.c"), exit_code=st.integers(0, 255), listing=st.text())
def test_no_file_can_break_the_walk(content: str, exit_code: int, listing: str) -> None:
    fakes = full_fakes()
    for command in (f"cat {DIRECTORY}/token", API_TOKEN):
        fakes.files[command] = Execution(stdout=content, stderr=content, exit_code=exit_code)
    fakes.files[LIST] = Execution(stdout=listing, stderr="", exit_code=0)
    assert_whole(walk(fakes.ports(), SUBJECT))


@given(name=st.sampled_from(sorted(claims())), value=JUNK)
def test_no_claim_can_break_the_walk(name: str, value: Any) -> None:
    def part(document: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()

    fakes = full_fakes()
    junk = f"{part({'alg': 'RS256', 'kid': value})}.{part(claims() | {name: value})}.AAAA"
    fakes.files[f"cat {DIRECTORY}/token"] = Execution(stdout=junk, stderr="", exit_code=0)
    assert_whole(walk(fakes.ports(), SUBJECT))


METHODS = (
    "cluster_discovery",
    "cluster_jwks",
    "discovery",
    "jwks",
    "thumbprint",
    "oidc_providers",
    "oidc_provider",
    "role",
    "role_policies",
    "service_account",
    "mutating_webhooks",
    "dry_run_pod",
    "pod",
    "execute",
    "request_token",
    "assume_role",
    "caller_identity",
    "list_buckets",
)


@pytest.mark.parametrize("kind", [NotFound, NotPermitted, Refused, Unreachable])
@given(methods=st.sets(st.sampled_from(METHODS)))
def test_no_error_can_break_the_walk(kind: type[FlowError], methods: set[str]) -> None:
    fakes = full_fakes()
    fakes.errors = {method: kind(code="Code", server_message="words") for method in methods}
    found = walk(fakes.ports(), SUBJECT)
    assert_whole(found)
    everything = {check.status for check in found.checks}
    assert (everything == {Status.PASSED}) == (not methods) or methods <= {"execute", "thumbprint", "request_token"}
    assert "assume_role" not in methods or judge(found).outcome is not Outcome.WORKS


@given(now=st.floats(min_value=-1e12, max_value=1e12))
def test_no_clock_can_break_the_walk(now: float) -> None:
    fakes = full_fakes()
    fakes.now = NOW + now
    assert_whole(walk(fakes.ports(), SUBJECT))
