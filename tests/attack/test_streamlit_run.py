"""The pages under a server that is not ours, as Streamlit's own hosting starts them: `streamlit run app/frame.py`."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from dataclasses import asdict

import httpx
import pytest

from app.content import load
from app.serving.request_facts import HEADER, RequestFacts
from app.ui.draw.browser_files import browser_files
from app.ui.text import prose
from tests.attack.client import Page
from tests.attack.live import SIMULATED
from tests.attack.server import ROOT, Target, environment, python_of, wait
from tests.free_port import free_port

CLAIMED = RequestFacts(served_on="127.0.0.1", forwarded_by="", launched=True, visitor="127.0.0.1")
"""What our own server would say of a request that may use live mode."""


@pytest.fixture(
    scope="module",
    params=["127.0.0.1", pytest.param("0.0.0.0", marks=pytest.mark.large)],  # noqa: S104 - asked on loopback alone
)
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Started in another folder, with nothing on Python's path and live mode wished for."""
    folder, port = tmp_path_factory.mktemp("elsewhere"), free_port()
    variables = environment(ROOT, folder, {"IRSA_LIVE": "1"})
    del variables["PYTHONPATH"]
    options = {"server.port": port, "server.address": request.param, "browser.serverAddress": "127.0.0.1"}
    script = [python_of(ROOT), "-m", "streamlit", "run", str(ROOT / "app" / "frame.py")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*script, *(f"--{name}={value}" for name, value in options.items())],
            cwd=folder,
            env=variables,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )
    found = Target(process, folder, f"http://127.0.0.1:{port}")
    try:
        wait(lambda: _answers(found) or not found.lives)
        assert found.lives, found.log
        yield found
    finally:
        process.terminate()
        process.wait()


def _answers(target: Target) -> bool:
    try:
        return httpx.get(f"{target.address}/_stcore/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _opened(target: Target, page: str, query: str, **headers: str) -> Page:
    async def opened() -> Page:
        found = await Page(target, page, query).open(headers=headers)
        await found.close()
        return found

    return asyncio.run(opened())


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_page_may_be_opened_first(target: Target, language: str) -> None:
    page = _opened(target, "sts_assume", f"lang={language}")
    assert not page.failed
    titles = [element.heading.body for element in page.drawn if element.WhichOneof("type") == "heading"]
    assert any(load(language).lesson("sts_assume").title in title for title in titles), target.log
    assert httpx.get(f"{target.address}/sts_assume?lang={language}", trust_env=False).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {HEADER: json.dumps(asdict(CLAIMED))}, {HEADER: f" {json.dumps(asdict(CLAIMED))}"}]
)
def test_there_is_no_live_mode_whatever_is_claimed_and_the_pages_say_why(
    target: Target, headers: dict[str, str]
) -> None:
    page = _opened(target, "service_account", "lang=en&mode=live", **headers)
    assert not page.failed
    assert SIMULATED in page.received
    words, drawn = load("en").error("live_other_server"), page.received.decode("utf-8", "replace")
    assert prose(words.title) in drawn
    assert prose(words.fix) in drawn


def test_scripts_and_style_sheet_come_with_the_page_itself(target: Target) -> None:
    page = _opened(target, "sts_assume", "lang=en")
    components = [element.bidi_component for element in page.drawn if element.WhichOneof("type") == "bidi_component"]
    assert any(browser_files.style_sheet in json.loads(each.json or each.mixed.json).values() for each in components)
    assert {each.js_content for each in components} >= {browser_files.script("block"), browser_files.script("page")}
