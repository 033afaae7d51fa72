"""Who has a keyboard only walks from page to page, and is where something happened.

`test_accessibility` goes through each page with the Tab key.
"""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from app.content import STORY, load

pytestmark = pytest.mark.browser

GIVEN = """() => {
  window.given = []
  const focus = HTMLElement.prototype.focus
  HTMLElement.prototype.focus = function (how) { window.given.push(how?.preventScroll === true); focus.call(this, how) }
}"""
"""Has the page note of each focus that a script gives whether nothing scrolls for it."""


def until(one, wanted):
    """Presses Tab until the focus is on the element of that selector."""
    for _ in range(200):
        one.press("Tab")
        if one.page.evaluate("(wanted) => document.activeElement.closest(wanted) !== null", wanted):
            return
    pytest.fail(f"no way to {wanted}")


@pytest.mark.parametrize("pages", [STORY[3:5], pytest.param(STORY, marks=pytest.mark.large)], ids=["begun", "whole"])
def test_the_walk_by_keyboard(visitor, pages):
    """`begun`: from a page with a question to the next one; `test_why` begins at the first page by keyboard."""
    content = load("en")
    one = visitor.open("/?lang=en") if pages is STORY else visitor.turn_to(pages[0])
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


LATE = """() => {
  const { dataset } = document.querySelector(".st-key-film .stBidiComponent")
  delete dataset.drawn
  setTimeout(() => (dataset.drawn = ""), 2500)
}"""
"""The film is drawn so late that what stands below it is not seen meanwhile."""


def test_the_way_down_leads_to_what_has_opened(reader):
    """Also where something above it is drawn late, so that nothing below can have the focus meanwhile."""
    one = reader().open("/webhook?lang=en&depth=1").predict().wait()
    for opened in (".st-key-found_webhook", ".st-key-behind_webhook_3"):
        button = one.page.locator(".st-key-deeper button")
        button.focus()
        one.press("Enter")
        one.page.evaluate(LATE)
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
    # Of what is no heading, its name is what is read out.
    expect(page.get_by_role("status", name=content.message("lab.whole"))).to_be_focused()
    expect(page.locator("#reads_out")).to_be_empty()

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


def test_a_closed_menu_takes_no_tab_and_its_two_buttons_hand_on_the_focus(visitor):
    """A closed menu is outside the window, so that nobody sees what has the focus in it."""
    one = visitor.turn_to("glossary")
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


def test_what_is_hidden_for_a_moment_while_something_above_it_is_drawn_keeps_the_focus(visitor):
    """Streamlit's own parts, and those of a component, which have a document tree of their own."""
    page = visitor.turn_to("why").drawn().page
    page.locator(".st-key-scheme").get_by_role("radio").first.focus()
    page.keyboard.press("Tab")  # a reader comes by this key
    hide = """() => new Promise((done) => {
      const main = document.querySelector(".stMainBlockContainer")
      window.held = document.activeElement
      while (held.shadowRoot?.activeElement) held = held.shadowRoot.activeElement
      held.addEventListener("blur", () => setTimeout(() => ((main.style.visibility = ""), done()), 100), { once: true })
      main.style.visibility = "hidden"
    })"""
    page.evaluate(hide)
    page.wait_for_function("() => document.activeElement === held")  # a function: a page allows no `eval`
    assert page.evaluate("held.closest('.stMainBlockContainer') !== null")

    page.locator(".stMain .stBidiComponent summary").filter(visible=True).first.focus()
    page.evaluate(hide)
    page.wait_for_function("() => held.getRootNode().activeElement === held")
    assert page.evaluate("held.matches('summary') && held.getRootNode() !== document")


@pytest.mark.large
def test_a_heading_that_is_seen_late_takes_the_focus_from_no_field(visitor):
    """Over a slow line its page may be there, and the reader type, before it is their turn to read.

    In `make test`, `test_walk_in_the_browser` finds the focus at the new heading.
    """
    page = visitor.turn_to("misconceptions").page
    style = page.add_style_tag(content=".stMainBlockContainer h1 { visibility: hidden }")
    page.locator('[data-testid="stSidebarNav"] a[href*="search"]').click()
    field = page.get_by_role("searchbox", name=load("en").message("search.field"))  # the page before has one as well
    field.click()
    style.evaluate("style => style.remove()")
    page.evaluate("() => new Promise((done) => setTimeout(done, 200))")  # four times as long as it is looked for
    expect(field).to_be_focused()


COVERED = """() => {
  let on = document.activeElement
  while (on.shadowRoot?.activeElement) on = on.shadowRoot.activeElement
  const { x, y, width, height } = on.getBoundingClientRect(), at = [x + width / 2, y + height / 2]
  let seen = document.elementFromPoint(...at)
  while (seen?.shadowRoot?.elementFromPoint(...at)) seen = seen.shadowRoot.elementFromPoint(...at)
  return seen?.closest("[data-testid=stHeader], .mode") ? `${on.textContent.trim()} at ${Math.round(y)}` : null
}"""


@pytest.mark.parametrize("size", [(640, 450), pytest.param((390, 844), marks=pytest.mark.large)])
def test_the_way_back_leads_to_nothing_below_what_stays_at_the_top(visitor, size):
    """A small window, or a page at 200 %: there the header and the mode stand over the page."""
    one = visitor.turn_to("glossary").resize(size).drawn().settle()
    one.page.locator(".stMain a").last.focus()
    found = []
    for _ in range(60):
        one.press("Shift+Tab")
        found.append(one.page.evaluate(COVERED))
    assert [what for what in found if what] == []


AS_IN_SAFARI = """() => {
  window.asInSafari = new AbortController()
  const { signal } = window.asInSafari
  const give = (event) => (event.preventDefault(), document.querySelector("main").focus({ preventScroll: true }))
  addEventListener("mousedown", give, { capture: true, signal })
}"""
"""What is pressed with the mouse gets no focus: the page around it gets it."""


def test_where_a_click_gives_no_focus_the_keys_are_of_what_was_clicked(visitor):
    one = visitor.turn_to("oidc_provider").predict().settle()
    scene, scenes = one.page.locator(".film-say.now .film-head"), one.page.locator(".film-bar input")
    one.page.evaluate(AS_IN_SAFARI)
    one.page.locator("[data-act=next]").click()
    one.press("End")
    expect(scene).to_contain_text(re.compile(r"(\d) / \1"))  # a wrong prediction has one scene more
    one.press("Home")
    expect(scene).to_contain_text("1 / ")
    scenes.click()
    expect(scenes).to_be_focused()
    one.page.evaluate("asInSafari.abort()")
