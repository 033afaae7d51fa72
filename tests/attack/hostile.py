"""What a command of the app is pointed at: a kubeconfig without end, and servers that answer without end."""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.attack.server import MEGABYTE, PATIENCE, ROOT, environment, python_of

ALLOWED = 1536 * MEGABYTE
"""Bytes of address space: what takes more ends by itself, and the machine is spared."""
SENT_AT_MOST = 512 * MEGABYTE
"""Bytes that a hostile server sends, and into which its bomb unfolds."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    status: int
    output: str
    peak: int
    """The highest RSS, in bytes."""


_DOCTOR = ("-m", "app", "doctor", "-n", "default", "-s", "my-sa")
_MEASURED = f"""
import resource, subprocess, sys
def limited(): resource.setrlimit(resource.RLIMIT_AS, ({ALLOWED}, {ALLOWED}))
try: status = subprocess.run(sys.argv[2:], preexec_fn=limited, timeout={PATIENCE}).returncode
finally: open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)
"""
"""Runs a command and writes down its highest RSS, in kB. A process begins with that of the one that forks it, and the
tests' own is large: so a small one comes between."""


def doctor(folder: Path, kubeconfig: str, *, app: Path = ROOT) -> Ended:
    """`python -m app doctor` with that kubeconfig, and no account of AWS."""
    variables = {"KUBECONFIG": kubeconfig, "AWS_EC2_METADATA_DISABLED": "true"}
    log = folder / "doctor.log"
    with log.open("w") as output:
        started = subprocess.run(
            [sys.executable, "-c", _MEASURED, str(folder / "peak"), python_of(app), *_DOCTOR],
            cwd=folder,
            env=environment(app, folder, variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    peak = int((folder / "peak").read_text()) * 1024
    return Ended(status=started.returncode, output=log.read_text(errors="replace"), peak=peak)


def _bomb() -> bytes:
    """A gzip file of so many blanks. A megabyte is compressed once: after a full flush the next one stands alone."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    blanks = b" " * MEGABYTE
    piece = deflate.compress(blanks) + deflate.flush(zlib.Z_FULL_FLUSH)
    check = 0
    for _ in range(SENT_AT_MOST // MEGABYTE):
        check = zlib.crc32(blanks, check)
    head = b"\x1f\x8b\x08" + bytes(7)
    return head + piece * (SENT_AT_MOST // MEGABYTE) + deflate.flush() + struct.pack("<II", check, SENT_AT_MOST)


@contextlib.contextmanager
def endless(folder: Path, *, bomb: bool) -> Iterator[tuple[str, list[int]]]:
    """A kubeconfig whose API server answers everything with a body without end, or one that unfolds.

    Beside it the bytes that the server could send, a number for each connection.
    """
    sent: list[int] = []
    packed = _bomb() if bomb else b""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

    def answer(opened: socket.socket) -> None:
        with opened, contextlib.suppress(OSError):
            opened.settimeout(PATIENCE)
            opened.recv(65536)
            at = len(sent)
            sent.append(0)
            if bomb:
                opened.sendall(head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed)
                sent[at] = len(packed)
                return
            opened.sendall(head + b"\r\n{")
            while sent[at] < SENT_AT_MOST:
                opened.sendall(b" " * MEGABYTE)
                sent[at] += MEGABYTE

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        path = folder / "kubeconfig"
        path.write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
            f"clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{listener.getsockname()[1]}'}}}}]\n"
            "contexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: t}}]\n"
        )
        yield str(path), sent
        listener.shutdown(socket.SHUT_RDWR)
