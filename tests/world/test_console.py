"""The real kubectl and aws as the console runs them, confined by the kernel where it can, against one world."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from functools import cache

import pytest

from app.console import aws_completion, programs
from app.console.command_line import LineRefused
from app.console.confine import LEAST_ABI, abi
from app.console.confinement import launched
from app.console.console import Console
from app.console.limits import CommandLimits
from app.console_access import console_access
from tests.world.test_aws_cli import AWS

pytestmark = [
    pytest.mark.cli,
    pytest.mark.skipif(shutil.which("kubectl") is None or not AWS.exists(), reason="no kubectl or no aws"),
]
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: from-console}
spec:
  serviceAccountName: my-sa
  containers: [{name: app, image: amazon/aws-cli, command: [aws, s3, ls]}]
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@cache
def found_programs():
    """The programs of the console. Not looked for when this file is read: each is started for its version."""
    return programs.find(os.pathsep.join((str(AWS.parent), *os.environ["PATH"].split(os.pathsep))))


class Shown:
    """A console whose output is kept."""

    def __init__(self, access, limits):
        async def found():
            return access

        self.access = access
        self.text = ""
        self.reads = []
        self.console = Console(access=found, programs=found_programs(), limits=limits, browser="b", address="a")

    async def type(self, line, number=1):
        async def show(text):
            self.text += text

        async def begin(reads):
            self.reads.append(reads)

        return await self.console.run(number, line, show, begin)

    def run(self, line, status=0):
        """What a line prints; it ends by itself with that status."""
        self.text = ""
        ended = asyncio.run(self.type(line))
        assert (ended.status, ended.why) == (status, "ended"), self.text
        return self.text

    async def until(self, words):
        deadline = time.monotonic() + 30
        while words not in self.text:
            assert time.monotonic() < deadline, self.text
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def shown(simulation):
    access = console_access(simulation, simulation.world("console"))
    yield Shown(access, CommandLimits())
    assert {path.name for path in access.directory.iterdir()} == {"files"}
    simulation.store.discard("console")


def test_a_learner_applies_annotates_and_looks(shown):
    shown.access.files.write("pod.yaml", POD.encode())
    assert shown.run("kubectl apply -f pod.yaml") == "pod/from-console created\n"
    assert "from-console" in shown.run("kubectl get pods")
    assert shown.run("kubectl annotate sa my-sa note=hello") == "serviceaccount/my-sa annotated\n"
    assert shown.run("kubectl get sa my-sa -o json | jq -r .metadata.annotations.note") == "hello\n"
    assert shown.run("kubectl get sa -o name | grep -c my-sa") == "1\n"
    assert 'pods "ghost" not found' in shown.run("kubectl get pod ghost", status=1)
    assert 'unknown command "gte"' in shown.run("kubectl gte pods", status=1)


def test_a_policy_is_a_file_of_this_world(shown):
    shown.access.files.write("trust.json", json.dumps(TRUST).encode())
    made = shown.run("aws iam create-role --role-name x --assume-role-policy-document file://trust.json")
    assert json.loads(made)["Role"]["RoleName"] == "x"
    assert "learner" in shown.run("aws sts get-caller-identity --query Arn --output text")


def test_output_goes_into_a_file_and_a_here_document_comes_from_the_line(shown):
    said = shown.run("kubectl create sa piped --dry-run=client -o yaml > sa.yaml\nkubectl apply -f sa.yaml\nls")
    assert (said.splitlines()[0], "sa.yaml" in said.splitlines()) == ("serviceaccount/piped created", True)
    assert shown.run(
        "cat <<EOF | kubectl apply -f -\napiVersion: v1\nkind: Namespace\nmetadata: {name: extra}\nEOF\n"
    ) == ("namespace/extra created\n")
    assert shown.run("kubectl create token my-sa | cut -d. -f2 | base64 -d | jq -r .sub") in (
        "system:serviceaccount:default:my-sa\n",
        # A token has no padding, about which the real base64 complains as well.
        "base64: invalid input\nsystem:serviceaccount:default:my-sa\n",
        "system:serviceaccount:default:my-sa\nbase64: invalid input\n",
    )
    shown.run("rm sa.yaml")
    assert "sa.yaml" not in shown.access.files.sizes()


def test_what_is_typed_reaches_a_program_that_reads(shown):
    async def exercise():
        running = asyncio.create_task(shown.type("kubectl apply -f -", number=5))
        while not shown.reads:
            await asyncio.sleep(0.02)
        shown.console.write(5, "apiVersion: v1\nkind: Namespace\n", end=False)
        shown.console.write(5, "metadata: {name: typed}\n", end=True)
        return await running

    shown.text, shown.reads = "", []
    assert asyncio.run(exercise()).status == 0
    assert shown.text == "namespace/typed created\n"
    assert shown.reads[-1] is True


def test_a_watch_streams_until_it_is_stopped_and_two_run_at_once(shown):
    async def exercise():
        shown.text = ""
        watch = asyncio.create_task(shown.type("kubectl get ns -w", number=1))
        other = asyncio.create_task(shown.type("kubectl logs -f pod-after", number=2))
        await shown.until("kube-system")
        assert (await other).status == 0
        tab = Shown(shown.access, shown.console.limits)
        third = asyncio.create_task(tab.type("kubectl get sa -w", number=3))
        await tab.until("my-sa")
        with pytest.raises(LineRefused, match="two_at_once"):
            await shown.type("kubectl get sa", number=4)
        lines = [*shown.console._lines, *tab.console._lines]
        processes = [process for line in lines for process in line.run._processes]
        shown.console.stop(1)
        stopped = await watch
        tab.console.close()  # that tab is gone
        gone = await third
        return stopped, gone, processes

    stopped, gone, processes = asyncio.run(exercise())
    assert (stopped.why, gone.why, gone.status) == ("stopped", "stopped", -signal.SIGKILL)
    assert "irsa-reports" in shown.text or "An error occurred" in shown.text
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)


def test_too_much_output_is_cut(shown, monkeypatch):
    monkeypatch.setattr("app.console.limits.OUTPUT", 1000)
    shown.text = ""
    ended = asyncio.run(shown.type("kubectl get pods -A -o yaml"))
    assert (ended.why, len(shown.text)) == ("cut", 1000)


def test_a_page_that_goes_while_something_is_printed_pays_for_it(shown):
    charged = []

    class Counted(CommandLimits):
        def charge(self, browser, address, cpu_seconds):
            charged.append(cpu_seconds)

    async def gone(text):
        raise RuntimeError("the socket is closed")

    async def begin(reads):
        pass

    console = Console(
        access=shown.console.access, programs=found_programs(), limits=Counted(), browser="b", address="a"
    )
    with pytest.raises(RuntimeError, match="closed"):
        asyncio.run(console.run(1, "kubectl get pods -A", gone, begin))
    (seconds,) = charged
    assert seconds > 0


def test_a_line_ends_with_its_time(shown, monkeypatch):
    monkeypatch.setattr("app.console.run.SECONDS", 1.0)
    assert asyncio.run(shown.type("kubectl get sa -w")).why == "time"


def test_tab_asks_kubectl(shown):
    def complete(text):
        length, found = asyncio.run(shown.console.complete(text))
        return length, [one.text for one in found]

    assert complete("kubectl ann") == (3, ["annotate"])
    assert complete("kubectl get pods pod-") == (4, ["pod-after", "pod-before"])
    assert complete("kubectl get --server=x ") == (0, [])


def test_tab_reads_the_index_of_aws(shown):
    if not found_programs()["aws"].index:
        pytest.skip("the aws that was found brings no index")

    def complete(text):
        return [one.text for one in asyncio.run(shown.console.complete(text))[1]]

    assert complete("aws iam create-open") == ["create-open-id-connect-provider"]
    assert "--web-identity-token" in complete("aws sts assume-role-with-web-identity --")
    assert set(complete("aws ")) == set(aws_completion.SERVICES)


def test_a_context_is_added_in_the_home_of_its_command_and_the_page_hears_that_it_is_gone(shown):
    ended = asyncio.run(shown.type(f"aws eks update-kubeconfig --name {shown.access.context}"))
    assert (ended.status, ended.forgets_context) == (0, True), shown.text
    assert re.search(r"Added new context arn:aws:eks:\S+ to /\S+/\.kube/config\n", shown.text)
    assert shown.run("kubectl config get-contexts -o name") == f"{shown.access.context}\n"
    assert shown.access.files.sizes().keys() <= {"pod.yaml", "trust.json"}


def test_diff_is_the_one_program_that_kubectl_starts(shown):
    manifest = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: my-sa, annotations: {about: diff}}"
    said = shown.run(f"kubectl diff -f - <<'EOF'\n{manifest}\nEOF", status=1)
    assert re.search(r"^\+ +about: diff$", said, re.MULTILINE)


def test_kubectl_plugins_and_other_programs_are_not_found(shown):
    shown.access.files.write("kubectl-evil", b"#!/bin/sh\necho evil\n")
    (shown.access.files.folder / "kubectl-evil").chmod(0o755)
    assert 'unknown command "evil"' in shown.run("kubectl evil", status=1)
    shown.run("rm kubectl-evil")


@pytest.mark.skipif(abi() < LEAST_ABI, reason=f"Landlock version {abi()}, needed {LEAST_ABI}")
def test_the_kernel_stops_what_the_arguments_would_have_let_through(shown):
    """The second fence alone: arguments that the first one refuses, given to the real programs."""

    def confined(name, *words):
        program, access = found_programs()[name], shown.access
        with access.home() as home:
            return subprocess.run(
                launched((program.path, *words), program.reads, access.reach(home)),
                env=access.environment(home),
                cwd=access.files.folder,
                capture_output=True,
                text=True,
                check=False,
            )

    def listening(other):
        return f"https://127.0.0.1:{other.getsockname()[1]}"

    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0)
        for words, said in (
            (("apply", "-f", "/etc/passwd"), "permission denied"),
            (("get", "pods", "--kubeconfig=/etc/hostname"), "permission denied"),
            (("get", "pods", f"--server={listening(other)}"), "permission denied"),
            (("apply", "-f", f"{listening(other)}/pod.yaml"), "permission denied"),
            (("edit", "sa", "my-sa"), "unable to launch the editor"),
        ):
            done = confined("kubectl", *words)
            assert (done.returncode, said in done.stderr) == (1, True), (words, done)
        document = ("create-role", "--role-name", "y", "--assume-role-policy-document", "file:///etc/passwd")
        assert "Permission denied" in confined("aws", "iam", *document).stderr
        with pytest.raises(BlockingIOError):
            other.accept()


def test_without_a_world_nothing_runs():
    async def none():
        return None

    console = Console(access=none, programs=found_programs(), limits=CommandLimits(), browser="b", address="a")
    with pytest.raises(LineRefused, match="no_world"):
        asyncio.run(console.run(1, "kubectl get pods", None, None))


def test_the_newest_on_the_path_is_taken_and_no_script_that_looks_for_another_program(tmp_path, monkeypatch):
    monkeypatch.setattr(programs, "_reads", lambda path: [path])
    for folder, version in (("old", "1.9.1"), ("new", "1.10.0"), ("shim", "9.9.9"), ("any", "9.9.8")):
        (tmp_path / folder).mkdir()
        script = tmp_path / folder / "aws"
        say = f"'aws-cli/{version} Python/3'"
        text = {"shim": f"#!/usr/bin/env bash\necho {say}\n", "any": f"#!/usr/bin/env python3\nprint({say})\n"}
        script.write_text(text.get(folder, f"#!{sys.executable}\nprint({say})\n"))
        script.chmod(0o755)
    folders = [str(tmp_path / name) for name in ("shim", "any", "old", "new", "ghost")]
    found = programs.find(os.pathsep.join(folders))
    assert {name: (one.version, one.path) for name, one in found.items()} == {
        "aws": ("1.10.0", str(tmp_path / "new" / "aws"))
    }
