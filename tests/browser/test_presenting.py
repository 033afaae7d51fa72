"""A talk as a speaker gives it: two windows of one browser, the keys of a keyboard and of a clicker."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.content import LANGUAGES, TALK, load
from tests.browser.server import Profiles, Reader

pytestmark = pytest.mark.browser
PROJECTOR = (1280, 720)
SIZES = (PROJECTOR, (1920, 1080))
SMALLEST = 22
"""Pixels of type that the last row still reads on a screen of 720 lines."""
SMALLEST_LABEL = 11.5
"""Pixels of what the figure says, which the speaker says as well."""

MEASURES = """slides => {
  const stage = slides.querySelector('.stage'), found = {}
  for (const key of ['Home', ...[...stage.querySelectorAll('.piece')].slice(1).map(() => 'ArrowRight')]) {
    window.dispatchEvent(new KeyboardEvent('keydown', { key }))
    const shown = [...stage.querySelectorAll('.piece')].filter(piece => piece.checkVisibility())
    const { bottom, right } = stage.getBoundingClientRect()
    const parts = shown.flatMap(piece => [piece, ...piece.querySelectorAll('*')])
    const labels = [...slides.querySelectorAll('.diagram:not(.one) text, .diagram .on text')]
    const boxes = parts.map(part => part.getBoundingClientRect())
    found[slides.dataset.piece] = {
      shown: shown.length,
      size: parseFloat(getComputedStyle(stage).fontSize),
      label: Math.min(...labels.filter(label => label.checkVisibility())
        .map(label => parseFloat(getComputedStyle(label).fontSize) * label.getScreenCTM().a)),
      over: Math.max(stage.scrollHeight - stage.clientHeight, stage.scrollWidth - stage.clientWidth,
        ...boxes.map(box => Math.max(box.bottom - bottom, box.right - right)),
        document.documentElement.scrollHeight - innerHeight, document.documentElement.scrollWidth - innerWidth),
    }
  }
  return found
}"""
"""Shows every piece of the page in turn: how many are seen at once, the type's pixels, those of the smallest label that
is not dimmed, pixels out of the screen."""

EVERYTHING = """() => {
  const all = root => [root.textContent ?? '', ...[...root.querySelectorAll('*')]
    .map(part => part.shadowRoot).filter(Boolean).map(all)].join(' ')
  return all(document.documentElement) + document.documentElement.outerHTML
}"""


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A talk from its first page to its last, as the projector's window has it, by page."""

    language: str
    drawn: Mapping[str, str]
    """All texts and all HTML of the window."""
    measures: Mapping[tuple[int, int], Mapping[str, Mapping[str, Any]]]
    """By size of the window: what `MEASURES` finds."""


@pytest.fixture(scope="module", params=LANGUAGES)
def talk(request: pytest.FixtureRequest, profiles: Profiles, address: str) -> Talk:
    """Goes through a whole talk once: to load each of its pages anew takes four times as long as to turn to it."""
    one = Reader(profiles, address, size=PROJECTOR)
    page = present(one, language=request.param)
    drawn: dict[str, str] = {}
    measures: dict[tuple[int, int], dict[str, Any]] = {size: {} for size in SIZES}
    for name in TALK:
        expect(page.locator(f'.slides[data-page="{name}"]')).to_have_count(1)
        shown(page)
        drawn[name] = page.evaluate(EVERYTHING)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            measures[width, height][name] = one.settle().page.locator(".slides").evaluate(MEASURES)
        page.keyboard.press("ArrowRight")  # from the last piece, where the measuring ends
    complaints = one.complaints
    one.close()
    assert complaints == []
    return Talk(language=request.param, drawn=drawn, measures=measures)


def place(page: Page) -> tuple[str, str]:
    """The page and the piece that are on the screen, read at one moment."""
    return tuple(page.locator(".slides").evaluate("root => [root.dataset.page, root.dataset.piece]"))


def pieces(page: Page) -> list[str]:
    return page.locator(".piece").evaluate_all("all => all.map(piece => piece.dataset.name)")


def present(one, path: str = "/", language: str = "en") -> Page:
    one.page.goto(f"{one.address}{path}?lang={language}&present=1")
    shown(one.page)
    return one.page


def shown(page: Page) -> None:
    expect(page.locator(".slides .piece:visible")).to_have_count(1)


def at(page: Page, name: str, piece: str) -> None:
    """Waits for that piece of that page."""
    expect(page.locator(f'.slides[data-page="{name}"][data-piece="{piece}"]')).to_have_count(1)


def open_notes(one) -> Page:
    with one.context.expect_page() as opened:
        one.page.keyboard.press("s")
    notes = opened.value
    expect(notes.locator("article:visible")).to_have_count(1)
    return notes


def test_the_screen_has_the_lesson_on_it_and_nothing_else(reader):
    page = present(reader(size=PROJECTOR), "/webhook")
    for part in ("stSidebar", "stHeader", "stToolbar"):
        expect(page.get_by_test_id(part).first).not_to_be_visible()
    expect(page.locator("h1:visible")).to_have_text(re.compile(load("en").lesson("webhook").title))


def test_keys_and_clickers_go_through_the_pieces_and_over_the_pages_edges(reader):
    page = present(reader(size=PROJECTOR), "/why")
    names = pieces(page)
    for forward, back in (("ArrowRight", "ArrowLeft"), ("PageDown", "PageUp"), ("Space", "ArrowLeft")):
        page.keyboard.press("Home")
        for name in names[1:]:
            page.keyboard.press(forward)
            assert place(page) == ("why", name), forward
        page.keyboard.press(forward)
        at(page, "oidc_provider", "goal")
        expect(page).to_have_url(re.compile(r"/oidc_provider\?lang=en&present=1$"))
        page.keyboard.press(back)
        at(page, "why", names[-1])
        page.keyboard.press(back)
        assert place(page) == ("why", names[-2]), back


def test_home_and_end_stay_on_the_page_and_the_ends_of_the_talk_hold(reader):
    page = present(reader(size=PROJECTOR))
    names = pieces(page)
    for key, piece in (("End", names[-1]), ("Home", names[0]), ("ArrowLeft", names[0])):
        page.keyboard.press(key)
        assert place(page) == ("home", piece)
    page = present(reader(size=PROJECTOR), "/access")
    page.keyboard.press("End")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert place(page) == ("access", "recap")


def test_a_held_key_skips_no_piece_and_breaks_nothing(reader):
    one = reader(size=PROJECTOR)
    page = present(one)
    wanted = (
        open_notes(one)
        .locator("article")
        .evaluate_all("all => all.map(note => [note.dataset.page, note.dataset.name])")
    )
    page.evaluate(
        """() => {
          window.seen = []
          window.messages = new BroadcastChannel('irsa_presenting')
          window.messages.onmessage = ({ data }) => data.page && window.seen.push([data.page, data.name])
        }"""
    )
    page.keyboard.press("Home")
    for _ in range(1000):
        page.keyboard.down("ArrowRight")  # held: Playwright repeats it
        if place(page) == ("access", "recap"):
            break
    page.keyboard.up("ArrowRight")
    at(page, "access", "recap")
    seen = page.evaluate("window.seen")
    assert [now for now, before in zip(seen, [None, *seen], strict=False) if now != before] == wanted


def test_escape_leaves_for_the_same_page_in_the_same_language_at_the_same_depth(reader):
    one = reader(size=PROJECTOR)
    one.page.goto(f"{one.address}/token_mount?lang=en&depth=3&present=1")
    shown(one.page)
    one.press("ArrowRight")
    one.press("Escape")
    one.expect_title(load("en").lesson("token_mount").title)
    one.wait()
    expect(one.page).to_have_url(re.compile(r"/token_mount\?lang=en&depth=3$"))
    expect(one.page.get_by_test_id("stSidebar")).to_be_visible()


def test_no_press_is_lost_while_a_page_is_turned_and_escape_is_one_of_them(reader):
    one = reader(size=PROJECTOR)
    page = present(one, "/why")
    names = pieces(page)
    for _ in range(len(names) + 2):  # the last three while the next page is on its way
        page.keyboard.press("PageDown")
    at(page, "oidc_provider", "happens_1")
    page.keyboard.press("End")
    page.keyboard.press("PageDown")
    page.keyboard.press("Escape")
    one.expect_title(load("en").lesson("service_account").title)
    expect(page).to_have_url(re.compile(r"/service_account\?lang=en$"))


def test_who_left_a_talk_comes_back_to_the_same_piece_by_the_button_alone(reader):
    one = reader(size=PROJECTOR).open("/webhook?lang=en")
    start = one.page.locator(".st-key-start_presenting button:visible")
    start.click()
    at(one.page, "webhook", "goal")
    for _ in range(2):
        one.press("PageDown")
    left = place(one.page)
    one.press("Escape")
    expect(one.page.locator(".slides")).to_have_count(0)
    for way in (one.page.go_back, one.page.reload):
        way()
        one.wait()
        expect(one.page).to_have_url(re.compile(r"/webhook\?lang=en$"))
    start.click()
    at(one.page, *left)


def test_the_button_above_the_page_begins(reader):
    one = reader(size=(1360, 900)).open("/sts_assume?lang=ja")
    one.page.locator(".st-key-start_presenting button:visible").first.click()
    shown(one.page)
    assert place(one.page) == ("sts_assume", "goal")
    expect(one.page).to_have_url(re.compile("lang=ja"))


def test_the_sheet_of_keys_takes_the_focus_and_gives_it_back(reader):
    page = present(reader(size=PROJECTOR))
    button = page.locator('footer [data-act="keys"]')
    button.focus()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog")
    expect(sheet).to_be_visible()
    expect(sheet.locator(":focus")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    assert place(page) == ("home", "intro")
    page.keyboard.press("Escape")
    expect(sheet).not_to_be_visible()
    expect(button).to_be_focused()
    assert "present=1" in page.url


def test_the_screen_turns_black_and_the_next_key_brings_the_piece_back(reader):
    page = present(reader(size=PROJECTOR))
    for key in (".", "b", "B"):
        page.keyboard.press(key)
        expect(page.locator(".blank")).to_be_visible()
        page.keyboard.press("ArrowRight")
        expect(page.locator(".blank")).not_to_be_visible()
        assert place(page) == ("home", "intro"), key


def test_streamlits_own_keys_do_nothing(reader):
    page = present(reader(size=PROJECTOR), "/access")
    frames: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda sent: frames.append(sent)))
    page.reload()
    shown(page)
    expect(page.locator('[data-testid="stApp"]')).to_have_attribute("data-test-script-state", "notRunning")
    sent = len(frames)
    for key in "cCrR":
        page.keyboard.press(key)
    page.wait_for_timeout(500)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert len(frames) == sent
    assert place(page) == ("access", "goal")


def test_a_reload_comes_back_to_the_piece(reader):
    page = present(reader(size=PROJECTOR), "/webhook")
    page.keyboard.press("End")
    page.reload()
    shown(page)
    assert place(page) == ("webhook", "recap")


def test_the_notes_follow_the_projector_and_drive_it(reader):
    one = reader(size=PROJECTOR)
    page, content = present(one), load("en")
    notes = open_notes(one)
    expect(notes.locator(".connected")).to_be_visible()
    expect(notes.locator("article:visible .said")).to_have_text(content.message("speaker.home.intro"))
    page.keyboard.press("ArrowRight")
    expect(notes.locator("article:visible .said")).to_have_text(content.message("speaker.home.story_1"))
    notes.keyboard.press("PageDown")
    at(page, "home", "story_2")
    notes.keyboard.press("End")
    notes.keyboard.press("ArrowRight")
    at(page, "why", "goal")
    expect(notes.locator("article:visible .said")).to_have_text(content.message("speaker.why.goal"))
    expect(notes.locator(".plan:visible [aria-current]")).to_contain_text(content.message("screens.why"))
    notes.keyboard.press("b")
    expect(page.locator(".blank")).to_be_visible()


def test_the_notes_may_come_first_or_be_loaded_again(reader):
    one, content = reader(size=PROJECTOR), load("ja")
    notes = one.context.new_page()
    notes.goto(f"{one.address}/?lang=ja&present=notes")
    expect(notes.locator(".alone")).to_be_visible()
    page = present(one, "/sts_assume", "ja")
    said = notes.locator("article:visible .said")
    expect(said).to_have_text(content.message("speaker.sts_assume.goal"))
    expect(notes.locator(".connected")).to_be_visible()
    page.keyboard.press("End")
    notes.reload()
    expect(said).to_have_text(content.message("speaker.sts_assume.recap"))
    expect(notes.locator("article:visible .trap")).to_contain_text("Not authorized")
    page.close()
    expect(notes.locator(".alone")).to_be_visible()


def test_two_talks_in_one_browser_stay_apart(reader):
    one = reader(size=PROJECTOR)
    first = present(one, "/webhook")
    notes = open_notes(one)
    second = one.context.new_page()
    second.goto(f"{one.address}/access?lang=en&present=1")
    shown(second)
    second.keyboard.press("ArrowRight")
    assert place(second) == ("access", "predict")
    first.keyboard.press("ArrowRight")
    expect(notes.locator("article:visible")).to_have_attribute("data-page", "webhook")
    notes.keyboard.press("End")
    at(first, "webhook", "recap")
    notes.reload()
    expect(notes.locator('article[data-page="webhook"][data-name="recap"]:visible')).to_have_count(1)
    assert place(second) == ("access", "predict")


def test_the_notes_say_when_the_talk_is_left(reader):
    one = reader(size=PROJECTOR)
    page = present(one)
    notes = open_notes(one)
    expect(notes.locator(".connected")).to_be_visible()
    page.keyboard.press("Escape")
    expect(notes.locator(".alone")).to_be_visible()


def test_the_clock_starts_with_the_first_forward_and_can_be_paused_and_set_back(reader):
    one = reader(size=PROJECTOR)
    page = present(one)
    notes = open_notes(one)
    clock = notes.locator(".clock")
    expect(clock).to_have_text("0:00")
    expect(notes.locator(".waits")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(notes.locator(".waits")).not_to_be_visible()
    expect(clock).to_have_text(re.compile(r"^0:\d[1-9]$"))
    pause = notes.locator("[data-clock=pause]")
    pause.click()
    expect(pause).to_have_text(load("en").message("notes.resume"))
    stopped = clock.inner_text()
    notes.wait_for_timeout(1200)
    expect(clock).to_have_text(stopped)
    notes.reload()
    expect(clock).to_have_text(stopped)
    notes.locator("[data-clock=reset]").click()
    expect(clock).to_have_text("0:00")
    expect(page.locator(".clock")).to_have_count(0)


def test_the_plan_says_when_the_talk_is_late(reader):
    one = reader(size=PROJECTOR)
    page = present(one)
    notes = open_notes(one)
    page.evaluate("sessionStorage.setItem('irsa_presenting_clock', JSON.stringify({ from: null, spent: 120000 }))")
    page.keyboard.press("Home")
    expect(notes.locator(".lag")).to_have_text(load("en").message("notes.late", time="0:30"))
    notes.locator("button[data-length='20']").click()
    expect(notes.locator(".lag")).to_have_text(load("en").message("notes.on_time"))
    expect(notes.locator(".plan:visible tr").last).to_contain_text("20:00")


def test_no_note_is_in_the_projectors_window(talk):
    content = load(talk.language)
    said = [text for key, text in content.messages.items() if re.match(r"speaker\..*\.[^m]", key)]
    for name, drawn in talk.drawn.items():
        assert content.lesson(name).title in drawn
        assert [note for note in said if note in drawn] == []


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_piece_fits_the_screen_in_type_that_the_last_row_can_read(talk, size):
    wrong = {}
    for name, pieces_of_it in talk.measures[size].items():
        for piece, found in pieces_of_it.items():
            if found["shown"] != 1 or found["over"] > 1 or found["size"] < SMALLEST * size[1] / 720:
                wrong[name, piece] = found
            if found["label"] < SMALLEST_LABEL * size[1] / 720:
                wrong[name, piece] = found
    assert wrong == {}


def test_every_theme_is_kept(reader):
    seen = set()
    for theme in ("light", "dark"):
        page = present(reader(size=PROJECTOR, theme=theme))
        seen.add(page.locator(".slides").evaluate("root => getComputedStyle(root).backgroundColor"))
    assert seen == {"rgb(255, 255, 255)", "rgb(15, 22, 32)"}
