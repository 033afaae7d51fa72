"""IRSA on one page is one sheet of paper; the self-check is answered by keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.content import load
from app.ui.marks import CLAIMS

pytestmark = pytest.mark.browser


def test_it_is_one_sheet_of_a4_in_both_languages(reader):
    shown = reader().open("/one_page?lang=ja").wait(".sheet")
    for language in ("ja", "en"):
        if language != shown.language:
            shown.page.get_by_text(load(language).facts.name, exact=True).click()
        shown.expect_title(load(language).lesson("one_page").title)
        expect(shown.wait().page.locator(".order")).to_be_visible()
        printed = shown.settle().page.pdf(format="A4")
        assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 1, language
    in_light = _colors(shown.page)
    assert len(in_light) == len(CLAIMS), "each claim has its own"
    shown.wear("dark")
    assert not in_light & _colors(shown.page)
    shown.page.emulate_media(media="print")
    assert _colors(shown.page) == in_light, "paper is white"
    expect(shown.page.locator('[data-testid="stSidebar"]')).to_be_hidden()
    expect(shown.page.get_by_role("button", name=re.compile("印刷|Print"))).to_be_hidden()


def _colors(page: Page) -> set[str]:
    """Of the three claims in the trust policy."""
    claims = [page.locator(f".sheet pre .claim-{claim}").first for claim in CLAIMS]
    return {claim.evaluate("claim => getComputedStyle(claim).color") for claim in claims}


@pytest.mark.large
def test_a_question_is_answered_by_keyboard_and_the_outcome_is_read_next(reader):
    """In `make test`, `test_keyboard` answers a step's question so, and `tests/screens/test_self_check.py` this one."""
    shown = reader().open("/self_check?lang=en").wait(".st-key-check")
    page = shown.page
    page.locator(".st-key-check").get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    answered = page.locator(".st-key-answered_no_provider")
    expect(answered).to_contain_text("InvalidIdentityToken")
    expect(answered.get_by_role("status", name=re.compile("InvalidIdentityToken"))).to_be_focused()
    page.get_by_role("button", name="Next question").click()
    expect(page.locator(".st-key-check")).to_contain_text("2 / 15")
    expect(page.get_by_role("radiogroup", name="2 / 15").get_by_role("radio").first).to_be_focused()
