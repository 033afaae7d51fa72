"""A ServiceAccount without a Pod: the commands that give it one, on a real API server, for each kind of workload."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.flow.doctor import Diagnosis, examine
from app.flow.model import Subject
from app.flow.port_wrappers.consent import NOTHING, consented
from app.world.setup import roles
from tests.live.eks import Eks

UNUSED = Subject(namespace="default", service_account="unused")
LABELS = {"app": "unused"}
SPEC = {"restartPolicy": "Always", "containers": [{"name": "app", "image": "amazon/aws-cli:latest"}]}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": SPEC}
SELECTED = {"selector": {"matchLabels": LABELS}, "template": TEMPLATE}
ENDING = {"template": {**TEMPLATE, "spec": {**SPEC, "restartPolicy": "Never"}}}
WORKLOADS: dict[str, tuple[str, Any, str, str]] = {
    # by kind: (its path, its spec, the owner of its Pod, where its template is)
    "Deployment": ("apis/apps/v1/namespaces/default/deployments", SELECTED, "ReplicaSet web-7c9d8bf5d4", "template"),
    "StatefulSet": (
        "apis/apps/v1/namespaces/default/statefulsets",
        {**SELECTED, "serviceName": "web"},
        "StatefulSet web",
        "template",
    ),
    "DaemonSet": ("apis/apps/v1/namespaces/default/daemonsets", SELECTED, "DaemonSet web", "template"),
    "CronJob": (
        "apis/batch/v1beta1/namespaces/default/cronjobs",
        {"schedule": "0 0 * * *", "jobTemplate": {"spec": ENDING}},
        "Job web-{minutes}",
        "jobTemplate.spec.template",
    ),
    "Job": ("apis/batch/v1/namespaces/default/jobs", ENDING, "Job web", "template"),
}


@pytest.fixture
def unused(here: Eks) -> Iterator[Eks]:
    """The cluster with an annotated ServiceAccount that its role lets in, and that no Pod uses."""
    roles.create_role(here.world, "unused", roles.trust_policy(here.world, "default", "unused"))
    arn = f"arn:aws:iam::{here.world.account_id}:role/unused"
    metadata = {"name": "unused", "annotations": {"eks.amazonaws.com/role-arn": arn}}
    here.post("api/v1/namespaces/default/serviceaccounts", metadata=metadata)
    yield here
    here.request("DELETE", "api/v1/namespaces/default/serviceaccounts/unused")
    del here.world.account.roles["unused"]


def examined(here: Eks) -> Diagnosis:
    return examine(consented(here.ports(), NOTHING), UNUSED)


def paste(here: Eks, home: Path, command: str) -> None:
    environment = {**here.environment(), "PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command}\n{done.stderr}"


@pytest.mark.parametrize(
    "kind", [pytest.param(it, marks=() if it in ("Deployment", "CronJob") else pytest.mark.large) for it in WORKLOADS]
)
def test_the_command_sets_the_service_account_of_the_workload(unused: Eks, tmp_path: Path, kind: str) -> None:
    path, spec, owner, where = WORKLOADS[kind]
    unused.post(path, metadata={"name": "web"}, spec=spec)
    now = unused.post("api/v1/namespaces/default/pods?dryRun=All", metadata={"name": "now"}, spec=SPEC)
    owner_kind, owner_name = owner.format(minutes=minutes_of(now["metadata"]["creationTimestamp"])).split()
    reference = {"apiVersion": "apps/v1", "kind": owner_kind, "name": owner_name, "uid": "1", "controller": True}
    labels = {"pod-template-hash": "7c9d8bf5d4"}
    metadata = {"name": "web-7c9d8bf5d4-bbbbb", "labels": labels, "ownerReferences": [reference]}
    unused.post("api/v1/namespaces/default/pods", metadata=metadata, spec=SPEC)
    try:
        fix = examined(unused).siblings_fix
        assert fix is not None
        (command,) = [command for command in fix.commands if "/web" in command]
        paste(unused, tmp_path, command)
        found = unused.request("GET", f"{path}/web")["spec"]
    finally:
        unused.request("DELETE", f"{path}/web?propagationPolicy=Background")
        unused.request("DELETE", "api/v1/namespaces/default/pods/web-7c9d8bf5d4-bbbbb?gracePeriodSeconds=0")
    for key in where.split("."):
        found = found[key]
    assert found["spec"]["serviceAccountName"] == "unused"


def minutes_of(time: str) -> int:
    """RFC 3339 as a CronJob writes it into the name of its Job."""
    return int(datetime.fromisoformat(time).timestamp()) // 60


def test_a_pod_without_an_owner_is_made_again_under_the_service_account(unused: Eks, tmp_path: Path) -> None:
    path = "api/v1/namespaces/default/pods"
    unused.post(path, metadata={"name": "web"}, spec=SPEC)
    try:
        fix = examined(unused).siblings_fix
        assert fix is not None
        (command,) = [command for command in fix.commands if "pod/web" in command]
        paste(unused, tmp_path, command)
        found = unused.request("GET", f"{path}/web")
    finally:
        unused.request("DELETE", f"{path}/web?gracePeriodSeconds=0")
    assert found["spec"]["serviceAccountName"] == "unused"
    assert "AWS_ROLE_ARN" in {item["name"] for item in found["spec"]["containers"][0]["env"]}
