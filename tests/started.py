"""A server by its own command, as a person starts it, and where it says that it is."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.attack.server import Target, wait

_ADDRESS = re.compile(r"http://\S+(?=\n)")


@contextlib.contextmanager
def started(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator[Target]:
    """Runs the command in the folder, with those variables alone, until the block ends."""
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        wait(lambda: _ADDRESS.search((folder / "log").read_text()) or process.poll() is not None)
        found = _ADDRESS.search((folder / "log").read_text())
        assert found, f"it has ended: {(folder / 'log').read_text()}"
        yield Target(process, folder, found[0])
    finally:
        process.terminate()
        process.wait()
