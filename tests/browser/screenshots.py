"""Takes every page in both languages, themes and sizes into `screenshots/`: `python -m tests.browser.screenshots`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from app.content import LANGUAGES, PAGES
from tests.browser.server import ARGUMENTS, CHROMIUM, DESK, PHONE, ROOT, Reader, serving

SIZES = {"desktop": DESK, "phone": PHONE}
DIRECTORY = ROOT / "screenshots"


def take(browser: Browser, address: str, directory: Path) -> None:
    """One picture of each page as it opens, with nothing scrolled or unfolded."""
    directory.mkdir(exist_ok=True)
    for language in LANGUAGES:
        for theme in ("light", "dark"):
            for name, size in SIZES.items():
                reader = Reader(browser, address, size=size, theme=theme)
                for page in PAGES:
                    reader.open(f"/{'' if page == 'home' else page}?lang={language}")
                    reader.page.evaluate("document.fonts.ready")
                    reader.page.screenshot(path=directory / f"{page}-{language}-{theme}-{name}.png")
                reader.close()


def main() -> None:
    """Starts a server and Chromium, and takes all pictures."""
    with (
        tempfile.TemporaryDirectory() as directory,
        serving(Path(directory)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        take(browser, address, DIRECTORY)
        browser.close()


if __name__ == "__main__":
    main()
