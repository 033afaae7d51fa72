"""The doctor as an operator uses it: the command against a running cluster, and its own commands pasted into a shell.

The cluster is the simulated one, reached as live mode reaches any: by a kubeconfig and the AWS variables. Only the
public issuer is looked for where the world serves it, since the name that it has belongs to Amazon.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.config import Config
from click.testing import CliRunner

from app import __version__, wiring
from app.clients.aws import login as aws_login
from app.clients.issuer import IssuerTransport, PublicIssuer
from app.clients.kubernetes import calls as kubernetes_calls
from app.clients.kubernetes import own_pod
from app.commands.examining import asking, watching
from app.commands.main import command_line
from app.content import load
from app.flow.model import Subject
from app.flow.ports import Ports
from app.flow.steps import token_mount
from app.settings import Settings
from app.wiring import Choice
from app.world.setup import tool_files
from tests.live.gate import silent
from tests.waiting import SECONDS, eventually, unhurried
from tests.world.helpers import aws_client

pytestmark = pytest.mark.one_world

TOOLS = [tool for tool in ("kubectl", "aws") if shutil.which(tool) is None]


class Operator:
    """Somebody at a terminal."""

    def __init__(self, simulation: Any, world: Any, folder: Path) -> None:
        self.simulation = simulation
        self.world = world
        self.folder = folder
        for name, content in tool_files.files(simulation, world).items():
            (folder / name).write_bytes(content)
        self.iam = aws_client(simulation, world, "iam")
        self.environment = {
            "KUBECONFIG": str(folder / tool_files.KUBECONFIG),
            "HOME": str(folder),
            **tool_files.aws_environment(simulation, world),
        }

    def doctor(self, *words: str) -> Any:
        """The command's JSON, and its status under `exit`."""
        result = CliRunner().invoke(command_line(Settings(), load("en")), ["doctor", "--output", "json", *words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return {**json.loads(result.stdout), "exit": result.exit_code}

    def examine(self) -> Any:
        return self.doctor("-s", "my-sa", "--pod", "pod-after", "--do", "all")

    def paste(self, command: str) -> str:
        """Runs a line in a shell."""
        environment = {"PATH": os.environ["PATH"], **self.environment}
        done = subprocess.run(
            ["sh", "-c", command], env=environment, cwd=self.folder, capture_output=True, text=True, timeout=SECONDS
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def trust(self, change: Callable[[Any], Any]) -> None:
        policy = self.iam.get_role(RoleName="s3-reader")["Role"]["AssumeRolePolicyDocument"]
        change(policy)
        self.iam.update_assume_role_policy(RoleName="s3-reader", PolicyDocument=json.dumps(policy))

    @property
    def host(self) -> str:
        return str(self.world.issuer.removeprefix("https://"))

    @property
    def provider(self) -> str:
        return f"arn:aws:iam::{self.world.account_id}:oidc-provider/{self.host}"


@pytest.fixture
def operator(simulation: Any, world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    someone = Operator(simulation, world, tmp_path)
    for name in list(os.environ):
        if name.startswith(("AWS_", "KUBERNETES_")):
            monkeypatch.delenv(name)
    for name, value in {**someone.environment, "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    unhurried(monkeypatch)
    host, _, port = simulation.kubernetes_url.removeprefix("https://").partition(":")
    live = wiring.live

    def live_with_its_issuer(choice: Choice, **options: Any) -> Ports:
        transport = IssuerTransport(connect_to=(host, int(port)), ca_pem=simulation.ca_pem)
        return dataclasses.replace(live(choice, **options), issuer=PublicIssuer(transport))

    monkeypatch.setattr(wiring, "live", live_with_its_issuer)
    return someone


def test_it_only_reads_unless_it_is_asked(operator: Operator) -> None:
    found = operator.doctor("-s", "my-sa")
    assert (found["exit"], found["outcome"]) == (0, "works")  # by what CloudTrail has of the Pod's own call
    assert found["subject"] == {"namespace": "default", "service_account": "my-sa", "pod": "pod-after"}
    statuses = {check["id"]: check for check in found["checks"]}
    assert statuses["token.file"]["reason"] == statuses["webhook.dry_run"]["reason"] == "not_asked"
    assert not [check for check in found["checks"] if check["status"] == "failed"]


def test_a_healthy_chain_works(operator: Operator) -> None:
    found = operator.examine()
    assert (found["exit"], found["outcome"], found["fix"]) == (0, "works", None)
    odd = {check["id"]: check["status"] for check in found["checks"] if check["status"] != "passed"}
    assert odd == dict.fromkeys(("pod.token_used", "pod.request", "pod.hop_limit"), "unknown")


def test_audit_logs_name_the_program_and_its_version(operator: Operator) -> None:
    ports = wiring.live(Choice(program="kubectl-irsa"))
    ports.cluster.version()
    ports.aws.oidc_providers()
    ports.cluster.execute("default", "pod-after", "aws-cli", ["env"])
    named = f"kubectl-irsa/{__version__}"
    for exchange in ports.cluster.exchanges():
        assert dict(exchange.request_headers)["User-Agent"] == named
    (asked,) = ports.aws.exchanges()
    assert named in dict(asked.request_headers)["User-Agent"].split()


def test_it_watches_until_the_paste_has_taken_effect(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    operator.trust(lambda policy: policy["Statement"][0].update(Action="sts:AssumeRole"))
    commands = operator.doctor("-s", "my-sa")["fix"]["commands"]

    def wait(_: float) -> None:
        while commands:
            operator.paste(commands.pop(0))

    monkeypatch.setattr(watching, "time", SimpleNamespace(sleep=wait, strftime=time.strftime))
    words = ["doctor", "sa/my-sa", "--until-fixed", "--lang", "en"]
    result = CliRunner().invoke(command_line(Settings(), load("en")), words)
    assert [line[0] for line in result.stdout.splitlines() if line[0] != " "] == ["✗", "✓"]
    assert result.exit_code == 0


def test_the_pod_leads_to_its_service_account(operator: Operator) -> None:
    assert operator.doctor("--pod", "pod-before")["subject"]["service_account"] == "default"


def test_nobody_is_named(operator: Operator) -> None:
    result = CliRunner().invoke(command_line(Settings(), load("en")), ["doctor"])
    assert result.exit_code == 2
    assert load("en").message("errors.no_subject.title") in result.output


@pytest.mark.parametrize("words", [["--context", "nowhere"], ["--pod", "no-such-pod"]])
def test_what_is_not_there_is_reported_in_words(operator: Operator, words: list[str]) -> None:
    result = CliRunner().invoke(command_line(Settings(), load("en")), ["doctor", "-n", "default", *words, "-s", ""])
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["-s", "my-sa"], marks=pytest.mark.large),
        ["-s", "my-sa", "--pod", "pod-after"],
        ["--all-namespaces"],
    ],
)
def test_an_api_server_that_hangs_is_asked_once(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr(kubernetes_calls, "CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(kubernetes_calls, "READ_SECONDS", SECONDS)
    with silent() as server:
        path = operator.folder / tool_files.KUBECONFIG
        path.write_text(re.sub(r"server: .*", f"server: https://127.0.0.1:{server.port}", path.read_text()))
        result = CliRunner().invoke(command_line(Settings(), load("en")), ["doctor", *words])
        assert server.connections() == 1
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("words", "services"),
    [(["-s", "my-sa", "--pod", "pod-after", "--do", "all"], "iam sts cloudtrail"), (["--all-namespaces"], "sts iam")],
)
def test_of_an_aws_that_hangs_each_service_is_asked_once(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, words: list[str], services: str
) -> None:
    limits = aws_login.LIMITS.merge(Config(connect_timeout=SECONDS, read_timeout=0.3))
    monkeypatch.setattr(aws_login, "LIMITS", limits)
    with silent() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        result = CliRunner().invoke(command_line(Settings(), load("en")), ["doctor", *words])
        assert server.connections() == len(services.split())
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_survey_finds_the_role_that_lets_in_too_many(operator: Operator) -> None:
    assert operator.doctor("--all-namespaces")["exit"] == 0
    condition = {"StringLike": {f"{operator.host}:sub": "system:serviceaccount:default:*"}}
    operator.trust(lambda policy: policy["Statement"][0].update(Condition=condition))
    found = operator.doctor("--all-namespaces")
    (wide,) = [role for role in found["roles"] if role["namespaces"]]
    assert (found["exit"], wide["arn"].rpartition("/")[2], wide["namespaces"]) == (1, "s3-reader", ["default"])
    assert wide["also"] == ["default/default"]


def test_in_a_pod_of_its_own_it_reads_its_own_token_and_needs_no_exec(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Pod is the world's; what runs "here" runs in it."""
    inside = wiring.simulated(operator.simulation, operator.world)
    own = Subject(namespace="default", service_account="my-sa", pod="pod-after")
    monkeypatch.delenv("KUBECONFIG")
    monkeypatch.setattr(asking, "is_in_cluster", lambda: True)
    monkeypatch.setattr(wiring, "own_subject", lambda: own)
    monkeypatch.setattr(wiring, "live", lambda choice, **_: inside if choice.in_cluster else pytest.fail("not in it"))
    monkeypatch.setattr(own_pod, "run", lambda words: inside.cluster.execute("default", "pod-after", "aws-cli", words))
    found = operator.doctor("--do", "exchange")
    assert (found["exit"], found["subject"]["pod"]) == (0, "pod-after")
    # Another Pod's is not read unasked.
    other = operator.doctor("-n", "default", "-s", "default", "--pod", "pod-before")
    assert "passed" not in {check["status"] for check in other["checks"] if check["id"] in token_mount.CHECKS}


# --- every fix is pasted, and fixes it -------------------------------------------------------------------------------

Break = Callable[[Operator], Any]
BREAKS: dict[str, tuple[Break, str]] = {
    # what is broken: (how, the check that is named)
    "provider deleted": (
        lambda me: me.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=me.provider),
        "provider.exists",
    ),
    "client id": (
        lambda me: me.iam.remove_client_id_from_open_id_connect_provider(
            OpenIDConnectProviderArn=me.provider, ClientID="sts.amazonaws.com"
        ),
        "provider.audience",
    ),
    "bare role name": (
        lambda me: me.paste("kubectl annotate sa my-sa --overwrite eks.amazonaws.com/role-arn=s3-reader"),
        "service_account.role_arn",
    ),
    "annotation under another key": (
        lambda me: me.paste(
            f"kubectl annotate sa my-sa eks.amazonaws.com/role-arn- "
            f"eks.amazonaws.com/rolearn=arn:aws:iam::{me.world.account_id}:role/s3-reader"
        ),
        "service_account.annotation",
    ),
    "principal": (
        lambda me: me.trust(lambda it: it["Statement"][0].update(Principal={"Federated": f"{me.provider}X"})),
        "trust.provider",
    ),
    "action": (
        lambda me: me.trust(lambda it: it["Statement"][0].update(Action="sts:AssumeRole")),
        "trust.action",
    ),
    "subject": (
        lambda me: me.trust(
            lambda it: it["Statement"][0]["Condition"]["StringEquals"].update(
                {f"{me.host}:sub": "system:serviceaccount:prod:my-sa"}
            )
        ),
        "trust.subject",
    ),
    "no permissions": (
        lambda me: me.iam.detach_role_policy(
            RoleName="s3-reader", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
        ),
        "access.policy",
    ),
    "pod made while the webhook was down": (
        lambda me: made_without_the_webhook(me),
        "pod.injected",
    ),
}


def made_without_the_webhook(me: Operator) -> None:
    me.world.webhook_available = False
    manifest = me.paste("kubectl get pod pod-after -o json")
    pod = json.loads(manifest)
    container = {"name": "aws-cli", "image": "amazon/aws-cli:latest", "args": ["s3", "ls"]}
    bare = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod["metadata"]["name"]},
        "spec": {"serviceAccountName": "my-sa", "restartPolicy": "Never", "containers": [container]},
    }
    (me.folder / "pod.json").write_text(json.dumps(bare))
    me.paste("kubectl replace --force -f pod.json")
    me.world.webhook_available = True


@pytest.mark.cli
@pytest.mark.skipif(bool(TOOLS), reason=f"not on the PATH: {', '.join(TOOLS)}")
@pytest.mark.parametrize(
    "name",
    [pytest.param(it, marks=pytest.mark.large if place else ()) for place, it in enumerate(BREAKS)],
)
def test_the_commands_fix_what_they_are_for(operator: Operator, name: str) -> None:
    """In `make test` one of them: `test_predictions` runs the commands of each kind of fix."""
    damage, check_id = BREAKS[name]
    damage(operator)
    found = operator.examine()
    assert (found["exit"], found["verdict"]["check"]) == (1, check_id)
    for command in found["fix"]["commands"]:
        operator.paste(command)
    eventually(lambda: operator.examine()["exit"] == 0)  # the Pod has to be run again


@pytest.mark.cli
@pytest.mark.skipif("kubectl" in TOOLS, reason="kubectl is not on the PATH")
def test_a_pod_that_does_not_run_is_named_in_the_kubelets_words_with_a_command_that_shows_more(
    operator: Operator,
) -> None:
    key = {"secretKeyRef": {"name": "not-there", "key": "password"}}
    box = {"name": "app", "image": "amazon/aws-cli:latest", "env": [{"name": "PASSWORD", "valueFrom": key}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "stands-still"}}
    manifest = pod | {"spec": {"serviceAccountName": "my-sa", "containers": [box]}}
    (operator.folder / "pod.json").write_text(json.dumps(manifest))
    operator.paste("kubectl apply -f pod.json")
    eventually(lambda: "CreateContainerConfigError" in operator.paste("kubectl get pod stands-still -o yaml"))
    found = operator.doctor("--pod", "stands-still", "--do", "all")
    check = next(it for it in found["checks"] if it["id"] == "pod.running")
    assert (found["exit"], found["verdict"]["check"]) == (1, "pod.running")
    assert (check["reason"], check["got"]) == ("container_start", "app: CreateContainerConfigError")
    assert 'secret "not-there" not found' in check["error"]
    (command,) = found["fix"]["commands"]
    assert 'secret "not-there" not found' in operator.paste(command)
