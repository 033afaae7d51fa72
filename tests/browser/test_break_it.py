"""The lab in a browser: one fault from its question to the world made whole, by keyboard; on a phone; in any theme."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.content import load
from tests.browser.axe import violations
from tests.browser.contrast import faint
from tests.browser.server import PHONE, Reader

pytestmark = pytest.mark.browser
EN = load("en")


def press(page: Page, label: str) -> None:
    button = page.get_by_role("button", name=EN.message(f"lab.{label}"), exact=True)
    button.focus()
    page.keyboard.press("Enter")


def out_of_reach(one: Reader) -> list[str]:
    """What axe finds, and every faint text in either theme: the markup is the same in both."""
    found = violations(one.page, contrast=False)
    return found + [text for theme in ("light", "dark") for text in faint(one.wear(theme).settle().page)]


def choose(page: Page, group: int, option: int) -> None:
    """Chooses an option of a radio group with the keyboard."""
    radios = page.locator('.st-key-lab_predict [role="radiogroup"]').nth(group).get_by_role("radio")
    radios.first.focus()
    page.keyboard.press("Space")
    for _ in range(option):
        page.keyboard.press("ArrowDown")
    expect(radios.nth(option)).to_be_checked()


def test_one_fault_by_keyboard(reader):
    one = reader().open("/break_it?lang=en&fault=F23").wait()  # a key that comes earlier is lost
    page = one.page
    choose(page, 0, 2)  # wrong: the reason is gone after the fix, which changes that line as well
    choose(page, 1, 1)
    press(page, "run")
    expect(page.locator(".guessed")).to_be_visible()
    expect(page.locator(".diagnosis .outcome.failed")).to_be_visible()
    expect(page.locator(".st-key-film .film-map .edge.guilty")).to_have_count(1)
    one.wait()
    assert one.overflow <= 0
    one.unfold()
    assert out_of_reach(one) == []
    press(page, "revert")
    expect(page.locator(".outcome.passed")).to_contain_text(EN.message("lab.whole"))
    expect(page.locator(".outcome.passed:focus")).to_have_count(1)
    assert one.complaints == []


@pytest.mark.large
def test_another_language_keeps_what_is_chosen(reader):
    """In `make test`, `test_walk_in_the_browser` changes the language of a prediction."""
    one = reader().open("/break_it?lang=en&fault=F23").wait()  # a key that comes earlier is lost
    one.click("lab_run")
    asked, button = one.box(one.page.get_by_test_id("stAlert")), one.box(".st-key-lab_run button")
    assert asked["y"] < button["y"] + button["height"], "what is missing is said where it was pressed, not below"
    chosen = one.page.locator('.st-key-lab_predict [role="radiogroup"]')
    expect(chosen.nth(1)).to_contain_text(
        "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized"
    )
    pale = [text for theme in ("dark", "light") for text in faint(one.wear(theme).settle().page)]
    assert [text for text in pale if "occurred" in text or "operation" in text] == []
    nothing = [chosen.nth(group).get_by_role("radio").last for group in (0, 1)]  # words of ours, unlike the others
    for group in (0, 1):
        choose(one.page, group, chosen.nth(group).get_by_role("radio").count() - 1)
    for language in ("ja", "en"):
        name = load(language).facts.name
        one.page.get_by_role("radio", name=name, exact=True).click()
        one.expect_title(load(language).lesson("break_it").title)
        one.wait()
        for option in nothing:
            expect(option).to_be_checked()
    one.click_twice("lab_run")
    expect(one.page.locator(".guessed")).to_be_visible()


def test_the_list_leads_to_a_fault_and_what_comes_of_a_button_far_down_is_read_from_the_top(reader):
    one = reader(size=PHONE).open("/break_it?lang=en")
    page, main = one.page, one.page.get_by_test_id("stMain")
    field = page.get_by_label(EN.message("lab.filter"))
    field.fill("f23")
    expect(page.locator("[data-entry]:visible")).to_have_count(1)
    page.locator("[data-entry]:visible a").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".fault")).to_contain_text("F23")
    expect(page).to_have_url(re.compile("fault=F23"))
    one.wait()
    assert one.overflow <= 0
    for label, shows in (("run_unguessed", ".diagnosis .outcome.failed"), ("revert", ".outcome.passed")):
        press(page, label)
        expect(page.locator(shows)).to_be_visible()
        one.wait().settle()
        assert main.evaluate("main => main.scrollTop") == 0


def test_a_phone_shows_the_whole_of_each_error_to_choose_from(reader):
    """In Japanese: in English a path breaks after each slash."""
    one = reader(size=PHONE).open("/break_it?lang=ja&fault=F09")
    expect(one.page.locator(".st-key-lab_predict")).to_contain_text("/var/run/secrets/eks.amazonaws.com/")
    assert one.overflow <= 0


@pytest.mark.large
def test_a_hidden_fault_on_a_phone(reader):
    """In `make test`, `tests/screens/test_break_it.py` hides a fault and finds it."""
    one = reader(size=PHONE).open("/break_it?lang=en")
    press(one.page, "surprise")
    expect(one.page.locator(".hints")).to_be_attached()
    one.wait().unfold()
    assert one.overflow <= 0
    assert out_of_reach(one) == []
    assert "fault" not in one.page.url
    one.page.goto(f"{one.address}/home?lang=en")
    expect(one.page.locator(".strip")).to_contain_text(EN.message("lab.strip_hidden"))
    assert one.overflow <= 0


@pytest.fixture(scope="module")
def broken(profiles, address):
    """The page on which one fault has been run, opened once for every size."""
    one = Reader(profiles, address, size=PHONE).open("/break_it?lang=en&fault=F21")
    one.click("lab_run_unguessed")
    expect(one.page.locator(".st-key-lab_seen")).to_be_visible()
    yield one.wait()
    complaints = one.complaints
    one.close()
    assert complaints == []


@pytest.mark.parametrize("size", [PHONE, pytest.param((1280, 900), marks=pytest.mark.large)])
def test_the_way_to_fix_it_is_in_sight_from_the_first_line_on_and_covers_nothing_that_has_the_focus(broken, size):
    one = broken.resize(size)
    one.page.evaluate("() => document.activeElement.blur()")
    one.page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 0)")
    fix = one.page.get_by_role("button", name=EN.message("lab.revert"), exact=True)
    expect(fix).to_have_count(1)
    assert one.height > 3 * size[1], "the evidence is long"
    place = one.box(fix)
    assert size[1] - 80 <= place["y"] + place["height"] <= size[1], "at the bottom of the window"
    folded = one.page.locator(".st-key-lab_same summary").first
    one.page.keyboard.press("Tab")  # whatever has the focus is shown to who uses the keyboard
    folded.focus()
    assert one.box(folded)["y"] + one.box(folded)["height"] <= place["y"]
    one.page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, main.scrollHeight)")
    assert one.box(fix)["y"] > one.box(".st-key-lab_revert_heading")["y"], "below its heading, once that is reached"
    assert one.box(fix)["y"] + place["height"] <= one.box(".st-key-lab_by_hand")["y"]
    fix.click(trial=True)  # it can be pressed; that it heals is asked above, by keyboard
