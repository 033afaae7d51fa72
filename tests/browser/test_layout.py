"""Nothing jumps when the page is turned."""

import pytest
from playwright.sync_api import expect

from app.content import LANGUAGES, load
from app.flow.model import Step
from tests.browser.server import DESK, PHONE

pytestmark = pytest.mark.browser
STEPS = [step.value for step in Step]

SHIFT = 0.02
"""How much of the window may move, as Chromium adds it up (Web Vitals calls up to 0.1 good). Nothing was measured; with
the components' room not kept it was 0.10 to 0.15 on a desk and 0.36 to 0.53 on a phone."""
WATCH = """
window.shift = window.moved = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shift += entry.value
  window.moved = performance.now()
}).observe({ type: "layout-shift", buffered: true })
"""
STILL = "() => performance.now() - window.moved > 500"
"""The answer to a question unfolds below it: that has come to rest before the page is turned."""


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_turning_to_the_next_step_moves_nothing(reader, size):
    one, content = reader(size=size), load("ja")
    one.page.add_init_script(WATCH)
    one.open(f"/{STEPS[0]}?lang=ja")
    places = []
    for step in STEPS[1:]:
        one.predict().page.wait_for_function(STILL)
        # By script: Playwright would scroll to the button, and move the page itself.
        one.page.evaluate("() => { window.shift = 0; document.querySelector('.st-key-next button').click() }")
        one.expect_title(content.lesson(step).title)
        one.wait(".st-key-previous button")
        one.page.locator(f"figure.one .{step}.on").first.wait_for(state="attached")
        assert one.page.evaluate("window.shift") <= SHIFT, step
        boxes = one.box(".st-key-journey"), one.box("h1")
        places.append([(box["x"], box["y"]) for box in boxes])
    assert places == places[:1] * len(places)


def test_a_page_begins_at_its_top_wherever_the_reader_was_on_the_last(reader):
    one, content = reader(size=PHONE).open(f"/{STEPS[0]}?lang=ja").predict(), load("ja")
    one.click("next")
    one.expect_title(content.lesson(STEPS[1]).title)
    one.wait(".st-key-previous button")
    assert one.settle().page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0


def test_the_stops_of_the_journey_lie_on_one_line_each_above_its_name(reader):
    one = reader().open(f"/{STEPS[1]}?lang=ja")
    dots, names = (one.boxes(one.page.locator(f".journey li {part}")) for part in (".dot", ".name"))
    for dot, name in zip(dots, names, strict=True):
        assert abs(dot["x"] + dot["width"] / 2 - name["x"] - name["width"] / 2) <= 1, (dot, name)
    middles = [dot["y"] + dot["height"] / 2 for dot in dots]
    assert len(middles) == len(STEPS)
    assert max(middles) - min(middles) <= 1


@pytest.mark.parametrize("size", [(1366, 768), (1280, 720), (1280, 600)])
@pytest.mark.parametrize("scrolled", [0, 10_000], ids=["top", "bottom"])
def test_mode_language_and_depth_are_in_sight_on_a_low_screen(reader, size, scrolled):
    one = reader(size=size).open(f"/{STEPS[1]}?lang=ja")
    bar = one.page.get_by_test_id("stSidebar")
    one.page.get_by_test_id("stSidebarContent").evaluate("(bar, to) => bar.scrollTo(0, to)", scrolled)
    for key in ("mode", "lang", "depth"):
        choices = bar.locator(f".st-key-{key} button")
        for choice, box in zip(choices.all(), one.boxes(choices), strict=True):
            middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
            assert choice.evaluate("(choice, at) => choice.contains(document.elementFromPoint(...at))", middle), key


def test_what_has_the_focus_in_the_navigation_is_not_below_mode_language_and_depth(reader):
    one = reader(size=(1280, 600)).open(f"/{STEPS[1]}?lang=ja")
    last = one.page.get_by_test_id("stSidebarNavLink").last
    one.page.get_by_test_id("stSidebarNavLink").nth(-2).focus()
    one.press("Tab")
    expect(last).to_be_focused()
    link, look = one.box(last), one.box(".st-key-look")
    assert link["y"] + link["height"] <= look["y"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", [PHONE, (1280, 600)], ids=["phone", "low"])
def test_why_there_is_no_live_mode_is_not_cut_off_where_the_sidebar_opens(reader, size, language):
    one = reader(size=size).open(f"/{STEPS[1]}?lang={language}")
    bar, content = one.page.get_by_test_id("stSidebar"), load(language)
    if bar.get_attribute("data-collapsed") == "true":
        one.page.get_by_test_id("stExpandSidebarButton").first.click()
    expect(bar).to_contain_text(content.message("errors.live_not_launched.title"))
    for part in ("summary", "p"):
        found = bar.locator(f"details {part}")
        if not found.is_visible():
            bar.locator("details summary").click()
        box = one.box(found)
        for y in (box["y"] + 4, box["y"] + box["height"] - 4):
            at = [box["x"] + 20, y]
            assert found.evaluate("(found, at) => found.contains(document.elementFromPoint(...at))", at), part
