"""A server that is measured: where it is, and what it takes of the processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from tests.browser.server import serving


@dataclass(frozen=True)
class Served:
    """One that runs on loopback."""

    address: str
    process: psutil.Process

    @property
    def port(self) -> int:
        """Of its address."""
        return urlsplit(self.address).port or 0

    def cpu_seconds(self) -> float:
        """CPU time of the process so far, in hundredths of a second: the kernel counts no finer."""
        times = self.process.cpu_times()
        return times.user + times.system


@contextmanager
def served(directory: Path, **options: Any) -> Iterator[Served]:
    """A server as `serving` starts it, with its options."""
    known = set(psutil.Process().children())
    with serving(directory, **options) as address:
        (process,) = set(psutil.Process().children()) - known
        yield Served(address, process)
