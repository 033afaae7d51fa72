"""From the click on *next* to the map's first frame, in Chromium, against the same for a page that is text only."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from app.content import load
from app.flow.model import Step
from bench.report import figure, median_ms, spread, title
from tests.browser.server import ARGUMENTS, CHROMIUM, ROOT, Profiles, Reader, serving

WARM_UP, ROUNDS = 2, 12
STEPS = tuple(Step)
NEXT = ".st-key-next button"

MEASURE = (Path(__file__).with_name("step_change.js")).read_text(encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a page shows once it has changed."""

    title: str
    """Words of its heading."""
    mark: str
    """A selector of what is drawn last, looked for in the page and in its components."""
    words: str = ""
    """Words that it holds."""


@dataclass(kw_only=True)
class Times:
    """Seconds of every change, by the page's own clock."""

    picture: list[float] = field(default_factory=list)
    """... until what is drawn last is there, the heading or not."""
    drawn: list[float] = field(default_factory=list)
    complete: list[float] = field(default_factory=list)
    """... until the server's script has ended and all it sent is on the page."""

    def measure(self, reader: Reader, change: Change) -> None:
        """Clicks on *next* and waits for `change`."""
        found = reader.page.evaluate(MEASURE, [NEXT, change.title, change.mark, change.words])
        self.picture.append(found["picture"] / 1e3)
        self.drawn.append(found["drawn"] / 1e3)
        self.complete.append(found["complete"] / 1e3)


def main() -> None:
    """Prints both medians and how many times the one is the other."""
    if not Path(CHROMIUM).exists():
        title(f"Change of step: not measured, {CHROMIUM} is not installed")
        return
    with both() as (ours, text), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        asking, answered, words = measure(browser, ours, text)
        browser.close()
    title(f"Change of step in Chromium (median of {len(STEPS) - 1} changes x {ROUNDS} rounds, interleaved)")
    figure("click on next, until a page of text only is drawn", median_ms(words.drawn), "ms", note=spread(words.drawn))
    figure("until all of that page is there", median_ms(words.complete), "ms", note=spread(words.complete))
    for times, page in ((asking, "step with its question"), (answered, "step read before")):
        multiple = median_ms(times.picture) / median_ms(words.drawn)
        figure(f"{page}: until the map's first frame", median_ms(times.picture), "ms", note=spread(times.picture))
        figure("... as a multiple of the page of text", multiple, "x", target=1.5)
        multiple = median_ms(times.drawn) / median_ms(words.drawn)
        figure(f"{page}: until its heading is there, too", median_ms(times.drawn), "ms", note=spread(times.drawn))
        figure("... as a multiple of the page of text", multiple, "x")
        figure(f"{page}: until all of it is there", median_ms(times.complete), "ms", note=spread(times.complete))


@contextmanager
def both() -> Iterator[tuple[str, str]]:
    """The addresses of our pages, as `serve` gives them, and of those of text, as Streamlit does."""
    with (
        tempfile.TemporaryDirectory() as directory,
        serving(Path(directory), by_command=True) as ours,
        serving(Path(directory), source=ROOT / "bench" / "text_only", app="server:app") as text,
    ):
        yield ours, text


def measure(browser: Browser, ours: str, text: str) -> tuple[Times, Times, Times]:
    """One reader after the other walks through the steps twice: their questions are open the first time. After each
    change of step the pages of text change once.
    """
    content, profiles = load("ja"), Profiles(browser)
    there_and_back = cycle(
        Change(title=f"Page {name}", mark="p", words=f"end of Page {name}") for name in ("two", "one")
    )
    page = Reader(Profiles(browser), text)
    page.page.goto(text)
    page.page.wait_for_selector(NEXT)
    for number in range(WARM_UP + ROUNDS):
        if number in (0, WARM_UP):
            asking, answered, words = Times(), Times(), Times()
        lesson = Reader(profiles, ours)
        for times in (asking, answered):
            lesson.open(f"/{STEPS[0]}?lang=ja").page.wait_for_selector(NEXT)
            for step in STEPS[1:]:
                drawn = Change(title=content.lesson(step).title, mark=f'svg.film-map[data-part="{step}"]')
                times.measure(lesson, drawn)
                lesson.predict()  # so that the next change leaves a whole page
                words.measure(page, next(there_and_back))
        lesson.close()
    page.close()
    return asking, answered, words


if __name__ == "__main__":
    main()
