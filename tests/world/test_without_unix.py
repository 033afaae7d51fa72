"""The pages and a walk where nothing of Unix is there: as far as another system can stand for Windows."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.content import load
from app.flow.model import Step
from app.serving.kept_texts import PREFIX
from app.world.saved import state_directory
from tests.attack.client import Page, cookies, launch_path
from tests.attack.server import ROOT, Target, environment
from tests.started import started

WORDS = load("en")
NAMED = PREFIX.encode() + rb"[0-9a-f]{32}"
"""Where a page's large parts are, which the browser fetches."""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """`serve` in a process from which `without_unix.py` has taken what Windows lacks."""
    folder = tmp_path_factory.mktemp("elsewhere")
    launcher = (sys.executable, "-X", "warn_default_encoding", str(Path(__file__).with_name("without_unix.py")))
    with started([*launcher, "serve", "--port", "0"], folder, environment(ROOT, folder)) as found:
        yield found


def test_the_first_page_shows_all_steps_walk_and_the_console_says_why_it_is_off(target: Target) -> None:
    async def read() -> None:
        tab = await Page(target, cookies=await cookies(target, launch_path(target))).open()
        try:
            await look(tab)
        finally:
            await tab.close()

    async def look(tab: Page) -> None:
        assert not tab.failed
        assert WORDS.lessons["home"].title.encode() in tab.received
        for step in Step:
            await tab.run(page=step.value)
            await tab.run({"id": tab.widget("button", "predict_show"), "trigger_value": True})
            assert not tab.failed, step
        async with httpx.AsyncClient(base_url=target.address) as browser:
            named = {found.decode() for found in re.findall(NAMED, tab.received)}
            texts = [(await browser.get(address)).text for address in named]
        assert any("irsa-reports-" in text for text in texts), "the list of the buckets"
        await tab.run(page="build")
        await tab.run({"id": tab.widget("button", "build_begin"), "trigger_value": True})
        assert not tab.failed
        assert WORDS.message("errors.console_not_unix.title").encode() in tab.received

    asyncio.run(read())
    assert "Traceback" not in target.log


def test_a_world_is_not_kept_without_locks_and_the_reason_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(state_directory, "fcntl", None)
    with pytest.raises(OSError, match="No locks available"):
        state_directory.StateDirectory(tmp_path / "state")
    assert not (tmp_path / "state").exists()
