"""`python -m app world`: the files it writes, when it writes them, and how it ends."""

import errno
import json
import os
import resource
import shlex
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
import urllib3
import yaml
from click.testing import CliRunner

from app.commands.failure import CannotRun
from app.commands.main import command_line
from app.commands.world import prepare, write
from app.content import load
from app.settings import Settings
from tests.free_port import free_port
from tests.waiting import SECONDS

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"kubeconfig", "ca.pem", "aws.env", "state"}


class RunningWorld:
    """A `world` process that has said that it is ready."""

    def __init__(self, folder, *options, language="en"):
        self.folder = folder
        command = [sys.executable, "-m", "app", "world", "--dir", str(folder), *options]
        environment = {**os.environ, "LC_ALL": f"{language}_XX.UTF-8", "PYTHONIOENCODING": "utf-8"}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.first_line = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.stop(signal.SIGKILL)

    def stop(self, number):
        self.process.send_signal(number)
        self.output, self.errors = self.process.stdout.read(), self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.wait(timeout=SECONDS)

    def environment(self):
        return dict(line.split("=", 1) for line in (self.folder / "aws.env").read_text().splitlines())


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with RunningWorld(tmp_path_factory.mktemp("parent") / "made" / "for it") as world:
        yield world


def test_it_says_so_once_the_files_are_there(running):
    assert running.first_line == load("en").message("cli.world.ready")
    assert {path.name for path in running.folder.iterdir()} == NAMES


def test_only_the_owner_may_read_the_files(running):
    for path in running.folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_the_kubeconfig_reaches_the_api_server(running):
    config = yaml.safe_load((running.folder / "kubeconfig").read_text())
    context = next(c["context"] for c in config["contexts"] if c["name"] == config["current-context"])
    assert context["namespace"] == "default"
    server = config["clusters"][0]["cluster"]["server"]
    token = config["users"][0]["user"]["token"]
    with urllib3.PoolManager(ca_certs=str(running.folder / "ca.pem")) as pool:
        answer = pool.request(
            "GET",
            f"{server}/api/v1/namespaces/default/serviceaccounts/my-sa",
            headers={"Authorization": f"Bearer {token}"},
        )
    assert answer.status == 200
    assert answer.json()["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].startswith("arn:aws:iam::")


def test_the_environment_reaches_the_account(running):
    variables = running.environment()
    assert set(variables) == {
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "IRSA_ISSUER_ADDRESS",
        "IRSA_ISSUER_CA",
    }
    session = boto3.Session(
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_REGION"],
    )
    identity = session.client("sts", endpoint_url=variables["AWS_ENDPOINT_URL"]).get_caller_identity()
    assert identity["Arn"].endswith(":user/learner")


def test_the_doctor_reads_the_issuer_where_the_environment_says(running, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(running.folder / "kubeconfig"))
    lines = (running.folder / "aws.env").read_text().splitlines()
    for name, value in (shlex.split(line)[0].split("=", 1) for line in lines):
        monkeypatch.setenv(name, value)
    command = command_line(Settings.from_environment(), load("en"))
    document = json.loads(CliRunner().invoke(command, ["doctor", "sa/my-sa", "-o", "json"]).output)
    assert {check["status"] for check in document["checks"] if check["id"].startswith("issuer.")} == {"passed"}


@pytest.mark.parametrize(
    ("number", "language", "start", "tries"),
    [
        (signal.SIGINT, "ja", "empty", "kubectl get serviceaccounts"),
        pytest.param(signal.SIGTERM, "en", "finished", "kubectl logs pod-after", marks=pytest.mark.large),
        (signal.SIGHUP, "en", "finished", "kubectl logs pod-after"),
    ],
)
def test_a_signal_ends_it_in_good_order(tmp_path, number, language, start, tries):
    with RunningWorld(tmp_path, "--start", start, language=language) as world:
        assert world.first_line == load(language).message("cli.world.ready")
        assert world.stop(number) == 0
        assert world.errors == ""
        assert str(tmp_path / "kubeconfig") in world.output
        assert tries in world.output
        assert f"curl --cacert {tmp_path / 'ca.pem'} --connect-to oidc.eks." in world.output


def test_the_ports_are_those_that_were_asked_for(tmp_path):
    aws, kubernetes = free_port(), free_port()
    with RunningWorld(tmp_path, "--aws-port", str(aws), "--kubernetes-port", str(kubernetes)) as world:
        assert world.environment()["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{aws}"
        assert f"https://127.0.0.1:{kubernetes}/k8s/" in (tmp_path / "kubeconfig").read_text()


@pytest.mark.parametrize("option", ["--aws-port", "--kubernetes-port"])
def test_a_taken_port_is_reported_and_leaves_no_files(tmp_path, option):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "app", "world", "--dir", str(tmp_path), option, port]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 2
    assert port in done.stderr
    assert option in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_one_port_for_both_is_reported(tmp_path):
    port = str(free_port())
    group = command_line(Settings(), load("en"))
    arguments = ["world", "--dir", str(tmp_path), "--aws-port", port, "--kubernetes-port", port]
    result = CliRunner().invoke(group, arguments)
    assert result.exit_code == 2
    assert "--kubernetes-port" in result.stderr


@pytest.mark.parametrize("folder", ["file", "file/below"])
def test_a_folder_that_cannot_be_used_is_reported(tmp_path, folder):
    (tmp_path / "file").write_text("here first")
    group = command_line(Settings(), load("en"))
    result = CliRunner().invoke(group, ["world", "--dir", f"{tmp_path}/{folder}"])
    assert result.exit_code == 2
    assert load("en").message("errors.folder_unusable.title") in result.stderr
    assert (tmp_path / "file").read_text() == "here first"


@pytest.mark.parametrize("name", ["kubeconfig", "ca.pem", "aws.env"])
def test_no_file_of_the_reader_s_own_is_replaced(tmp_path, name):
    (tmp_path / name).write_text("of a real cluster")
    for command in (["world"], ["serve", "--port", "0"]):
        result = CliRunner().invoke(command_line(Settings(), load("en")), [*command, "--dir", str(tmp_path)])
        assert (result.exit_code, f"{name}: {os.strerror(errno.EEXIST)}" in result.stderr) == (2, True)
    assert [(it.name, it.read_text()) for it in tmp_path.iterdir()] == [(name, "of a real cluster")]


def test_the_folder_is_required():
    assert CliRunner().invoke(command_line(Settings(), load("en")), ["world"]).exit_code == 2


def test_files_of_an_earlier_world_are_gone_before_the_new_one_starts(tmp_path):
    (tmp_path / "kubeconfig").write_text("old")
    (tmp_path / "mine").write_text("kept")
    prepare(tmp_path, load("en"))
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_folder_without_room_for_a_world_is_reported_before_one_is_made(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, before[1]))
    try:
        with pytest.raises(CannotRun, match="cannot be written"):
            prepare(tmp_path, load("en"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "aws.env"
    path.write_text("x" * 100)
    path.chmod(0o644)
    write(path, b"short")
    assert path.read_bytes() == b"short"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
