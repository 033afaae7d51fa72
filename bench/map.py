"""The moving map while it plays: script in each frame, from Chromium's trace, and frames a second."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench.report import figure, p95, processor, title
from tests.browser.film_page import film_page
from tests.browser.films import films
from tests.browser.server import ARGUMENTS, CHROMIUM

SIZES = ((390, 844), (1440, 900), (1920, 1080))
SECONDS = 20
"""Of the film: the camera moves, cards travel, and several beats change."""
MICROSECONDS = 1e3  # in a millisecond
_PLAY = """(seconds) => new Promise((done) => {
  map.go(8); map.pause(); map.render(map.entry.start); map.play()
  setTimeout(done, seconds * 1000)
})"""


def main() -> None:
    """Prints the 95th percentile of a frame's script at each size, and the frame rate with the machine."""
    if not Path(CHROMIUM).exists():
        title(f"The moving map: not measured, {CHROMIUM} is not installed")
        return
    title(f"The moving map, {SECONDS} s of a film in Chromium, drawn by the processor alone")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for size in SIZES:
            scripts = measure(browser, size)
            name = "x".join(map(str, size))
            figure(f"script in a frame, p95, {name}", p95(scripts), "ms", target=4, note=f"longest {max(scripts):.1f}")
            figure(f"frames a second, {name}", len(scripts) / SECONDS, "", note=processor())
        browser.close()


def measure(browser: Browser, size: tuple[int, int]) -> list[float]:
    """Milliseconds of script in each frame while the film plays: the thread's own, so that a busy machine adds none."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.set_content(film_page("ja", films("normal"), "normal"))
    page.wait_for_function("window.map?.view")
    page.evaluate("document.fonts.ready.then(() => true)")
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    page.evaluate(_PLAY, SECONDS)
    trace = json.loads(browser.stop_tracing())
    page.close()
    frames = [event for event in trace["traceEvents"] if event["name"] == "FireAnimationFrame" and "tdur" in event]
    return [event["tdur"] / MICROSECONDS for event in frames]


if __name__ == "__main__":
    main()
