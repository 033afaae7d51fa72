"""What a row may make: objects in a namespace of its own on the real API server, a role, and what changes the account.

The real controller manager makes ReplicaSets and Pods of Deployments. There is no node: what the kubelet would write
into a Pod's status is written by `run`, and what it would project into the Pod is asked of the real API server.
"""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from app.flow.doctor import Diagnosis, examine
from app.flow.doctor.pods.choosing import pod_of
from app.flow.doctor.workload import ON_DELETE, why_held_back
from app.flow.errors import FlowError, NotFound, Refused
from app.flow.json_access import get_list, get_object, get_str
from app.flow.model import JsonValue, Subject
from app.flow.port_wrappers.consent import Action, consented
from app.flow.ports import Execution, Ports
from app.flow.steps.injection import own_token, token_source
from app.world.aws import iam
from app.world.setup import new_world, roles
from tests.live.eks import Eks
from tests.waiting import eventually

ACCOUNT, POD = "web", "web"
"""The ServiceAccount of a row, and its Deployment or Pod."""
COMMAND = ("aws", "s3", "ls")
DISTROLESS = "distroless"
"""In the name of an image that has no programs but its own."""
NO_PROGRAM = (
    "Internal error occurred: error executing command in container: failed to exec in container: failed to start exec: "
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "{program}": '
    "executable file not found in $PATH: unknown"
)
"""What containerd says of it through the kubelet."""
_ACCOUNT_STATE = ("roles", "oidc_providers", "policies", "service_control_policies", "resource_control_policies")


class Cluster:
    """A namespace, a role `NAMESPACE-role`, and all that a row changes elsewhere, which `close` puts back."""

    def __init__(self, eks: Eks, namespace: str, home: Path, aws_on_path: Path) -> None:
        self.eks = eks
        self.namespace = namespace
        self.role_name = f"{namespace}-role"
        self.role_arn = f"arn:aws:iam::{eks.world.account_id}:role/{self.role_name}"
        self.at_the_end = ExitStack()
        self._home = home
        self._aws_on_path = aws_on_path
        account = eks.world.account
        kept = {name: copy.deepcopy(getattr(account, name)) for name in _ACCOUNT_STATE}
        for name, value in kept.items():
            self.at_the_end.callback(setattr, account, name, value)
        account.management_events.clear()  # of what other rows were refused
        account.published_keys.clear()
        eks.post("api/v1/namespaces", metadata={"name": namespace})
        self.at_the_end.callback(eks.request, "DELETE", f"api/v1/namespaces/{namespace}")
        # The namespace goes when its controller gets to it; a survey of the cluster would see these until then.
        self.at_the_end.callback(eks.request, "DELETE", f"api/v1/namespaces/{namespace}/serviceaccounts")
        eventually(lambda: self._is_there("serviceaccounts/default"))

    def close(self) -> None:
        """Puts back what the row changed."""
        self.at_the_end.close()

    # (1) What a healthy chain has

    def healthy(self) -> None:
        """A role that lists buckets, a ServiceAccount annotated with it, and a Deployment whose Pod runs."""
        self.role()
        self.service_account()
        self.deployment()

    def trust(self) -> Any:
        """The trust policy that eksctl writes for the row's ServiceAccount."""
        return roles.trust_policy(self.eks.world, self.namespace, ACCOUNT)

    def role(self, trust: JsonValue = None, managed: Sequence[str] = ("AmazonS3ReadOnlyAccess",)) -> None:
        """The row's role."""
        roles.create_role(self.eks.world, self.role_name, trust or self.trust(), managed=managed)

    def iam(self, action: str, **parameters: str) -> None:
        """Any other call of IAM."""
        iam.call(self.eks.world.account, action, parameters)

    def service_account(self, name: str = ACCOUNT, annotations: Mapping[str, str] | None = None) -> None:
        """A ServiceAccount, annotated with the row's role unless other annotations are given."""
        given = {"eks.amazonaws.com/role-arn": self.role_arn} if annotations is None else dict(annotations)
        self.post("serviceaccounts", {"metadata": {"name": name, "annotations": given}})

    def deployment(self, spec: Mapping[str, JsonValue] | None = None, **container: JsonValue) -> None:
        """A Deployment of one Pod, which runs when this returns; `spec` and `container` add to the Pod's."""
        labels = {"app": POD}
        template = {"metadata": {"labels": labels}, "spec": self.pod_spec(spec, **container)}
        wanted = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
        self.post("deployments", {"metadata": {"name": POD}, "spec": wanted}, group="apis/apps/v1")
        self.settle()

    def pod(self, spec: Mapping[str, JsonValue] | None = None, **container: JsonValue) -> None:
        """A Pod that no controller owns."""
        wanted = self.pod_spec({"restartPolicy": "Never", **(spec or {})}, **container)
        self.post("pods", {"metadata": {"name": POD, "labels": {"app": POD}}, "spec": wanted})
        self.settle()

    def pod_spec(self, spec: Mapping[str, JsonValue] | None = None, **container: JsonValue) -> JsonValue:
        """Under the row's ServiceAccount, a container that lists buckets."""
        box = {"name": "app", "image": "amazon/aws-cli:latest", "command": list(COMMAND), **container}
        return {"serviceAccountName": ACCOUNT, "containers": [box], **(spec or {})}

    # (2) What a row changes

    def post(self, resource: str, body: JsonValue, group: str = "api/v1") -> JsonValue:
        """Creates an object in the row's namespace."""
        return self.eks.request("POST", f"{group}/namespaces/{self.namespace}/{resource}", body)

    def annotate(self, annotations: Mapping[str, str | None], name: str = ACCOUNT) -> None:
        """Changes the annotations of a ServiceAccount; None removes one."""
        self._merge(f"api/v1/namespaces/{self.namespace}/serviceaccounts/{name}", annotations)

    def webhook(self, **changes: JsonValue) -> None:
        """Registers the webhook with these changes, until the row ends; without any it is not registered at all."""
        path = "apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
        self.eks.request("DELETE", f"{path}/pod-identity-webhook")
        self.at_the_end.callback(self.eks.register_webhook)
        if changes:
            configuration = new_world.webhook_configuration(self.eks.world)
            configuration["webhooks"][0].update(changes)
            self.eks.post(path, **configuration)
            self.at_the_end.callback(self.eks.request, "DELETE", f"{path}/pod-identity-webhook")
        eventually(self._is_not_called)

    def status(self, status: Mapping[str, JsonValue], events: Sequence[Mapping[str, JsonValue]] = ()) -> None:
        """Writes the newest Pod's status, as the kubelet would, and events about it (`reason`, `message`, `type`)."""
        pod = self.pods()[-1]
        self._write_status(pod, status)
        for number, event in enumerate(events):
            about = {"kind": "Pod", "namespace": self.namespace, "name": get_str(pod, "metadata", "name")}
            about["uid"] = get_str(pod, "metadata", "uid")
            metadata = {"name": f"{about['name']}.{number}", "namespace": self.namespace}
            self.post("events", {"metadata": metadata, "involvedObject": about, **event})

    # (3) The world around it

    def settle(self) -> None:
        """Returns when the controllers are done, and runs the Pods that have no status yet."""
        paths = [f"apis/apps/v1/namespaces/{self.namespace}/{name}" for name in ("deployments", "statefulsets")]
        jobs = f"apis/batch/v1/namespaces/{self.namespace}/jobs"

        def done() -> bool:
            # A Job's status still counts a Pod that was just deleted, so what decides is whether it owns one.
            pods = self.pods()
            owners = {it["uid"] for pod in pods for it in get_list(get_object(pod, "metadata"), "ownerReferences")}
            self.run()
            workloads = [it for path in paths for it in get_list(self.eks.request("GET", path), "items")]
            started = all(
                get_object(it, "metadata")["uid"] in owners for it in get_list(self.eks.request("GET", jobs), "items")
            )
            return started and all(_is_rolled_out(it) for it in workloads)

        eventually(done)

    def run(self) -> None:
        """What the kubelet does of a Pod that is still pending and of which nothing is said: it starts it."""
        for pod in self.pods():
            if get_str(pod, "status", "phase") == "Pending" and not get_list(pod, "status", "containerStatuses"):
                boxes = get_list(pod, "spec", "containers")
                since = get_str(pod, "metadata", "creationTimestamp")
                statuses = [_running(get_str(box, "name"), get_str(box, "image"), since) for box in boxes]
                ready = {"type": "Ready", "status": "True", "lastTransitionTime": since}
                self._write_status(pod, {"phase": "Running", "conditions": [ready], "containerStatuses": statuses})

    def pods(self) -> list[JsonValue]:
        """All Pods of the namespace that are not being deleted, oldest first."""
        found = get_list(self.eks.request("GET", f"api/v1/namespaces/{self.namespace}/pods"), "items")
        living = [pod for pod in found if "deletionTimestamp" not in get_object(pod, "metadata")]
        return sorted(living, key=lambda pod: int(get_str(pod, "metadata", "resourceVersion")))

    # (4) The doctor and the reader

    def examine(self, granted: frozenset[Action]) -> Diagnosis:
        """What the doctor finds, of the Pod that it chooses itself."""
        ports = self.ports(granted)
        pod = pod_of(ports, self.namespace, ACCOUNT)
        return examine(ports, Subject(namespace=self.namespace, service_account=ACCOUNT, pod=pod))

    def ports(self, granted: frozenset[Action]) -> Ports:
        """Live mode's, where a Pod that runs has its token."""
        ports = self.eks.ports()
        return consented(dataclasses.replace(ports, cluster=_WithKubelet(ports.cluster, self)), granted)

    def paste(self, command: str) -> None:
        """Runs a command as the reader's shell would, and waits until the cluster has done what follows."""
        environment = {
            **self.eks.environment(),
            "PATH": f"{self._aws_on_path}:{os.environ['PATH']}",
            "HOME": str(self._home),
        }
        environment["AWS_DEFAULT_REGION"] = environment["AWS_REGION"]  # the first version of the CLI knows this one
        done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        self.settle()

    def projected_token(self, pod: JsonValue) -> str:
        """The token that the kubelet would write into the Pod, of the real API server. Empty where it mounts none."""
        own, source = own_token(pod), token_source(pod)
        if own is None and source is None:
            return ""
        audience = own.audience if own else get_str(source, "audience")
        metadata = get_object(pod, "metadata")
        bound = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
        spec = {"audiences": [audience], "expirationSeconds": 86400, "boundObjectRef": bound}
        account = get_str(pod, "spec", "serviceAccountName")
        answer = self.post(f"serviceaccounts/{account}/token", {"spec": spec})
        return get_str(answer, "status", "token")

    def environment(self, pod: JsonValue, container: str) -> str:
        """The variables that the kubelet would give a container of the Pod, as `env` prints them."""
        box = next(it for it in get_list(pod, "spec", "containers") if get_str(it, "name") == container)
        found: dict[str, str] = {}
        for source in get_list(box, "envFrom"):
            kind, resource = ("secretRef", "secrets") if "secretRef" in source else ("configMapRef", "configmaps")
            path = f"api/v1/namespaces/{self.namespace}/{resource}/{source[kind]['name']}"
            for key, value in get_object(self.eks.request("GET", path), "data").items():
                text = base64.b64decode(value).decode() if resource == "secrets" else value
                found[get_str(source, "prefix") + key] = text
        found |= {get_str(item, "name"): get_str(item, "value") for item in get_list(box, "env")}
        return "".join(f"{name}={value}\n" for name, value in found.items())

    def _write_status(self, pod: JsonValue, status: Mapping[str, JsonValue]) -> None:
        path = f"/api/v1/namespaces/{self.namespace}/pods/{get_str(pod, 'metadata', 'name')}/status"
        headers = {"Content-Type": "application/merge-patch+json"}
        answer = self.eks.http.patch(path, content=json.dumps({"status": status}), headers=headers)
        assert answer.is_success or answer.status_code == 404, answer.text  # it may be gone by now

    def _merge(self, path: str, annotations: Mapping[str, str | None]) -> None:
        body = json.dumps({"metadata": {"annotations": dict(annotations)}})
        answer = self.eks.http.patch(f"/{path}", content=body, headers={"Content-Type": "application/merge-patch+json"})
        assert answer.is_success, answer.text

    def _is_not_called(self) -> bool:
        try:
            return not self.eks.webhook_is_called()
        except FlowError:  # it is called, and stands in the way of all Pods
            return True

    def _is_there(self, resource: str) -> bool:
        return self.eks.http.get(f"/api/v1/namespaces/{self.namespace}/{resource}").is_success


class _WithKubelet:
    """The cluster, as if a node ran those Pods whose status says so."""

    def __init__(self, cluster: Any, row: Cluster) -> None:
        self._cluster = cluster
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)

    def execute(self, namespace: str, pod: str, container: str, command: Sequence[str]) -> Execution:
        found = self._cluster.pod(namespace, pod)
        if get_str(found, "status", "phase") != "Running":
            return self._cluster.execute(namespace, pod, container, command)  # the API server's own refusal
        if list(command) == ["env"]:
            return Execution(stdout=self._row.environment(found, container), stderr="", exit_code=0)
        images = {get_str(box, "name"): get_str(box, "image") for box in get_list(found, "spec", "containers")}
        if DISTROLESS in images.get(container, ""):
            said = NO_PROGRAM.format(program=command[0])
            raise Refused(code="InternalError", server_message=said, status=500, operation="get pods/exec")
        read = command[0] in ("head", "cat") and "eks.amazonaws.com" in command[1]
        token = self._row.projected_token(found) if read else ""
        name = f"==> {command[1]} <==\n" if token and command[0] == "head" else ""
        return Execution(stdout=f"{name}{token}", stderr="", exit_code=0 if token else 1)

    def pod_log(self, namespace: str, name: str, container: str = "", *, previous: bool = False) -> str:
        raise NotFound(code="NotFound", server_message="no node has written a log", operation="read log")


def _running(name: str, image: str, since: str) -> JsonValue:
    return {
        "name": name,
        "image": image,
        "imageID": image,
        "ready": True,
        "restartCount": 0,
        "started": True,
        "state": {"running": {"startedAt": since}},
    }


def _is_rolled_out(workload: JsonValue) -> bool:
    """As `kubectl rollout status` decides it, of a Deployment or a StatefulSet; nothing more comes of one held back."""
    status, spec = get_object(workload, "status"), get_object(workload, "spec")
    seen = status.get("observedGeneration", 0) >= get_object(workload, "metadata")["generation"]
    numbers = {status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas")}
    return seen and (why_held_back(workload) not in ("", ON_DELETE) or numbers == {spec["replicas"]})
