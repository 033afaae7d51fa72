"""The browser's own way back: a page that was turned is one entry of its history, however the reader looks at it."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX

from app.content import load
from tests.attack.client import Page, cookies
from tests.browser.server import Reader

EN = load("en")
pytestmark = pytest.mark.browser


@pytest.mark.large
def test_another_depth_is_one_step_and_a_page_chosen_in_the_sidebar_one_back(reader: Callable[..., Reader]) -> None:
    """In `make test`, a word that is looked up is one step."""
    shown = reader().open("/webhook?lang=en")
    before = shown.entries
    shown.page.locator(".st-key-depth").get_by_role("radio", name=EN.message("depth.wire")).click()
    expect(shown.page).to_have_url(re.compile(r"/webhook\?lang=en&depth=3$"))
    assert shown.wait().entries == before + 1
    _two_pages_there_and_back(shown)


@pytest.mark.large
@pytest.mark.parametrize("look", ["lang=en&depth=3", "lang=en", "depth=1"])
def test_a_page_chosen_in_the_sidebar_is_one_step_back(reader: Callable[..., Reader], look: str) -> None:
    _two_pages_there_and_back(reader(locale="en-US").open(f"/webhook?{look}"))


def _two_pages_there_and_back(shown: Reader) -> None:
    address, before = shown.page.url, shown.entries
    for place, step in enumerate(("token_mount", "sts_assume"), 1):
        shown.turn_to(step)
        assert shown.entries == before + place
        assert shown.page.url == address.replace("webhook", step)
    shown.page.go_back()
    shown.expect_title(EN.lesson("token_mount").title)
    shown.wait()
    shown.page.go_back()
    shown.expect_title(EN.lesson("webhook").title)
    expect(shown.wait().page).to_have_url(address)


def test_a_word_that_is_looked_up_is_one_step_and_what_was_unfolded_stays_so(reader: Callable[..., Reader]) -> None:
    shown = reader().open("/sts_assume?lang=en&depth=1")
    address, before = shown.page.url, shown.entries
    shown.page.locator(".st-key-predict_show button").click()
    answer = shown.page.locator("details.prediction")
    expect(answer).to_have_attribute("open", "")
    shown.wait().page.locator("section.glossary a").first.click()
    shown.expect_title(EN.lesson("glossary").title)
    assert shown.wait().entries == before + 1
    shown.page.go_back()
    shown.expect_title(EN.lesson("sts_assume").title)
    expect(shown.wait().page).to_have_url(address)
    expect(answer).to_have_attribute("open", "")


@pytest.mark.parametrize("late", [pytest.param(0, marks=pytest.mark.large), 1500])
def test_the_way_back_within_a_page_hands_on_the_focus_that_it_takes_away(visitor: Reader, late: int) -> None:
    page = visitor.turn_to("break_it").drawn().page
    page.locator(".faults a").nth(2).focus()
    page.keyboard.press("Enter")
    expect(page.locator("h2:focus").filter(visible=True)).to_contain_text("F21")
    visitor.wait().send_later(late).page.go_back()
    expect(page.locator(".st-key-lab_surprise[data-stale=false]")).to_be_visible()
    visitor.send_later(0)
    expect(page.locator("h3:focus")).to_have_text(EN.message("lab.start"))


@pytest.mark.parametrize("leads", ["link", "button", "link of ours"])
def test_what_a_page_that_was_left_still_says_leads_nobody_back(address: str, leads: str) -> None:
    """Over the websocket: a browser seldom sends it, and only while it has much else to do."""
    server = SimpleNamespace(address=address, port=urlsplit(address).port)

    def says(tab: Page, component: str) -> str:
        return f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{tab.component(component)}__events"

    async def turned() -> tuple[bool, bool]:
        tab = await Page(server, "access", cookies=await cookies(server)).open()
        there = tab._hash
        await tab.run(page="sts_assume")
        here, late = tab._hash, {"id": says(tab, "feed"), "json_trigger_value": "[]"}
        go = '[{"event": "go", "value": {"page": "access", "params": {}}}]'
        if leads == "button":
            await tab.run({"id": tab.widget("button", "next"), "trigger_value": True}, wait=False)
        elif leads == "link of ours":
            await tab.run({"id": says(tab, "predict_heading"), "json_trigger_value": go}, wait=False)
        else:
            tab._hash = there
            await tab.run(wait=False)
        tab._hash = here
        await tab.run(late)
        with contextlib.suppress(TimeoutError):  # where the first of the two runs had ended before
            await asyncio.wait_for(tab._read(), 0.3)
        reached, tab._hash = tab._hash, here
        await tab.run()
        await tab.close()
        return reached == there, tab._hash == here

    with ThreadPoolExecutor(1) as thread:  # in the main one Playwright has a loop
        assert thread.submit(asyncio.run, turned()).result() == (True, True), "to the page that was chosen, and back"
