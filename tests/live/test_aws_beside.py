"""`python -m app aws` beside a real API server, as kind, k3d and minikube run one. Without a node: Pods never run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
import yaml
from botocore.exceptions import ClientError

from app import wiring
from app.content import load
from app.flow.beside_cluster.injection import MOUNT_PATH, VOLUME
from app.flow.beside_cluster.objects import MANAGED_BY, NAME, RUN
from app.flow.doctor import examine
from app.flow.model import Status, Subject
from app.flow.names import SIMULATED_AWS
from app.flow.port_wrappers.consent import Action, consented
from app.wiring import Choice
from tests.live.control_plane import ADMIN_TOKEN, ControlPlane, missing
from tests.live.eks import enter, kubeconfig
from tests.waiting import SECONDS, eventually

ROOT = Path(__file__).resolve().parents[2]
ISSUER = "https://kubernetes.default.svc.cluster.local"
"""That of kind, k3d and minikube."""
REGISTRATIONS = "apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
DEMO, OTHER = "api/v1/namespaces/demo", "api/v1/namespaces/other"
POD = {
    "metadata": {"generateName": "aws-cli-"},
    "spec": {
        "serviceAccountName": "my-sa",
        "containers": [{"name": "aws-cli", "image": "amazon/aws-cli:latest", "args": ["s3", "ls"]}],
    },
}


class Local:
    """A local cluster with two namespaces, and the shell of its owner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.control_plane = ControlPlane(folder, issuer=ISSUER)
        self.http = httpx.Client(
            base_url=self.control_plane.url,
            headers={"Authorization": f"Bearer {ADMIN_TOKEN}"},
            verify=self.control_plane.client_context(),
            trust_env=False,
            timeout=SECONDS,
        )

    def start(self) -> None:
        self.control_plane.start()
        eventually(lambda: self.http.get("/api/v1/namespaces/default").is_success)
        for name in ("demo", "other"):
            self.ask("POST", "api/v1/namespaces", {"metadata": {"name": name, "labels": {"team": "platform"}}})
            self.ask("POST", f"api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "my-sa"}})
        (self.folder / "ca.pem").write_bytes(self.control_plane.ca_pem)
        cluster = {"server": self.control_plane.url, "certificate-authority": "ca.pem"}
        document = kubeconfig(cluster, {"local": {"token": ADMIN_TOKEN}})
        (self.folder / "kubeconfig").write_text(yaml.safe_dump(document))

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        answer = self.http.request(method, f"/{path}", json=body, headers={"Content-Type": kind})
        assert answer.is_success, answer.text
        return answer.json()

    def annotate(self, arn: str) -> None:
        patch = {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": arn}}}
        self.ask("PATCH", f"{DEMO}/serviceaccounts/my-sa", patch, "application/merge-patch+json")

    def written(self) -> dict[str, Any]:
        """All that any client has in the kinds of objects that the command may write to."""
        listed = (self.ask("GET", path)["items"] for path in (REGISTRATIONS, "api/v1/namespaces"))
        return {it["metadata"]["name"]: it["metadata"].get("labels", {}) for items in listed for it in items}

    def command(self, *options: str) -> list[str]:
        return [sys.executable, "-m", "app", "aws", "--for", "local", "--lang", "en", *options]

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "IRSA_"))}
        return {**kept, "KUBECONFIG": str(self.folder / "kubeconfig"), "TMPDIR": str(self.folder)}

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*options), cwd=ROOT, env=self.environment(), capture_output=True, text=True, check=False
        )


class Running:
    """The command with `--yes`, from when it says how to use what it has made."""

    def __init__(self, local: Local) -> None:
        options = ("--namespace", "demo", "--listen", "127.0.0.1", "--yes")
        self.process = subprocess.Popen(
            local.command(*options),
            cwd=ROOT,
            env=local.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        assert self.process.stdout is not None
        last = load("en").message("beside.stop")
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if self.lines[-1] == last:
                break
        assert self.lines[-1] == last, "\n".join(self.lines)
        self.role_arn = next(line.split()[-1] for line in self.lines if "arn:aws:iam::" in line)
        folder = next(Path(line.split()[3].rstrip(";")).parent for line in self.lines if "set -a;" in line)
        self.variables = dict(line.split("=", 1) for line in (folder / "aws.env").read_text().splitlines())

    def stop(self, number: int) -> str:
        self.process.send_signal(number)
        assert self.process.stdout is not None
        with self.process.stdout as rest:
            said = rest.read()
        self.process.wait(timeout=SECONDS)
        return said


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    if reason := missing():
        pytest.skip(reason)
    cluster = Local(tmp_path_factory.mktemp("local"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.http.close()
        cluster.control_plane.stop()


@pytest.fixture(scope="module")
def before(local: Local) -> Mapping[str, Any]:
    """What is in the cluster before the first run."""
    return local.written()


@pytest.fixture(scope="module")
def running(local: Local, before: Mapping[str, Any]) -> Iterator[Running]:
    started = Running(local)
    local.annotate(started.role_arn)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.stop(signal.SIGKILL)


def test_without_yes_the_plan_shows_every_field_and_nothing_is_written(local: Local, before: Mapping[str, Any]) -> None:
    done = local.run("--namespace", "demo", "--listen", "127.0.0.1")
    assert done.returncode == 0, done.stderr
    assert local.written() == before
    documents = [yaml.safe_load(part) for part in blocks(done.stdout)]
    assert [document["kind"] for document in documents] == ["MutatingWebhookConfiguration", "Namespace"]
    webhook = documents[0]["webhooks"][0]
    assert webhook["failurePolicy"] == "Ignore"
    assert webhook["namespaceSelector"] == {"matchLabels": documents[1]["metadata"]["labels"]}
    assert webhook["clientConfig"]["url"].startswith("https://127.0.0.1:")
    assert load("en").message("beside.not_applied") in done.stdout


def blocks(text: str) -> list[str]:
    """The YAML documents in a plan."""
    found, lines = [], text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("  apiVersion:"):
            end = next(at for at in range(number, len(lines)) if not lines[at].strip())
            found.append("\n".join(lines[number:end]))
    return found


def test_what_is_written_is_one_registration_and_one_label(
    local: Local, before: Mapping[str, Any], running: Running
) -> None:
    after = local.written()
    run = after[NAME][RUN]
    assert after == {
        **before,
        NAME: {MANAGED_BY: "irsa-explorer", RUN: run},
        "demo": {**before["demo"], RUN: run},
    }


def test_the_real_api_server_has_the_pods_of_that_namespace_edited(local: Local, running: Running) -> None:
    def edited(namespace: str) -> Any:
        return local.ask("POST", f"{namespace}/pods?dryRun=All", POD)

    eventually(lambda: SIMULATED_AWS in edited(DEMO)["metadata"].get("annotations", {}))
    pod = edited(DEMO)
    environment = {it["name"]: it.get("value") for it in pod["spec"]["containers"][0]["env"]}
    assert environment["AWS_ROLE_ARN"] == running.role_arn
    assert environment["AWS_ENDPOINT_URL_STS"] == environment["AWS_ENDPOINT_URL_S3"]
    assert environment["AWS_CA_BUNDLE"] == f"{MOUNT_PATH}/ca.pem"
    volume = next(it for it in pod["spec"]["volumes"] if it["name"] == VOLUME)
    field = volume["downwardAPI"]["items"][0]["fieldRef"]["fieldPath"]
    assert field == f"metadata.annotations['{SIMULATED_AWS}']"
    assert SIMULATED_AWS not in edited(OTHER)["metadata"].get("annotations", {})


def test_live_mode_finds_nothing_wrong_as_far_as_no_kubelet_is_needed(
    local: Local, running: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    enter(None, monkeypatch, tmp_path)
    for name, value in {**running.variables, "KUBECONFIG": str(local.folder / "kubeconfig")}.items():
        monkeypatch.setenv(name, value)
    local.ask("POST", f"{DEMO}/pods", {**POD, "metadata": {"name": "aws-cli"}})
    subject = Subject(namespace="demo", service_account="my-sa", pod="aws-cli")
    ports = consented(wiring.live(Choice(context="local")), frozenset(Action))
    diagnosis = examine(ports, subject)
    wrong = {
        check.id: (check.status, check.got)
        for check in (*diagnosis.walk.checks, *diagnosis.checks)
        if check.status in (Status.FAILED, Status.WARNING)
    }
    assert wrong == {}
    unknown = {check.id for check in diagnosis.walk.checks if check.status == Status.UNKNOWN}
    assert unknown == {"token.file", "token.bound_pod", "token.lifetime"}


def test_what_a_pod_is_given_opens_the_buckets_and_no_other_token_does(
    local: Local, running: Running, tmp_path: Path
) -> None:
    """With the variables, the CA and a token of the real API server, as the kubelet would hand them to the Pod."""
    pod = local.ask("POST", f"{DEMO}/pods?dryRun=All", POD)
    environment = {it["name"]: it.get("value") for it in pod["spec"]["containers"][0]["env"]}
    (tmp_path / "ca.pem").write_text(pod["metadata"]["annotations"][SIMULATED_AWS])
    given: dict[str, Any] = {"verify": str(tmp_path / "ca.pem"), "region_name": environment["AWS_REGION"]}
    nothing: dict[str, Any] = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    sts = boto3.client("sts", endpoint_url=environment["AWS_ENDPOINT_URL_STS"], **given, **nothing)

    def assume(path: str, audience: str = "sts.amazonaws.com") -> Any:
        spec = {"audiences": [audience], "expirationSeconds": 3600}
        token = local.ask("POST", f"{path}/serviceaccounts/my-sa/token", {"spec": spec})["status"]["token"]
        return sts.assume_role_with_web_identity(
            RoleArn=running.role_arn, RoleSessionName="aws-cli", WebIdentityToken=token
        )["Credentials"]

    opened = assume(DEMO)
    s3 = boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL_S3"],
        aws_access_key_id=opened["AccessKeyId"],
        aws_secret_access_key=opened["SecretAccessKey"],
        aws_session_token=opened["SessionToken"],
        **given,
    )
    bucket = s3.list_buckets()["Buckets"][0]["Name"]
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    for path, audience, code in ((OTHER, "sts.amazonaws.com", "AccessDenied"), (DEMO, "x", "InvalidIdentityToken")):
        with pytest.raises(ClientError) as refused:
            assume(path, audience)
        assert refused.value.response["Error"]["Code"] == code
    with pytest.raises(ClientError) as unsigned:
        sts.get_caller_identity()
    assert unsigned.value.response["Error"]["Code"] == "InvalidClientTokenId"


def test_killed_it_is_undone_from_the_labels_alone(local: Local, before: Mapping[str, Any], running: Running) -> None:
    running.stop(signal.SIGKILL)
    # (1) A webhook that is gone stops no Pod.
    pod = local.ask("POST", f"{DEMO}/pods?dryRun=All", POD)
    assert SIMULATED_AWS not in pod["metadata"].get("annotations", {})
    # (2) What others have labelled meanwhile stays, a registration that only looks like ours too.
    patch = {"metadata": {"labels": {"kept": "yes"}}}
    local.ask("PATCH", DEMO, patch, "application/merge-patch+json")
    local.ask("POST", REGISTRATIONS, {"metadata": {"name": "theirs", "labels": {MANAGED_BY: "irsa-explorer"}}})
    undone = local.run("--undo")
    assert (undone.returncode, undone.stderr) == (0, "")
    theirs = {MANAGED_BY: "irsa-explorer"}
    assert local.written() == {**before, "demo": {**before["demo"], "kept": "yes"}, "theirs": theirs}
    assert load("en").message("beside.nothing_left") in local.run("--undo").stdout
    local.ask("DELETE", f"{REGISTRATIONS}/theirs")


@pytest.mark.large
def test_ended_by_a_signal_it_leaves_nothing(local: Local) -> None:
    """In `make test`, `tests/unit/test_aws_beside.py` has a run remove its own, and the test above undoes one."""
    before = local.written()
    again = Running(local)
    assert NAME in local.written()
    assert NAME in again.stop(signal.SIGTERM)
    assert again.process.returncode == 0
    assert local.written() == before


@pytest.mark.large
def test_it_refuses_a_cluster_that_has_another_webhook(local: Local) -> None:
    """In `make test`, `tests/unit/test_aws_beside.py` asks for each reason to refuse."""
    local.ask("POST", REGISTRATIONS, {"metadata": {"name": "pod-identity-webhook"}})
    try:
        done = local.run("--namespace", "demo", "--listen", "127.0.0.1", "--yes")
    finally:
        local.ask("DELETE", f"{REGISTRATIONS}/pod-identity-webhook")
    assert done.returncode == 2
    assert load("en").message("errors.beside_webhook.title") in done.stderr
    assert NAME not in local.written()
