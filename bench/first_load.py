"""From an address to the diagram on the screen, in a browser that has nothing of the app yet, beside one-line apps."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from app.flow.model import Step
from bench.report import figure, median_ms, spread, title
from tests.browser.server import ARGUMENTS, CHROMIUM, DESK, PATIENCE, ROOT, serving

WARM_UP, ROUNDS = 1, 7
FLAGS = [it for it in ARGUMENTS if not it.startswith("--js-flags")]
"""V8 as readers have it."""
MEASURE = Path(__file__).with_name("first_load.js").read_text(encoding="utf-8")
STOCK, AS_OURS = "one line, stock", "one line, served as ours"
LINES: dict[str, dict[str, float] | None] = {
    "loopback": None,
    "10 Mbit/s and 40 ms": {"latency": 40.0, "downloadThroughput": 1.25e6, "uploadThroughput": 1.25e6},
}
"""What a page comes over; of a slower one, what Chromium takes for it (Network.emulateNetworkConditions): milliseconds
that a request waits, and bytes a second. A reader of a hosted instance has such a one."""
LINE, DIAGRAM = "[data-testid=stMarkdown] p", "svg.film-map"
"""Selectors of what is looked for, in the page and in its components."""


@dataclass(kw_only=True)
class Loads:
    """Of one page, each by a new reader."""

    seconds: list[float] = field(default_factory=list)
    """From the beginning of the navigation until what is looked for is painted, or the first picture of it."""
    own: list[float] = field(default_factory=list)
    """The same until the page's own is painted, which can be played."""
    shift: list[float] = field(default_factory=list)
    """How much of the window had moved when all was still, as Chromium adds it up (Layout Instability API)."""
    kilobytes: list[float] = field(default_factory=list)
    """That came over HTTP by then, as packed."""

    def measure(self, browser: Browser, address: str, mark: str, line: Mapping[str, float] | None) -> None:
        """Opens the address without cache and cookies, over a slower `line` than loopback where one is given."""
        context = browser.new_context(viewport={"width": DESK[0], "height": DESK[1]}, locale="ja-JP")
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.add_init_script(f"({MEASURE})({mark!r})")
        if line:
            devtools = context.new_cdp_session(page)
            devtools.send("Network.enable")
            devtools.send("Network.emulateNetworkConditions", {"offline": False, **line})
        page.goto(address)
        found = page.wait_for_function("() => window.firstLoad?.still && window.firstLoad").json_value()
        self.seconds.append(found["painted"] / 1e3)
        self.own.append(found["own"] / 1e3)
        self.shift.append(found["shift"])
        self.kilobytes.append(found["bytes"] / 1e3)
        context.close()


def main() -> None:
    """Prints the medians, how many times the one-line apps' they are, and what moved."""
    if not Path(CHROMIUM).exists():
        title(f"First load: not measured, {CHROMIUM} is not installed")
        return
    with addresses() as pages, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        found = {name: measured(browser, pages, line) for name, line in LINES.items()}
        browser.close()
    for name, loads in found.items():
        show(name, loads)


def measured(
    browser: Browser, pages: Mapping[str, tuple[str, str]], line: Mapping[str, float] | None
) -> dict[str, Loads]:
    """All pages in turns."""
    for number in range(WARM_UP + ROUNDS):
        if number in (0, WARM_UP):
            found = {name: Loads() for name in pages}
        for name, (address, mark) in pages.items():
            found[name].measure(browser, address, mark, line)
    return found


def show(line: str, found: Mapping[str, Loads]) -> None:
    """The figures of one line."""
    title(f"First load in Chromium, {line} (median of {ROUNDS} new readers, interleaved)")
    apps = {name: median_ms(found[name].seconds) for name in (STOCK, AS_OURS)}
    for name, loads in found.items():
        what = "it" if name in apps else "its diagram"
        figure(f"{name}: until {what} is painted", median_ms(loads.seconds), "ms", note=spread(loads.seconds))
        for app, milliseconds in apps.items() if name not in apps else ():
            target = 1.25 if app == STOCK else None
            figure(f"... as a multiple of {app}", median_ms(loads.seconds) / milliseconds, "x", target=target)
        if name not in apps:
            figure("... until the page's own is painted over it", median_ms(loads.own), "ms", note=spread(loads.own))
        figure("... over HTTP", statistics.median(loads.kilobytes), "KB")
        figure("... percent of the window that moved, at most", 100 * max(loads.shift), "%", target=10.0)


@contextmanager
def addresses() -> Iterator[dict[str, tuple[str, str]]]:
    """By name, the address of a page and what is looked for in it."""
    with (
        tempfile.TemporaryDirectory() as directory,
        serving(Path(directory), by_command=True) as ours,
        serving(Path(directory), stock=ROOT / "bench" / "one_line" / "frame.py") as stock,
        serving(Path(directory), source=ROOT / "bench" / "one_line", app="server:app") as as_ours,
    ):
        yield {
            STOCK: (stock, LINE),
            AS_OURS: (as_ours, LINE),
            "home": (f"{ours}/?lang=ja", DIAGRAM),
            "first step": (f"{ours}/{next(iter(Step))}?lang=ja", DIAGRAM),
        }


if __name__ == "__main__":
    main()
