"""The time machine in a browser: its numbers do not overlap, and old answers do not pass for those of the new time."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from playwright.sync_api import Route, WebSocketRoute, expect

from tests.browser.server import Reader
from tests.waiting import eventually

pytestmark = pytest.mark.browser
WATCH = """() => {
  window.seen = []
  const app = document.querySelector(".stApp")
  const look = () => window.seen.push(getComputedStyle(document.querySelector(".st-key-moment")).opacity)
  new MutationObserver(look).observe(app, { attributes: true, attributeFilter: ["data-test-script-state"] })
}"""


def to_the_first(shown: Reader) -> None:
    """Back to the first moment, from that where the clock was held."""
    earlier = shown.wait().page.locator(".st-key-moment_earlier button:enabled")
    if earlier.count():
        shown.page.locator(".st-key-time_machine_place").get_by_role("slider").press("Home")
        expect(earlier).to_have_count(0)
    shown.settle().wait()


@pytest.fixture
def shown(visitor: Reader) -> Reader:
    """The page at its first moment."""
    if "/time_machine?" not in visitor.page.url:
        visitor.turn_to("time_machine")
    to_the_first(visitor)
    return visitor


def test_the_numbers_of_what_happens_at_nearly_the_same_time_stand_side_by_side(shown: Reader) -> None:
    numbers = shown.page.locator(".moments .numbers b")
    for width in (380, 1280):
        shown.resize((width, 900))
        expect(numbers).to_have_count(6)
        boxes = shown.boxes(numbers)
        assert boxes[0]["x"] >= shown.box(".moments .scale")["x"], width
        for one, next_ in pairwise(boxes):
            assert one["x"] + one["width"] < next_["x"], width


def test_answers_of_the_moment_before_are_dim_until_the_next_ones_are_there(shown: Reader) -> None:
    seen: list[str] = []
    for direction in ("later", "earlier") * 3:  # an answer that comes at once leaves no moment to be dim
        shown.wait().page.evaluate(WATCH)
        shown.page.locator(f".st-key-moment_{direction} button").click()
        expect(shown.page.locator(".st-key-moment_earlier button")).to_be_enabled(enabled=direction == "later")
        seen = shown.wait().page.evaluate("window.seen")
        if seen:
            break
    assert float(seen[0]) < 0.5
    expect(shown.page.locator(".st-key-moment")).to_have_css("opacity", "1")


@pytest.mark.large
def test_the_clock_runs_until_it_is_held_and_from_the_same_place_again(shown: Reader) -> None:
    """In `make test`, it runs and is held by keyboard below, and in `tests/screens` it goes on from stop to stop."""
    page = shown.wait().page
    for _ in range(2):  # the second time from where it has been before
        page.locator(".st-key-moment_run button").click()
        # Without Playwright's wait until it is still: each tick draws it again, until the clock has run to its end.
        # That is soon where the moments are known from before, so nothing else is waited for.
        page.locator(".st-key-moment_hold button").dispatch_event("click")
        page.locator(".st-key-moment_run button").wait_for()
        to_the_first(shown)


@pytest.mark.parametrize("late", [0, pytest.param(6000, marks=pytest.mark.large)])
def test_the_key_that_lets_the_clock_run_holds_it_too(shown: Reader, late: int) -> None:
    page = shown.wait().page
    page.locator(".st-key-moment_run button").focus()
    for key in ("moment_hold", "moment_run"):
        shown.send_later(late).press("Enter")
        shown.send_later(0)
        expect(page.locator(f".st-key-{key} button")).to_be_focused()
    to_the_first(shown)


@pytest.mark.parametrize("late", [pytest.param(0, marks=pytest.mark.large), 1500])
def test_a_button_that_can_be_pressed_no_more_hands_the_focus_to_its_neighbour(shown: Reader, late: int) -> None:
    page = shown.wait().page
    page.locator(".st-key-moment_later button").press("Enter")
    earlier = page.locator(".st-key-moment_earlier button")
    expect(earlier).to_be_enabled()
    shown.wait()
    shown.send_later(late)
    earlier.press("Enter")
    shown.send_later(0)
    expect(earlier).to_be_disabled()
    expect(page.locator(".st-key-moment_run button")).to_be_focused()


@pytest.mark.parametrize(
    ("path", "pressed", "brought", "is_early"),
    [
        pytest.param("/time_machine", "moment_run", "moment_hold", False, marks=pytest.mark.large),
        ("/doctor", "do_needs", "notice_needs", False),
        ("/doctor", "do_needs", "notice_needs", True),
    ],
    ids=["button", "form", "before the feed is there"],
)
def test_a_press_whose_answer_goes_with_the_connection_shows_once_that_is_back(
    reader: Callable[..., Reader], path: str, pressed: str, brought: str, is_early: bool
) -> None:
    feeds: list[Route] = []
    sockets: list[WebSocketRoute] = []
    asked: list[str | bytes] = []
    lost: list[str | bytes] = []
    breaks = False

    def ask(server: WebSocketRoute, message: str | bytes) -> None:
        if breaks:
            asked.append(message)
        server.send(message)

    def deliver(socket: WebSocketRoute, message: str | bytes) -> None:
        lost.append(message) if breaks and asked else socket.send(message)

    def between(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        server = socket.connect_to_server()
        socket.on_message(lambda message: ask(server, message))
        server.on_message(lambda message: deliver(socket, message))

    shown = reader(locale="en-US")
    shown.page.route_web_socket(re.compile("/_stcore/stream"), between)
    if is_early:
        shown.page.route(re.compile(r"/feed\..*\.js"), lambda route: feeds.append(route))
    page = shown.open(path).wait().page
    for form in page.locator(".st-key-needs").all():
        form.locator("summary").click()
        form.locator("input").first.fill("no action")
    breaks = True
    page.locator(f".st-key-{pressed} button").click()  # which is no event of the world, that the page would follow
    eventually(lambda: page.wait_for_timeout(20) or lost, page.locator(".stApp").aria_snapshot)
    breaks = False
    sockets[-1].close()
    if is_early:
        eventually(lambda: page.wait_for_timeout(20) or len(sockets) > 1, page.locator(".stApp").aria_snapshot)
        page.wait_for_selector('.stApp[data-test-connection-state="CONNECTED"]')
        assert feeds
        for feed in feeds:
            feed.continue_()
    expect(page.locator(f".st-key-{brought}")).to_have_count(1)
    assert len(sockets) == 2
