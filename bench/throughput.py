"""Page runs a second of many sessions that never pause: of our pages, and of a one-line app, stock and served as ours.

One server is asked at a time, by another process.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any, Protocol

import click

from app.flow.model import Step
from bench.report import figure, title
from bench.served import Served, served
from tests.attack.client import Page, cookies
from tests.browser.server import ROOT

ROUNDS = 3
WARM_UP_SECONDS = 5.0
"""A run of the stock app takes three seconds while fifty go on at once."""
ONE_LINE = ROOT / "bench" / "one_line"
WANTED = 8.0
"""Times as many runs a second as the stock one-line app."""


class Turns(Protocol):
    """A tab whose pages can be turned."""

    async def run(self, *, page: str) -> object:
        """Ends with the run."""


@click.command()
@click.option("--sessions", default=50, show_default=True, help="How many; each has an address, cookies and a tab.")
@click.option("--seconds", default=6.0, show_default=True, help="For which each server is asked, three times.")
def main(sessions: int, seconds: float) -> None:
    """Prints runs a second, and how many times the stock one-line app's that is."""
    with tempfile.TemporaryDirectory() as directory, servers(Path(directory)) as running:
        found = asyncio.run(measured(running, sessions, seconds))
    title(f"Page runs a second of {sessions} sessions that never pause")
    for name, each in found["runs_a_second"].items():
        figure(name.replace("_", " "), each, "/s")
        figure("... CPU time of a run", found["cpu_ms_a_run"][name], "ms")
    times = found["times_the_stock_one_line_app"]
    figure("our pages, as a multiple of the stock one-line app", times, "x", target=WANTED, at_least=True)


@contextmanager
def servers(directory: Path) -> Iterator[dict[str, Served]]:
    """The three, by what they serve. The stock one is `streamlit run`, where it finds no setting of ours."""
    script = Path(shutil.copy(ONE_LINE / "frame.py", directory))
    with (
        served(directory, stock=script) as stock,
        served(directory, source=ONE_LINE, app="server:app") as tuned,
        served(directory, by_command=True) as ours,
    ):
        yield {"stock_one_line_app": stock, "one_line_app_served_as_ours": tuned, "our_pages": ours}


async def measured(running: dict[str, Served], sessions: int, seconds: float) -> dict[str, Any]:
    """The figures: medians of the rounds, in each of which every server is asked once."""
    steps = tuple(step.value for step in Step)
    found: dict[str, list[float]] = {name: [] for name in running}
    cpu: dict[str, list[float]] = {name: [] for name in running}
    tabs: dict[str, list[Page]] = {}
    for name, server in running.items():
        tabs[name] = [
            await _opened(server, number, steps[0] if name == "our_pages" else "") for number in range(sessions)
        ]
    for _ in range(ROUNDS):
        for name, opened in tabs.items():
            before = running[name].cpu_seconds()
            each, in_all = await runs_a_second(opened, steps if name == "our_pages" else ("",), seconds)
            found[name].append(each)
            cpu[name].append((running[name].cpu_seconds() - before) / in_all * 1e3)
    for opened in tabs.values():
        await asyncio.gather(*(tab.close() for tab in opened))
    runs = {name: statistics.median(each) for name, each in found.items()}
    if not runs["stock_one_line_app"]:
        raise click.ClickException(
            f"the stock app ended no run within {seconds:g} s: the machine is too busy to compare"
        )
    return {
        "runs_a_second": {name: round(each, 1) for name, each in runs.items()},
        "cpu_ms_a_run": {name: round(statistics.median(each), 2) for name, each in cpu.items()},
        "times_the_stock_one_line_app": round(runs["our_pages"] / runs["stock_one_line_app"], 2),
    }


async def _opened(server: Served, number: int, page: str) -> Page:
    """A tab of a visitor with an address of their own: ours lets one that never pauses rest between its runs."""
    source = f"127.0.1.{number + 1}"
    kept = await cookies(server, source=source) if page else ""
    return await Page(server, page, "lang=ja", source=source, cookies=kept).open()


async def runs_a_second(
    tabs: Sequence[Turns], pages: Sequence[str], seconds: float, warm_up: float = WARM_UP_SECONDS
) -> tuple[float, int]:
    """Runs that end within that time after the warm-up, of all tabs, a second; and all runs. Each tab begins its next
    one as soon as one ends.
    """
    since = time.monotonic() + warm_up
    ends: list[float] = []

    async def turn(tab: Turns, place: int) -> None:
        for page in cycle((*pages[place:], *pages[:place])):
            await tab.run(page=page)
            ends.append(time.monotonic() - since)
            if ends[-1] >= seconds:
                return

    await asyncio.gather(*(turn(tab, number % len(pages)) for number, tab in enumerate(tabs)))
    return sum(0 <= end < seconds for end in ends) / seconds, len(ends)


if __name__ == "__main__":
    main()
