"""`python -m app serve`: where it listens, what it says, and how it ends."""

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from unittest.mock import Mock

import httpx
import pytest
import trustme
from click.testing import CliRunner
from cryptography import x509

from app.commands.failure import CannotRun
from app.commands.listening import CERTIFICATES_BEGIN, listen
from app.commands.main import command_line
from app.commands.serve import _greeting, run, url_of
from app.content import LANGUAGES, load
from app.settings import Settings
from tests.free_port import free_port
from tests.waiting import SECONDS, eventually

ROOT = Path(__file__).resolve().parents[2]
FULL = Path("/dev/full")


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_it_listens_without_nagles_algorithm():
    with listen("127.0.0.1", 0, load("en"), option="--port") as listener:
        assert listener.proto == socket.IPPROTO_TCP, "asyncio looks at the protocol before it sets TCP_NODELAY"
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize("command", [["serve"], []])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_taken_port_is_reported_with_what_to_do(taken, language, command):
    words = load(language)
    result = CliRunner().invoke(command_line(Settings(), words), [*command, "--port", str(taken)])
    assert result.exit_code == 2
    assert words.message("errors.port_in_use.title") in result.stderr
    assert f"127.0.0.1:{taken}" in result.stderr
    assert "`python -m app serve --port`" in result.stderr, "a whole command: `make run` takes no option"


@pytest.mark.parametrize("arguments", [["serve", "--port", "0"], ["walk"], ["faults"], ["world", "--dir", "DIR"]])
def test_a_limit_with_which_nothing_works_is_reported_before_anything_is_served(monkeypatch, tmp_path, arguments):
    monkeypatch.setattr("app.serving.descriptors.limit", lambda: 20)
    directory = tmp_path / "world"
    line = [argument.replace("DIR", str(directory)) for argument in arguments]
    result = CliRunner().invoke(command_line(Settings(), load("en")), line)
    assert not directory.exists()
    assert result.exit_code == 2
    assert load("en").message("errors.few_descriptors.title") in result.stderr
    assert ("20 at most" in result.stderr, "74 or more" in result.stderr) == (True, True)


@pytest.mark.parametrize("arguments", [["serve", "--port", "0"], ["walk"], ["doctor-self"]])
def test_too_few_threads_are_reported_and_none_of_those_that_were_started_stays(monkeypatch, arguments):
    start, running = threading.Thread.start, threading.active_count()

    def refuse(thread):
        if threading.active_count() - running >= 3:
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        result = CliRunner().invoke(command_line(Settings(), load("en")), arguments)
    assert result.exit_code == 2
    said = load("en").error("few_threads", got=3, least=8)
    assert said.fix.split("`")[1] in result.output
    assert said.title in " ".join(result.output.split())
    eventually(lambda: threading.active_count() <= running)


def test_a_clock_by_which_no_certificate_is_valid_is_reported_before_anything_is_served(monkeypatch):
    monkeypatch.setattr("time.time", lambda: 0.0)
    result = CliRunner().invoke(command_line(Settings(), load("en")), ["serve", "--port", "0"])
    assert result.exit_code == 2
    assert load("en").message("errors.clock_too_early.title") in result.stderr
    assert ("1970-01-01T00:00:00Z" in result.stderr, "2000-01-01T00:00:00Z or later" in result.stderr) == (True, True)


def test_certificates_begin_when_they_are_said_to():
    made = x509.load_pem_x509_certificate(trustme.CA().cert_pem.bytes())
    assert made.not_valid_before_utc.timestamp() == CERTIFICATES_BEGIN


def test_a_malformed_mission_is_reported_before_anything_is_served(tmp_path):
    (tmp_path / "mine.yaml").write_text("number: one")
    result = CliRunner().invoke(command_line(Settings(), load("en")), ["serve", "--missions", str(tmp_path)])
    assert result.exit_code == 2
    assert load("en").message("errors.malformed_missions.title") in result.stderr
    assert f"{tmp_path}/mine.yaml:1: mission: got" in result.stderr.replace("\n", "")


@pytest.mark.parametrize("state_dir", ["file/worlds", ""])
def test_folders_of_the_environment_that_cannot_be_used_are_named_together(tmp_path, state_dir):
    (tmp_path / "file").touch()
    settings = Settings(missions=str(tmp_path / "not-there"), state_dir=str(tmp_path / state_dir))

    def variables_named(*options):
        result = CliRunner().invoke(command_line(settings, load("en")), ["serve", *options])
        assert result.exit_code == 2
        return {name for name in ("IRSA_MISSIONS_DIR", "IRSA_STATE_DIR") if f"{name}: " in result.stderr}

    assert variables_named() == {"IRSA_MISSIONS_DIR", "IRSA_STATE_DIR"}
    assert variables_named("--missions", str(tmp_path)) == {"IRSA_STATE_DIR"}
    assert variables_named("--dir", str(tmp_path / "world")) == {"IRSA_MISSIONS_DIR"}


def refused(number, said):
    def raises(*_):
        raise OSError(number, said)

    return raises


@pytest.mark.parametrize(
    ("typed", "missing", "number", "said"),
    [
        # A container with a read-only root and nothing mounted at `/tmp`.
        (["serve", "--port", "0"], "tempfile.gettempdir", errno.ENOENT, "No usable temporary directory found"),
        (["walk"], "tempfile.gettempdir", errno.ENOENT, "No usable temporary directory found"),
        # A machine without IPv4, not even on loopback.
        (["serve", "--host", "::1", "--port", "0"], "socket.create_server", errno.EADDRNOTAVAIL, "Cannot assign"),
        # A new network namespace, whose loopback is down: a port can be had there, but not be reached.
        (["serve", "--port", "0"], "socket.create_connection", errno.ENETUNREACH, "Network is unreachable"),
    ],
)
def test_a_system_on_which_no_world_can_run_is_named(monkeypatch, typed, missing, number, said):
    monkeypatch.setattr(missing, refused(number, said))
    monkeypatch.setattr("app.world.node.volumes.disk.MEMORY", ROOT / "not-there")
    monkeypatch.setattr("app.commands.serve.run", lambda *_: pytest.fail("it serves"))
    result = CliRunner().invoke(command_line(Settings(), load("en")), typed)
    assert result.exit_code == 2
    assert load("en").message("errors.world_cannot_run.title") in result.stderr
    assert said in result.stderr
    assert "doctor-self" in result.stderr


def test_fresh_without_a_folder_says_that_there_is_no_world_to_replace():
    typed = ["serve", "--port", str(free_port()), "--fresh"]
    result = CliRunner().invoke(command_line(Settings(), load("en")), typed)
    assert result.exit_code == 2
    assert load("en").error("nothing_to_throw_away").title in result.stderr
    assert "--dir" in result.stderr


@pytest.mark.parametrize("host", ["192.0.2.1", "x" * 300, "ü" * 80, "a\0b", ""])
def test_an_address_that_is_not_ours_is_reported(host):
    with pytest.raises(CannotRun) as caught:
        listen(host, 0, load("en"), option="--port")
    assert load("en").message("errors.cannot_listen.title") in caught.value.message


@pytest.mark.parametrize("port", ["-1", "65536", "http", "1e3"])
def test_a_port_that_is_none_is_a_usage_error(port):
    result = CliRunner().invoke(command_line(Settings(), load("en")), ["serve", "--port", port])
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8501"),
        ("0.0.0.0", "http://127.0.0.1:8501"),  # noqa: S104 - never listened on
        ("::", "http://[::1]:8501"),
        ("192.0.2.7", "http://192.0.2.7:8501"),
    ],
)
def test_the_url_is_one_that_this_machine_can_open(host, url):
    assert url_of(host, 8501) == url


@pytest.mark.parametrize(("host", "shown"), [("::", "[::]"), ("2001:db8::1", "[2001:db8::1]"), ("0.0.0.0", "0.0.0.0")])  # noqa: S104
def test_the_address_that_others_reach_is_shown_as_in_a_url(host, shown):
    for language in LANGUAGES:
        words = load(language)
        lines = list(_greeting(url_of(host, 8501), host, "", words, by_key=False))
        assert words.message("cli.serve.exposed", host=shown) in lines


@pytest.mark.parametrize(
    ("address", "before", "refusal"),
    [
        ("0.0.0.0", "", "live_not_on_loopback"),  # noqa: S104 - never listened on
        ("192.0.2.7", "127.0.0.1", "live_not_on_loopback"),
        ("127.0.0.1", "192.0.2.7", ""),
    ],
)
def test_live_mode_goes_by_the_address_that_is_served_on(monkeypatch, address, before, refusal):
    monkeypatch.setenv("IRSA_HOST", before)
    monkeypatch.delenv("IRSA_LIVE", raising=False)
    refusals = []
    monkeypatch.setattr(
        "uvicorn.Server.run", lambda *_, **__: refusals.append(Settings.from_environment().live_refusal())
    )
    with pytest.raises(SystemExit):  # which was never started
        run(Mock(getsockname=lambda: (address, 8501)), load("en"))
    assert refusals == [refusal]


def test_settings_give_the_defaults():
    group = command_line(Settings(host="127.0.0.9", port=9876), load("en"))
    result = CliRunner().invoke(group, ["serve", "--help"])
    assert "127.0.0.9" in result.output
    assert "9876" in result.output


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.large), signal.SIGHUP]
)
def test_it_serves_from_any_folder_and_ends_in_good_order(tmp_path, number):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "app", "serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            url = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())[0]
            assert httpx.get(f"{url}/_stcore/health").text == "ok"
            assert "<html" in httpx.get(f"{url}/token_mount?lang=ja").text
        finally:
            server.send_signal(number)
            time.sleep(0.01)
            server.send_signal(number)  # as timeout(1) does, and the shell and the kernel where a terminal is closed
            _, errors = server.communicate(timeout=SECONDS)
    assert server.returncode == 0
    assert errors == ""


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
def test_it_serves_with_an_output_that_is_full_and_says_so_once():
    command = [sys.executable, "-m", "app", "serve", "--port", "0"]
    environment = {**os.environ, "LANG": "C.UTF-8"}
    with (
        FULL.open("wb") as output,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.PIPE, text=True
        ) as server,
    ):
        try:
            assert server.stderr.readline() == load("en").message("errors.cannot_write.title") + "\n"
            said = [server.stderr.readline() for _ in range(4)]
            port = int(re.search(r"--port (\d+)", said[-1])[1])
            assert httpx.get(f"http://127.0.0.1:{port}/_stcore/health").text == "ok"
        finally:
            server.send_signal(signal.SIGINT)
            _, errors = server.communicate(timeout=SECONDS)
    assert (server.returncode, errors) == (0, "")


@pytest.mark.parametrize("seconds", [0, pytest.param(0.5, marks=pytest.mark.large), 1])
def test_a_signal_while_it_starts_ends_it_without_a_traceback(seconds):
    port = free_port()
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    environment = {**os.environ, "IRSA_LOG": "text"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        while server.poll() is None and not accepts(port):
            time.sleep(0.02)
        time.sleep(seconds)
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=SECONDS)
    assert "Traceback" not in errors
    for event in ("stopping", "stopped"):
        assert len(re.findall(f"^[^ ]+ info {event}( |$)", errors, re.M)) == ("info started" in errors), errors


def accepts(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
