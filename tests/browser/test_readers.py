"""A page goes from one reader to the next, and takes nothing of the first one along."""

import re

import pytest
from playwright.sync_api import expect

from app.content import load
from tests.browser.server import Profiles, Reader, Visitors

pytestmark = pytest.mark.browser
LEAVE = "() => { localStorage.left = sessionStorage.left = window.name = 'left' }"
FIND = "() => [localStorage.left, sessionStorage.left, window.name, matchMedia('(forced-colors: active)').matches]"


def test_a_reader_finds_nothing_of_the_one_before(profiles: Profiles, address: str) -> None:
    one = Reader(profiles, address, locale="en-US")
    one.page.emulate_media(forced_colors="active")
    account = one.open("/webhook").account.inner_text()
    one.expect_title(load("en").lesson("webhook").title)  # the browser's own language
    expect(one.page).to_have_title(re.compile("IRSA Explorer$"))
    one.turn_to("sts_assume").page.evaluate(LEAVE)
    first, entries = one.page, one.entries
    one.close()
    other = Reader(profiles, address, locale="en-US").open("/webhook")
    assert other.page is first
    assert other.account.inner_text() != account
    assert other.page.evaluate(FIND) == [None, None, "", False]
    assert other.entries <= entries
    assert other.complaints == []
    other.close()


@pytest.mark.large
def test_a_page_that_is_stuck_is_closed_and_the_next_visitor_gets_another(profiles: Profiles, address: str) -> None:
    visitors = Visitors(profiles, address)
    one = visitors.take("en")
    one.page.evaluate("() => { setTimeout(() => { for (;;); }) }")
    one.discard()
    other = visitors.take("en")
    assert other.page is not one.page
    visitors.give_back("en", other)
    assert visitors.take("en") is other
    visitors.give_back("en", other)
    assert visitors.close() == []
