"""What a change of page sends over the websocket, and what it takes of the server's CPU, as a raw client sees it.

The client keeps no messages: a browser that has had one of 10 KB or more a moment ago is sent its hash instead. What a
page names by its address a browser fetches once; that is counted by itself.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.flow.model import Step
from app.serving.kept_texts import PREFIX
from bench.report import figure, title
from bench.served import Served, served
from tests.attack.client import Page, cookies, visitor
from tests.browser.server import ROOT

WARM_UP, ROUNDS = 2, 24
STEPS = tuple(step.value for step in Step)


@dataclass
class Runs:
    """Those of one server, and what they have cost."""

    server: Served
    seconds: list[float] = field(default_factory=list)
    """CPU time by run, averaged over a round: the kernel counts in hundredths of a second."""
    sent: list[int] = field(default_factory=list)
    """Bytes by run."""

    async def round(self, tab: Page, pages: tuple[str, ...]) -> None:
        """Turns to each of the pages once."""
        before, total = self.server.cpu_seconds(), tab.total
        for page in pages:
            await tab.run(page=page)
        self.seconds.append((self.server.cpu_seconds() - before) / len(pages))
        self.sent.append((tab.total - total) // len(pages))

    def forget(self) -> None:
        """What was counted so far was the warm-up."""
        self.seconds.clear()
        self.sent.clear()


def main() -> None:
    """Prints bytes, CPU times, and how many times the CPU time of a one-line app that is."""
    with (
        tempfile.TemporaryDirectory() as directory,
        served(Path(directory), by_command=True) as ours,
        served(Path(directory), source=ROOT / "bench" / "one_line", app="server:app") as one_line,
    ):
        asyncio.run(measured(Runs(ours), Runs(one_line)))


async def measured(ours: Runs, one_line: Runs) -> None:
    """The steps before their questions are answered, and after; each round beside one of the one-line app."""
    tab = await Page(ours.server, STEPS[0], "lang=ja", cookies=await cookies(ours.server)).open()
    line = await Page(one_line.server, "").open()
    title(f"Change of page over the websocket (six steps x {ROUNDS} rounds, beside a one-line app)")
    figure("bytes of a first load", tab.total / 1e3, "KB")
    for name in ("with the question", "answered"):
        for number in range(WARM_UP + ROUNDS):
            if number == WARM_UP:
                ours.forget()
                one_line.forget()
            await ours.round(tab, STEPS)
            await one_line.round(line, ("",) * 4 * len(STEPS))
        cpu, bare = (middle(each.seconds) * 1e3 for each in (ours, one_line))
        figure(f"bytes of a step {name}", statistics.mean(ours.sent) / 1e3, "KB", target=40.0)
        figure("... fetched beside it, once, as packed", await fetched(ours.server, tab) / 1e3, "KB")
        figure("... CPU time of the server", cpu, "ms", target=6.0)
        figure("... as a multiple of a one-line app's", cpu / bare, "x")
        for step in STEPS:
            await tab.run(page=step)
            if name == "with the question":
                await tab.run({"id": tab.widget("button", "predict_show"), "trigger_value": True})
    await tab.close()
    await line.close()


def middle(seconds: Sequence[float]) -> float:
    """The mean of the middle half: a median would be one of the few values that the kernel's hundredths allow."""
    quarter = len(seconds) // 4
    return statistics.mean(sorted(seconds)[quarter : len(seconds) - quarter])


async def fetched(ours: Served, tab: Page) -> float:
    """Bytes at the addresses that a step names and that no step before it has named, on average."""
    known: set[str] = set()
    total = 0
    async with visitor(ours) as client:
        for page in STEPS:
            await tab.run(page=page)
            named = set(re.findall(rf"{PREFIX}[0-9a-f]{{32}}", tab.received.decode("utf-8", "replace")))
            for address in named - known:
                answer = await client.get(address, headers={"accept-encoding": "gzip"})
                total += int(answer.raise_for_status().headers["content-length"])
            known |= named
    return total / len(STEPS)


if __name__ == "__main__":
    main()
