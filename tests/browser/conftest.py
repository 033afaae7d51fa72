"""Chromium, the server and its readers. No Chromium, no test; a broken one is a failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.server import ARGUMENTS, CHROMIUM, DESK, Profiles, Reader, serving


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Not for the whole session: while Playwright runs, the main thread has a loop, and no other test can have one."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def profiles(chromium: Browser) -> Profiles:
    """What readers open pages in."""
    return Profiles(chromium)


@pytest.fixture(scope="package")
def address(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that is started in a directory that is not the project's. Each reader has a world of its own in it."""
    with serving(tmp_path_factory.mktemp("elsewhere"), app="tests.browser.pages_server:app") as found:
        yield found


@pytest.fixture(scope="module")
def _opened(profiles: Profiles, address: str) -> Iterator[Callable[[str], Reader]]:
    readers: dict[str, Reader] = {}

    def of(language: str) -> Reader:
        if language not in readers:
            readers[language] = Reader(profiles, address).open(f"/?lang={language}")
        return readers[language]

    yield of
    complaints = [complaint for one in readers.values() for complaint in one.complaints]
    for one in readers.values():
        one.close()
    assert complaints == []


@pytest.fixture
def visitor(request: pytest.FixtureRequest, _opened: Callable[[str], Reader]) -> Reader:
    """One reader of a language for the file's tests, on a desk: each turns to its page, which is quick.

    Of English, where a test asks for no other: `parametrize("visitor", ["ja"], indirect=True)`. For tests that leave
    nothing behind but a question that is answered.
    """
    return _opened(getattr(request, "param", "en")).resize(DESK).wear("light")


@pytest.fixture
def reader(profiles: Profiles, address: str) -> Iterator[Callable[..., Reader]]:
    """Opens a browser of its own: `reader(locale="en-US")`. After the test none of them may have complained."""
    readers: list[Reader] = []

    def made(**wishes: object) -> Reader:
        readers.append(Reader(profiles, address, **wishes))
        return readers[-1]

    yield made
    for one in readers:
        complaints, hosts = one.complaints, one.hosts
        one.close()
        assert complaints == []
        assert hosts <= {"127.0.0.1"}
