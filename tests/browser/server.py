"""A server of its own on a free loopback port, and a page in Chromium, in words of what a reader sees and does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect

from tests.free_port import free_port

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(os.path.exists, ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")), "/usr/bin/chromium")
"""The shell is the same Chromium without the windows of a desk: the tests take a quarter less."""
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--js-flags=--no-turbofan --no-maglev"]
"""No page lives long enough to earn back what V8's optimizers take: a tenth of what it takes to load."""
READERS = 24
"""That get a page one after the other, since the first one in a process takes twice as long. The process keeps memory
of each: half a gigabyte after 12, one after 40."""
EMPTY = "/_stcore/health"
"""The path of a page of the server on which the app does not run."""
DESK = (1360, 1000)
PHONE = (390, 844)
PATIENCE = 60.0
"""Seconds that a server may take to start, and a page to draw, on a busy machine."""
expect.set_options(timeout=PATIENCE * 1000)
# At each look at an element that is not yet as expected, Playwright writes down the whole page for its message; not
# where elements are counted. So what every test waits for is counted here, which is a tenth of what a page takes.

_NOT_DRAWN = ":not(.st-key-styles, .st-key-page) > .stBidiComponent:not([data-drawn])"
"""Components that are empty still: they load their script, or fetch what they show (`app.ui.draw.cached_parts`)."""
RAN = '[data-testid="stApp"][data-test-script-state="notRunning"]'
STILL = """(looks) => {
  const parts = document.querySelectorAll(
    "[data-testid=stSidebar], [data-testid=stMain], [data-testid=stMain] [class*=stElementContainer], .slides")
  const places = [innerWidth, ...[...parts].flatMap((part) => {
    const { x, y, width, height } = part.getBoundingClientRect()
    return [x, y, width, height, part.scrollHeight]
  })].join()
  const moving = document.getAnimations().some((one) =>
    one.playState === "running" && one.effect?.getComputedTiming().endTime !== Infinity)
  const same = !moving && window.looked?.places === places
  window.looked = { places, same: same ? window.looked.same + 1 : 0 }
  return window.looked.same >= looks
}"""
"""Whether all is where it was so many frames ago. Frames are counted, not milliseconds: a browser that had no time to
move anything had none to draw either."""
LOOKS = 10
_SLOW = """(late) => {
  const send = (window.sends ??= WebSocket.prototype.send)
  WebSocket.prototype.send = late ? function (what) { setTimeout(() => send.call(this, what), late) } : send
}"""


@contextmanager
def serving(
    directory: Path,
    *,
    source: Path = ROOT,
    app: str = "app.server:app",
    by_command: bool = False,
    stock: Path | None = None,
) -> Iterator[str]:
    """A server of the `app` whose code is in `source`, started in `directory`; its address.

    `by_command`: by the project's own `serve`, which gives out launch addresses. `stock`: a script that `streamlit run`
    serves instead, as anybody's.
    """
    port = free_port()
    options = ["--app-dir", str(source), "--port", str(port), "--log-level", "warning"]
    command = ["app", "serve", "--port", str(port)] if by_command else ["uvicorn", *options, app]
    if stock:
        # Without an address it would listen everywhere, and ask outside which one this machine has.
        local = ["--server.address", "127.0.0.1", "--browser.gatherUsageStats", "false"]
        command = ["streamlit", "run", str(stock), "--server.port", str(port), "--server.headless", "true", *local]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    server = subprocess.Popen([sys.executable, "-m", *command], cwd=directory, env=environment)
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + PATIENCE
        while not _answers(address):
            assert server.poll() is None, "the server has ended"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(PATIENCE)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}{EMPTY}").status_code == 200
    except httpx.TransportError:
        return False


class Profiles:
    """Pages of a browser, each in a context alone. One that is given back keeps what Chromium has compiled for it.

    A page takes Chromium twice as long in a new process, and it gets one where it is new or comes from another site. So
    between two readers it stays at an empty page of the server; all that the app could know of the first one is gone.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[Page]] = {}
        self._readers: Counter[Page] = Counter()

    def take(self, locale: str) -> Page:
        """A page in a context in which there has been nobody, as far as the app can see."""
        if free := self._free.get(locale):
            return free.pop()
        context = self._browser.new_context(locale=locale, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE * 1000)
        return context.new_page()

    def give_back(self, page: Page, address: str, locale: str) -> None:
        """Leaves the server's `address`, closes the context's other pages, and makes it forget."""
        for other in page.context.pages:
            if other is not page:
                other.close()
        page.mouse.move(-1, -1)
        page.goto(f"{address}{EMPTY}")
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); window.name = '' }")
        page.emulate_media(media="null", contrast="null", forced_colors="null", reduced_motion="reduce")
        page.context.clear_cookies()
        page.context.clear_permissions()
        protocol = page.context.new_cdp_session(page)
        protocol.send("Page.resetNavigationHistory")
        protocol.detach()
        self._readers[page] += 1
        if self._readers[page] == READERS:
            worn, page = page, page.context.new_page()
            worn.close()
        self._free.setdefault(locale, []).append(page)


class Reader:
    """One browser with its own cookies, and everything that it asked for and complained about."""

    def __init__(
        self,
        profiles: Profiles,
        address: str,
        *,
        size: tuple[int, int] = DESK,
        locale: str = "ja-JP",
        theme: str = "light",
    ) -> None:
        self.address = address
        self._profiles, self._locale = profiles, locale
        self.page = profiles.take(locale)
        self.context = self.page.context
        self.resize(size)
        self.page.emulate_media(color_scheme=theme)
        self.theme = theme
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        self._heard: list[tuple[str, Callable[[Any], object]]] = []
        self.hear("request", lambda request: self._asked(request.url))
        self.hear("websocket", lambda opened: self._asked(opened.url))
        self.hear("console", lambda said: self._complain(said.type, said.text, said.location["url"]))
        self.hear("pageerror", lambda error: self.complaints.append(str(error)))

    def hear(self, event: str, handler: Callable[[Any], object]) -> None:
        """Calls the handler at each such event of the page, as long as this reader has it."""
        self.page.on(event, handler)
        self._heard.append((event, handler))

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob"):  # these stay in the browser
            self.hosts.add(parts.hostname or "")

    def _complain(self, kind: str, text: str, url: str) -> None:
        if kind == "error":
            self.complaints.append(f"{text} {url}")

    def open(self, path: str) -> Reader:
        self.page.goto(f"{self.address}{path}")
        return self.wait()

    def wait(self, shows: str = "h1") -> Reader:
        """Until the page shows something and no place-holders, and the script has run to its end."""
        expect(self.page.locator(shows).first.filter(visible=True)).to_have_count(1)
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0)
        expect(self.page.locator(RAN)).to_have_count(1)
        return self

    def settle(self) -> Reader:
        """Until nothing moves any more, so that it can be measured: a sidebar slides, a part draws itself at last."""
        self.page.evaluate("() => { window.looked = null }")
        self.page.wait_for_function(STILL, arg=LOOKS, polling="raf")
        return self

    def box(self, part: str | Locator) -> FloatRect:
        """Where the part stands at last, the first one of that selector, in pixels of the window."""
        self.settle()
        found = (self.page.locator(part).first if isinstance(part, str) else part).bounding_box()
        assert found, f"{part} is not seen"
        return found

    def boxes(self, parts: Locator) -> list[FloatRect]:
        """Where each of the parts stands at last."""
        self.settle()
        found = [part.bounding_box() for part in parts.all()]
        assert found
        assert all(found), f"not all of {parts} is seen"
        return found

    def predict(self) -> Reader:
        """Chooses the first answer to the step's question, where it is still open; its outcome takes the focus."""
        if self.page.locator(".st-key-predict").count():
            self.page.locator(".st-key-predict label").filter(has=self.page.get_by_role("radio")).first.click()
            self.page.locator(".st-key-predict").get_by_test_id("stBaseButton-primary").click()
            expect(self.page.locator(".st-key-predict")).to_have_count(0)
            expect(self.page.locator("summary:focus").filter(visible=True)).to_have_count(1)
        return self.wait()

    def drawn(self) -> Reader:
        """Until all components have drawn what they show."""
        expect(self.page.locator(_NOT_DRAWN)).to_have_count(0)
        return self

    def unfold(self) -> Reader:
        """Opens all that can be unfolded, in components as well, once all of them have drawn."""
        self.drawn().page.evaluate(
            "() => { const open = (root) => { for (const part of root.querySelectorAll('*')) {"
            " if (part.tagName === 'DETAILS') part.open = true;"
            " if (part.shadowRoot) open(part.shadowRoot) } }; open(document) }"
        )
        return self

    def resize(self, size: tuple[int, int]) -> Reader:
        """Gives the window another size, in pixels."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        return self

    def wear(self, theme: str) -> Reader:
        """Puts the browser into the light or the dark theme, and waits until the page follows."""
        self.page.emulate_media(color_scheme=theme)
        expect(self.page.locator('[data-testid="stApp"]')).to_have_css("color-scheme", theme)
        self.theme = theme
        return self

    def send_later(self, milliseconds: int) -> Reader:
        """Has what the page sends leave so much later, as over a slow line."""
        self.page.evaluate(_SLOW, milliseconds)
        return self

    def expect_title(self, words: str) -> None:
        expect(self.page.locator("h1").filter(visible=True)).to_contain_text(words)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def click(self, key: str) -> None:
        self.page.locator(f".st-key-{key} button:visible").click()

    def click_twice(self, key: str) -> None:
        """The second time 80 milliseconds later, while the first one is worked on."""
        self.page.evaluate(
            "key => { const press = () => document.querySelector(`.st-key-${key} button`)?.click();"
            " press(); setTimeout(press, 80) }",
            key,
        )

    def turn_to(self, step: str) -> Reader:
        """Chooses the step's page in the sidebar, and waits until its heading is read: then it has begun."""
        was = urlsplit(self.page.url).path
        self.page.locator(f'[data-testid="stSidebarNav"] a[href*="{step}"]').click()
        self.page.wait_for_url(re.compile(rf"/{step}\?"), wait_until="commit")
        if urlsplit(self.page.url).path != was:
            expect(self.page.locator("h1:focus")).to_have_count(1)
        return self.wait()

    @property
    def entries(self) -> int:
        """How many pages the browser's history holds."""
        return self.page.evaluate("history.length")

    @property
    def language(self) -> str | None:
        """That of the page's words."""
        return self.page.locator("html").get_attribute("lang")

    @property
    def account(self) -> Locator:
        """The number of the world's account, in the sidebar."""
        return self.page.locator(".st-key-world dd").first

    @property
    def overflow(self) -> int:
        """Pixels by which the page is wider than the window, at last."""
        return self.settle().page.evaluate(
            "() => { const main = document.querySelector('[data-testid=stMain]');"
            " return Math.max(main.scrollWidth - main.clientWidth,"
            " document.documentElement.scrollWidth - window.innerWidth) }"
        )

    @property
    def height(self) -> int:
        """Pixels of the whole page, from the top to the bottom of what can be scrolled, at last."""
        return self.settle().page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")

    def close(self) -> None:
        for event, handler in self._heard:
            self.page.remove_listener(event, handler)
        self._profiles.give_back(self.page, self.address, self._locale)

    def discard(self) -> None:
        """Closes all of it for good, be its page stuck."""
        self.context.close()


class Visitors:
    """Readers that are lent to one test after the other, one of each language: it is quicker than to open one."""

    def __init__(self, profiles: Profiles, address: str) -> None:
        self._profiles, self._address = profiles, address
        self._free: dict[str, Reader] = {}
        self._all: list[Reader] = []

    def take(self, language: str) -> Reader:
        """The one that was given back, or a new one."""
        if one := self._free.pop(language, None):
            return one
        self._all.append(Reader(self._profiles, self._address))
        return self._all[-1].open(f"/?lang={language}")

    def give_back(self, language: str, one: Reader) -> None:
        self._free[language] = one

    def close(self) -> list[str]:
        """Closes all of them, and returns what they complained about."""
        for one in self._all:
            if one in self._free.values():
                one.close()
            else:
                one.discard()
        return [complaint for one in self._all for complaint in one.complaints]
