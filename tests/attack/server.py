"""A process of the app's own, what it takes of the machine, and the keys to worlds in it."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
"""Seconds. Nothing is right or wrong by it: what has not come by then is not coming."""
MEGABYTE = 1024 * 1024
_LAUNCH = Path(__file__).with_name("launch.py")
_KEPT = ("PATH", "LANG", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a process holds at a moment, in bytes and numbers."""

    resident: int
    """RSS."""
    unique: int
    """USS: what would be free if the process ended."""
    log: int
    """Bytes that it has written to standard output and standard error."""
    files: int
    """Bytes of its worlds' files in memory (/dev/shm), or in the folder of temporary files."""
    descriptors: int


@dataclass(frozen=True, kw_only=True)
class Keys:
    """How the owner of a world reaches its API server and its AWS."""

    server: str
    token: str
    ca: Path
    aws_url: str
    access_key_id: str
    secret_access_key: str


class Target:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, url: str) -> None:
        self.process = process
        self.folder = folder
        self.url = url
        """As the server printed it, whatever it carries beside the address."""
        self.port = int(re.search(r":(\d+)", url.partition("//")[2])[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self._measured = psutil.Process(process.pid)

    @property
    def lives(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    @property
    def log(self) -> str:
        """All that it has written."""
        return (self.folder / "log").read_text(errors="replace")

    def taken(self) -> Taken:
        """What it holds now."""
        memory = self._measured.memory_full_info()
        return Taken(
            resident=memory.rss,
            unique=memory.uss,
            log=(self.folder / "log").stat().st_size,
            files=sum(_size(path) for path in self._node_files()),
            descriptors=self._measured.num_fds(),
        )

    def forget_peak(self) -> None:
        """Starts again to look for the highest RSS."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    @property
    def peak(self) -> int:
        """The highest RSS since `forget_peak`, in bytes, as the kernel saw it."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found, "Linux says it"
        return int(found[1]) * 1024

    @property
    def seconds(self) -> float:
        """CPU time of the process."""
        times = self._measured.cpu_times()
        return times.user + times.system

    def keys(self, key: str) -> Keys:
        """The keys to the world of a learner's key; it is made where there is none."""
        directory = self.folder / key
        if not directory.exists():
            assert self.process.stdin is not None
            self.process.stdin.write(f"{key}\n")
            self.process.stdin.flush()
        wait(lambda: (directory / "ready").exists() or not self.lives)
        variables = dict(line.split("=", 1) for line in (directory / "aws.env").read_text().splitlines())
        config = yaml.safe_load((directory / "kubeconfig").read_text())
        return Keys(
            server=config["clusters"][0]["cluster"]["server"],
            token=config["users"][0]["user"]["token"],
            ca=directory / "ca.pem",
            aws_url=variables["AWS_ENDPOINT_URL"],
            access_key_id=variables["AWS_ACCESS_KEY_ID"],
            secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        )

    def _node_files(self) -> Iterator[Path]:
        links = (f"/proc/{self.process.pid}/fd/{number}" for number in os.listdir(f"/proc/{self.process.pid}/fd"))
        for link in links:
            with contextlib.suppress(OSError):
                opened = Path(os.readlink(link))
                if opened.name.startswith("irsa-explorer-") and opened.is_dir():
                    yield from opened.rglob("*")


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        found = path.lstat()
        return found.st_size if path.is_file() and not path.is_symlink() else 0
    return 0


def wait(holds: object) -> None:
    """Waits until `holds()`. Raises `TimeoutError`."""
    deadline = time.monotonic() + PATIENCE
    while not holds():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come about")
        time.sleep(0.05)


def python_of(app: Path) -> str:
    """The interpreter of a checkout: of its own environment where it has one."""
    own = app / ".venv" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def environment(app: Path, folder: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a process of the app may know: nothing of the person who runs the tests."""
    kept = {name: value for name in _KEPT if (value := os.environ.get(name))}
    return {**kept, "PYTHONPATH": str(app), "HOME": str(folder), "PYTHONUNBUFFERED": "1", **(extra or {})}


@contextlib.contextmanager
def serving(
    folder: Path, *, app: Path = ROOT, extra: Mapping[str, str] | None = None, descriptors: int = 0
) -> Iterator[Target]:
    """`python -m app serve` on a free port of loopback, with these variables and so many file descriptors at most."""

    def limit() -> None:
        if descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

    command = [python_of(app), str(_LAUNCH), str(folder), "serve", "--port", "0"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(app, folder, extra),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=limit,
        )
    try:
        log_file = folder / "log"
        wait(lambda: re.search(r"http://\S+\n", log_file.read_text()) or process.poll() is not None)
        found = re.search(r"http://\S+", log_file.read_text())
        assert found, f"the server has ended: {log_file.read_text()}"
        yield Target(process, folder, found[0])
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()
