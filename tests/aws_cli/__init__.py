"""The real `aws`, without what it takes to start: a server has imported it, and forks for each command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

AWS = Path(__file__).resolve().parents[2] / ".venv-aws" / "bin" / "aws"
"""The program itself."""
_CLIENT = """#!{python} -IS
import marshal, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [b"\\0"], [0, 1, 2])
    server.sendall(marshal.dumps((sys.argv, dict(os.environ), os.getcwd())))
    server.shutdown(socket.SHUT_WR)
    status = server.recv(1)
sys.exit(status[0] if status else "aws has ended without a status")
"""


def version_2() -> str | None:
    """The second version of the AWS CLI, where this machine has it (Debian's package is one)."""
    found = shutil.which("aws", path="/usr/bin:/usr/local/bin")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout if found else ""
    return found if said.startswith("aws-cli/2") else None


@contextmanager
def imported_aws(folder: Path) -> Iterator[Path]:
    """A directory for the `PATH` whose `aws` runs in a process forked from one that has imported the program.

    It gets the arguments, the environment, the working directory and the three streams of its caller, who gets its
    status. `folder` is empty, and its name short: a socket's address has at most 107 bytes.
    """
    address, client = folder / "socket", folder / "bin" / "aws"
    client.parent.mkdir()
    client.write_text(_CLIENT.format(python=sys.executable, address=str(address)))
    client.chmod(0o755)
    command = [AWS.with_name("python"), Path(__file__).with_name("server.py"), address]
    # The program takes the home of its cache of sessions when it is imported: no caller's, and not the developer's.
    environment = {**os.environ, "HOME": str(folder)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as server:
        try:
            assert server.stdout
            assert server.stdout.readline(), "the server has ended"
            yield client.parent
        finally:
            server.terminate()
