"""What a fix shows of a Pod is what comes of its commands; what AWS documents for EKS is what the API server takes."""

from __future__ import annotations

import base64
import dataclasses
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.flow.doctor import Diagnosis, changes, examine
from app.flow.json_access import masked
from app.flow.model import JsonValue, Subject
from app.flow.port_wrappers.consent import ALL, NOTHING, Action, consented
from app.report import unified_diff
from tests.by_turns import by_turns
from tests.live.eks import SUBJECT, Eks
from tests.live.test_walk_live import WithKubelet
from tests.waiting import eventually

POD = Subject(namespace="default", service_account="my-sa", pod="bare")
REGISTRATION = "apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/pod-identity-webhook"
ROLE = {"name": "AWS_ROLE_ARN", "value": "arn:aws:iam::111122223333:role/by-hand"}
SKIP_LABEL = "eks.amazonaws.com/skip-pod-identity-webhook"


def examined(here: Eks, actions: frozenset[Action], subject: Subject = SUBJECT) -> Diagnosis:
    return examine(consented(here.ports(), actions), subject)


def pasted(here: Eks, home: Path, command: str, given: str = "") -> str:
    """What it prints in the reader's shell; what is in `home` comes first on the PATH."""
    path = f"{home}:{os.environ['KUBEBUILDER_ASSETS']}:{os.environ['PATH']}"
    environment = {**here.environment(), "PATH": path, "HOME": str(home)}
    done = subprocess.run(
        ["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=60, input=given
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def manifest(annotations: dict[str, str] | None = None, labels: dict[str, str] | None = None, **box: Any) -> JsonValue:
    container = {"name": "app", "image": "amazon/aws-cli:latest", "args": ["s3", "ls"], **box}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": POD.pod, "labels": {"app": "demo", **(labels or {})}, "annotations": annotations or {}},
        "spec": {"serviceAccountName": POD.service_account, "containers": [container]},
    }


FIXED: dict[str, tuple[JsonValue, frozenset[Action]]] = {
    # by the fix: (the manifest that needs it, what the doctor may do)
    "handwritten": (manifest(env=[{"name": "A", "value": "1"}, ROLE, {"name": "B", "value": "2"}]), NOTHING),
    "unskip": (manifest(annotations={"eks.amazonaws.com/skip-containers": "app"}), NOTHING),
    "remove_label": (manifest(labels={SKIP_LABEL: "true"}), NOTHING),
    "recreate": (manifest(env=[{"name": "A", "value": "1"}]), frozenset({Action.DRY_RUN})),
}


@contextmanager
def unannotated(here: Eks) -> Iterator[None]:
    """Within, the ServiceAccount names no role."""
    path = f"api/v1/namespaces/default/serviceaccounts/{POD.service_account}"
    annotations = here.request("GET", path)["metadata"]["annotations"]
    here.patch(path, {"op": "remove", "path": "/metadata/annotations"})
    try:
        yield
    finally:
        here.patch(path, {"op": "add", "path": "/metadata/annotations", "value": annotations})


@pytest.fixture
def clean(here: Eks) -> Iterator[Eks]:
    try:
        yield here
    finally:
        here.http.delete(f"/api/v1/namespaces/default/pods/{POD.pod}?gracePeriodSeconds=0")


@pytest.mark.parametrize(("fix", "verb"), by_turns(list(FIXED), ["create", "apply"]))
def test_what_is_shown_of_a_bare_pod_is_what_comes_of_the_commands(
    clean: Eks, tmp_path: Path, fix: str, verb: str
) -> None:
    document, actions = FIXED[fix]
    with unannotated(clean) if fix == "recreate" else nullcontext():
        pasted(clean, tmp_path, f"kubectl {verb} -f -", yaml.safe_dump(document))
    found = examined(clean, actions, POD)
    assert found.fix is not None
    assert found.fix.change is not None
    assert found.fix.id == fix
    for command in found.fix.commands:
        pasted(clean, tmp_path, command)
    stored = masked(changes._relevant(clean.ports().cluster.pod("default", POD.pod)))
    shown = dataclasses.replace(found.fix.change, before=same_names(found.fix.change.after), after=same_names(stored))
    assert "\n".join(unified_diff.lines(shown)) == ""


def test_the_dry_run_that_is_proposed_shows_what_the_webhook_would_add(clean: Eks, tmp_path: Path) -> None:
    pasted(clean, tmp_path, "kubectl create -f -", yaml.safe_dump(manifest(labels={SKIP_LABEL: "true"})))
    pasted(clean, tmp_path, f"kubectl label pod {POD.pod} {SKIP_LABEL}-")
    found = examined(clean, NOTHING, POD)
    assert found.fix is not None
    assert found.fix.id == "ask_webhook"
    dry_run, recreate = found.fix.commands
    assert "aws-iam-token" in pasted(clean, tmp_path, dry_run).split()
    assert "aws-iam-token" not in str(clean.ports().cluster.pod("default", POD.pod)["spec"])
    pasted(clean, tmp_path, recreate)
    assert "aws-iam-token" in str(clean.ports().cluster.pod("default", POD.pod)["spec"])


def test_an_empty_token_file_is_no_missing_one(here: Eks) -> None:
    ports = here.ports()
    found = examine(dataclasses.replace(ports, cluster=WithKubelet(ports.cluster, "")), SUBJECT)
    assert found.verdict.check is not None
    assert found.fix is not None
    assert (found.verdict.check.id, found.fix.id) == ("token.contents", "empty_token")


def same_names(pod: Any) -> Any:
    """The API server names its own volume by chance; what `kubectl apply` keeps for itself is no part of the Pod."""
    pod["metadata"].get("annotations", {}).pop("kubectl.kubernetes.io/last-applied-configuration", None)
    if not pod["metadata"].get("annotations"):
        pod["metadata"].pop("annotations", None)
    for item in (*pod["spec"]["volumes"], *(m for box in pod["spec"]["containers"] for m in box["volumeMounts"])):
        if item["name"].startswith("kube-api-access-"):
            item["name"] = "kube-api-access"
    return pod


@pytest.fixture
def registered(here: Eks) -> Iterator[Eks]:
    """The registration, put back after a test that changed it."""
    try:
        yield here
    finally:
        here.http.delete(f"/{REGISTRATION}")
        here.register_webhook()


def aws_that_knows_the_cluster(home: Path, certificate: bytes) -> None:
    """The simulated AWS has no EKS: this `aws` answers `eks describe-cluster` with a CA."""
    (home / "aws").write_text(f"#!/bin/sh\nprintf %s {base64.b64encode(certificate).decode()}\n")
    (home / "aws").chmod(0o755)


def test_the_registration_that_aws_documents_is_taken(registered: Eks, tmp_path: Path) -> None:
    registered.request("DELETE", REGISTRATION)
    found = examined(registered, NOTHING)
    assert found.fix is not None
    assert found.fix.id == "register_webhook"
    aws_that_knows_the_cluster(tmp_path, registered.control_plane.ca_pem)
    for command in found.fix.commands[:2]:
        pasted(registered, tmp_path, command)
    (webhook,) = registered.request("GET", REGISTRATION)["webhooks"]
    assert webhook["clientConfig"] == {
        "url": "https://127.0.0.1:23443/mutate",
        "caBundle": base64.b64encode(registered.control_plane.ca_pem).decode(),
    }
    passed = examined(registered, NOTHING).walk.checks
    assert {"webhook.registered", "webhook.selector"} <= {it.id for it in passed if it.status == "passed"}


def test_with_the_right_ca_the_api_server_calls_the_webhook_again(registered: Eks, tmp_path: Path) -> None:
    own = registered.control_plane.ca_pem
    path = "/webhooks/0"
    registered.patch(
        REGISTRATION,
        {"op": "replace", "path": f"{path}/clientConfig/caBundle", "value": base64.b64encode(own).decode()},
        {"op": "replace", "path": f"{path}/failurePolicy", "value": "Fail"},
    )
    dry = frozenset({Action.DRY_RUN})
    eventually(lambda: "x509" in str(examined(registered, dry).verdict.check))
    found = examined(registered, ALL)
    assert found.verdict.check is not None
    assert found.fix is not None
    assert (found.verdict.check.id, found.fix.id) == ("webhook.reachable", "ca_on_eks")
    aws_that_knows_the_cluster(tmp_path, registered.world.root_ca_pem)
    pasted(registered, tmp_path, found.fix.commands[0])
    eventually(registered.webhook_is_called)
