"""The second fence, with the kernel really on: what a hostile program in the place of kubectl could still reach."""

import json
import os
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from app.console import confinement
from app.console.confine import FAILED, LEAST_ABI, abi
from app.console.confinement import LIMITS, Reach, filtered, launched, python_reads

HAVE_LANDLOCK = abi() >= LEAST_ABI
needs_landlock = pytest.mark.skipif(not HAVE_LANDLOCK, reason=f"Landlock version {abi()}, needed {LEAST_ABI}")
# Should one of them succeed one day, it must not hurt who runs the tests: it acts on folders and processes of the test.
ATTEMPTS = """
import ctypes, json, mmap, os, resource, signal, socket, struct, subprocess, sys
world, other, victim, outside = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]

def tcp(port, protocol=0):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol) as it:
        it.settimeout(3)
        it.connect(("127.0.0.1", port))

def capabilities():
    found = ctypes.create_string_buffer(24)
    ctypes.CDLL(None).capget(struct.pack("=Ii", 0x20080522, 0), found)
    return any(found.raw)

def large_file():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    open("large", "wb").write(b"x" * (8 << 20))

def listen():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        it.listen()

attempts = {
    "read /etc/passwd": lambda: open("/etc/passwd").read(),
    "read outside": lambda: open(outside + "/secret").read(),
    "read through a link": lambda: (os.symlink(outside + "/secret", "link"), open("link").read()),
    "list /": lambda: os.listdir("/"),
    "list /proc": lambda: os.listdir("/proc"),
    "read the server's environment": lambda: open(f"/proc/{victim}/environ").read(),
    "write outside": lambda: open(outside + "/new", "w"),
    "remove outside": lambda: os.remove(outside + "/secret"),
    "rename outside": lambda: os.rename("own", outside + "/own"),
    "write its own program": lambda: open(sys.executable, "r+b"),
    "run a shell": lambda: subprocess.run(["/bin/sh", "-c", "true"], check=True),
    "run a file of its own": lambda: (os.chmod("own", 0o755), subprocess.run(["./own"], check=True)),
    "connect to another port": lambda: tcp(other),
    "connect by MPTCP": lambda: tcp(other, 262),
    "listen": listen,
    "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "unix socket": lambda: socket.socket(socket.AF_UNIX),
    "raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "signal the server": lambda: os.kill(victim, 0),
    "trace the server": lambda: ctypes.CDLL(None, use_errno=True).ptrace(0x4206, victim, 0, 0) == 0 or 1 / 0,
    "mount": lambda: ctypes.CDLL(None, use_errno=True).mount(b"x", b"mounted", b"tmpfs", 0, None) == 0 or 1 / 0,
    "raise a limit": lambda: resource.setrlimit(resource.RLIMIT_CPU, (10**6, 10**6)),
    "keep a capability": lambda: capabilities() or 1 / 0,
    "much memory": lambda: bytearray(1 << 31),
    "a large file": large_file,
    # allowed
    "connect to the world": lambda: tcp(world),
    "write a file": lambda: open("own", "w").write("#!/bin/sh\\n"),
    "read it": lambda: open("own").read(),
    "/dev/null": lambda: open("/dev/null", "r+b"),
    "/dev/urandom": lambda: open("/dev/urandom", "rb").read(8),
}
order = sorted(attempts, key=lambda name: name != "write a file")
found = {}
for name in order:
    try:
        attempts[name]()
        found[name] = "done"
    except (OSError, ZeroDivisionError, MemoryError, subprocess.SubprocessError, ValueError) as error:
        found[name] = type(error).__name__
print(json.dumps({"found": found, "environment": sorted(os.environ), "uid": os.getuid()}))
"""
ALLOWED = {"connect to the world", "write a file", "read it", "/dev/null", "/dev/urandom"}


@pytest.fixture(scope="module")
def ports():
    """Two that listen: the world's, and that of some other program."""
    with socket.create_server(("127.0.0.1", 0)) as world, socket.create_server(("127.0.0.1", 0)) as other:
        yield world.getsockname()[1], other.getsockname()[1]


@pytest.fixture(scope="module")
def outcome(ports, tmp_path_factory):
    folder, outside = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("outside")
    (outside / "secret").write_text("secret")
    (folder / "mounted").mkdir()
    victim = subprocess.Popen(["sleep", "60"])
    command = launched(
        [sys.executable, "-c", ATTEMPTS, *map(str, ports), str(victim.pid), str(outside)],
        python_reads(sys.executable),
        Reach(write=(str(folder),), ports=ports[:1]),
    )
    done = subprocess.run(command, cwd=folder, env={"HOME": str(folder)}, capture_output=True, text=True, check=False)
    victim.kill()
    victim.wait()
    assert done.returncode == 0, done.stderr
    assert (outside / "secret").read_text() == "secret"
    assert [path.name for path in outside.iterdir()] == ["secret"]
    return json.loads(done.stdout)


def test_a_python_reads_what_debians_aws_loads_late():
    """Its own cryptography; the libraries to which that links follow."""
    library = Path(find_spec("cryptography.hazmat.bindings._rust").origin).resolve()
    assert str(library) in python_reads(sys.executable)


@needs_landlock
def test_it_reaches_the_visitors_files_and_the_worlds_port_and_nothing_else(outcome):
    done = {name for name, said in outcome["found"].items() if said == "done"}
    assert done == ALLOWED


@needs_landlock
def test_nothing_is_inherited(outcome):
    assert set(outcome["environment"]) <= {"HOME", "LC_CTYPE"}


@needs_landlock
def test_what_the_kernel_refuses_runs_nothing(tmp_path):
    """A file that may not be executed ends with a message and the status of a shell."""
    command = launched(["/bin/sh", "-c", "echo out"], [], Reach(write=(str(tmp_path),)))
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (FAILED, "")
    assert "/bin/sh" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["grep", "-E", "(a+)+$b|(a*)*c", "a"],
        pytest.param(["jq", "-n", "[range(1e12)] | length"], marks=pytest.mark.large),
    ],
)
def test_a_program_that_computes_without_end_is_ended(tmp_path, monkeypatch, words):
    monkeypatch.setattr(confinement, "LIMITS", {**LIMITS, "CPU": 1})
    (tmp_path / "a").write_text("a" * 40)
    done = subprocess.run(
        filtered([words], Reach(write=(str(tmp_path),))), cwd=tmp_path, env={}, capture_output=True, check=False
    )
    assert done.returncode in (-signal.SIGXCPU, -signal.SIGKILL), done


def test_a_filter_takes_less_memory_than_a_program(tmp_path):
    words = ["jq", "-n", 'reduce range(28) as $_ ("x"; . + .) | length']
    done = subprocess.run(
        filtered([words], Reach(write=(str(tmp_path),))), cwd=tmp_path, env={}, capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGABRT
    assert b"cannot allocate memory" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no /proc")
def test_the_server_comes_first_where_processor_and_memory_are_short(tmp_path):
    command = filtered([["cat"]], Reach(write=(str(tmp_path),)))
    with subprocess.Popen(command, cwd=tmp_path, env={}, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b"runs\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"runs\n"
        assert psutil.Process(process.pid).nice() >= min(os.nice(0) + 10, 19)
        assert Path(f"/proc/{process.pid}/oom_score_adj").read_text() == "1000\n"
        process.stdin.close()
