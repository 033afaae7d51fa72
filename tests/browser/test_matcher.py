"""The matcher in a browser: typing is judged, the caret stays, broken JSON is reported, a huge text hangs nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app.content import load
from tests.browser.server import DESK, PHONE, Reader

pytestmark = pytest.mark.browser
EN = load("en")
ALLOWED = EN.message("matcher.verdicts.allowed")
REFUSED = "STS would refuse"


@pytest.fixture(scope="module")
def opened(profiles, address) -> Iterator[Reader]:
    """Step 2 in English."""
    one = Reader(profiles, address)
    yield one.open("/service_account?lang=en").predict()
    complaints = one.complaints
    one.close()
    assert complaints == []


@pytest.fixture
def page(opened) -> Page:
    """The matcher with the role's own policy, and who else gets in folded."""
    page = opened.page
    own = page.locator('.matcher [data-edit="own"]')
    own.evaluate("button => button.click()")
    expect(own).to_have_attribute("aria-disabled", "true")
    expect(verdict(page)).to_contain_text(ALLOWED)
    page.locator(".matcher .who details").evaluate_all("all => all.forEach((one) => { one.open = false })")
    return page


def verdict(page: Page):
    return page.locator(".matcher .verdict")


def field(page: Page):
    return page.get_by_role("textbox", name=EN.message("matcher.policy"))


def put_caret_after(page: Page, words: str) -> int:
    """The caret behind the last of these words; its place."""
    return field(page).evaluate(
        "(field, words) => { const at = field.value.lastIndexOf(words) + words.length; field.focus();"
        " field.setSelectionRange(at, at); return at }",
        words,
    )


def caret(page: Page) -> tuple[bool, int]:
    """Whether the field has the focus, and where the caret is."""
    return tuple(field(page).evaluate("field => [field.getRootNode().activeElement === field, field.selectionStart]"))


def test_typing_changes_the_verdict_and_neither_caret_nor_focus_is_lost(page):
    at = put_caret_after(page, ":my-sa")
    page.keyboard.type("x-", delay=40)
    expect(verdict(page)).to_contain_text(REFUSED)
    expect(page.locator('.matcher [data-row="sub-policy"]')).to_have_class("failed")
    expect(page.locator(".matcher .lines path.failed").first).to_be_attached()
    assert caret(page) == (True, at + 2)
    page.keyboard.type("y", delay=40)
    assert ":my-sax-y" in field(page).input_value()
    for _ in range(3):
        page.keyboard.press("Backspace")
    expect(verdict(page)).to_contain_text(ALLOWED)
    expect(page.locator(".matcher .lines .failed")).to_have_count(0)
    assert caret(page) == (True, at)


def test_the_arrow_keys_move_the_caret_and_not_the_reader(page):
    at = put_caret_after(page, ":my-sa")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    assert caret(page) == (True, at - 1)
    assert "/service_account?" in page.url


def test_broken_json_is_reported_beside_the_field_and_the_drawing_stays(page):
    lines = page.locator(".matcher .lines path").count()
    assert lines == 6
    put_caret_after(page, '"Statement": [')
    page.keyboard.type("]")
    problem = page.locator(".matcher .problem")
    expect(problem).to_contain_text("Line")
    expect(field(page)).to_have_attribute("aria-invalid", "true")
    expect(verdict(page)).to_contain_text(ALLOWED)
    assert page.locator(".matcher .lines path").count() == lines
    assert caret(page)[0]
    page.keyboard.press("Backspace")
    expect(problem).to_be_empty()


def test_what_is_typed_while_a_button_is_answered_stays(page):
    """The page may draw the answer, or run again, before what was typed is sent."""
    edit = """field => {
      const root = field.closest(".matcher"), { show } = root
      root.show = (data) => {
        root.show = show
        field.setRangeText("typed", 0, 0)
        field.dispatchEvent(new InputEvent("input", { bubbles: true }))
        show(data)
      }
    }"""
    field(page).evaluate(edit)
    page.locator('.matcher [data-edit="star"]').click()
    expect(page.locator(".matcher .problem")).to_contain_text("Line")
    assert field(page).input_value().startswith("typed")


def test_the_buttons_edit_the_text_and_give_the_roles_own_back(page):
    own = field(page).input_value()
    for name, words in (
        ("star", REFUSED),
        ("swap", "It would accept tokens of other ServiceAccounts as well"),
        ("own", ALLOWED),
        ("second", "It would also accept the tokens of the other ServiceAccounts"),
    ):
        button = page.locator(f'.matcher [data-edit="{name}"]')
        button.focus()
        page.keyboard.press("Enter")
        expect(verdict(page)).to_contain_text(words)
        expect(button).to_be_focused()
        assert (field(page).input_value() == own) is (name == "own")
    assert field(page).evaluate("field => field.scrollHeight <= field.clientHeight"), "all of it is seen"


def test_the_lines_follow_an_id_that_unfolds(page):
    line, fold = page.locator(".matcher .lines path").nth(2), page.locator(".matcher .token details summary").first
    drawn = line.get_attribute("d")
    fold.click()
    expect(line).not_to_have_attribute("d", drawn)
    fold.click()
    expect(line).to_have_attribute("d", drawn)


@pytest.mark.large
def test_what_is_in_a_hidden_tab_survives_another_language(reader):
    """In `make test`, `test_break_it` keeps what is chosen in another language."""
    one = reader().open("/sts_assume?lang=ja").predict()
    lines = one.page.locator(".matcher .lines path")
    expect(lines.first).to_be_attached()
    drawn = lines.count()
    one.page.get_by_role("tab").nth(1).click()
    expect(one.page.locator(".lives")).to_be_visible()
    one.page.get_by_text("English", exact=True).click()
    expect(one.page.get_by_role("tab").first).to_have_text(EN.message("matcher.title"))
    one.page.get_by_role("tab").first.click()
    expect(verdict(one.page)).to_contain_text(ALLOWED)
    expect(lines).to_have_count(drawn)


def test_who_else_gets_in_opens_where_somebody_does_and_stays_as_the_reader_left_it(page):
    table = page.locator(".matcher .who table")
    expect(table).to_be_hidden()
    page.locator('.matcher [data-edit="open"]').click()
    expect(table).to_be_visible()
    page.locator('.matcher [data-edit="own"]').click()
    expect(page.locator('.matcher [data-edit="own"]')).to_have_attribute("aria-disabled", "true")
    expect(table).to_be_visible()


def test_a_megabyte_is_reported_and_kept_and_hangs_nothing(page):
    field(page).evaluate(
        "field => { field.focus(); field.select(); field.setRangeText('x'.repeat(1e6));"
        " field.dispatchEvent(new InputEvent('input', { bubbles: true })) }"
    )
    expect(page.locator(".matcher .problem")).to_contain_text("longer than")
    assert len(field(page).input_value()) == 1_000_000
    page.locator('.matcher [data-edit="own"]').click()
    expect(verdict(page)).to_contain_text(ALLOWED)
    expect(page.locator(".matcher .problem")).to_be_empty()


def test_on_a_phone_the_sides_stand_below_each_other_and_numbers_take_the_place_of_lines(opened, page):
    opened.resize(PHONE)
    expect(page.locator(".matcher .lines path")).to_have_count(0)
    expect(page.locator(".matcher .lines g")).to_have_count(3)
    assert opened.overflow <= 0
    opened.resize(DESK)
