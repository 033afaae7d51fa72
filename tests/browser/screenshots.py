"""Takes pictures of the pages into `screenshots/`: `python -m tests.browser.screenshots [--full] [page ...]`.

Every page as it opens, in both languages, themes and sizes; of one step also each depth and the two views of a talk.
`--full` takes the whole page instead of what fits the window. `--readme` takes those of the documents, and only these.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from app.content import LANGUAGES, PAGES
from tests.browser.server import ARGUMENTS, CHROMIUM, DESK, PHONE, ROOT, Profiles, Reader, serving

SIZES = {"desktop": DESK, "phone": PHONE}
THEMES = ("light", "dark")
DIRECTORY = ROOT / "screenshots"
README = ROOT / "docs" / "images"
EXAMPLE = "sts_assume"
"""The step of which there are more pictures than one."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A page in one state."""

    name: str
    page: str
    query: str = ""
    predicted: bool = False
    """Whether the step's question is answered first."""
    shows: str = "h1"
    """What is there once it is drawn."""

    def open(self, reader: Reader, language: str) -> None:
        """Opens it, and waits for its fonts and pictures."""
        address = "" if self.page == "home" else self.page
        reader.page.goto(f"{reader.address}/{address}?lang={language}{self.query}")
        reader.wait(self.shows)
        if self.predicted:
            reader.predict()
        reader.page.evaluate("document.fonts.ready")


VIEWS = (
    *(View(name=page, page=page) for page in PAGES),
    *(
        View(name=f"{EXAMPLE}-depth-{depth}", page=EXAMPLE, query=f"&depth={depth}", predicted=True)
        for depth in (1, 2, 3)
    ),
    View(name=f"{EXAMPLE}-talk", page=EXAMPLE, query="&present=1"),
    View(name=f"{EXAMPLE}-notes", page=EXAMPLE, query="&present=notes", shows=".clock"),
)
PICTURE = View(name=EXAMPLE, page=EXAMPLE, predicted=True)
"""What docs/learn.md and docs/learn.ja.md show, each in its language."""
README_HEIGHT = 1240
"""Pixels, from the title of the step to its outcome."""


def take(profiles: Profiles, address: str, views: tuple[View, ...], *, full: bool) -> None:
    """The pictures of `views`, a browser for each language, theme and size, so that no question was answered before."""
    DIRECTORY.mkdir(exist_ok=True)
    for language, theme, (size, window) in product(LANGUAGES, THEMES, SIZES.items()):
        reader = Reader(profiles, address, size=window, theme=theme)
        for view in views:
            reader.page.set_viewport_size({"width": window[0], "height": window[1]})
            view.open(reader, language)
            if full:
                reader.page.set_viewport_size({"width": window[0], "height": reader.height})
            reader.page.screenshot(path=DIRECTORY / f"{view.name}-{language}-{theme}-{size}.png")
        reader.close()


def take_for_readme(profiles: Profiles, address: str) -> None:
    """The pictures of the documents, in few colours: they are in the repository's history for good."""
    for language in LANGUAGES:
        reader = Reader(profiles, address, theme="light")
        PICTURE.open(reader, language)
        reader.page.set_viewport_size({"width": DESK[0], "height": README_HEIGHT})
        reader.page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
        path = README / f"{PICTURE.name}-{language}.png"
        reader.page.screenshot(path=path)
        Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)
        reader.close()


@contextmanager
def chromium() -> Iterator[tuple[Profiles, str]]:
    """Chromium, and the address of a server of its own."""
    with (
        tempfile.TemporaryDirectory() as directory,
        serving(Path(directory)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield Profiles(browser), address
        browser.close()


def main() -> None:
    """Takes what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="the whole page")
    parser.add_argument("--readme", action="store_true", help="the pictures of the documents only")
    parser.add_argument("pages", nargs="*", choices=[[], *PAGES], metavar="page", help="these pages only")
    wanted = parser.parse_args()
    with chromium() as (profiles, address):
        if wanted.readme:
            take_for_readme(profiles, address)
        else:
            views = tuple(view for view in VIEWS if not wanted.pages or view.page in wanted.pages)
            take(profiles, address, views, full=wanted.full)


if __name__ == "__main__":
    main()
