"""The checks of a running Pod, and the commands that fix what is broken."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import jmespath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flow.annotations import AUDIENCE
from app.flow.doctor import Diagnosis, account, examine, pod, recent_failures
from app.flow.doctor.containers import container_checks
from app.flow.doctor.fixes import _FIXES
from app.flow.doctor.pod import CHECKS
from app.flow.doctor.pods import listed
from app.flow.doctor.trust_fix import Bearer, narrowed
from app.flow.doctor.webhook import calls
from app.flow.errors import FlowError, NotFound, NotPermitted, Refused, ServerFailed, Unreachable
from app.flow.json_access import get_str
from app.flow.model import Check, Exchange, JsonObject, Status, Subject
from app.flow.policy.policy_text import QUOTA
from app.flow.port_wrappers.consent import NOTHING, consented
from app.flow.ports import Execution
from app.flow.redaction import mask_text
from app.flow.steps.injection import without_aws
from app.flow.verdict.check_dependencies import PLACES
from app.flow.verdict.judge import Outcome
from tests.examples import examples
from tests.private_keys import OTHER_KEY
from tests.unit.fake_ports import (
    ACCOUNT,
    DIRECTORY,
    HOST,
    ISSUER,
    PROVIDER,
    ROLE,
    SECRETS,
    SUB,
    SUBJECT,
    Fakes,
    bare_pod,
    jwk,
    token,
    trust_policy,
)
from tests.unit.test_steps import annotate, condition
from tests.unit.test_walk import METHODS

PASSED, WARNING, FAILED, UNKNOWN, NOT_REACHED = (
    *(Status.PASSED, Status.WARNING, Status.FAILED),
    *(Status.UNKNOWN, Status.NOT_REACHED),
)
TOKEN = f"{DIRECTORY}/token"


def examined(fakes: Fakes, subject: Subject = SUBJECT) -> Diagnosis:
    return examine(fakes.ports(), subject)


def check(found: Diagnosis, check_id: str) -> Check:
    return next(check for check in found.checks if check.id == check_id)


def healthy() -> Fakes:
    """A Pod of a Deployment, as a real API server stores it."""
    fakes = Fakes()
    fakes.service_account["metadata"]["managedFields"] = [owner("2026-11-24T10:00:00Z")]
    metadata = fakes.pod["metadata"]
    metadata["creationTimestamp"] = "2026-11-24T10:00:00Z"
    metadata["labels"] = {"app": "demo", "pod-template-hash": "6f4dfff6cb"}
    metadata["ownerReferences"] = [{"kind": "ReplicaSet", "name": "web-6f4dfff6cb", "controller": True}]
    fakes.pod["status"] = {"podIP": "10.0.0.7", "containerStatuses": [ended(0)]}
    fakes.talk = [posted(fakes.token)]
    return fakes


def ended(code: int) -> dict[str, Any]:
    """A container that ran to its end."""
    state = {"terminated": {"exitCode": code, "reason": "Completed" if code == 0 else "Error"}}
    return {"name": "aws-cli", "state": state, "lastState": {}, "containerID": "containerd://1"}


def posted(token: str, answer: str = "<AssumeRoleWithWebIdentityResponse/>", **also: str) -> Exchange:
    """What the Pod's program asked of STS, as the servers' log has it."""
    form = urlencode({"Action": "AssumeRoleWithWebIdentity", "RoleArn": ROLE, "WebIdentityToken": token, **also})
    return Exchange(
        caller="pod", callee="sts", method="POST", url="http://127.0.0.1/", request_body=mask_text(form),
        status=200, response_body=answer, source="10.0.0.7",
    )  # fmt: skip


def owner(time: str, key: str = "eks.amazonaws.com/role-arn") -> dict[str, Any]:
    return {"manager": "kubectl", "time": time, "fieldsV1": {"f:metadata": {"f:annotations": {f"f:{key}": {}}}}}


def container(fakes: Fakes) -> dict[str, Any]:
    return fakes.pod["spec"]["containers"][0]


def add_variable(fakes: Fakes, name: str, **value: Any) -> None:
    container(fakes)["env"].append({"name": name, **(value or {"value": SECRETS[0]})})


def drop_variable(fakes: Fakes, name: str) -> None:
    container(fakes)["env"] = [item for item in container(fakes)["env"] if item["name"] != name]


def bare(fakes: Fakes) -> None:
    """The Pod as if the webhook had not been called."""
    fakes.pod["spec"] = bare_pod()["spec"]


def answer(fakes: Fakes, command: str, stdout: str = "", stderr: str = "", exit_code: int = 0) -> None:
    fakes.files[command] = Execution(stdout=stdout, stderr=stderr, exit_code=exit_code)


def test_the_pod_is_not_looked_through_again_for_each_of_its_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with 400 containers took four seconds, and four times as long with twice as many."""
    fakes, looked = healthy(), []
    fakes.pod["spec"]["containers"] += [{**container(fakes), "name": f"more-{number}"} for number in range(9)]
    for module in (pod, container_checks):
        monkeypatch.setattr(module, "without_aws", lambda document: looked.append(document) or without_aws(document))
    examined(fakes)
    assert len(looked) == 1
    fakes.pod = fakes.mutated(bare_pod())
    fakes.pod["spec"]["containers"] += [{"name": f"later-{number}", "image": "proxy"} for number in range(9)]
    looked.clear()
    examined(fakes)
    assert len(looked) == 2


def test_a_healthy_pod_passes_but_for_what_nobody_can_see() -> None:
    found = examined(healthy())
    assert [it.id for it in found.checks] == [
        *(*account.CHECKS, *calls.CHECKS, *CHECKS, *listed.CHECKS, *recent_failures.CHECKS),
    ]
    assert {it.id for it in found.checks} == set(PLACES)
    unseen = {"pod.hop_limit": UNKNOWN, "sts.recent_successes": UNKNOWN}
    assert {it.id: it.status for it in found.checks if it.status is not PASSED} == unseen
    assert (found.verdict.outcome, found.fix) == (Outcome.WORKS, None)
    assert found.read_at == Fakes().now
    annotation = next(it for it in found.walk.checks if it.id == "service_account.annotation")
    assert (annotation.got, annotation.expected) == (ROLE, ANNOTATION)
    assert found.evidence["workload"] == {"kind": "deployment", "name": "web", "again": "restart"}
    assert set(found.evidence) == {"workload", "pod", "pods"}


CASES: dict[str, tuple[Callable[[Fakes], Any], str, Status, str]] = {
    # what is wrong: (how, the check, its status, a part of what it got)
    "no variables": (bare, "pod.environment", FAILED, "[]"),
    "no token file": (
        lambda f: drop_variable(f, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        "pod.environment",
        FAILED,
        "aws-cli: AWS_ROLE_ARN",
    ),
    "no volume": (bare, "pod.volume", FAILED, "kube-api-access-x2x4z"),
    "no mount": (lambda f: container(f)["volumeMounts"].pop(), "pod.volume", FAILED, "[]"),
    "younger than its annotation, and edited": (
        lambda f: f.pod["metadata"].update(creationTimestamp="2026-11-24T09:59:59Z"),
        "pod.age",
        PASSED,
        "09:59:59",
    ),
    "older than the annotation": (
        lambda f: (bare(f), f.pod["metadata"].update(creationTimestamp="2026-11-24T09:59:59Z")),
        "pod.age",
        FAILED,
        "2026-11-24T09:59:59Z",
    ),
    "older than the annotation's present value": (
        lambda f: (
            container(f)["env"][-2].update(value=f"{ROLE}-old"),
            f.pod["metadata"].update(creationTimestamp="2026-11-24T09:59:59Z"),
        ),
        "pod.age",
        FAILED,
        "2026-11-24T09:59:59Z",
    ),
    "nobody owns the annotation": (
        lambda f: f.service_account["metadata"].pop("managedFields"),
        "pod.age",
        UNKNOWN,
        "",
    ),
    "another annotation's time": (
        lambda f: f.service_account["metadata"].update(managedFields=[owner("2026-11-25T00:00:00Z", "other")]),
        "pod.age",
        UNKNOWN,
        "",
    ),
    "a time that is none": (
        lambda f: f.pod["metadata"].update(creationTimestamp="yesterday"),
        "pod.age",
        UNKNOWN,
        "",
    ),
    "pod identity": (
        lambda f: (
            bare(f),
            f.pod["metadata"]["labels"].update({"eks.amazonaws.com/pod-identity": "enabled"}),
        ),
        "pod.pod_identity",
        FAILED,
        "eks.amazonaws.com/pod-identity",
    ),
    "pod identity beside the token": (
        lambda f: add_variable(f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", value="http://169.254.170.23/v1/credentials"),
        "pod.pod_identity",
        WARNING,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ),
    "denied": (
        lambda f: answer(f, f"cat {TOKEN}", stderr=f"cat: {TOKEN}: Permission denied", exit_code=1),
        "pod.token_readable",
        FAILED,
        "aws-cli",
    ),
    "not there": (lambda f: answer(f, f"cat {TOKEN}", exit_code=1), "pod.token_readable", NOT_REACHED, ""),
    "only AWS_REGION": (
        lambda f: drop_variable(f, "AWS_DEFAULT_REGION"),
        "pod.region",
        WARNING,
        "aws-cli: AWS_REGION",
    ),
    "static keys": (
        lambda f: add_variable(f, "AWS_ACCESS_KEY_ID"),
        "pod.static_keys",
        FAILED,
        "aws-cli: AWS_ACCESS_KEY_ID",
    ),
    "static keys of a Secret": (
        lambda f: add_variable(f, "AWS_SECRET_ACCESS_KEY", valueFrom={"secretKeyRef": {"name": "s", "key": "k"}}),
        "pod.static_keys",
        FAILED,
        "aws-cli: AWS_SECRET_ACCESS_KEY",
    ),
    "a profile": (lambda f: add_variable(f, "AWS_PROFILE"), "pod.static_keys", WARNING, "aws-cli: AWS_PROFILE"),
    "a credentials file": (
        lambda f: container(f)["volumeMounts"].append({"name": "c", "mountPath": "/root/.aws"}),
        "pod.static_keys",
        WARNING,
        "aws-cli: /root/.aws",
    ),
    "keys among the variables of a Secret": (
        lambda f: (
            container(f).update(envFrom=[{"secretRef": {"name": "s"}}]),
            answer(f, "env", stdout=f"HOME=/root\nAWS_ACCESS_KEY_ID=AKIA\nAWS_SECRET_ACCESS_KEY={SECRETS[0]}\n"),
        ),
        "pod.static_keys",
        FAILED,
        "aws-cli: AWS_ACCESS_KEY_ID (envFrom secretRef s), aws-cli: AWS_SECRET_ACCESS_KEY (envFrom secretRef s)",
    ),
    "the host's network": (
        lambda f: f.pod["spec"].update(hostNetwork=True),
        "pod.hop_limit",
        WARNING,
        "true",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_with_a_pod_shows_at_its_check(name: str) -> None:
    spoil, check_id, status, got = CASES[name]
    fakes = healthy()
    spoil(fakes)
    found = check(examined(fakes), check_id)
    assert found.status is status
    assert got in found.got
    assert found.reason or status not in (UNKNOWN, NOT_REACHED)


def test_every_container_must_be_able_to_read_the_token() -> None:
    fakes = healthy()
    sidecar = {**container(fakes), "name": "sidecar"}
    fakes.pod["spec"]["containers"].append(sidecar)

    class Denying:
        def __init__(self, cluster: Any) -> None:
            self._cluster = cluster

        def __getattr__(self, name: str) -> Any:
            return getattr(self._cluster, name)

        def execute(self, namespace: str, pod: str, box: str, command: Any) -> Execution:
            if box == "sidecar":
                return Execution(stdout="", stderr=f"cat: {command[-1]}: Permission denied", exit_code=1)
            found: Execution = self._cluster.execute(namespace, pod, box, command)
            return found

    ports = fakes.ports()
    found = check(examine(dataclasses.replace(ports, cluster=Denying(ports.cluster)), SUBJECT), "pod.token_readable")
    assert (found.status, found.got) == (FAILED, f"sidecar {TOKEN}")
    assert "Permission denied" in found.error


@pytest.mark.parametrize(
    ("mode", "shared", "own", "certain"),
    [
        (0o400, {}, {"runAsUser": 1000}, "runAsUser=1000"),
        (0o400, {"runAsUser": 1000}, {"runAsUser": 2000}, "runAsUser=2000"),
        (0o400, {"runAsNonRoot": True}, {}, "runAsNonRoot=true"),
        (0o440, {}, {"runAsUser": 1000}, ""),
        (0o644, {}, {"runAsUser": 1000}, ""),
        (0o400, {}, {"runAsUser": 0}, ""),
        (0o400, {}, {}, ""),
        (0o400, {"runAsUser": 1000}, {}, ""),
        (0o400, {"fsGroup": 2000}, {"runAsUser": 1000}, ""),
    ],
)
def test_a_mode_that_locks_a_container_out_shows_without_reading_the_token(
    mode: int, shared: dict[str, Any], own: dict[str, Any], certain: str
) -> None:
    fakes = healthy()
    fakes.errors["execute"] = NotPermitted(code="Forbidden", server_message="pods/exec is forbidden", status=403)
    spec = fakes.pod["spec"]
    next(it for it in spec["volumes"] if it["name"] == "aws-iam-token")["projected"]["defaultMode"] = mode
    spec["securityContext"] = shared
    container(fakes)["securityContext"] = own
    spec["containers"].append({"name": "sidecar", "image": "busybox"})
    found = examined(fakes)
    judged = check(found, "pod.token_readable")
    assert (judged.status, judged.got) == (
        (FAILED, f"aws-cli: defaultMode=0400 {certain}") if certain else (UNKNOWN, "")
    )
    assert (found.fix is not None and found.fix.id == "fs_group") is bool(certain)


CLAIM = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}


@pytest.mark.parametrize(
    ("shared", "volumes", "fix", "wanted"),
    [
        ({}, [], "fs_group", {"fsGroup": 65534}),
        ({}, [CLAIM], "fs_group_of_claims", {"fsGroup": 65534, "fsGroupChangePolicy": "OnRootMismatch"}),
        ({"fsGroupChangePolicy": "Always"}, [CLAIM], "fs_group_of_claims", {"fsGroup": 65534}),
        ({"fsGroup": 2000}, [CLAIM], "group_is_set", None),
    ],
)
def test_a_group_for_the_token_is_a_group_for_the_pods_volumes(
    shared: dict[str, Any], volumes: list[Any], fix: str, wanted: dict[str, Any] | None
) -> None:
    fakes = healthy()
    fakes.pod["spec"]["securityContext"] = shared
    fakes.pod["spec"]["volumes"] += volumes
    answer(fakes, f"cat {TOKEN}", stderr=f"cat: {TOKEN}: Permission denied", exit_code=1)
    found, (command, *_) = words(fakes)
    assert (found, "patch" in command) == (fix, wanted is not None)
    if wanted is not None:
        assert json.loads(command[-1])["spec"]["template"]["spec"]["securityContext"] == wanted


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotPermitted(code="Forbidden", server_message="pods/exec is forbidden", status=403), "no_permission"),
        (Unreachable(code="timed_out", server_message=""), "unreachable"),
        (Refused(code="500", server_message="container not found"), "not_observable"),
    ],
)
def test_variables_that_nobody_can_see_are_unknown(error: FlowError, reason: str) -> None:
    fakes = healthy()
    fakes.pod["status"]["containerStatuses"] = [{"name": "aws-cli", "state": {"running": {}}}]
    container(fakes).update(envFrom=[{"secretRef": {"name": "s"}}])
    fakes.errors["execute"] = error
    found = examined(fakes)
    for check_id in ("pod.static_keys", "pod.token_readable"):
        assert (check(found, check_id).status, check(found, check_id).reason) == (UNKNOWN, reason)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotPermitted(code="Forbidden", server_message="no", status=403), UNKNOWN),
        (Unreachable(code="timed_out", server_message="no"), UNKNOWN),
        (NotFound(code="NotFound", server_message="no", status=404), NOT_REACHED),
    ],
)
def test_without_a_pod_no_check_of_it_is_made(error: FlowError, status: Status) -> None:
    fakes = healthy()
    fakes.errors["pod"] = error
    assert {(it.status, bool(it.reason)) for it in examined(fakes).checks if it.id in CHECKS} == {(status, True)}


# --- the fix ---------------------------------------------------------------------------------------------------------


def words(fakes: Fakes) -> tuple[str, list[list[str]]]:
    """The fix's id, and the words of its commands."""
    fix = examined(fakes).fix
    assert fix is not None
    return fix.id, [shlex.split(command) for command in fix.commands]


RESTART = ["kubectl", "-n", "default", "rollout", "restart", "deployment/web"]
OF_POD_IDENTITY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ],
}
ANNOTATION = "eks.amazonaws.com/role-arn"
FIXES: dict[str, tuple[Callable[[Fakes], Any], str, list[list[str]]]] = {
    "provider": (
        lambda f: f.providers.clear(),
        "create_provider",
        [["aws", "iam", "create-open-id-connect-provider", "--url", ISSUER]],
    ),
    "provider, for a role of EKS Pod Identity": (
        lambda f: (f.providers.clear(), f.role.update(AssumeRolePolicyDocument=OF_POD_IDENTITY)),
        "provider_or_association",
        [
            [
                *["aws", "eks", "list-pod-identity-associations", "--cluster-name", "CLUSTER"],
                *["--namespace", "default", "--service-account", "my-sa", "--region", "ap-northeast-1"],
            ],
            ["aws", "iam", "create-open-id-connect-provider", "--url", ISSUER],
        ],
    ),
    "trust of EKS Pod Identity": (
        lambda f: f.role.update(AssumeRolePolicyDocument=OF_POD_IDENTITY),
        "trust_or_association",
        [
            [
                *["aws", "eks", "list-pod-identity-associations", "--cluster-name", "CLUSTER"],
                *["--namespace", "default", "--service-account", "my-sa", "--region", "ap-northeast-1"],
            ],
            ["aws", "iam", "update-assume-role-policy", "--role-name", "s3-reader"],
        ],
    ),
    "client id": (
        lambda f: f.provider.update(ClientIDList=["sts.amazon.com"]),
        "accept_audience",
        [["aws", "iam", "add-client-id-to-open-id-connect-provider", "--open-id-connect-provider-arn", PROVIDER]],
    ),
    "no annotation": (
        lambda f: f.service_account["metadata"].update(annotations={"eks.amazonaws.com/rolearn": ROLE}),
        "annotate",
        [["kubectl", "-n", "default", "annotate", "serviceaccount", "my-sa", f"{ANNOTATION}={ROLE}"], RESTART],
    ),
    "the API server lists another key": (
        lambda f: f.cluster_jwks.update(keys=[jwk(OTHER_KEY)]),
        "compare_keys",
        [["kubectl", "get", "--raw", "/openid/v1/jwks"], ["curl", "-fsS", f"{ISSUER}/keys"]],
    ),
    "the API server signs with a key that is not published": (
        lambda f: (f.cluster_jwks["keys"].append(jwk(OTHER_KEY)), answer(f, f"cat {TOKEN}", stdout=token(OTHER_KEY))),
        "compare_keys",
        [["kubectl", "get", "--raw", "/openid/v1/jwks"], ["curl", "-fsS", f"{ISSUER}/keys"]],
    ),
    "a token of another key": (lambda f: answer(f, f"cat {TOKEN}", stdout=token(OTHER_KEY)), "recreate", [RESTART]),
    "bare name": (
        lambda f: annotated(f, "s3-reader"),
        "correct_arn",
        [
            ["kubectl", "-n", "default", "annotate", "serviceaccount", "my-sa", "--overwrite", f"{ANNOTATION}={ROLE}"],
            RESTART,
        ],
    ),
    "path omitted": (
        lambda f: f.role.update(Arn=f"arn:aws:iam::{ACCOUNT}:role/team/s3-reader"),
        "correct_arn",
        [
            [
                *["kubectl", "-n", "default", "annotate", "serviceaccount", "my-sa", "--overwrite"],
                f"{ANNOTATION}=arn:aws:iam::{ACCOUNT}:role/team/s3-reader",
            ],
            RESTART,
        ],
    ),
    "not restarted": (bare, "recreate", [RESTART]),
    "other service account": (
        lambda f: f.pod["spec"].update(serviceAccountName="default"),
        "set_service_account",
        [["kubectl", "-n", "default", "set", "serviceaccount", "deployment/web", "my-sa"]],
    ),
    "skip label": (
        lambda f: f.pod["metadata"]["labels"].update({"eks.amazonaws.com/skip-pod-identity-webhook": "true"}),
        "remove_label",
        [
            [
                *["kubectl", "-n", "default", "patch", "deployment/web", "-p"],
                json.dumps(
                    {
                        "spec": {
                            "template": {"metadata": {"labels": {"eks.amazonaws.com/skip-pod-identity-webhook": None}}}
                        }
                    }
                ),
            ]
        ],
    ),
    "skipped container": (
        lambda f: (
            bare(f),
            f.pod["metadata"].update(annotations={"eks.amazonaws.com/skip-containers": "aws-cli", "team": "a"}),
        ),
        "unskip",
        [
            [
                *["kubectl", "-n", "default", "patch", "deployment/web", "-p"],
                json.dumps(
                    {"spec": {"template": {"metadata": {"annotations": {"eks.amazonaws.com/skip-containers": None}}}}}
                ),
            ]
        ],
    ),
    "other service account of a Job": (
        lambda f: (owned(f, "Job", "nightly"), f.pod["spec"].update(serviceAccountName="default")),
        "run_job_again",
        [["kubectl", "-n", "default", "get", "job/nightly", "-o", "yaml", "|", "kubectl", "patch", "--local"]],
    ),
    "a profile in a file": (
        lambda f: container(f)["volumeMounts"].append({"name": "c", "mountPath": "/root/.aws"}),
        "profile",
        [["kubectl", "-n", "default", "get", "deployment/web", "-o", "yaml"]],
    ),
    "the host's network, without which an agent of the node may take its network along": (
        lambda f: (owned(f, "DaemonSet", "aws-node"), f.pod["spec"].update(hostNetwork=True)),
        "host_network",
        [["kubectl", "-n", "default", "get", "daemonset/aws-node", "-o", "yaml"]],
    ),
    "a profile of a Secret, which an empty one would not undo": (
        lambda f: (
            container(f).update(envFrom=[{"secretRef": {"name": "s"}}]),
            answer(f, "env", stdout="AWS_PROFILE=prod\n"),
        ),
        "profile",
        [["kubectl", "-n", "default", "get", "deployment/web", "-o", "yaml"]],
    ),
    "handwritten": (
        lambda f: f.pod.update(spec=f.mutated(handwritten())["spec"]),
        "handwritten",
        [
            [
                *["kubectl", "-n", "default", "set", "env", "deployment/web"],
                *["AWS_ROLE_ARN-", "AWS_WEB_IDENTITY_TOKEN_FILE-"],
            ]
        ],
    ),
    "static keys": (
        lambda f: (
            add_variable(f, "LOG_LEVEL", value="debug"),
            add_variable(f, "AWS_ACCESS_KEY_ID"),
            add_variable(f, "AWS_SECRET_ACCESS_KEY"),
        ),
        "static_keys",
        [
            [
                *["kubectl", "-n", "default", "set", "env", "deployment/web"],
                *["-c", "aws-cli", "AWS_ACCESS_KEY_ID-", "AWS_SECRET_ACCESS_KEY-"],
            ]
        ],
    ),
    "region": (
        lambda f: drop_variable(f, "AWS_DEFAULT_REGION"),
        "region",
        [
            [
                *["kubectl", "-n", "default", "set", "env", "deployment/web"],
                *["-c", "aws-cli", "AWS_DEFAULT_REGION=ap-northeast-1"],
            ]
        ],
    ),
    "no permission": (
        lambda f: (
            f.policies.clear(),
            f.errors.update(
                list_buckets=Refused(code="AccessDenied", server_message="no identity-based policy allows")
            ),
        ),
        "permit",
        [["aws", "iam", "put-role-policy", "--role-name", "s3-reader"]],
    ),
}


def annotated(fakes: Fakes, value: str) -> None:
    fakes.service_account["metadata"]["annotations"][ANNOTATION] = value


def handwritten() -> dict[str, Any]:
    pod = bare_pod()
    pod["spec"]["containers"][0]["env"] = [{"name": "AWS_ROLE_ARN", "value": ROLE}]
    return pod


@pytest.mark.parametrize("name", FIXES)
def test_the_fix_names_what_the_walk_has_found(name: str) -> None:
    spoil, fix_id, commands = FIXES[name]
    fakes = healthy()
    spoil(fakes)
    found_id, found = words(fakes)
    assert found_id == fix_id
    assert [line[: len(wanted)] for line, wanted in zip(found, commands, strict=True)] == commands


def template(workload: Any) -> Any:
    return workload["spec"]["template"]


CHANGES: dict[str, tuple[str, Callable[[Any], Any], Any, Any]] = {
    # by the fix's case: (the object, where to look, what is there before and after)
    "provider": (f"OpenIDConnectProvider {PROVIDER}", lambda it: it and it["Url"], None, HOST),
    "client id": (
        f"OpenIDConnectProvider {PROVIDER}",
        lambda it: it["ClientIDList"],
        ["sts.amazon.com"],
        ["sts.amazon.com", "sts.amazonaws.com"],
    ),
    "no annotation": (
        "ServiceAccount default/my-sa",
        lambda it: it["metadata"]["annotations"].get(ANNOTATION),
        None,
        ROLE,
    ),
    "bare name": (
        "ServiceAccount default/my-sa",
        lambda it: it["metadata"]["annotations"][ANNOTATION],
        "s3-reader",
        ROLE,
    ),
    "not restarted": (
        "Pod default/pod-after",
        lambda it: [item["name"] for item in it["spec"]["volumes"]],
        ["kube-api-access-x2x4z"],
        ["aws-iam-token", "kube-api-access-x2x4z"],
    ),
    "other service account": (
        "Deployment default/web",
        lambda it: template(it)["spec"].get("serviceAccountName"),
        None,  # what the API server fills in is not in the manifest
        "my-sa",
    ),
    "skip label": (
        "Deployment default/web",
        lambda it: "eks.amazonaws.com/skip-pod-identity-webhook" in template(it)["metadata"]["labels"],
        True,
        False,
    ),
    "skipped container": (
        "Deployment default/web",
        lambda it: template(it)["metadata"]["annotations"],
        {"eks.amazonaws.com/skip-containers": "aws-cli"},
        {},
    ),
    "static keys": (
        "Deployment default/web",
        lambda it: [item["name"] for item in template(it)["spec"]["containers"][0]["env"]],
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
        [],
    ),
    "region": (
        "Deployment default/web",
        lambda it: [
            v["value"]
            for v in template(it)["spec"]["containers"][0].get("env", [])
            if v["name"] == "AWS_DEFAULT_REGION"
        ],
        [],
        ["ap-northeast-1"],
    ),
    "no permission": (
        "Role s3-reader Policies",
        lambda it: it,
        [],
        ["allow-s3-ListAllMyBuckets-05f41d33"],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_fix_says_what_becomes_of_the_object(name: str) -> None:
    called, look, before, after = CHANGES[name]
    fakes = healthy()
    FIXES[name][0](fakes)
    fix = examined(fakes).fix
    assert fix is not None
    assert fix.change is not None
    assert fix.change.object == called
    assert (look(fix.change.before), look(fix.change.after)) == (before, after)


@pytest.mark.parametrize("name", FIXES)
def test_a_change_changes_something_and_shows_no_secret(name: str) -> None:
    fakes = healthy()
    add_variable(fakes, "AWS_SESSION_TOKEN", value=SECRETS[1])
    FIXES[name][0](fakes)
    fix = examined(fakes).fix
    assert fix is not None
    change = fix.change
    assert change is None or change.before != change.after
    assert SECRETS[1] not in repr(change)


TRUST: dict[str, dict[str, Any]] = {
    "principal": {"Principal": {"Federated": f"{PROVIDER}X"}},
    "another principal as well": {"Principal": {"Service": "pods.eks.amazonaws.com", "Federated": f"{PROVIDER}X"}},
    "action": {"Action": "sts:AssumeRole"},
    "subjects, one with a star": {
        "Condition": {"StringEquals": {f"{HOST}:sub": ["system:serviceaccount:default:*", "system:serviceaccount:a:b"]}}
    },
    "subject": {"Condition": {"StringEquals": {f"{HOST}:sub": "system:serviceaccount:prod:my-sa"}}},
    "audience": {"Condition": {"StringEquals": {f"{HOST}:aud": "sts.amazon.com"}}},
    "key": {"Condition": {"StringEquals": {f"{ISSUER}:sub": SUB}}},
}


@pytest.mark.parametrize("name", TRUST)
def test_the_trust_policy_that_is_proposed_lets_the_service_account_in_and_nobody_else(name: str) -> None:
    fakes = healthy()
    fakes.role["AssumeRolePolicyDocument"]["Statement"][0].update(TRUST[name])
    before = json.loads(json.dumps(fakes.role["AssumeRolePolicyDocument"]))
    fix_id, ((*command, document),) = words(fakes)
    assert (fix_id, command[:5]) == ("trust", ["aws", "iam", "update-assume-role-policy", "--role-name", "s3-reader"])
    after = json.loads(document)
    change = examined(fakes).fix.change
    assert (change.object, change.before, change.after) == ("Role s3-reader AssumeRolePolicyDocument", before, after)
    assert after["Statement"][: len(before["Statement"])] == before["Statement"], "nobody loses anything"
    fakes.role["AssumeRolePolicyDocument"] = after
    found = examined(fakes)
    assert found.verdict.outcome is Outcome.WORKS
    assert found.verdict.status is PASSED


@pytest.mark.parametrize(
    ("element", "fix"),
    [
        ({"Condition": {"StringEquals": {f"{HOST}:sub": "system:serviceaccount:default:*"}}}, "trust_instead"),
        (
            {"Condition": {"StringEquals": {f"{HOST}:sub": ["system:serviceaccount:?:my-sa", "*"]}}},
            "trust_instead",
        ),
        ({"Action": "s3:GetObject"}, "trust_refused"),
    ],
)
def test_a_statement_that_matches_nobody_or_that_iam_refuses_is_replaced(element: dict[str, Any], fix: str) -> None:
    fakes = healthy()
    policy = fakes.role["AssumeRolePolicyDocument"]
    policy["Statement"].append({**policy["Statement"][0], "Action": "sts:TagSession"})
    policy["Statement"][0].update(element)
    fix_id, ((*_, document),) = words(fakes)
    after = json.loads(document)
    assert fix_id == fix
    assert after["Statement"][0] == policy["Statement"][1], "the other one stays"
    assert [get_str(it, "Condition", "StringEquals", f"{HOST}:sub") for it in after["Statement"]][1:] == [SUB]
    fakes.role["AssumeRolePolicyDocument"] = after
    assert examined(fakes).verdict.status is PASSED


@pytest.mark.parametrize(("others", "fix_id"), [(30, "trust_in_list"), (32, "trust_over_quota")])
def test_a_trust_policy_that_is_almost_full_gets_a_longer_list(others: int, fix_id: str) -> None:
    """IAM's quota has no room for one more statement; for 32 others not even for one more subject."""
    fakes = healthy()
    listed = [f"system:serviceaccount:team-{number:03d}:application-{number:03d}" for number in range(others)]
    (statement,) = fakes.role["AssumeRolePolicyDocument"]["Statement"]
    statement["Condition"] = {"StringEquals": {f"{HOST}:sub": listed, f"{HOST}:aud": "sts.amazonaws.com"}}
    found_id, ((*_, document),) = words(fakes)
    assert found_id == fix_id
    assert (len("".join(document.split())) <= QUOTA) is (fix_id == "trust_in_list")
    assert (examined(fakes).fix.change is None) is (fix_id == "trust_over_quota")
    (lets_in, *_) = after = json.loads(document)["Statement"]
    if len(after) == 1:
        assert lets_in["Condition"]["StringEquals"][f"{HOST}:sub"] == [*listed, SUB]
    fakes.role["AssumeRolePolicyDocument"]["Statement"] = after
    assert examined(fakes).verdict.status is PASSED


def test_no_statement_more_is_proposed_where_a_deny_applies() -> None:
    fakes = healthy()
    deny = {"Effect": "Deny", "Action": "*", "Principal": {"Federated": PROVIDER}}
    fakes.role["AssumeRolePolicyDocument"]["Statement"].append(deny)
    fix_id, ((*_, last),) = words(fakes)
    assert (fix_id, last) == ("remove_deny", "Role.AssumeRolePolicyDocument")


@pytest.mark.parametrize(
    "condition_",
    [{"StringNotEqualsIfExists": {"aws:SourceVpce": "a"}}, {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}],
)
def test_a_deny_that_the_request_decides_is_no_reason_to_remove_it(condition_: dict[str, Any]) -> None:
    """It keeps the role within a network. What is wrong is the `sub` of the statement beside it."""
    fakes = healthy()
    fakes.role["AssumeRolePolicyDocument"] = trust_policy(StringEquals={f"{HOST}:sub": f"{SUB}-2"})
    statements = fakes.role["AssumeRolePolicyDocument"]["Statement"]
    statements.append({"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Condition": condition_})
    before = [*statements]
    fix_id, ((*_, document),) = words(fakes)
    assert (fix_id, json.loads(document)["Statement"][:2]) == ("trust", before)


def test_a_container_that_was_added_after_the_webhook_is_not_accused_of_lacking_what_it_does_not_use() -> None:
    fakes = healthy()
    proxy = {"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.27", "env": [{"name": "POD", "value": "x"}]}
    fakes.pod["spec"]["containers"].append({**proxy, "volumeMounts": []})
    found = examined(fakes)
    assert (found.verdict.outcome, found.verdict.status, found.fix) == (Outcome.WORKS, PASSED, None)
    assert check(found, "pod.environment").got == "aws-cli"


@pytest.mark.parametrize(
    "box",
    [
        {"image": "agent:1", "env": [{"name": "AWS_REGION", "value": "ap-northeast-1"}]},
        {"image": "public.ecr.aws/aws-observability/aws-for-fluent-bit:2", "env": []},
    ],
)
def test_a_container_that_was_added_after_the_webhook_breaks_nothing(box: dict[str, Any]) -> None:
    """A webhook that is called later, such as that of an agent, is not followed by ours unless it asks for that."""
    fakes = healthy()
    fakes.pod["spec"]["containers"].append({"name": "agent", "volumeMounts": [], **box})
    found = examined(fakes)
    judged = found.verdict
    assert judged.check is not None
    assert (judged.outcome, judged.check.id, judged.check.got) == (Outcome.WORKS, "pod.environment", "agent: -")
    assert found.fix is not None
    assert found.fix.id == "added_later"


@pytest.mark.parametrize("asked", [{}, {"StringEquals": {"aws:SourceVpce": "vpce-1"}}])
def test_too_wide_a_statement_beside_the_right_one_is_the_one_that_is_shown(asked: dict[str, Any]) -> None:
    """A condition on the request keeps out no other ServiceAccount whose Pods are in the same network."""
    fakes = healthy()
    statements = fakes.role["AssumeRolePolicyDocument"]["Statement"]
    wide = {"StringLike": {f"{HOST}:sub": "system:serviceaccount:*:*"}}
    statements.append({**statements[0], "Sid": "Legacy", "Condition": {**wide, **asked}})
    check_ = next(it for it in examined(fakes).walk.checks if it.id == "trust.scope")
    assert (check_.status, check_.got, check_.expected) == (WARNING, "system:serviceaccount:*:*", SUB)
    fix_id, ((*_, document),) = words(fakes)
    changed = json.loads(document)["Statement"]
    exact = {"StringEquals": {**asked.get("StringEquals", {}), f"{HOST}:sub": SUB}}
    assert (fix_id, changed[0], changed[1]["Condition"]) == ("narrow", statements[0], exact)
    statements.insert(0, {**statements[0], "Effect": "Deny", "Condition": {"StringNotEquals": {"aws:SourceVpce": "a"}}})
    check_ = next(it for it in examined(fakes).walk.checks if it.id == "trust.scope")
    assert (check_.status, check_.got) == (WARNING, "system:serviceaccount:*:*"), "a Deny lets no one in"


NOT_AUTHORIZED = Refused(
    code="AccessDenied", server_message="Not authorized to perform sts:AssumeRoleWithWebIdentity", status=403
)
OF_REQUEST = [
    {"Effect": "Allow", "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"Effect": "Allow", "StringEquals": {"aws:SourceVpce": "vpce-1"}},
    {"Effect": "Allow", "StringEquals": {"aws:SourceVpce": "vpce-1", "aws:PrincipalOrgID": "o-1"}},
    {"Effect": "Allow", "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"Effect": "Allow", "IpAddressIfExists": {"aws:VpcSourceIp": "10.0.0.0/8"}},
    {"Effect": "Allow", "StringNotLike": {"sts:RoleSessionName": "irsa-explorer*"}},
    {"Effect": "Deny", "StringNotEquals": {"aws:SourceVpce": "vpce-1"}},
    {"Effect": "Deny", "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
]


@pytest.mark.parametrize("key", ["aws:ResourceTag/team", "iam:ResourceTag/team"])
def test_a_request_of_ours_shows_what_the_roles_tags_decide(key: str) -> None:
    fakes = healthy()
    fakes.role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"][key] = "a"
    reading = examine(consented(fakes.ports(), NOTHING), SUBJECT)
    found = reading.verdict
    assert (found.outcome, found.check and found.check.id) == (Outcome.UNKNOWN, "trust.decision")
    assert "exchange" in reading.to_be_sure


@pytest.mark.parametrize("asked", OF_REQUEST)
def test_what_only_the_request_to_sts_has_is_not_judged_by_reading(asked: dict[str, Any]) -> None:
    fakes = healthy()
    statements = fakes.role["AssumeRolePolicyDocument"]["Statement"]
    ((operator, keys),) = [(key, value) for key, value in asked.items() if key != "Effect"]
    if asked["Effect"] == "Deny":
        statements.append({**statements[0], "Effect": "Deny", "Condition": {operator: keys}})
    else:
        statements[0]["Condition"].setdefault(operator, {}).update(keys)
    reading = examine(consented(fakes.ports(), NOTHING), SUBJECT)
    found = reading.verdict
    assert (found.outcome, found.check and found.check.id) == (Outcome.UNKNOWN, "trust.decision")
    assert reading.to_be_sure == (), "a request of ours would not show it"
    assert reading.fix is not None
    assert reading.fix.id == "own_request"
    assert found.check is not None
    assert next(iter(keys)) in found.check.expected

    # What STS says to us is said to another address, under another session's name: it proves nothing of the Pod.
    for refusal in (None, NOT_AUTHORIZED):
        fakes.errors = {"assume_role": refusal} if refusal else {}
        judged = examined(fakes).verdict
        assert judged.check is not None
        assert (judged.outcome, judged.check.id, judged.check.reason) == (
            *(Outcome.UNKNOWN, "sts.credentials", "own_request"),
        )
        assert judged.check.error == (refusal.server_message if refusal else "")
    fix_id, (logs, trail) = words(fakes)
    assert (fix_id, logs[3:5], trail[1:3]) == ("own_request", ["logs", "pod-after"], ["cloudtrail", "lookup-events"])
    assert trail[-2:] == ["--region", "ap-northeast-1"]

    # What STS says to the Pod's own program decides.
    said = "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: "
    fakes.logs[""] = said + NOT_AUTHORIZED.server_message
    fakes.pod["status"]["containerStatuses"] = [ended(1)]
    judged = examined(fakes).verdict
    remaining = ("other_statement", "organization", "other_role")
    assert (judged.outcome, judged.remaining) == (Outcome.BROKEN, remaining)


@pytest.mark.parametrize("key", ["aws:PrincipalOrgID", "aws:SourceAccount"])
def test_a_condition_that_no_caller_can_meet_is_decided_by_our_own_request(key: str) -> None:
    fakes = healthy()
    fakes.role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"][key] = "o-1"
    reading = examine(consented(fakes.ports(), NOTHING), SUBJECT)
    assert next(it for it in reading.walk.checks if it.id == "trust.decision").reason == "of_request"
    assert examined(fakes).verdict.outcome is Outcome.WORKS, "STS has the last word"
    fakes.errors["assume_role"] = NOT_AUTHORIZED
    fix_id, ((*_, last),) = words(fakes)
    assert (fix_id, last) == ("conditions", "Role.AssumeRolePolicyDocument")


def test_a_condition_on_the_request_that_changes_nothing_leaves_nothing_open() -> None:
    fakes = healthy()
    statements = fakes.role["AssumeRolePolicyDocument"]["Statement"]
    statements.append({**statements[0], "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}})
    assert examined(fakes).verdict.outcome is Outcome.WORKS
    statements.append({**statements[0], "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
    assert examined(fakes).verdict.outcome is Outcome.WORKS


def test_a_statement_more_asks_of_the_request_what_the_nearest_one_asks() -> None:
    fakes = healthy()
    condition(fakes, "StringEquals", sub=f"{SUB}-2")
    asked = {"aws:SourceIp": "203.0.113.0/24"}
    fakes.role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["IpAddress"] = asked
    fix_id, ((*_, document),) = words(fakes)
    added = json.loads(document)["Statement"][-1]["Condition"]
    assert (fix_id, added["IpAddress"], added["StringEquals"][f"{HOST}:sub"]) == ("trust", asked, SUB)


@pytest.mark.parametrize("values", [{"sub": "system:serviceaccount:*"}, {"aud": "sts.amazonaws.com"}])
def test_too_wide_a_trust_policy_is_narrowed(values: dict[str, str]) -> None:
    fakes = healthy()
    condition(fakes, "StringLike", **values)
    fix_id, ((*_, document),) = words(fakes)
    assert fix_id == "narrow"
    fakes.role["AssumeRolePolicyDocument"] = json.loads(document)
    assert examined(fakes).verdict.status is PASSED


def test_narrowing_leaves_all_else_as_it_was() -> None:
    """Other conditions of the same statement, and the statements that let in no stranger."""
    bearer = Bearer(issuer=ISSUER, provider_arn=PROVIDER, subject=SUB, audience="sts.amazonaws.com")
    sub, aud = f"{HOST}:sub", f"{HOST}:aud"
    allow = {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
    }
    audience = {"StringEquals": {aud: "sts.amazonaws.com"}}
    wide = {**allow, "Condition": {"StringLike": {sub: "system:serviceaccount:*", aud: "sts.*"}, **audience}}
    kept = [
        {**allow, "Condition": {"StringLike": {sub: SUB}, **audience}},
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        {**allow, "Effect": "Deny", "Condition": {"StringLike": {sub: "*:kube-system:*"}}},
    ]
    exact = {"StringLike": {aud: "sts.*"}, "StringEquals": {aud: "sts.amazonaws.com", sub: SUB}}
    assert narrowed({"Version": "2012-10-17", "Statement": [wide, *kept]}, bearer) == {
        "Version": "2012-10-17",
        "Statement": [{**allow, "Condition": exact}, *kept],
    }
    assert narrowed({"Statement": kept}, bearer) is None


OTHER_CLUSTER = PROVIDER[:-4] + "ABCD"


@pytest.mark.parametrize(
    ("others", "kept"),
    [
        ({"Federated": [PROVIDER, OTHER_CLUSTER]}, {"Federated": [OTHER_CLUSTER]}),
        ({"Federated": PROVIDER, "AWS": "arn:aws:iam::1:root"}, {"AWS": "arn:aws:iam::1:root"}),
        ({"Federated": PROVIDER}, None),
    ],
    ids=["another cluster", "another account", "none"],
)
def test_narrowing_takes_the_role_from_none_that_the_policy_names(others: Any, kept: Any) -> None:
    """A ServiceAccount that a list has beside a pattern, and a principal that never meets a condition on `sub`."""
    bearer = Bearer(issuer=ISSUER, provider_arn=PROVIDER, subject=SUB, audience="sts.amazonaws.com")
    sub, named = f"{HOST}:sub", "system:serviceaccount:prod:billing"
    wide = {
        "Sid": "Wide",
        "Effect": "Allow",
        "Principal": others,
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {sub: ["system:serviceaccount:default:*", named, SUB]}},
    }
    *rest, narrow = narrowed({"Statement": [wide]}, bearer)["Statement"]
    assert rest == ([{**wide, "Principal": kept}] if kept else [])
    assert narrow["Principal"] == {"Federated": PROVIDER}
    assert narrow["Condition"] == {"StringEquals": {sub: [SUB, named]}}
    assert ("Sid" in narrow) is not bool(kept), "no two statements may have the same one"


def test_a_custom_audience_is_taken_back_where_the_trust_policy_does_not_know_it() -> None:
    fakes = healthy()
    fakes.provider["ClientIDList"].append("other")
    annotate(fakes, audience="other")
    fix_id, (command, _) = words(fakes)
    assert (fix_id, command[-1]) == ("default_audience", "eks.amazonaws.com/audience-")
    wrong_key = {"StringEquals": {f"{ISSUER}:aud": "other"}}  # which no audience meets
    fakes.role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] = wrong_key
    fix_id, ((*_, document),) = words(fakes)
    assert (fix_id, json.loads(document)["Statement"][-1]["Condition"]["StringEquals"][f"{HOST}:aud"]) == (
        *("trust", "other"),
    )


def test_a_role_that_is_missing_is_created_for_this_service_account() -> None:
    fakes = healthy()
    fakes.errors["role"] = NotFound(code="NoSuchEntity", server_message="no", status=404)
    fix_id, ((*command, document),) = words(fakes)
    assert (fix_id, command[:5]) == ("create_role", ["aws", "iam", "create-role", "--role-name", "s3-reader"])
    bearer = Bearer(issuer=ISSUER, provider_arn=PROVIDER, subject=SUB, audience="sts.amazonaws.com")
    assert bearer.is_let_in(json.loads(document))
    assert not bearer.may_be_let_in(json.loads(document), f"{SUB}-2")


PODS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "applied": (
        {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}},
        ["kubectl", "-n", "default", "apply", "view-last-applied", "pod/pod-after", "|", "kubectl"],
    ),
    "created": ({}, ["kubectl", "-n", "default", "get", "pod/pod-after", "-o", "yaml", "|", "kubectl"]),
    "of a StatefulSet": (
        {
            "ownerReferences": [
                {"kind": "Tenant", "name": "other"},
                {"kind": "StatefulSet", "name": "db", "controller": True},
            ]
        },
        ["kubectl", "-n", "default", "rollout", "restart", "statefulset/db"],
    ),
    "of a bare ReplicaSet": (
        {"ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": True}]},
        ["kubectl", "-n", "default", "delete", "pod", "pod-after"],
    ),
    "of a Job": (
        {"ownerReferences": [{"kind": "Job", "name": "nightly", "controller": True}]},
        ["kubectl", "-n", "default", "delete", "pod", "pod-after"],
    ),
    "of a DaemonSet": (
        {"ownerReferences": [{"kind": "DaemonSet", "name": "agent", "controller": True}]},
        ["kubectl", "-n", "default", "rollout", "restart", "daemonset/agent"],
    ),
}


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_recreated_by_its_owner(name: str) -> None:
    metadata, wanted = PODS[name]
    fakes = healthy()
    bare(fakes)
    fakes.pod["metadata"] = {"name": "pod-after", "namespace": "default", "uid": "5e0bd49b", "labels": {}, **metadata}
    _, (command,) = words(fakes)
    assert command[: len(wanted)] == wanted


def test_what_argo_rolls_out_is_changed_in_its_rollout() -> None:
    """`kubectl rollout` and `kubectl set` do not know it, and its ReplicaSet is not the place."""
    fakes = healthy()
    owned(fakes, "ReplicaSet", "web-6f4dfff6cb")
    fakes.pod["metadata"]["labels"]["rollouts-pod-template-hash"] = "6f4dfff6cb"
    bare(fakes)
    assert words(fakes)[1] == [["kubectl", "-n", "default", "delete", "pod", "pod-after"]]
    fakes.pod["spec"] = fakes.mutated(bare_pod())["spec"]
    drop_variable(fakes, "AWS_DEFAULT_REGION")
    assert words(fakes) == ("region", [["kubectl", "-n", "default", "get", "rollout/web", "-o", "yaml"]])


def owned(fakes: Fakes, kind: str, name: str) -> None:
    fakes.pod["metadata"]["ownerReferences"] = [{"kind": kind, "name": name, "controller": True}]
    fakes.pod["metadata"]["labels"].pop("pod-template-hash")


def test_what_is_updated_on_delete_makes_no_new_pod_before_the_old_one_is_deleted() -> None:
    """`kubectl rollout restart` says that it has restarted such a StatefulSet, and nothing happens."""
    fakes = healthy()
    owned(fakes, "StatefulSet", "vault")
    fakes.workload = {"spec": {"updateStrategy": {"type": "OnDelete"}}}
    bare(fakes)
    assert words(fakes) == ("recreate", [["kubectl", "-n", "default", "delete", "pod", "pod-after"]])
    fakes.pod["spec"] = fakes.mutated(bare_pod())["spec"]
    drop_variable(fakes, "AWS_DEFAULT_REGION")
    _, (edit, again) = words(fakes)
    assert (edit[3:6], again[3:]) == (["set", "env", "statefulset/vault"], ["delete", "pod", "pod-after"])
    fakes.errors["workload"] = NotPermitted(code="Forbidden", server_message="no", status=403)
    assert len(words(fakes)[1]) == 1


@pytest.mark.parametrize(("start", "kept", "kept_back"), [(0, 0, False), (0, 2, False), (0, 3, True), (1, 2, True)])
def test_a_partition_keeps_pods_of_a_lower_number_back(start: int, kept: int, kept_back: bool) -> None:
    """Deleted, such a Pod comes back with the template of before: the webhook edits it, and no change is in it."""
    fakes = healthy()
    owned(fakes, "StatefulSet", "vault")
    fakes.pod["metadata"]["name"] = "vault-2"
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": kept}}
    fakes.workload = {"spec": {"ordinals": {"start": start}, "updateStrategy": strategy}}
    subject = dataclasses.replace(SUBJECT, pod="vault-2")
    bare(fakes)
    fix = examined(fakes, subject).fix
    assert fix is not None
    again = "delete pod vault-2" if kept_back else "rollout restart statefulset/vault"
    assert fix.commands == (f"kubectl -n default {again}",)
    fakes.pod["spec"] = fakes.mutated(bare_pod())["spec"]
    drop_variable(fakes, "AWS_DEFAULT_REGION")
    fix = examined(fakes, subject).fix
    assert fix is not None
    assert (len(fix.commands), fix.then) == ((2, "partition") if kept_back else (1, ""))


def test_a_paused_rollout_is_resumed_before_it_is_restarted_and_after_it_is_changed() -> None:
    """`kubectl set env` changes such a Deployment, and nothing happens; `kubectl rollout restart` is refused."""
    fakes, resume = healthy(), ["kubectl", "-n", "default", "rollout", "resume", "deployment/web"]
    fakes.workload["spec"]["paused"] = True
    bare(fakes)
    assert words(fakes) == ("recreate", [resume, RESTART])
    assert (found := examined(fakes)).fix is not None
    assert (found.fix.recreates, found.fix.then) == (True, "paused")
    fakes.pod["spec"] = fakes.mutated(bare_pod())["spec"]
    drop_variable(fakes, "AWS_DEFAULT_REGION")
    _, (edit, again) = words(fakes)
    assert (edit[3:6], again) == (["set", "env", "deployment/web"], resume)
    condition(fakes, "StringEquals", sub="another")
    assert (found := examined(fakes)).fix is not None
    assert (found.fix.id, found.fix.then) == ("trust", ""), "a change in AWS resumes no rollout"
    fakes.role["AssumeRolePolicyDocument"] = trust_policy()
    del fakes.workload["spec"]["paused"]
    assert len(words(fakes)[1]) == 1


MANAGERS = (
    {"labels": {"app.kubernetes.io/managed-by": "Helm"}},
    {"annotations": {"argocd.argoproj.io/tracking-id": "shop:/ServiceAccount:default/my-sa"}},
    {"labels": {"kustomize.toolkit.fluxcd.io/name": "shop"}},
    {"managedFields": [{"manager": "HashiCorp", "operation": "Update"}]},
    {"managedFields": [{"manager": "eks", "operation": "Apply"}]},
    {"ownerReferences": [{"kind": "Grafana", "name": "main", "controller": True}]},
)


@pytest.mark.parametrize("metadata", MANAGERS)
def test_what_a_tool_writes_is_to_be_changed_where_the_tool_reads_it(metadata: Any) -> None:
    fakes = healthy()
    annotate(fakes, role_arn=f'"{ROLE}"')
    assert (fix := examined(fakes).fix) is not None
    assert fix.then == ""
    for key, value in metadata.items():
        had = fakes.service_account["metadata"].get(key)
        fakes.service_account["metadata"][key] = {**had, **value} if isinstance(had, dict) else value
    assert (fix := examined(fakes).fix) is not None
    assert (fix.then, fix.commands[0].split()[3]) == ("managed", "annotate")
    # Of a workload its own labels say so, and its Pods need not have them.
    fakes = healthy()
    drop_variable(fakes, "AWS_DEFAULT_REGION")
    fakes.workload["metadata"] |= metadata
    assert (fix := examined(fakes).fix) is not None
    assert (fix.id, fix.then) == ("region", "managed")


def test_of_a_healthy_pod_the_workload_is_not_read() -> None:
    fakes = healthy()
    fakes.errors["workload"] = NotPermitted(code="Forbidden", server_message="no", status=403)
    ports = fakes.ports()
    assert examine(ports, SUBJECT).verdict.outcome is Outcome.WORKS
    assert "workload" not in [it.url for it in ports.cluster.exchanges()]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("nightly", "kubectl -n default get job/nightly -o yaml | kubectl patch --local -f - -p"),
        ("nightly-29925286", "kubectl -n default create job --from=cronjob/nightly nightly-$(date +%s)"),
    ],
)
def test_a_job_that_has_failed_is_made_again(name: str, wanted: str) -> None:
    """To delete its Pod makes no other one: the Job has given up."""
    fakes = healthy()
    owned(fakes, "Job", name)
    fakes.pod["metadata"]["creationTimestamp"] = "2026-11-24T10:46:00Z"
    fakes.pod["status"]["phase"] = "Failed"
    bare(fakes)
    fix = examined(fakes).fix
    assert fix is not None
    assert fix.commands[-1].startswith(wanted)
    assert fix.then == ""


@pytest.mark.parametrize(
    ("name", "workload", "wanted"),
    [
        ("nightly", {"spec": {"backoffLimit": 6}, "status": {"failed": 5}}, "kubectl -n default delete pod pod-after"),
        ("nightly", {"spec": {"backoffLimit": 6}, "status": {"failed": 6}}, "kubectl -n default get job/nightly "),
        ("nightly", {"spec": {"backoffLimit": 0}}, "kubectl -n default get job/nightly "),
        (
            "nightly-29925286",
            {"spec": {"jobTemplate": {"spec": {"backoffLimit": 0}}}},
            "kubectl -n default create job --from=cronjob/nightly nightly-$(date +%s)",
        ),
    ],
)
def test_a_pod_that_its_job_would_not_replace_is_not_deleted(name: str, workload: JsonObject, wanted: str) -> None:
    """A deleted Pod counts as failed."""
    fakes = healthy()
    owned(fakes, "Job", name)
    fakes.pod["metadata"]["creationTimestamp"] = "2026-11-24T10:46:00Z"
    fakes.workload = workload
    bare(fakes)
    fix = examined(fakes).fix
    assert fix is not None
    assert fix.commands[-1].startswith(wanted)
    assert fix.then == ("" if "delete" in wanted else "no_retry")


@pytest.mark.parametrize(
    ("kind", "version", "phase", "policy", "deleted"),
    [
        ("Workflow", "argoproj.io/v1alpha1", "Failed", "Never", False),
        ("Job", "batch.volcano.sh/v1alpha1", "Failed", "OnFailure", False),
        ("Workflow", "argoproj.io/v1alpha1", "Running", "Never", True),
        ("StatefulSet", "apps.kruise.io/v1beta1", "Running", "Always", True),
        ("Cluster", "postgresql.cnpg.io/v1", "Failed", "Always", True),
        ("ReplicaSet", "apps/v1", "Failed", "Always", True),
    ],
)
def test_a_pod_that_has_ended_is_deleted_only_where_another_one_comes(
    kind: str, version: str, phase: str, policy: str, *, deleted: bool
) -> None:
    """A step of a workflow does not run again: only its log would be gone. One that was evicted is replaced. Kinds of
    other groups are none of kubectl's own, which it would roll out."""
    fakes = healthy()
    owned(fakes, kind, "etl")
    fakes.pod["metadata"]["ownerReferences"][0]["apiVersion"] = version
    fakes.pod["status"]["phase"] = phase
    bare(fakes)
    fakes.pod["spec"]["restartPolicy"] = policy
    fix = examined(fakes).fix
    assert fix is not None
    commands, then = (("kubectl -n default delete pod pod-after",), "") if deleted else ((), "left_to_owner")
    assert (fix.id, fix.commands, fix.then, fix.recreates) == ("recreate", commands, then, deleted)


def test_a_kind_of_another_group_is_shown_under_its_full_name() -> None:
    fakes = healthy()
    owned(fakes, "Cluster", "db")
    fakes.pod["metadata"]["ownerReferences"][0]["apiVersion"] = "postgresql.cnpg.io/v1"
    container(fakes)["volumeMounts"].append({"name": "c", "mountPath": "/root/.aws"})
    assert words(fakes)[1] == [["kubectl", "-n", "default", "get", "cluster.postgresql.cnpg.io/db", "-o", "yaml"]]


BY_HAND: dict[str, tuple[Callable[[Fakes], Any], str, str]] = {
    # of a Pod that nobody owns: (what is wrong with it, the fix, the filter between its manifest and the new Pod)
    "skip label": (
        lambda f: f.pod["metadata"].update(labels={"eks.amazonaws.com/skip-pod-identity-webhook": "true"}),
        "remove_label",
        "kubectl patch --local -f - -p"
        ' {"metadata": {"labels": {"eks.amazonaws.com/skip-pod-identity-webhook": null}}} -o yaml',
    ),
    "other service account": (
        lambda f: f.pod["spec"].update(serviceAccountName="default"),
        "set_service_account",
        "kubectl set serviceaccount --local -f - my-sa -o yaml",
    ),
    "handwritten": (
        lambda f: f.pod.update(spec=f.mutated(handwritten())["spec"]),
        "handwritten",
        "kubectl set env --local -f - AWS_ROLE_ARN- AWS_WEB_IDENTITY_TOKEN_FILE- -o yaml",
    ),
    "region": (
        lambda f: drop_variable(f, "AWS_DEFAULT_REGION"),
        "region",
        "kubectl set env --local -f - -c aws-cli AWS_DEFAULT_REGION=ap-northeast-1 -o yaml",
    ),
    "audience": (
        lambda f: (f.provider["ClientIDList"].append("other"), annotate(f, audience="other"), mount(f, "other")),
        "default_audience",
        'kubectl patch --local -f - -p {"spec": {"volumes": [{"name": "aws-iam-token", "$patch": "delete"}]}} -o yaml',
    ),
}


def mount(fakes: Fakes, audience: str) -> None:
    """The Pod's volume asks for a token for this audience."""
    (volume,) = [item for item in fakes.pod["spec"]["volumes"] if item["name"] == "aws-iam-token"]
    volume["projected"]["sources"][0]["serviceAccountToken"]["audience"] = audience


@pytest.mark.parametrize("name", BY_HAND)
def test_the_manifest_of_a_pod_without_an_owner_is_changed_on_its_way_back(name: str) -> None:
    spoil, fix_id, wanted = BY_HAND[name]
    fakes = healthy()
    fakes.pod["metadata"].pop("ownerReferences")
    spoil(fakes)
    found_id, commands = words(fakes)
    assert found_id == fix_id
    first, *filters, last = " ".join(commands[-1]).split(" | ")
    assert first == "kubectl -n default get pod/pod-after -o yaml"
    assert wanted in filters
    assert len(filters) == len(set(filters))
    assert last == "kubectl -n default replace --force -f -"


def test_a_pod_that_was_debugged_is_recreated_without_its_ephemeral_containers() -> None:
    """No new Pod may have any, and the command has deleted the old one by then."""
    fakes = healthy()
    fakes.pod["metadata"].pop("ownerReferences")
    fakes.pod["spec"]["ephemeralContainers"] = [{"name": "debugger", "image": "busybox"}]
    fakes.service_account["metadata"]["annotations"].clear()
    _, commands = words(fakes)
    _, first, *_ = " ".join(commands[-1]).split(" | ")
    assert first == 'kubectl patch --local -f - -p {"spec": {"ephemeralContainers": null}} -o yaml'
    found = examined(fakes).fix
    assert found is not None
    assert found.change is not None
    assert "ephemeralContainers" not in json.dumps(found.change.pod)


def test_the_dry_run_of_a_pod_that_was_looked_into_leaves_out_what_looked() -> None:
    fakes = healthy()
    fakes.pod["spec"]["ephemeralContainers"] = [{"name": "debugger", "image": "busybox"}]
    fakes.errors["dry_run_pod"] = Refused(code="Forbidden", server_message="violates PodSecurity", status=403)
    fix_id, (command,) = words(fakes)
    assert fix_id == "refused_pod"
    assert json.loads(command[command.index("-p") + 1])["spec"] == {"nodeName": None, "ephemeralContainers": None}


def test_a_token_that_kubelet_did_not_renew_is_no_matter_of_the_pod() -> None:
    fakes = healthy()
    fakes.files["cat /var/run/secrets/eks.amazonaws.com/serviceaccount/token"] = Execution(
        stdout=token(exp=int(fakes.now) - 1), stderr="", exit_code=0
    )
    fix_id, ((*command,),) = words(fakes)
    assert (fix_id, command[-5:]) == ("kubelet", ["journalctl", "-u", "kubelet", "--since", "-1h"])
    fakes.pod["metadata"]["labels"]["eks.amazonaws.com/fargate-profile"] = "default"
    assert words(fakes) == ("fargate", [RESTART])


@pytest.mark.parametrize(
    ("account", "error", "fix", "command"),
    [
        ("444455556666", NotFound(code="NoSuchEntity", server_message="no"), "_there", "python -m app doctor "),
        (ACCOUNT, NotPermitted(code="AccessDenied", server_message="no"), "_permitted", "aws iam get-role "),
        (ACCOUNT, Unreachable(code="timed_out", server_message="no"), "", "aws iam get-role "),
    ],
)
def test_a_role_that_we_cannot_read_is_looked_for_with_other_credentials(
    account: str, error: FlowError, fix: str, command: str
) -> None:
    """If the role is there, a command that only shows it would be printed again and again."""
    fakes = healthy()
    annotated(fakes, f"arn:aws:iam::{account}:role/s3-reader")
    said = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    fakes.errors |= {"role": error, "assume_role": Refused(code="AccessDenied", server_message=said, status=403)}
    found = examined(fakes).fix
    assert found is not None
    assert (found.id, found.commands[0].startswith(command)) == (f"look_for_role{fix}", True)
    assert found.commands[0].endswith(" --profile PROFILE") is (fix == "_there")


def test_a_provider_that_we_may_not_read_is_looked_for_before_it_is_created() -> None:
    fakes = healthy()
    said = "The web identity token provided could not be validated."
    fakes.errors["oidc_providers"] = NotPermitted(code="AccessDenied", server_message="no")
    fakes.errors["assume_role"] = Refused(code="InvalidIdentityToken", server_message=said, status=400)
    found = examined(fakes).fix
    assert found is not None
    assert [command.split()[2].partition("-")[0] for command in found.commands] == ["list", "create"]


@pytest.mark.parametrize("audience", ["sts.amazonaws.com", "my-app"])
def test_of_another_account_the_provider_is_created_there(audience: str) -> None:
    """Ours is there, and none of its business, nor are the audiences that it accepts."""
    fakes = healthy()
    annotated(fakes, "arn:aws:iam::444455556666:role/s3-reader")
    fakes.service_account["metadata"]["annotations"][AUDIENCE] = audience
    fakes.errors["assume_role"] = Refused(
        code="InvalidIdentityToken",
        server_message="The web identity token provided could not be validated.",
        status=400,
    )
    fakes.errors["role"] = NotFound(code="NoSuchEntity", server_message="no", status=404)
    found = examined(fakes).fix
    assert found is not None
    assert found.change is not None
    assert (found.id, found.commands[0].endswith(" --profile PROFILE")) == ("create_provider_there", True)
    assert found.change.object == f"OpenIDConnectProvider arn:aws:iam::444455556666:oidc-provider/{HOST}"
    assert (found.change.before, found.change.after) == (
        None,
        {"Url": HOST, "ClientIDList": [audience]},
    )


def test_a_pod_that_would_keep_its_old_variables_is_recreated_without_them() -> None:
    fakes = healthy()
    fakes.pod["metadata"].pop("ownerReferences")
    container(fakes)["env"][-2].update(value=f"{ROLE}-old")
    _, (command,) = words(fakes)
    assert " ".join(command) == (
        "kubectl -n default get pod/pod-after -o yaml"
        " | kubectl set env --local -f - AWS_ROLE_ARN- AWS_WEB_IDENTITY_TOKEN_FILE- -o yaml"
        " | kubectl -n default replace --force -f -"
    )


@given(name=st.text(min_size=1), namespace=st.text(min_size=1))
def test_whatever_the_names_are_a_command_stays_one_command(name: str, namespace: str) -> None:
    fakes = healthy()
    fakes.service_account["metadata"].update(name=name, annotations={})
    fakes.errors["roles"] = NotPermitted(code="AccessDenied", server_message="no", status=403)
    found = examine(fakes.ports(), Subject(namespace=namespace, service_account=name, pod=""))
    assert found.fix is not None
    look, command = map(shlex.split, found.fix.commands)
    assert command == ["kubectl", "-n", namespace, "annotate", "serviceaccount", name, f"{ANNOTATION}=ROLE_ARN"]
    jmespath.compile(look[look.index("--query") + 1])


@pytest.mark.parametrize("annotations", [{}, {ANNOTATION: "arn:aws:iam::policy/s3-reader"}])
def test_the_fix_looks_for_a_role_that_trusts_the_service_account(annotations: dict[str, str]) -> None:
    fakes = healthy()
    fakes.service_account["metadata"]["annotations"] = annotations
    fakes.pod = bare_pod()
    fakes.errors["roles"] = NotPermitted(code="AccessDenied", server_message="no", status=403)
    found = examined(fakes)
    assert found.fix is not None
    assert found.fix.id == "find_role"
    look = shlex.split(found.fix.commands[0])
    assert look[:3] == ["aws", "iam", "list-roles"]
    assert "=ROLE_ARN" in found.fix.commands[1]
    policies = {
        "meant": trust_policy(),
        "among-others": trust_policy(StringLike={f"{HOST}:sub": ["system:serviceaccount:a:b", SUB]}),
        "longer-name": trust_policy(StringEquals={f"{HOST}:sub": f"{SUB}-2"}),
        "pattern": trust_policy(StringLike={f"{HOST}:sub": "system:serviceaccount:default:*"}),
        "other-cluster": json.loads(json.dumps(trust_policy()).replace(HOST, f"{HOST}0/id/OTHER")),
        "node": {"Statement": [{"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
    }
    roles = [{"Arn": f"arn:{name}", "AssumeRolePolicyDocument": policy} for name, policy in policies.items()]
    answer = jmespath.search(look[look.index("--query") + 1], {"Roles": roles})
    assert answer == ["arn:meant", "arn:among-others"]


def test_every_check_that_can_fail_has_a_fix() -> None:
    found = examined(healthy())
    ids = {check.id for _, checks in found.steps() for check in checks}
    never_fails = {"token.api_server"}  # IRSA does without that token
    assert set(_FIXES) == ids - never_fails


def test_no_secret_is_in_a_diagnosis() -> None:
    fakes = healthy()
    add_variable(fakes, "AWS_SECRET_ACCESS_KEY")
    found = repr((examined(fakes), examined(fakes).fix, examined(fakes).verdict))
    signature = fakes.token.rpartition(".")[2]
    assert [secret for secret in (*SECRETS, signature) if secret in found] == []


@pytest.mark.parametrize("kind", [NotFound, NotPermitted, Refused, ServerFailed, Unreachable])
@given(
    methods=st.sets(st.sampled_from(["pod", "service_account", "execute", "role", "cluster_discovery", "assume_role"]))
)
def test_no_error_can_break_the_doctor(kind: type[FlowError], methods: set[str]) -> None:
    fakes = healthy()
    fakes.errors = {method: kind(code="Code", server_message="words") for method in methods}
    found = examined(fakes)
    assert found.verdict is not None
    for command in found.fix.commands if found.fix else ():
        assert shlex.split(command)
        assert not re.search(r"\n", command)


BUSY = ServerFailed(code="Throttling", server_message="Rate exceeded", status=400)
QUESTIONS = (*METHODS, "pod_events", "pod_log", "assumptions")


@pytest.mark.parametrize("methods", [*([method] for method in QUESTIONS), QUESTIONS], ids=[*QUESTIONS, "all of them"])
def test_of_a_server_that_fails_nothing_follows(methods: Sequence[str]) -> None:
    fakes = healthy()
    fakes.pod["status"]["containerStatuses"] = [{"name": "aws-cli", "state": {"running": {}}}]
    fakes.errors = dict.fromkeys(methods, BUSY)
    found = examined(fakes)
    checks = [check for _, checks in found.steps() for check in checks]
    assert [check.id for check in checks if check.status is FAILED] == []
    assert found.verdict.outcome is not Outcome.BROKEN
    failed = [check for check in checks if check.reason == "server_failed"]
    assert {check.status for check in failed} <= {UNKNOWN}
    assert {check.error for check in failed} <= {BUSY.server_message, ""}
    assert failed or methods in (["request_token"], ["pod_events"])  # which a healthy Pod is not asked for


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=examples(100))
@given(document=_JSON)
def test_no_document_can_break_the_doctor(document: Any) -> None:
    for part in ("pod", "service_account", "role"):
        fakes = healthy()
        setattr(fakes, part, document)
        examined(fakes)
    fakes = healthy()
    fakes.pod["metadata"]["ownerReferences"] = document
    fakes.pod["spec"]["containers"] = document
    fakes.service_account["metadata"]["managedFields"] = document
    fakes.role["AssumeRolePolicyDocument"] = document
    assert examined(fakes).fix is not None
