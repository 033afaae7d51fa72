"""A simulated AWS beside a real cluster: which clusters are refused, what Pods get, what is taken away again."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import jsonpatch
import pytest
import yaml
from click.testing import CliRunner

from app.beside_cluster import apply, earlier, undo
from app.commands.aws.listening_address import gateway, network_of
from app.commands.failure import CannotRun
from app.commands.main import command_line
from app.content import load
from app.flow.beside_cluster.injection import VOLUME, SimulatedAws, mutate_beside
from app.flow.beside_cluster.objects import MANAGED_BY, NAME, RUN, registration
from app.flow.beside_cluster.refusals import Found, refusal, refusal_of_read
from app.flow.errors import FlowError, NotFound, Refused
from app.flow.json_access import get
from app.flow.names import SIMULATED_AWS
from app.flow.webhook import WebhookSettings
from app.settings import Settings

# --- which clusters ---------------------------------------------------------------------------------------------------

LOCAL = Found(
    host="https://127.0.0.1:6443",
    addresses=("127.0.0.1", "::1"),
    is_eks=False,
    issuer="https://kubernetes.default.svc.cluster.local",
    version="v1.33.1+k3s1",
    webhooks=(
        registration("5f2a", "https://172.18.0.1:8443/webhook/x/mutate", b"PEM"),
        {"metadata": {"name": "istio"}},
    ),
)
SERVICE = {"metadata": {"name": "mine"}, "webhooks": [{"clientConfig": {"service": {"name": "pod-identity-webhook"}}}]}


def reason(**changes: Any) -> str:
    found = dataclasses.replace(LOCAL, **changes)
    refused = refusal(found) or refusal_of_read(found)
    return refused.code if refused else ""


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ""),
        ({"addresses": ("10.0.0.7",)}, ""),
        ({"addresses": ("::ffff:192.168.49.2",)}, ""),
        ({"addresses": ("fd00::1%eth0",)}, ""),
        ({"is_eks": True}, "beside_eks"),
        ({"host": "https://ABC.gr7.ap-northeast-1.eks.amazonaws.com", "addresses": ("10.0.0.7",)}, "beside_eks"),
        ({"host": "https://abc.eks-cluster.ap-northeast-1.api.aws", "addresses": ("10.0.0.7",)}, "beside_eks"),
        ({"issuer": "https://oidc.eks.ap-northeast-1.amazonaws.com/id/ABC"}, "beside_eks"),
        ({"issuer": "https://oidc-eks.ap-northeast-1.api.aws/id/ABC"}, "beside_eks"),
        ({"version": "v1.33.1-eks-595af52"}, "beside_eks"),
        ({"addresses": ("127.0.0.1", "203.0.113.5")}, "beside_public"),
        ({"addresses": ("100.64.0.1",)}, "beside_public"),
        ({"addresses": ("169.254.169.254",)}, "beside_public"),
        ({"addresses": ("2001:db8::1",)}, "beside_public"),
        ({"issuer": "http://kubernetes.default.svc"}, "beside_issuer"),
        ({"issuer": "https://172.18.0.2:6443"}, "beside_issuer"),
        ({"issuer": ""}, "beside_issuer"),
        ({"webhooks": ({"metadata": {"name": "pod-identity-webhook"}},)}, "beside_webhook"),
        (
            {"webhooks": ({"metadata": {"name": "x"}, "webhooks": [{"name": "iam-for-pods.amazonaws.com"}]},)},
            "beside_webhook",
        ),
        ({"webhooks": (SERVICE,)}, "beside_webhook"),
    ],
)
def test_only_a_local_cluster_without_a_webhook_is_taken(changes: Any, code: str) -> None:
    assert reason(**changes) == code


@pytest.mark.parametrize(
    ("server", "code"),
    [
        ("https://ABC.gr7.ap-northeast-1.eks.amazonaws.com", "beside_eks"),
        ("https://203.0.113.5:6443", "beside_public"),
    ],
)
def test_it_refuses_by_the_kubeconfig_before_it_runs_a_plugin(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: str, code: str
) -> None:
    plugin = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "touch", "args": ["ran"]}}
    document = {
        "clusters": [{"name": "far", "cluster": {"server": server}}],
        "users": [{"name": "far", "user": plugin}],
        "contexts": [{"name": "far", "context": {"cluster": "far", "user": "far"}}],
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(document))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(
        command_line(Settings(), load("ja")), ["aws", "--for", "far", "-n", "demo", "--lang", "ja"]
    )
    assert done.exit_code == 2
    assert load("ja").message(f"errors.{code}.title") in done.stderr
    assert not (tmp_path / "ran").exists()


# --- what Pods get ----------------------------------------------------------------------------------------------------

AWS = SimulatedAws(url="https://172.18.0.1:8443", ca_pem="PEM")
ACCOUNT = {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/s3-reader"}}}
SETTINGS = WebhookSettings(region="ap-northeast-1", sts_regional_endpoint=True)


def edited(pod: Any, account: Any = ACCOUNT) -> Any:
    return jsonpatch.apply_patch(pod, mutate_beside(pod, account, SETTINGS, AWS))


def test_a_pod_gets_what_leads_to_this_aws_once_and_keeps_what_is_its_own() -> None:
    own = {"name": "AWS_ENDPOINT_URL_S3", "value": "https://minio.test"}
    pod = {
        "metadata": {"annotations": {"eks.amazonaws.com/skip-containers": "sidecar"}},
        "spec": {
            "containers": [{"name": "app", "env": [own]}, {"name": "sidecar"}],
            "initContainers": [{"name": "init"}],
            "volumes": [{"name": "data"}],
        },
    }
    once = edited(pod)
    app, sidecar = once["spec"]["containers"]
    values = {variable["name"]: variable["value"] for variable in app["env"]}
    assert values["AWS_ENDPOINT_URL_STS"] == AWS.url
    assert values["AWS_ENDPOINT_URL_S3"] == own["value"]
    assert VOLUME in [mount["name"] for mount in once["spec"]["initContainers"][0]["volumeMounts"]]
    assert "env" not in sidecar
    assert once["metadata"]["annotations"] == {**pod["metadata"]["annotations"], SIMULATED_AWS: "PEM"}
    assert edited(once) == once


def test_a_pod_without_a_role_stays_as_it_is() -> None:
    assert mutate_beside({"metadata": {}, "spec": {"containers": [{"name": "app"}]}}, None, SETTINGS, AWS) == []


# --- what is written and taken away -----------------------------------------------------------------------------------


class FakeCluster:
    """Registrations and namespaces, and what the next writes end in."""

    def __init__(self, **refuses: FlowError) -> None:
        self.objects: dict[str, Any] = {
            name: {"metadata": {"name": name, "labels": {"team": "platform"}}} for name in ("demo", "other")
        }
        self.refuses = refuses

    def registrations(self, selector: str) -> list[Any]:
        return [it for it in self.objects.values() if "webhooks" in it]

    def labelled_namespaces(self, label: str) -> list[Any]:
        return [it for it in self.objects.values() if "webhooks" not in it and get(it, "metadata", "labels", label)]

    def register(self, document: Any) -> None:
        self.objects[document["metadata"]["name"]] = document

    def unregister(self, name: str, uid: str) -> None:
        del self.objects[name]

    def patch_namespace(self, name: str, patch: Any) -> None:
        if name in self.refuses:
            raise self.refuses[name]
        if isinstance(patch, list):
            self.objects[name] = jsonpatch.apply_patch(self.objects[name], patch)
        else:
            self.objects[name]["metadata"]["labels"] |= patch["metadata"]["labels"]


def refused(kind: type[FlowError]) -> FlowError:
    return kind(code="x", server_message="x")


def test_a_run_removes_its_own_and_an_undo_that_of_all_runs() -> None:
    cluster = FakeCluster()
    first = registration("aaaa", "https://x.test", b"PEM")
    before = FakeCluster().objects
    apply(cluster, first, ["demo", "other"])
    assert first["metadata"]["labels"] == {MANAGED_BY: "irsa-explorer", RUN: "aaaa"}
    assert list(undo(cluster, "bbbb")) == []
    left = earlier(cluster)
    assert (
        list(undo(cluster))
        == left
        == [f"MutatingWebhookConfiguration {NAME}"]
        + [f"Namespace {name} .metadata.labels {RUN}=aaaa" for name in ("demo", "other")]
    )
    assert cluster.objects == before


def test_what_fails_half_way_is_taken_back() -> None:
    cluster = FakeCluster(other=refused(NotFound))
    with pytest.raises(NotFound):
        apply(cluster, registration("aaaa", "https://x.test", b"PEM"), ["demo", "other"])
    assert cluster.objects == FakeCluster().objects


def test_a_label_that_another_client_has_changed_is_not_called_removed() -> None:
    cluster = FakeCluster(demo=refused(Refused))
    cluster.objects["demo"]["metadata"]["labels"][RUN] = "aaaa"
    assert list(undo(cluster)) == []
    assert len(earlier(cluster)) == 1


# --- where it listens -------------------------------------------------------------------------------------------------


def test_the_network_of_a_cluster_is_known_by_its_context() -> None:
    assert [network_of(name) for name in ("kind-dev", "k3d-dev", "minikube", "prod")] == [
        "kind",
        "k3d-dev",
        "minikube",
        "",
    ]


@pytest.mark.parametrize(
    ("script", "address"),
    [
        ('[ "$3" = kind ] && echo "fc00:f853:ccd:e793::1 172.18.0.1 "', "172.18.0.1"),
        ("echo 'Error: No such network: kind' >&2; exit 1", ""),
    ],
)
def test_docker_says_where_this_machine_is_in_it(tmp_path: Any, monkeypatch: Any, script: str, address: str) -> None:
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\n{script}\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    words = load("en")
    if address:
        assert gateway("kind-dev", words) == address
    else:
        with pytest.raises(CannotRun) as failure:
            gateway("kind-dev", words)
        assert "No such network" in failure.value.message
