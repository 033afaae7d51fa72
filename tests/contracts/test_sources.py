"""Files and programs that never end are read to a limit, and what waits for ever is given up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.clients import sources
from app.clients.aws.login import AwsLogin, profiles
from app.clients.kubernetes import own_pod
from app.clients.kubernetes.connection import from_kubeconfig
from app.clients.kubernetes.exec_plugin import Plugins
from app.clients.kubernetes.kubeconfig import read
from app.clients.sources import Program, SourceTooLarge, read_bytes
from app.flow.errors import NotPermitted, TooLarge, Unreachable

ENDLESS = [sys.executable, "-c", "while True: print('x' * 65536)"]
CLUSTERS = "contexts: [{name: a, context: {cluster: a, user: a}}]\ncurrent-context: a\n"


def test_a_kubeconfig_that_never_ends_is_read_to_its_limit() -> None:
    with pytest.raises(Unreachable) as raised:
        read({"KUBECONFIG": "/dev/zero"})
    assert (raised.value.code, raised.value.got) == ("source_too_large", "/dev/zero")


@pytest.mark.parametrize(
    ("cluster", "user"),
    [("", "tokenFile: /dev/zero"), ("", "client-key: /dev/zero"), (", certificate-authority: /dev/zero", "token: t")],
)
def test_so_is_a_file_that_it_names(tmp_path: Path, cluster: str, user: str) -> None:
    (tmp_path / "config").write_text(
        f"{CLUSTERS}clusters: [{{name: a, cluster: {{server: 'https://127.0.0.1:1'{cluster}}}}}]\n"
        f"users: [{{name: a, user: {{{user}}}}}]\n"
    )
    with pytest.raises(Unreachable) as raised:
        from_kubeconfig(read({"KUBECONFIG": str(tmp_path / "config")}), "", Plugins(), {})
    assert (raised.value.code, raised.value.got) == ("source_too_large", "/dev/zero")


def test_aliases_that_stand_for_gigabytes_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 {k: v}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 9))]
    (tmp_path / "config").write_text("\n".join(lines))
    with pytest.raises(Unreachable, match="aliasing") as raised:
        read({"KUBECONFIG": str(tmp_path / "config")})
    assert raised.value.code == "kubeconfig_broken"


def test_a_pipe_is_read_and_one_that_is_silent_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("x" * 200_000,))
    writer.start()
    assert len(read_bytes(pipe)) == 200_000
    writer.join()
    monkeypatch.setattr(sources, "FILE_SECONDS", 0.0)
    with pytest.raises(TimeoutError):
        read_bytes(pipe)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as raised:
        read_bytes(tmp_path)
    assert raised.value.filename == str(tmp_path)


def test_a_program_that_never_stops_writing_is_stopped() -> None:
    program = Program(ENDLESS)
    with pytest.raises(SourceTooLarge):
        program.communicate()
    assert program.returncode is not None


def test_a_command_in_our_own_pod_leaves_so_much_and_no_more() -> None:
    with pytest.raises(TooLarge):
        own_pod.run(ENDLESS)


@pytest.mark.parametrize("name", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_aws_configuration_that_never_ends_is_no_source(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "/dev/zero")
    with pytest.raises(NotPermitted) as raised:
        AwsLogin().identity()
    assert (raised.value.code, raised.value.got) == ("aws_source_too_large", "/dev/zero")


@pytest.mark.parametrize("name", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "KUBECONFIG"])
def test_a_file_of_a_user_who_is_unknown_is_not_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "~no-such-user/config")
    assert (profiles(), AwsLogin(region="eu-west-1").region) == ((), "eu-west-1")
    if name == "KUBECONFIG":
        with pytest.raises(Unreachable) as raised:
            read({name: "~no-such-user/config"})
        assert raised.value.code == "kubeconfig_missing"


def test_a_program_ends_in_time_where_there_are_no_groups_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "killpg")  # Windows
    program = Program(["sleep", "60"])
    with pytest.raises(subprocess.TimeoutExpired):
        program.communicate(timeout=0.05)
    assert program.returncode == -signal.SIGKILL
