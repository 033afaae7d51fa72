"""An honest reader, in a process of their own: what an attacker's client computes does not delay them.

`python -m tests.attack.reader PORT` turns pages until its standard input ends, and then prints what it measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import statistics
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from types import SimpleNamespace
from typing import Any

import click

from tests.attack.client import HONEST, Page, cookies
from tests.attack.server import ROOT, Target

READING = 0.05
"""Seconds between a page and the turn to the next."""


@dataclass(kw_only=True)
class Reading:
    """What a reader measured."""

    times: list[float] = field(default_factory=list)
    """Seconds that each page took."""
    failures: int = 0
    """How often they were cut off, and came again."""

    @property
    def p95(self) -> float:
        """The 95th percentile of the seconds that a page took; infinite where none was drawn."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))] if ordered else math.inf

    @property
    def said(self) -> str:
        """The median and the 95th percentile, in milliseconds."""
        if not self.times:
            return f"none ({self.failures} failed)"
        lost = f" ({self.failures} failed)" if self.failures else ""
        return f"{statistics.median(self.times) * 1e3:.0f} / {self.p95 * 1e3:.0f}{lost}"


async def turn_pages(target: Any, until: asyncio.Event) -> Reading:
    """Turns pages until then, the next as soon as the last one is there."""
    found = Reading()
    kept = await cookies(target, source=HONEST)
    page: Page | None = None
    click.echo("begins")
    while not until.is_set():
        begin = time.perf_counter()
        try:
            if page is None:
                page = await Page(target, cookies=kept).open()
            else:
                await page.run(page=("glossary", "home")[len(found.times) % 2])
            found.times.append(time.perf_counter() - begin)
        except Exception:
            found.failures += 1
            page = None
        await asyncio.sleep(READING)
    if page:
        await page.close()
    return found


@contextlib.asynccontextmanager
async def reading(target: Target) -> AsyncIterator[Reading]:
    """A reader who reads meanwhile; what they measured is there after the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.attack.reader", str(target.port)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    found = Reading()
    try:
        yield found
    finally:
        output, _ = await process.communicate()
        measured = json.loads(output or b"{}")
        found.times, found.failures = measured.get("times", []), measured.get("failures", 1)


async def _main(port: int) -> None:
    over = asyncio.Event()
    target = SimpleNamespace(port=port, address=f"http://127.0.0.1:{port}")
    turning = asyncio.create_task(turn_pages(target, over))
    await asyncio.to_thread(sys.stdin.read)
    over.set()
    click.echo(json.dumps(asdict(await turning)))


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
