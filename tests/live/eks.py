"""A real API server as EKS would run it, joined to the simulated AWS.

Its issuer URL is the world's, its public keys are published there, its Pods are mutated by the world's webhook, which
looks up their ServiceAccounts in the real API server. What is missing is a node: Pods are stored and never run.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from app import wiring
from app.clients.issuer import IssuerTransport, PublicIssuer
from app.clients.kubernetes.cluster import KubernetesCluster
from app.clients.kubernetes.transport import KubernetesTransport
from app.flow.errors import NotFound
from app.flow.model import JsonValue, Subject
from app.flow.ports import Ports
from app.flow.token import key_id
from app.wiring import Choice
from app.world.keys import SigningKey
from app.world.lifecycle.simulation import Simulation
from app.world.setup import new_world, scenario
from tests.live.control_plane import ADMIN_TOKEN, READER_TOKEN, STRANGER_TOKEN, ControlPlane, missing
from tests.waiting import SECONDS, eventually, unhurried

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")


class Eks:
    """Made once for a folder: tests put back what they change."""

    def __init__(self, directory: Path, simulation: Simulation) -> None:
        # (1) The account, with its OIDC provider and role, and the cluster's issuer.
        self.simulation = simulation
        self.world = simulation.world("eks")
        self.control_plane = ControlPlane(directory, issuer=self.world.issuer)
        signing_key = self.control_plane.signing_key
        self.world.keys.published = (SigningKey(signing_key, kid=key_id(signing_key.public_key())),)
        self.world.account.published_keys.clear()
        self.world.find_service_account = self._find_service_account

        # (2) Those who ask the cluster, with their contexts on disk.
        self.kubeconfig = directory / "kubeconfig.yaml"
        self.write_kubeconfig(self.kubeconfig)
        self.admin = KubernetesCluster(
            host=self.control_plane.url,
            token=ADMIN_TOKEN,
            transport=KubernetesTransport(context=self.control_plane.client_context()),
        )
        context = self.control_plane.client_context()
        self.http = httpx.Client(
            base_url=self.control_plane.url,
            headers={"Authorization": f"Bearer {ADMIN_TOKEN}"},
            verify=context,
            trust_env=False,
            timeout=SECONDS,
        )

    def start(self) -> None:
        """Starts the control plane and puts the scenario into it, by hand where a controller would do it."""
        self.control_plane.start()
        eventually(lambda: "default" in self.admin.namespaces())
        self.post("api/v1/namespaces/default/serviceaccounts", metadata={"name": "default"})
        annotation = {
            "eks.amazonaws.com/role-arn": f"arn:aws:iam::{self.world.account_id}:role/{scenario.ARTICLE.role}"
        }
        label = {"app.kubernetes.io/managed-by": "eksctl"}
        metadata = {"name": SUBJECT.service_account, "annotations": annotation, "labels": label}
        self.post("api/v1/namespaces/default/serviceaccounts", metadata=metadata)
        self.register_webhook()
        self.post("api/v1/namespaces/default/pods", **scenario.pod(scenario.POD_BEFORE))
        self.post("api/v1/namespaces/default/pods", **scenario.pod(SUBJECT.pod, SUBJECT.service_account))

    def stop(self) -> None:
        """Leaves nothing running."""
        self.http.close()
        self.control_plane.stop()

    # What a test changes

    def request(self, method: str, path: str, body: JsonValue = None) -> JsonValue:
        """Asks the API server as the admin, for what the explorer never does."""
        answer = self.http.request(method, f"/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, **body: JsonValue) -> JsonValue:
        """Creates an object."""
        return self.request("POST", path, body)

    def patch(self, path: str, *operations: JsonValue) -> None:
        """Changes an object by a JSON patch."""
        headers = {"Content-Type": "application/json-patch+json"}
        answer = self.http.patch(f"/{path}", json=list(operations), headers=headers)
        assert answer.is_success, answer.text

    def register_webhook(self, **changes: JsonValue) -> None:
        """Registers the world's webhook, and waits until the API server calls it."""
        configuration = new_world.webhook_configuration(self.world)
        configuration["webhooks"][0].update(changes)
        path = "apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
        self.post(path, **configuration)
        eventually(self.webhook_is_called)

    def webhook_is_called(self) -> bool:
        """Whether a dry run shows the webhook's volume."""
        pod = scenario.pod(SUBJECT.pod, SUBJECT.service_account)
        stored = self.admin.dry_run_pod(SUBJECT.namespace, pod)
        return "aws-iam-token" in [volume["name"] for volume in stored["spec"].get("volumes", ())]

    def projected_token(self) -> str:
        """The token that the kubelet would ask for and write into the Pod: bound to it, for STS."""
        pod = self.admin.pod(SUBJECT.namespace, SUBJECT.pod)
        bound = {"apiVersion": "v1", "kind": "Pod", "name": SUBJECT.pod, "uid": pod["metadata"]["uid"]}
        spec = {"audiences": ["sts.amazonaws.com"], "expirationSeconds": 86400, "boundObjectRef": bound}
        path = f"api/v1/namespaces/{SUBJECT.namespace}/serviceaccounts/{SUBJECT.service_account}/token"
        return str(self.post(path, spec=spec)["status"]["token"])

    @contextmanager
    def granted(self, *rules: Mapping[str, JsonValue], user: str = "reader") -> Iterator[None]:
        """Within, the user holds a ClusterRole of these rules."""
        path = "apis/rbac.authorization.k8s.io/v1"
        self.post(f"{path}/clusterroles", metadata={"name": "chosen"}, rules=list(rules))
        self.post(
            f"{path}/clusterrolebindings",
            metadata={"name": "chosen"},
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "chosen"},
            subjects=[{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        )
        try:
            yield
        finally:
            for plural in ("clusterrolebindings", "clusterroles"):
                self.request("DELETE", f"{path}/{plural}/chosen")

    # How the app sees it

    def environment(self) -> dict[str, str]:
        """What a person's shell would hold: a kubeconfig, and AWS keys that lead to the simulated AWS."""
        admin = self.world.account.admin
        return {
            "KUBECONFIG": str(self.kubeconfig),
            "AWS_ENDPOINT_URL": self.simulation.aws_url,
            "AWS_ACCESS_KEY_ID": admin.access_key_id,
            "AWS_SECRET_ACCESS_KEY": admin.secret_access_key,
            "AWS_REGION": self.world.region,
        }

    def ports(self, context: str = "admin") -> Ports:
        """Live mode's ports, but for the public issuer: that one is looked for where the simulated world serves it."""
        return dataclasses.replace(wiring.live(Choice(context=context)), issuer=self.issuer())

    def issuer(self) -> PublicIssuer:
        """The public endpoint of the cluster's issuer."""
        host, _, port = self.simulation.kubernetes_url.removeprefix("https://").partition(":")
        transport = IssuerTransport(connect_to=(host, int(port)), ca_pem=self.simulation.ca_pem)
        return PublicIssuer(transport)

    def write_kubeconfig(self, path: Path, **changes: JsonValue) -> None:
        """A context for everybody; `changes` are those of the cluster."""
        ca = path.parent / "cluster-ca.crt"
        ca.write_bytes(self.control_plane.ca_pem)
        certificate = self.control_plane.client_certificate()
        users = {
            "admin": {"token": ADMIN_TOKEN},
            "stranger": {"token": STRANGER_TOKEN},
            "reader": {"token": READER_TOKEN},
            "nobody": {},
            "expired": {"token": "s3cr3t-t0ken-that-nobody-knows"},
            "certificate": {"client-certificate": certificate.certificate.name, "client-key": certificate.key.name},
        }
        cluster = {"server": self.control_plane.url, "certificate-authority": ca.name, **changes}
        path.write_text(yaml.safe_dump(kubeconfig(cluster, users)))

    def _find_service_account(self, namespace: str, name: str) -> JsonValue | None:
        try:
            return self.admin.service_account(namespace, name)
        except NotFound:
            return None


def enter(eks: Eks | None, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """From here on the environment is a person's shell: nothing of the tester's own, and the cluster's."""
    unhurried(monkeypatch)
    for name in list(os.environ):
        if name.startswith(("AWS_", "KUBECONFIG", "KUBERNETES_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    variables = {"HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"} | (eks.environment() if eks else {})
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def kubeconfig(cluster: Mapping[str, JsonValue], users: Mapping[str, JsonValue], **more: JsonValue) -> JsonValue:
    """The document: one cluster, and a context for each user, called like the user. The first one is current."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": next(iter(users), ""),
        "clusters": [{"name": "eks", "cluster": dict(cluster)}],
        "users": [{"name": name, "user": user} for name, user in users.items()],
        "contexts": [{"name": name, "context": {"cluster": "eks", "user": name}} for name in users],
        **more,
    }


@contextmanager
def joined(folder: Path) -> Iterator[Eks]:
    """A real API server joined to a simulated AWS; who asks is skipped where no such server can be started."""
    if reason := missing():
        pytest.skip(reason)
    with Simulation() as simulation:
        eks = Eks(folder, simulation)
        try:
            eks.start()
            yield eks
        finally:
            eks.stop()
