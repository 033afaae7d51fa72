"""What is seen until Streamlit's page is there: where the page will have it, in its language, and no longer."""

import re

import pytest
from playwright.sync_api import expect

from app.content import load
from tests.browser.server import DESK, LOOKS, PATIENCE, PHONE, RAN, STILL

pytestmark = pytest.mark.browser
PICTURE = "#first_picture"
OPEN = """
const attach = Element.prototype.attachShadow
Element.prototype.attachShadow = function (how) { return attach.call(this, { ...how, mode: "open" }) }
"""
"""For the test to see into it."""
PLACES = """([first, maps]) => {
  const root = first ? document.querySelector("#first_picture").shadowRoot : document
  const components = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
  const roots = first ? [root] : components.map((one) => one.shadowRoot)
  const stages = roots.map((one) => one.querySelector(".film-stage")).filter(Boolean)
  const parts = [root.querySelector(".stMainBlockContainer h1"), root.querySelector(".goal"), ...stages.slice(0, maps)]
  return parts.map((part) => {
    const { x, y, width, height } = part.getBoundingClientRect()
    return [x, y, width, height].map(Math.round)
  })
}"""
"""Where title, question and the first of the maps are, in pixels."""
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
def browser(chromium, address):
    """Opens a page of a new reader: with Streamlit, or, `alone`, without a connection for it."""
    contexts = []

    def opened(path, *, size=DESK, locale="ja-JP", alone=True, script="", held=None):
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, locale=locale)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.add_init_script(script + (OPEN if alone else WATCH))
        if alone:
            page.route_web_socket("**/*", lambda _: None)
        if held:
            page.route(*held)
        page.goto(f"{address}{path}", wait_until="commit" if held else "load")
        return page

    yield opened
    for context in contexts:
        context.close()


OLD_SAFARI = "delete Element.prototype.checkVisibility;"
FOLDED = "localStorage.setItem('stSidebarCollapsed-', 'true');"
"""The sidebar, as Streamlit keeps it where a reader has folded it."""


@pytest.mark.parametrize(
    ("path", "size", "script"),
    [
        pytest.param("/?lang=ja", PHONE, "", marks=pytest.mark.large, id="home"),
        pytest.param("/?lang=en", (800, 900), OLD_SAFARI, marks=pytest.mark.large, id="narrow"),
        pytest.param("/sts_assume?lang=en", DESK, FOLDED, id="step"),
        pytest.param("/webhook", PHONE, "", marks=pytest.mark.large, id="step-on-phone"),
    ],
)
def test_it_is_where_the_page_will_be(browser, path, size, script):
    """On a phone, where a step's question comes before its map, it is title and question."""
    page = browser(path, size=size, script=script)
    page.wait_for_selector(f"{PICTURE}[data-drawn]", state="attached")
    page.wait_for_function("() => !document.querySelector('#first_picture').shadowRoot.querySelector('.plain')")
    first = page.evaluate(PLACES, [True, 1])
    page = browser(path, size=size, alone=False, script=script)
    page.wait_for_selector(RAN)
    page.wait_for_selector("svg.film-map")
    page.wait_for_selector(PICTURE, state="detached")
    assert first == page.evaluate(PLACES, [False, len(first) - 2])
    assert page.evaluate("window.drawn")
    assert len(first) == 2 or not page.evaluate("window.gap"), "for a moment there was no map"


def test_it_goes_where_the_tab_key_comes_to_what_it_covers(browser):
    page = browser("/?lang=en")
    page.wait_for_selector(f"{PICTURE}[data-drawn]", state="attached")
    page.wait_for_selector(".stMain", state="attached")
    page.evaluate("() => document.querySelector('.stMain').appendChild(document.createElement('button')).focus()")
    page.wait_for_selector(PICTURE, state="detached")


def test_a_symbol_is_not_seen_as_letters_while_its_font_comes(browser):
    requests = []
    page = browser(
        "/glossary?lang=en", alone=False, held=("**/MaterialSymbols*", lambda request: requests.append(request))
    )
    page.wait_for_selector(RAN)
    symbols = page.get_by_test_id("stIconMaterial")
    page.wait_for_function("() => document.querySelector('[data-testid=stIconMaterial]')")
    assert not symbols.first.is_visible()
    for request in requests:
        request.abort()
    page.wait_for_selector('[data-testid="stIconMaterial"]', state="visible")


@pytest.mark.parametrize("path", [pytest.param("/", marks=pytest.mark.large), "/glossary"])
def test_a_connection_that_does_not_come_is_said(browser, path):
    """Streamlit waits for it in silence."""
    page = browser(path, script="window.WebSocket = class { constructor() { this.readyState = 0 } close() {} };")
    page.clock.install()
    page.reload()
    said = page.get_by_role("status")
    page.wait_for_selector('[data-test-script-state="initial"]')
    page.clock.run_for(7_000)
    assert said.inner_text() == ""
    page.clock.run_for(3_000)
    assert said.inner_text() == load("ja").message("serving.unconnected")


@pytest.mark.parametrize(
    ("status", "parts"), [pytest.param(503, ["status"], marks=pytest.mark.large), (403, ["refused", "refused_end"])]
)
def test_what_streamlit_says_of_a_response_before_the_page_is_there_is_in_its_language(browser, status, parts):
    held = ("**/_stcore/health*", lambda route: route.fulfill(status=status, body="no"))
    dialog = browser("/glossary", alone=False, held=held).get_by_role("dialog")
    words = load("ja").messages.below("ui.says")
    said = "".join(words[part].format(value=status) for part in parts)
    expect(dialog).to_have_text(re.compile(f"{re.escape(words['lost'])}\\s*{re.escape(said)}"), use_inner_text=True)


def test_where_no_script_of_ours_comes_the_page_says_so_once(browser):
    page = browser("/webhook?lang=ja", alone=False, held=("**/_irsa/*.js", lambda route: route.abort()))
    for language in ("ja", "en"):
        expect(page.get_by_role("alert")).to_contain_text(load(language).message("serving.blocked"))
    page.wait_for_selector(RAN)
    expect(page.get_by_text("BidiComponent")).to_have_count(0)


SOONER = """
const wait = setTimeout
window.setTimeout = (act, after, ...of) => wait(act, after === 3000 ? 50 : after, ...of)
"""
"""That a part of the page is late."""


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.large), "ja"])
def test_where_a_part_does_not_come_it_says_so_and_is_fetched_again(browser, language):
    """As where the network is gone: no request ends."""
    parts = "**/_irsa/kept/*"
    page = browser(f"/sts_assume?lang={language}", alone=False, held=(parts, lambda _: None), script=SOONER)
    words = load(language).messages.below("serving.missing")
    question = page.locator(".st-key-predict")
    expect(page.get_by_role("alert").filter(has_text=words["text"])).to_have_count(1)
    expect(question).to_be_visible()
    page.wait_for_selector(RAN)  # the question is seen as soon as its first part is there; the others come one by one
    page.wait_for_function(STILL, arg=LOOKS, polling="raf")
    place = question.bounding_box()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    again = page.get_by_role("button", name=words["again"])
    with page.expect_request(parts):
        again.press("Enter")
    expect(again).to_be_disabled()
    count = len(asked)
    again.press("Enter")
    assert len(asked) == count > 0
    page.route(parts, lambda route: route.continue_())
    page.evaluate("() => dispatchEvent(new Event('online'))")
    expect(page.locator(".film-stage:focus")).to_have_count(1)
    expect(page.locator(".missing")).to_have_count(0)
    assert question.bounding_box() == place


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        pytest.param("ja-JP", "ja", marks=pytest.mark.large),
        pytest.param("en-GB", "en", marks=pytest.mark.large),
        ("fr-FR", "en"),
    ],
)
def test_it_speaks_the_language_of_the_page_to_come(browser, locale, language):
    page = browser("/", locale=locale)
    page.wait_for_selector(f"{PICTURE}[data-drawn]", state="attached")
    title = page.evaluate("() => document.querySelector('#first_picture').shadowRoot.querySelector('h1').textContent")
    assert title == load(language).lesson("home").title


@pytest.mark.parametrize(
    ("path", "size"),
    [
        pytest.param("/glossary", DESK, marks=pytest.mark.large),
        ("/?present=1&deck=10", DESK),
        pytest.param("/?embed=true", DESK, marks=pytest.mark.large),
        pytest.param("/webhook?mode=live", PHONE, marks=pytest.mark.large),
    ],
    ids=str,
)
def test_where_the_page_begins_with_something_else_there_is_none(browser, path, size):
    """In live mode most often with why it is not on."""
    page = browser(path, size=size)
    page.wait_for_selector(PICTURE, state="detached")
