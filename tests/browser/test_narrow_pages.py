"""Pages between a desk and a phone: what is beside each other there has no room here."""

import pytest
from playwright.sync_api import expect

from tests.browser.server import PHONE

pytestmark = pytest.mark.browser

TABLET = (900, 1000)
"""The sidebar stands beside the page and leaves it 600 pixels."""


def test_the_meaning_of_a_term_stays_on_the_page(reader):
    one = reader(size=PHONE).open("/oidc_provider?lang=en").predict()
    terms = one.page.locator(".prose .term:visible")
    expect(terms.first).to_be_visible()
    for term in terms.all():
        term.hover()
        assert one.overflow == 0, term.inner_text()


def test_a_narrow_page_shows_the_standing_diagram_and_puts_words_below_the_story(reader):
    for size, stands in (TABLET, True), ((1360, 1000), False):
        one = reader(size=size).open("/oidc_provider?lang=en").predict()
        expect(one.page.locator(".diagram svg.tb")).to_be_visible(visible=stands)
        story, words = (one.page.locator(selector).first.bounding_box() for selector in (".prose ol", ".glossary"))
        assert (words["y"] >= story["y"] + story["height"]) is stands
        assert words["width"] > 200
        assert one.overflow == 0
