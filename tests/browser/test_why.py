"""The story in a browser: a choice lights another path, moves nothing below it, and is in the address."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from app.content import load
from tests.browser.server import DESK, PHONE, Reader

pytestmark = pytest.mark.browser
EN = load("en")
LAYOUTS = {DESK: "lr", PHONE: "tb"}
THREE_STATUSES = """() => {
  document.dispatchEvent(new Event("irsa-draws"))
  document.querySelector(".stMain").insertAdjacentHTML("beforeend",
    ["one", "two", "three"].map((text) => `<p role="status" class="made">${text}</p>`).join(""))
}"""
"""Draws them, as a run of the page might."""


def box(page: Page, layout: str, name: str) -> Locator:
    return page.locator(f'.story [id="story-{layout}-{name}"]')


def choose(page: Page, key: str, words: str) -> None:
    page.locator(f".st-key-{key}").get_by_role("radio", name=EN.message(words)).click()


@pytest.fixture
def why(visitor: Reader) -> Reader:
    """The page with what it shows at first: one role for all, and Pod 1 taken."""
    if "/why?" not in visitor.page.url:
        visitor.turn_to("why")
    choose(visitor.page, "scheme", "why.schemes.node-role")
    choose(visitor.page, "taken", "why.pods.pod-1")
    expect(visitor.page).not_to_have_url(re.compile("irsa|pod-2"))
    return visitor.wait()


def top_of_what_follows(shown: Reader, size: tuple[int, int]) -> float:
    """Pixels from the page's top, once the parts above, each of which draws itself, are all there.

    On a phone of the attempts themselves: what is below them is far from the choices.
    """
    return shown.box(".tries" if size == PHONE else ".computed")["y"] + shown.page.get_by_test_id("stMain").evaluate(
        "main => main.scrollTop"
    )


@pytest.mark.parametrize("size", [DESK, pytest.param(PHONE, marks=pytest.mark.large)])
def test_a_choice_lights_the_path_and_moves_nothing(why, size):
    shown, layout = why.resize(size), LAYOUTS[size]
    page = shown.page
    expect(box(page, layout, "aurora_taken")).to_be_visible()
    expect(box(page, layout, "aurora_safe")).to_be_hidden()
    before = top_of_what_follows(shown, size)
    choose(page, "scheme", "why.schemes.irsa")
    expect(box(page, layout, "aurora_safe")).to_be_visible()
    expect(box(page, layout, "aurora_taken")).to_be_hidden()
    assert top_of_what_follows(shown, size) == pytest.approx(before, abs=2)
    choose(page, "taken", "why.pods.pod-2")
    expect(box(page, layout, "aurora_taken")).to_be_visible()
    assert top_of_what_follows(shown, size) == pytest.approx(before, abs=2)
    expect(page).to_have_url(re.compile(r"scheme=irsa&taken=pod-2"))
    assert shown.overflow <= 0


def test_the_choices_take_the_keyboard_and_the_arrow_keys_do_not_leave_the_page(why):
    page = why.page
    page.locator(".st-key-scheme").get_by_role("radio").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(box(page, "lr", "aurora_safe")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/why\?lang=en&scheme=irsa"))
    status = page.locator(".st-key-blast_radius").get_by_role("status")
    found = status.locator("p").first.inner_text()
    expect(page.locator("#reads_out")).to_have_text(re.compile(f"^passed {re.escape(found)}"))  # the focus stays
    expect(status).to_have_attribute("aria-live", "off")  # Chromium would read it out once more
    page.evaluate(THREE_STATUSES)
    expect(page.locator("#reads_out")).to_have_text("one two")
    page.locator(".made").evaluate_all("(made) => made.forEach((one) => one.remove())")


def test_the_first_page_hands_its_film_on_and_its_button_leads_on_by_keyboard(reader):
    shown = reader().open("/?lang=en")
    shown.page.get_by_test_id("stPopoverButton").click()
    for key, begins in (("film_page", "<!doctype html>"), ("film_picture", "<svg")):
        with shown.page.expect_download() as download:
            shown.click(key)
        assert Path(download.value.path()).read_text(encoding="utf-8").startswith(begins)
    shown.press("Escape")
    shown.page.locator(".st-key-begin button").focus()
    shown.press("Enter")
    shown.expect_title(EN.lesson("why").title)
    expect(shown.page).to_have_url(re.compile(r"/why\?.*depth=1"))


@pytest.mark.large
def test_on_a_phone_what_is_not_tried_takes_no_more_room_than_its_words(why):
    """In `make test`, `test_narrow_pages` looks at a phone's buttons and words."""
    one = why.resize(PHONE)
    unused = one.page.locator(".attempts .absent")
    expect(unused.first).to_be_visible()
    listed, last = one.box(".attempts"), one.box(".attempts > li:last-child")
    assert listed["y"] + listed["height"] - last["y"] - last["height"] <= 4, "no empty box below the last attempt"
    for whole, words in zip(one.boxes(unused), one.boxes(unused.locator(".what")), strict=True):
        assert whole["y"] + whole["height"] - words["y"] - words["height"] <= 12
    assert one.box("[data-testid=stSelectbox] [role=group]:visible")["height"] >= 44, "a finger finds it"


def test_the_next_choice_undoes_none_whose_answer_is_still_on_its_way(reader):
    shown, sockets, held = reader(), [], None
    """`held`: what the server says, while it is held back."""

    def deliver(socket: WebSocketRoute, message: str | bytes) -> None:
        socket.send(message) if held is None else held.append(message)

    def between(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server().on_message(lambda message: deliver(socket, message))

    shown.page.route_web_socket(re.compile("/_stcore/stream"), between)
    shown.open("/why?lang=en&scheme=irsa&taken=pod-1").wait()
    held = []
    choose(shown.page, "scheme", "why.schemes.node-role")
    choose(shown.page, "taken", "why.pods.pod-2")
    shown.page.wait_for_timeout(1000)
    for message in held:
        sockets[-1].send(message)
    held = None
    expect(shown.page).to_have_url(re.compile(r"scheme=node-role&taken=pod-2"))
    expect(box(shown.page, "lr", "aurora_taken")).to_be_visible()
