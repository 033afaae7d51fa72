"""Who has a keyboard only gets everywhere, sees where that is, and gets out again."""

from itertools import pairwise

import pytest
from playwright.sync_api import expect

from app.content import PAGES, STORY, load
from tests.browser.server import Reader

pytestmark = pytest.mark.browser

LOOK = """
(within) => {
  // (1) Where the focus is: down through the shadow roots.
  let at = document.activeElement
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement

  // (2) What could have it, once: of a group of radio buttons the Tab key takes one.
  const parts = (root) =>
    [...root.querySelectorAll("*")].flatMap((part) => [part, ...(part.shadowRoot ? parts(part.shadowRoot) : [])])
  const seen = { visibilityProperty: true }
  const stops = "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true]"
  window.known ??= new Map(
    parts(document.querySelector(within))
      .filter((part) => part.matches(stops) && !part.disabled && part.tabIndex >= 0 && part.checkVisibility(seen))
      .filter((part) => part.type !== "radio" && part.role !== "radio" && !part.closest("[inert]"))
      .map((part, index) => [part, `${index} ${part.outerHTML.slice(0, 120)}`]),
  )

  // (3) How it looks there, with all around it that may carry the ring.
  const looks = (part) => {
    const seen = []
    for (let one = part; one && seen.length < 5; one = one.parentElement ?? one.getRootNode().host) {
      for (const each of [one, one.nextElementSibling, one.querySelector("path")]) {
        if (!each) continue
        const { outline, boxShadow, borderColor, backgroundColor, textDecoration, stroke } = getComputedStyle(each)
        seen.push([outline, boxShadow, borderColor, backgroundColor, textDecoration, stroke].join())
      }
    }
    return seen.join("|")
  }
  // What a script puts the focus on, such as a heading that a press brought, bears no ring.
  const was = window.before?.part.tabIndex >= 0 ? window.before : null
  const unseen = was && was.looked === looks(was.part) ? was.name : ""
  const nowhere = !at || at === document.body
  const name = window.known.get(at) ?? at?.outerHTML.slice(0, 120)
  window.before = nowhere ? null : { part: at, looked: looks(at), name }
  return { name: nowhere ? "" : name, unseen }
}
"""
KNOWN = "() => [...window.known.values()]"
FORGET = "() => { delete window.known; delete window.before }"
TO_THE_CONTENT = """() => {
  const main = document.querySelector("[data-testid=stMain]")
  const stops = [...document.querySelectorAll("a[href], button, input, summary")].filter((one) =>
    one.compareDocumentPosition(main) & Node.DOCUMENT_POSITION_FOLLOWING && one.tabIndex >= 0 && one.checkVisibility())
  stops.at(-1).focus()
}"""
"""Puts the focus on the last control before the page's own part."""
GIVEN = """() => {
  window.given = []
  const focus = HTMLElement.prototype.focus
  HTMLElement.prototype.focus = function (how) { window.given.push(how?.preventScroll === true); focus.call(this, how) }
}"""
"""Has the page note of each focus that a script gives whether nothing scrolls for it."""
WHOLE = ("break_it",)
"""The page of which the Tab key goes through all; of the others through their own part, since the rest is the same."""
ALIKE = ("why", "oidc_provider", "sts_assume", "access", "compare", "glossary")
"""Pages that hold nothing that others do not: the policy's matcher is in `service_account`, exchanges in all steps,
choices such as those of `why` in each page's head, and in `misconceptions` buttons as in `compare` and a list that
narrows down as in `glossary`."""


@pytest.fixture(scope="module")
def walker(profiles, address):
    """One who turns from page to page, which takes a quarter of what it takes to load one."""
    one = Reader(profiles, address).open("/?lang=en&depth=3")
    yield one
    complaints = one.complaints
    one.close()
    assert complaints == []


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=pytest.mark.large) if page in ALIKE else page for page in PAGES]
)
def test_the_tab_key_reaches_every_control_and_leaves_the_page(walker, page):
    one = walker if page == "home" else walker.turn_to(page)
    one.predict().drawn().page.evaluate(FORGET)
    if page in WHOLE:
        within = "body"
        one.page.get_by_test_id("stSkipToContent").focus()
    else:
        within = "[data-testid=stMain]"
        one.page.evaluate(TO_THE_CONTENT)
    reached, unseen = [one.page.evaluate(LOOK, within)["name"]], []
    known = one.page.evaluate(KNOWN)
    for _ in range(3 * len(known) + 20):
        one.press("Tab")
        at = one.page.evaluate(LOOK, within)
        if at["unseen"] and len(reached) > 1:  # where it began, it was put by script
            unseen.append(at["unseen"])
        if not at["name"]:
            break
        reached.append(at["name"])
    else:
        pytest.fail(f"the focus does not get out: {reached[-3:]}")
    assert [name for name in known if name not in reached] == []
    assert unseen == []


def until(one, wanted):
    """Presses Tab until the focus is on the element of that selector."""
    for _ in range(200):
        one.press("Tab")
        if one.page.evaluate("(wanted) => document.activeElement.closest(wanted) !== null", wanted):
            return
    pytest.fail(f"no way to {wanted}")


@pytest.mark.parametrize("pages", [STORY[2:5], pytest.param(STORY, marks=pytest.mark.large)], ids=["begun", "whole"])
def test_the_walk_by_keyboard(reader, pages):
    """`begun`: from a page without a question and one with it; `test_why` begins at the first page by keyboard."""
    one, content = reader().open(f"/{pages[0]}?lang=en"), load("en")
    for before, page in pairwise(pages):
        if one.page.locator(".st-key-predict").count():
            until(one, ".st-key-predict [role=radiogroup], .st-key-predict input")
            one.press("ArrowDown")
            one.press(" ")
            until(one, ".st-key-predict_answer button")
            one.press("Enter")
            expect(one.page.locator(".st-key-predict")).to_have_count(0)
            expect(one.page.locator(f".st-key-outcome_{before}")).to_be_visible()
            one.wait()
        until(one, ".st-key-next button")
        one.press("Enter")
        one.expect_title(content.lesson(page).title)
        one.wait(".st-key-previous button")


def test_the_way_down_leads_to_what_has_opened(reader):
    one = reader().open("/webhook?lang=en&depth=1").predict().wait()
    for opened in (".st-key-found_webhook", ".st-key-behind_webhook_3"):
        button = one.page.locator(".st-key-deeper button")
        button.focus()
        one.press("Enter")
        expect(one.page.locator(f"{opened} summary").first).to_be_focused()
        expect(one.page.locator(f"{opened} details").first).to_have_attribute("open", "")
        expect(one.page.locator(f"{opened} summary").first).to_be_in_viewport()
        one.wait()
    expect(button).to_have_count(0)


def test_what_a_press_brings_has_the_focus_where_the_button_is_gone(reader):
    """To who listens the page would else be silent, and the next Tab would begin at its top."""
    one = reader().open("/break_it?lang=en")
    page, content = one.page, load("en")

    def press(key: str) -> None:
        one.wait()
        page.locator(f".st-key-{key} button:visible").focus()
        one.press("Enter")

    press("lab_surprise")
    expect(page.get_by_role("heading", name=content.message("lab.hidden"))).to_be_focused()
    for hints in range(3):
        press("lab_hint")
        expect(page.locator(".hints li")).to_have_count(hints + 1)
    expect(page.get_by_role("heading", name=content.message("lab.hints"), exact=True)).to_be_focused()
    press("lab_give_up")
    expect(page.locator(".fault h2")).to_be_focused()
    press("lab_revert")
    expect(page.locator(".st-key-lab_whole [role=status]")).to_be_focused()
    expect(page.locator(".st-key-lab_whole [role=status]")).to_be_in_viewport()

    one.turn_to("build").click("build_begin")
    expect(page.locator(".st-key-build_do")).to_be_visible()
    one.drawn().settle()
    page.locator(".st-key-build_do button:visible").hover()
    page.evaluate(GIVEN)
    before = page.get_by_test_id("stMain").evaluate("(main) => main.scrollTop")
    one.click("build_do")
    expect(page.locator(".st-key-build_done [role=status]")).to_be_focused()
    assert set(page.evaluate("window.given")) == {True}, "it scrolls to none"
    after = page.get_by_test_id("stMain").evaluate("(main) => main.scrollTop")
    assert abs(after - before) < 60, "with the mouse nothing moves, beside what is above it and becomes shorter"


def test_a_closed_menu_takes_no_tab_and_its_two_buttons_hand_on_the_focus(reader):
    """A closed menu is outside the window, so that nobody sees what has the focus in it."""
    one = reader().open("/glossary?lang=en").wait()
    bar = one.page.get_by_test_id("stSidebar")
    opening = one.page.get_by_test_id("stExpandSidebarButton")
    closing = one.page.get_by_test_id("stSidebarCollapseButton").get_by_role("button")
    closing.focus()
    one.press("Enter")
    expect(opening).to_be_focused()
    one.press("Tab")
    expect(one.page.get_by_test_id("stMain")).to_be_focused()
    expect(bar.locator("a, button").filter(visible=True)).to_have_count(0)
    opening.focus()
    one.press("Enter")
    expect(closing).to_be_focused()
    one.press("Tab")
    expect(bar.get_by_test_id("stSidebarNavLink").first).to_be_focused()
