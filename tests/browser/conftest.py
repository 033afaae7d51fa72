"""Chromium, the server and its readers. No Chromium, no test; a broken one is a failure."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.server import ARGUMENTS, CHROMIUM, DESK, Profiles, Reader, Visitors, serving

_FAILED = pytest.StashKey[bool]()


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keeps in mind that a test has failed: its page may be stuck, and each test that got it would wait for it."""
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


@pytest.fixture(scope="module")
def _visitors(profiles: Profiles, address: str) -> Iterator[Visitors]:
    made = Visitors(profiles, address)
    yield made
    assert made.close() == []


@pytest.fixture
def visitor(request: pytest.FixtureRequest, _visitors: Visitors) -> Iterator[Reader]:
    """One reader of a language for the file's tests, on a desk: each turns to its page, which is quick.

    Of English, where a test asks for no other: `parametrize("visitor", ["ja"], indirect=True)`. For tests that leave
    nothing behind but a question that is answered. After a test that failed the next one gets a new reader.
    """
    language = getattr(request, "param", "en")
    one = _visitors.take(language)
    yield one.resize(DESK).wear("light")
    if request.node.stash.get(_FAILED, False):
        one.discard()
    else:
        _visitors.give_back(language, one)


@pytest.fixture
def reader(request: pytest.FixtureRequest, profiles: Profiles, address: str) -> Iterator[Callable[..., Reader]]:
    """Opens a browser of its own: `reader(locale="en-US")`. After the test none of them may have complained."""
    readers: list[Reader] = []

    def made(**wishes: object) -> Reader:
        readers.append(Reader(profiles, address, **wishes))
        return readers[-1]

    yield made
    for one in readers:
        complaints, hosts = one.complaints, one.hosts
        if request.node.stash.get(_FAILED, False):
            one.discard()
        else:
            one.close()
        assert complaints == []
        assert hosts <= {"127.0.0.1"}
