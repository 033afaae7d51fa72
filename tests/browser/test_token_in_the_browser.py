"""The token as a person takes it apart: by pointer, by touch and by keyboard, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from app.content import load
from tests.browser.server import DESK, PHONE, Reader

pytestmark = pytest.mark.browser
NO_KEY = "Couldn't retrieve verification key from your identity provider,  please"
REFUSED = "The web identity token provided could not be validated."


def lit(one) -> list[int]:
    """How many pieces are lit in each of the four views."""
    return [view.locator(".lit").count() for view in one.page.locator(".view").all()]


def chosen(one):
    return one.page.locator('.meanings [aria-selected="true"]')


def option(one, name: str):
    """By its name, which is no code to a screen reader: Orca would leave it out in an option."""
    names = one.page.locator(":scope > code[role=none]", has_text=re.compile(rf"^{name}$"))
    return one.page.locator(".meanings li").filter(has=names)


@pytest.fixture(scope="module")
def desk(profiles, address):
    """The token's page on a desk, opened once."""
    one = Reader(profiles, address)
    yield one.open("/token_mount?lang=en").predict()
    complaints = one.complaints
    one.close()
    assert complaints == []


@pytest.fixture
def views(desk):
    """The four views, and nothing lit in them."""
    desk.page.get_by_role("radio", name=load("en").message("anatomy.tabs.views")).click()
    desk.page.locator("h1").hover()
    desk.page.locator(".meanings").focus()
    desk.press("Escape")
    expect(desk.page.locator(".view .lit")).to_have_count(0)
    return desk


def test_pointing_at_a_part_lights_it_in_all_four_views(views):
    one = views
    # Orca would else read an option's first line alone.
    expect(option(one, "sub")).to_have_accessible_name("sub system:serviceaccount:default:my-sa")
    expect(option(one, "sub")).to_have_accessible_description(re.compile("The identity that"))
    option(one, "sub").hover()
    assert all(lit(one))
    lit_json = one.page.locator(".view.json .lit")
    expect(lit_json).to_contain_text("system:serviceaccount:default:my-sa")
    one.page.locator(".view.json .lit").hover()
    assert all(lit(one))
    one.page.locator("h1").hover()
    expect(one.page.locator(".view .lit")).to_have_count(0)


def test_what_is_pressed_stays_lit_and_is_seen_in_every_view(views):
    one = views
    one.page.locator(".view.json [data-of]").last.click()
    one.page.locator("h1").hover()
    assert all(lit(one))
    option(one, "kubernetes.io.pod.name").click()
    for view in one.settle().page.locator(".view").all():
        box, first = view.bounding_box(), view.locator(".lit").first.bounding_box()
        assert box
        assert first
        assert box["y"] - 1 <= first["y"] <= box["y"] + box["height"]
    scrolled = "document.querySelector('[data-testid=stMain]').scrollTop"
    top = one.page.evaluate(scrolled)
    for key in ("Home", "End"):
        one.press(key)
        assert one.page.evaluate(scrolled) == top


def test_arrow_keys_move_between_parts_and_turn_no_page(views):
    one = views
    for view in (".view.base64url", ".view.bytes", ".view.json", ".meanings"):
        one.page.locator(view).focus()
        expect(chosen(one)).to_have_count(1)
        seen = [chosen(one).inner_text()]
        for key in ("ArrowDown", "ArrowRight", "End", "ArrowUp", "Home"):
            one.press(key)
            seen.append(chosen(one).inner_text())
            assert all(lit(one)), view
        assert len({*seen[:5]}) == 5, view
        assert seen[0] == seen[5], view
        one.expect_title(load("en").lesson("token_mount").title)
        one.press("Escape")
        expect(one.page.locator(".view .lit")).to_have_count(0)


def test_a_touch_lights_the_part_on_a_phone(views):
    one = views.resize(PHONE)
    option(one, "aud").click()
    assert all(lit(one))
    assert one.overflow <= 0
    one.resize(DESK)


@pytest.fixture
def flip_view(desk):
    """The view in which a character is changed, and none changed in it."""
    desk.page.get_by_role("radio", name=load("en").message("anatomy.tabs.flip")).click()
    expect(desk.page.locator(".pick")).to_be_visible()
    if (undo := desk.wait().page.locator(".st-key-flip_undo button:enabled")).count():
        undo.click()
    expect(desk.page.locator(".pick .flipped")).to_have_count(0)
    expect(desk.page.locator(".trial")).to_contain_text(load("en").message("anatomy.nothing_yet"))
    return desk


FLIPS = {"kid": "key", "aud": "audience", "iss": "provider", "sub": "signature"}
"""By the part in which a character is changed: the check that fails."""


def test_a_character_is_changed_and_sent_at_a_touch(flip_view):
    one = flip_view
    for name, check in FLIPS.items():
        one.page.locator(".offered button", has_text=re.compile(f"^{name}$")).click()
        result = one.page.locator(".trial")
        expect(result.locator("blockquote")).to_contain_text(NO_KEY if check == "key" else REFUSED)
        expect(result.locator(".tried .failed")).to_have_count(1)
        expect(result.locator(".tried .failed .name")).to_have_text(load("en").check(f"sts.{check}").title)
        expect(one.page.locator(".pick .flipped")).to_have_count(1)
        one.page.locator(".st-key-flip_undo button").click()
        expect(one.page.locator(".pick .flipped")).to_have_count(0)
        expect(result).to_contain_text(load("en").message("anatomy.nothing_yet"))


def test_by_keyboard_a_character_is_chosen_and_sent(flip_view):
    one = flip_view
    pick = one.page.locator(".pick")
    pick.focus()
    one.press("Home")
    expect(pick).to_have_attribute("aria-valuenow", "1")
    one.press("ArrowRight")
    expect(pick).to_have_attribute("aria-valuenow", "2")
    one.press("Enter")
    result = one.page.locator(".trial")
    expect(result).to_contain_text("The ID Token provided is not a valid JWT.")
    expect(result.locator(".tried .failed .name")).to_have_text(load("en").check("sts.format").title)
    expect(one.page.locator(".pick i").nth(1)).to_have_class(re.compile("flipped"))
    expect(pick).to_be_focused()
    one.expect_title(load("en").lesson("token_mount").title)


def test_the_caret_stays_in_a_token_that_became_shorter(flip_view):
    one = flip_view
    one.page.locator(".offered button").first.click()
    expect(one.page.locator(".pick .flipped")).to_have_count(1)
    one.page.locator(".pick").evaluate("pick => (pick.getRootNode().querySelector('.root').caret = 100_000)")
    one.page.locator(".st-key-flip_undo button").click()
    expect(one.page.locator(".pick .flipped")).to_have_count(0)
    expect(one.page.locator(".pick i").last).to_have_class(re.compile("caret"))


def test_the_dot_stays_a_dot(flip_view):
    one = flip_view
    one.page.locator(".pick .dot i").first.click()
    expect(one.page.locator("button.press")).to_be_disabled()
    one.press("Enter")
    one.page.wait_for_timeout(300)
    expect(one.page.locator(".trial")).to_contain_text(load("en").message("anatomy.nothing_yet"))


def test_a_click_on_a_character_of_the_signature_sends_it_masked(flip_view):
    one = flip_view
    last = one.page.locator(".pick .signature i").last
    last.click()
    expect(one.page.locator(".trial")).to_contain_text("part of the secret")
    assert set(one.page.locator(".pick .signature").inner_text().replace("\n", "")) == {"•"}
