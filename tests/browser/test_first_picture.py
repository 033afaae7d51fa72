"""What is seen until Streamlit's page is there: where the page will have it, in its language, and no longer."""

import pytest

from app.content import load
from tests.browser.server import DESK, PHONE, RAN, Reader

pytestmark = pytest.mark.browser
PICTURE = "#first_picture"
ALONE = """
const attach = Element.prototype.attachShadow
Element.prototype.attachShadow = function (how) { return attach.call(this, { ...how, mode: "open" }) }
window.WebSocket = class extends EventTarget {
  constructor() { super(); this.readyState = 1; setTimeout(() => this.onopen?.(new Event("open"))) }
  send() {}
  close() {}
}
"""
"""For the test to see into it, and a connection on which nobody answers Streamlit."""
PLACES = """(first) => {
  const root = first ? document.querySelector("#first_picture").shadowRoot : document
  const components = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
  const roots = first ? [root] : components.map((one) => one.shadowRoot)
  const stage = roots.map((one) => one.querySelector(".film-stage")).find(Boolean)
  return [root.querySelector(".stMainBlockContainer h1"), root.querySelector(".goal"), stage].map((part) => {
    const { x, y, width, height } = part.getBoundingClientRect()
    return [x, y, width, height].map(Math.round)
  })
}"""
"""Where title, question and map are, in pixels."""
WATCH = """
const seen = (part) => part?.checkVisibility({ visibilityProperty: true })
const look = () => {
  const first = document.querySelector("#first_picture[data-drawn]")
  window.drawn ||= Boolean(first)
  if (window.drawn && !first && !seen(document.querySelector(".st-key-film [data-drawn]"))) window.gap = true
  requestAnimationFrame(look)
}
look()
"""


@pytest.fixture
def browser(profiles, address):
    """Opens a page of a new reader: with Streamlit, or, `alone`, without a connection for it."""
    readers = []

    def opened(path, *, size=DESK, locale="ja-JP", alone=True):
        one = Reader(profiles, address, size=size, locale=locale)
        readers.append(one)
        one.page.emulate_media(reduced_motion="no-preference")
        with one.page.add_init_script(ALONE if alone else WATCH):
            one.page.goto(f"{address}{path}")
        return one.page

    yield opened
    for one in readers:
        one.close()


@pytest.mark.parametrize(
    ("path", "size"), [("/?lang=ja", PHONE), ("/?lang=en", (800, 900)), ("/sts_assume?lang=en", DESK)]
)
def test_it_is_where_the_page_will_be(browser, path, size):
    page = browser(path, size=size)
    page.wait_for_selector(f"{PICTURE}[data-drawn]", state="attached")
    page.wait_for_function("() => !document.querySelector('#first_picture').shadowRoot.querySelector('.plain')")
    first = page.evaluate(PLACES, True)
    page = browser(path, size=size, alone=False)
    page.wait_for_selector(RAN)
    page.wait_for_selector("svg.film-map")
    page.wait_for_selector(PICTURE, state="detached")
    assert first == page.evaluate(PLACES, False)
    assert page.evaluate("[window.drawn, window.gap]") == [True, None], "for a moment there was no map"


@pytest.mark.parametrize(("locale", "language"), [("ja-JP", "ja"), ("en-GB", "en"), ("fr-FR", "en")])
def test_it_speaks_the_language_of_the_page_to_come(browser, locale, language):
    page = browser("/", locale=locale)
    page.wait_for_selector(f"{PICTURE}[data-drawn]", state="attached")
    title = page.evaluate("() => document.querySelector('#first_picture').shadowRoot.querySelector('h1').textContent")
    assert title == load(language).lesson("home").title


@pytest.mark.parametrize(
    ("path", "size"),
    [("/glossary", DESK), ("/?present=1&deck=10", DESK), ("/?embed=true", DESK), ("/webhook", PHONE)],
    ids=str,
)
def test_where_the_page_begins_with_something_else_there_is_none(browser, path, size):
    """A step on a phone begins with its question."""
    page = browser(path, size=size)
    page.wait_for_selector(PICTURE, state="detached")
