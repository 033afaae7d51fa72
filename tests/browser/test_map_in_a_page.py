"""The map as a component of a page: what Python hears, what the address keeps, and that moving costs no run.

In `make test`, `test_walk_in_the_browser` asks all of it of a step's page, and `test_map` what the map says.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.server import ROOT, serving

pytestmark = [pytest.mark.browser, pytest.mark.large]


@pytest.fixture(scope="module")
def address(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of one page with the map."""
    with serving(tmp_path_factory.mktemp("elsewhere"), source=ROOT, app="tests.browser.film_app.server:app") as found:
        yield found


def opened(one, path):
    """The page, once the map says something."""
    page = one.page
    page.goto(one.address + path)
    page.locator(".film-stage").wait_for()
    return page


def test_a_move_is_in_the_address_and_costs_no_run(reader):
    page = opened(reader(), "/?lang=en")
    page.locator(".film-stage").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_url("**/?lang=en&beat=review")
    expect(page.locator(".film-say.now .film-sentence")).to_contain_text("calls the webhook")
    assert page.get_by_text("runs: 1").count() == 1
    page.reload()
    expect(page.locator(".film-say.now .film-sentence")).to_contain_text("calls the webhook")


def test_python_hears_which_exchange_is_asked_for(reader):
    page = opened(reader(), "/?lang=en&beat=review")
    page.locator(".film-say.now [data-opens]").click()
    expect(page.get_by_text("opened: review; runs: 2")).to_be_visible()
    page.locator("[data-act=play]").click()
    expect(page.locator(".film-say.now .film-sentence")).to_contain_text("answers with a patch")
    page.locator(".film-say.now [data-opens]").click()
    expect(page.get_by_text("runs: 3")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()  # the run did not stop the film


def test_an_unknown_beat_in_the_address_is_said(reader):
    page = opened(reader(), "/?lang=en&beat=nothing")
    expect(page.locator(".film-note")).to_be_visible()
    expect(page.locator(".film-say.now .film-head")).to_contain_text("1 / 20")


def test_an_unanswered_part_says_nothing(reader):
    one = reader()
    page = opened(one, "/sts_assume?lang=en&answered=no&beat=claim_sub")
    expect(page.locator(".film-stage svg.neutral")).to_be_visible()
    expect(page.locator(".film-player")).to_be_hidden()
    assert page.locator(".film-say.now").count() == 0
    # On a page's address, Streamlit's frontend first looks for the server below it.
    one.complaints[:] = [complaint for complaint in one.complaints if "/sts_assume/_stcore/" not in complaint]
