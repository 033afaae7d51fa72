"""A talk as a speaker gives it: two windows of one browser, the keys of a keyboard and of a clicker."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.content import load
from app.flow.lessons.decks import DECKS, SLIDES, WHOLE, Shows
from app.locations import ASSETS
from app.ui.presenting.overlays import KEYS
from tests.browser.server import PHONE, ROOT, Reader

pytestmark = pytest.mark.browser
PROJECTOR = (1280, 720)
OTHERS = ((1920, 1080), (1440, 900), (1024, 768))
A_TENTH = 0.1
"""Seconds between two presses of someone who leafs through."""

AUDIT = Path(__file__).with_name("film_audit.js").read_text(encoding="utf-8")
MEASURES = f"""(least) => {{
  const find = node => node.querySelector?.('.talk') ?? [...node.querySelectorAll('*')]
    .map(part => part.shadowRoot && find(part.shadowRoot)).find(Boolean)
  const slide = find(document).querySelector('.slide'), map = slide.querySelector('.film-map')
  const seen = map.checkVisibility({{ visibilityProperty: true }}), wrong = seen ? ({AUDIT})(least, map) : []
  const [, , width, height] = map.getAttribute('viewBox').split(' ')
  if (seen && Math.abs(width / height - map.clientWidth / map.clientHeight) > 0.02)
    wrong.push('a map for another size: ' + [width, height, map.clientWidth, map.clientHeight])
  const size = part => parseFloat(getComputedStyle(part).fontSize)
  const small = (px, text) => px < least - 0.05 && wrong.push(`${{px.toFixed(1)}} px: ${{text}}`)
  for (const part of slide.querySelectorAll('h1, .words :is(li, p, code), .says :is(p, code), .world p'))
    if (part.checkVisibility()) small(size(part), part.textContent)
  for (const part of slide.querySelectorAll('.figure text'))
    if (part.getBoundingClientRect().width)
      small(size(part) * part.getBoundingClientRect().width / part.getComputedTextLength(), part.textContent)
  for (const part of slide.querySelectorAll('.words, .says'))
    if (part.scrollHeight > part.clientHeight + 1) wrong.push(`does not fit: ${{part.textContent}}`)
  const page = document.documentElement
  if (page.scrollHeight > innerHeight + 1 || page.scrollWidth > innerWidth + 1) wrong.push('larger than the screen')
  return wrong
}}"""
"""What is wrong with the slide on the screen: words and names that are too small or cut, boxes without a name, a map
for another size of its place."""

UPRIGHT = """() => {
  const find = node => node.querySelector?.('.talk') ?? [...node.querySelectorAll('*')]
    .map(part => part.shadowRoot && find(part.shadowRoot)).find(Boolean)
  const slide = find(document).querySelector('.slide'), wrong = []
  const shown = selector => [...slide.querySelectorAll(selector)]
    .filter(part => part.checkVisibility({ visibilityProperty: true }) && part.getBoundingClientRect().height > 1)
  for (const part of shown(':scope > .words :is(li, .question), :scope > .says p:not(.said)'))
    if (parseFloat(getComputedStyle(part).fontSize) < 16) wrong.push(`small: ${part.textContent}`)
  for (const part of shown(':scope > :is(.words, .says)'))
    if (part.scrollHeight > part.clientHeight + 1) wrong.push(`cut: ${part.textContent}`)
  const places = shown('h1, .film-stage, .figure svg, :scope > :is(.words, .says)')
    .map(part => ({ part: part.outerHTML.slice(0, 60), ...part.getBoundingClientRect().toJSON() }))
    .sort((one, other) => one.top - other.top)
  places.forEach(({ part, top, right, bottom }, at) => {
    if (right > innerWidth || bottom > innerHeight) wrong.push(`outside: ${part}`)
    if (at && places[at - 1].bottom > top + 1) wrong.push(`over another: ${part}`)
  })
  return wrong
}"""
"""What is wrong with the slide on an upright screen, whose parts stand one below the other."""
FOUND = """buttons => buttons.map((button) => {
  const { x, y, width, height } = button.getBoundingClientRect(), root = button.getRootNode()
  const hits = (dx, dy) => root.elementFromPoint(x + width / 2 + dx, y + height / 2 + dy) === button
  const reach = (dx, dy) => { let far = 0; while (far < 60 && hits(far * dx, far * dy)) far += 0.5; return far }
  return [reach(1, 0) + reach(-1, 0), reach(0, 1) + reach(0, -1)]
})"""
"""How wide and high the area of each button is, in pixels."""


def smallest(size: tuple[int, int]) -> float:
    """Pixels of type that the last row still reads: 32 on a screen of 1920x1080."""
    width, height = size
    return 32 * min(width / 1920, height / 1080)


def place(page: Page) -> tuple[str, str]:
    """The slide and the beat that are on the projector, read at one moment."""
    return tuple(page.locator(".picture .slide").evaluate("slide => [slide.dataset.slide, slide.dataset.beat]"))


def beats_of(deck: int) -> list[tuple[str, str]]:
    """All places of a deck in a whole world, in order."""
    places = []
    for slide in DECKS[deck]:
        places += [(slide.id, beat) for beat in slide.beats] or [(slide.id, "")]
    return places


def present(one, path: str = "/", language: str = "en", deck: int = 20) -> Page:
    one.page.goto(f"{one.address}{path}?lang={language}&present=1&deck={deck}")
    expect(one.page.locator(".picture .slide[data-slide]")).to_have_count(1)
    return one.page


def at(page: Page, slide: str, beat: str = "") -> None:
    """Waits for that slide, and that beat."""
    on = f'[data-beat="{beat}"]' if beat else ""
    expect(page.locator(f'.picture .slide[data-slide="{slide}"]{on}')).to_have_count(1)


def open_notes(page: Page) -> Page:
    with page.context.expect_page() as opened:
        page.keyboard.press("s")
    notes = opened.value
    expect(notes.locator("article:visible")).to_have_count(1)
    return notes


def jump(page: Page, number: int) -> None:
    for key in ("g", *str(number), "Enter"):
        page.keyboard.press(key)


def number_of(slide: str, deck: int = 20) -> int:
    return [it.id for it in DECKS[deck]].index(slide) + 1


LATER = """says => {
  window.later = new Promise((done) => {
    const later = () => setTimeout(() => done(says.textContent), 700)
    new MutationObserver(later).observe(says, { childList: true })
  })
}"""
"""What is said 700 milliseconds after something is said for the first time."""
HURRIED = """() => {
  const { setTimeout, requestAnimationFrame } = window, now = performance.now.bind(performance)
  let ahead = 0
  performance.now = () => now() + ahead
  window.setTimeout = (act, wait, ...given) => setTimeout(act, wait === 250 ? ((ahead += wait), 0) : wait, ...given)
  window.requestAnimationFrame = (act) => setTimeout(() => act(performance.now()), 0)
  window.unhurried = () => {
    Object.assign(window, { setTimeout, requestAnimationFrame })
    delete performance.now
    return ahead / 1000
  }
}"""
"""Has no film wait for its next picture; `unhurried` ends that, and returns the seconds that passed on its clock."""
LISTENING = """() => {
  window.listening = 0
  for (const [name, by] of [["addEventListener", 1], ["removeEventListener", -1]]) {
    const own = window[name].bind(window)
    window[name] = (what, ...given) => {
      if (what === "afterprint") window.listening += by
      own(what, ...given)
    }
  }
}"""
"""Counts how many more maps wait for the printer from here on: each does until it is removed."""
SENT: list[object] = []
"""What that talk's page has sent to the server."""


@pytest.fixture(scope="module")
def projector(profiles, address):
    """A talk that is opened once, for the tests that only turn its slides."""
    one = Reader(profiles, address, size=PROJECTOR)
    one.hear("websocket", lambda socket: socket.on("framesent", lambda sent: SENT.append(sent)))
    yield present(one)
    complaints = one.complaints
    one.close()
    assert complaints == []


@pytest.fixture
def talk(projector):
    """That talk at its first slide, its focus nowhere."""
    projector.locator(".talk").evaluate("talk => talk.getRootNode().activeElement?.blur()")
    projector.keyboard.press("Home")
    at(projector, "title")
    return projector


# (1) The keys


@pytest.mark.large
def test_the_whole_talk_at_ten_presses_a_second_with_a_what_if_in_the_middle(talk):
    """No press is lost: neither by the slides, nor while the server breaks the world.

    In `make test`, each beat is reached at a slower pace, and a what-if comes back to its beat.
    """
    page, places = talk, beats_of(20)
    assert place(page) == places[0]
    middle = places.index(("webhook", "review"))

    def press(times: int) -> None:
        for _ in range(times):
            begun = time.perf_counter()
            page.keyboard.press("PageDown")
            time.sleep(max(0.0, A_TENTH - (time.perf_counter() - begun)))

    press(middle)
    assert place(page) == places[middle]
    page.keyboard.press("w")
    page.keyboard.press("1")
    expect(page.locator(".what_if .working")).to_be_visible()
    press(2)  # to where it stops, and back to the slide: whether or not the answer is there
    expect(page.locator(".what_if")).to_be_hidden()
    assert place(page) == places[middle]
    press(len(places) - 1 - middle)
    assert place(page) == places[-1]
    press(2)
    assert place(page) == places[-1]


def test_forward_plays_the_next_beat_and_then_the_next_slide_and_back_goes_the_same_way(talk):
    page, places = talk, beats_of(20)
    for forward, back in ("ArrowRight", "ArrowLeft"), ("ArrowDown", "ArrowUp"), ("Space", "PageUp"):
        for wanted in places[1:8]:
            page.keyboard.press(forward)
            assert place(page) == wanted, forward
        for wanted in places[6::-1]:
            page.keyboard.press(back)
            assert place(page) == wanted, back
    page.keyboard.press("End")
    assert place(page) == places[-1]
    page.keyboard.press("Home")
    assert place(page) == places[0]


def test_the_whole_map_stands_still_from_one_slide_to_the_next(talk):
    talk.emulate_media(reduced_motion="no-preference")
    for key in ("End", "PageUp"):
        talk.keyboard.press(key)
    at(talk, "recap", WHOLE)
    stands = talk.locator(".picture .film-map").get_attribute("viewBox")
    talk.keyboard.press("PageDown")
    at(talk, "end", WHOLE)
    assert talk.locator(".picture .film-map").get_attribute("viewBox") == stands
    talk.emulate_media(reduced_motion="reduce")


def test_a_button_that_the_mouse_has_pressed_does_not_keep_the_keys(talk):
    page, places = talk, beats_of(20)
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.locator('footer [data-act="back"]').click()
    page.wait_for_timeout(300)  # a page gives a lost focus back to the button that was pressed
    page.keyboard.press("Space")
    assert place(page) == places[2]
    page.locator('footer [data-act="forward"]').click()
    jump(page, number_of("trust_question"))
    assert place(page) == ("trust_question", "")
    # One that the Tab key has reached leaves Enter to the number as well.
    page.locator('footer [data-act="back"]').focus()
    jump(page, number_of("token"))
    assert place(page) == ("token", "token_request")
    expect(page.locator(".jump")).to_be_hidden()


@pytest.mark.large
def test_what_the_shorter_plan_skips_is_skipped(reader):
    page = present(reader(size=PROJECTOR), deck=10)
    expect(page.locator("footer .at")).to_have_text(f"1 / {len(DECKS[10])}")
    expect(page.get_by_role("progressbar")).to_have_count(0)  # who listens would hear a number at each slide
    seen = []
    for _ in beats_of(10):
        seen.append(place(page))
        page.keyboard.press("PageDown")
    assert seen == beats_of(10)


def test_overview_and_number_go_to_a_slide_and_escape_only_closes_them(talk):
    page = talk
    page.keyboard.press("o")
    overview = page.locator(".overview")
    expect(overview.locator("button")).to_have_count(len(DECKS[20]))
    page.keyboard.press("Escape")
    expect(overview).to_be_hidden()
    page.keyboard.press("o")
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert place(page) == (DECKS[20][2].id, "")
    # Its button has the focus no more when the next key comes, be it before the next frame.
    chosen = """talk => {
      const root = talk.getRootNode(), button = root.querySelector('.overview [data-slide="2"]')
      button.focus(), button.click()
      return root.activeElement === button
    }"""
    page.keyboard.press("o")
    assert page.locator(".talk").evaluate(chosen) is False
    jump(page, number_of("token"))
    assert place(page) == ("token", "token_request")
    for key in ("g", "2", "Backspace", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".jump")).to_be_hidden()
    assert place(page) == ("token", "token_request")
    for key in ("g", "2", "Escape"):
        page.keyboard.press(key)
    expect(page.locator(".jump")).to_be_hidden()
    assert place(page) == ("token", "token_request")
    assert "present=1" in page.url


def test_overview_and_number_come_back_to_the_beat_at_which_a_slide_was_left_until_the_talk_begins_again(talk):
    page = talk
    jump(page, number_of("token"))
    page.keyboard.press("PageDown")
    left = place(page)
    assert left[1] not in ("", "token_request")
    for key in ("o", "Enter"):  # the focus is on the slide that is shown
        page.keyboard.press(key)
    assert place(page) == left
    jump(page, 2)
    assert place(page)[0] == DECKS[20][1].id
    jump(page, number_of("token"))
    assert place(page) == left
    page.keyboard.press("Home")
    assert place(page)[0] == DECKS[20][0].id
    jump(page, number_of("token"))
    assert place(page) == ("token", "token_request")


def test_language_and_theme_keep_the_slide_and_the_beat(talk):
    page = talk
    jump(page, number_of("webhook"))
    page.keyboard.press("PageDown")
    assert place(page) == ("webhook", "review")
    english = page.locator(".slide h1").inner_text()
    page.keyboard.press("l")
    expect(page.locator(".slide h1")).to_have_text(load("ja").message("talk.webhook.title"))
    assert english != page.locator(".slide h1").inner_text()
    assert place(page) == ("webhook", "review")
    expect(page).to_have_url(re.compile("lang=ja"))
    colours = [page.locator(".talk").evaluate("talk => getComputedStyle(talk).backgroundColor")]
    page.keyboard.press("t")
    colours.append(page.locator(".talk").evaluate("talk => getComputedStyle(talk).backgroundColor"))
    assert sorted(colours) == ["rgb(15, 22, 32)", "rgb(255, 255, 255)"]
    assert place(page) == ("webhook", "review")
    page.reload()
    at(page, "webhook", "review")
    for key in ("l", "t"):
        page.keyboard.press(key)
    expect(page.locator(".slide h1")).to_have_text(english)


def test_the_screen_turns_black_and_the_next_key_brings_the_slide_back(talk):
    page = talk
    for key in (".", "b", "B"):
        page.keyboard.press(key)
        expect(page.locator(".blank")).to_be_visible()
        page.keyboard.press("ArrowRight")
        expect(page.locator(".blank")).not_to_be_visible()
        assert place(page) == ("title", ""), key


def test_a_dot_follows_the_mouse(talk):
    page = talk
    dot = page.locator(".laser")
    expect(dot).to_be_hidden()
    page.keyboard.press("d")
    page.mouse.move(300, 200)
    box = dot.bounding_box()
    assert abs(box["x"] + box["width"] / 2 - 300) <= 1
    assert abs(box["y"] + box["height"] / 2 - 200) <= 1
    page.keyboard.press("d")
    expect(dot).to_be_hidden()


def test_the_sheet_of_keys_takes_the_focus_and_gives_it_back(talk):
    page = talk
    button = page.locator('footer [data-act="keys"]')
    button.focus()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog")
    expect(sheet).to_be_visible()
    page.keyboard.press("PageDown")
    assert place(page) == ("title", "")
    page.keyboard.press("Escape")
    expect(sheet).not_to_be_visible()
    expect(button).to_be_focused()
    assert "present=1" in page.url


@pytest.fixture
def touched(talk):
    """That talk on a screen that is touched."""
    protocol = talk.context.new_cdp_session(talk)
    protocol.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    yield talk
    protocol.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    protocol.detach()


@pytest.mark.parametrize("size", [PROJECTOR, PHONE, (PHONE[1], PHONE[0])])
def test_a_finger_finds_every_button_of_the_footer(touched, size):
    touched.set_viewport_size({"width": size[0], "height": size[1]})
    areas = touched.locator("footer button").evaluate_all(FOUND)
    touched.set_viewport_size({"width": PROJECTOR[0], "height": PROJECTOR[1]})
    assert len(areas) == 5
    assert min(min(area) for area in areas) >= 44


def test_what_the_keys_do_can_be_done_without_a_keyboard(touched):
    page, footer, sheet = touched, touched.locator("footer"), touched.get_by_role("dialog")

    def choose(act: str) -> None:
        footer.locator('[data-act="keys"]').click()
        sheet.locator(f'[data-act="{act}"]').click()
        expect(sheet).not_to_be_visible()

    footer.locator('[data-act="keys"]').click()
    rows = sheet.locator("dd button")
    assert {row.get_attribute("data-act") for row in rows.all()} == set(KEYS) - {"jump", "keys"}
    assert min(row.bounding_box()["height"] for row in rows.all()) >= 44
    sheet.locator('p [data-act="keys"]').click()
    expect(sheet).not_to_be_visible()
    choose("blank")
    expect(page.locator(".blank")).to_be_visible()
    page.locator(".blank").click()
    expect(page.locator(".blank")).to_be_hidden()
    with page.context.expect_page() as opened:
        choose("notes")
    opened.value.close()
    page.keyboard.press("g")
    page.locator(".picture").click(position={"x": 9, "y": 9})
    expect(page.locator(".jump")).to_be_hidden()
    # What lies over the slides leaves the footer free, which leads back.
    for act, over in ("overview", ".overview"), ("what_if", ".what_if"):
        for seen in True, False:
            footer.locator(f'[data-act="{act}"]').click()
            expect(page.locator(over)).to_be_visible(visible=seen)
    footer.locator('[data-act="what_if"]').click()
    page.locator(".what_if [data-choice]").last.click()
    expect(page.locator(".what_if .result")).to_be_visible()
    for _ in range(2):
        footer.locator('[data-act="forward"]').click()
    expect(page.locator(".what_if")).to_be_hidden()
    assert place(page) == ("title", "")


def test_what_the_browser_refuses_is_said_with_another_way(talk):
    """Full screen, or the notes window; the next key or click takes the words away, and does what it does."""
    talk.evaluate(
        """() => {
          const page = document.documentElement, { open } = window
          page.requestFullscreen = () => Promise.reject(new TypeError('Permissions check failed'))
          window.open = () => null
          window.undo = () => (delete page.requestFullscreen, (window.open = open))
        }"""
    )
    refused = talk.locator(".refused:visible")
    for key, words in ("f", "refused_full"), ("s", "refused_notes"):
        talk.keyboard.press(key)
        expect(refused).to_contain_text(load("en").message(f"present.{words}"))
    with talk.context.expect_page() as opened:
        refused.get_by_role("link").click()
    expect(opened.value.locator("article:visible")).to_have_count(1)
    opened.value.close()
    expect(refused).to_have_count(0)
    talk.keyboard.press("f")
    expect(refused).to_have_count(1)
    talk.keyboard.press("PageDown")
    expect(refused).to_have_count(0)
    assert place(talk) == beats_of(20)[1]
    talk.evaluate("() => window.undo()")


def test_no_dialog_of_streamlits_comes_over_a_slide(talk):
    """Such as that of a server that does not respond: without one a talk goes on."""
    on_top = """() => {
      const dialog = document.body.appendChild(document.createElement('div'))
      dialog.style.cssText = 'position: fixed; inset: 0; z-index: 1000100'
      const seen = document.elementFromPoint(innerWidth / 2, innerHeight / 2)
      dialog.remove()
      return Boolean(seen.shadowRoot?.querySelector('.talk') ?? seen.closest('.talk'))
    }"""
    assert talk.evaluate(on_top)


def test_an_upright_phone_is_asked_to_turn(talk):
    asked = talk.locator(".upright")
    expect(asked).to_be_hidden()
    talk.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    expect(asked).to_have_text(load("en").message("present.upright"))
    assert asked.evaluate("asked => parseFloat(getComputedStyle(asked).fontSize)") >= 12
    expect(asked).to_be_visible()
    above = "([above, below]) => above.getBoundingClientRect().bottom <= below.getBoundingClientRect().top + 1"
    assert talk.locator(".talk > :is(.picture, footer)").evaluate_all(above)
    talk.set_viewport_size({"width": PROJECTOR[0], "height": PROJECTOR[1]})
    expect(asked).to_be_hidden()
    assert talk.locator(".talk > :is(.picture, footer)").evaluate_all(above)


@pytest.mark.parametrize(
    ("language", "slides"),
    [
        pytest.param("ja", {slide.shows: slide for slide in DECKS[20]}.values(), id="one of each kind"),
        *(pytest.param(language, DECKS[20], id=language, marks=pytest.mark.large) for language in ("ja", "en")),
    ],
)
def test_what_an_upright_phone_shows_can_be_read(talk, language, slides):
    """The map above, the words below it: larger than the page's own, none cut or covered."""
    talk.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    if language == "ja":
        talk.keyboard.press("l")
    wrong = {}
    for slide in slides:
        jump(talk, number_of(slide.id))
        for beat in slide.beats or ("",):
            assert place(talk) == (slide.id, beat)
            if found := at_last(talk, UPRIGHT, None):
                wrong[slide.id, beat] = found
            talk.keyboard.press("PageDown")
    if language == "ja":
        talk.keyboard.press("l")
    talk.set_viewport_size({"width": PROJECTOR[0], "height": PROJECTOR[1]})
    assert wrong == {}


def test_streamlits_own_keys_do_nothing(talk):
    page = talk
    expect(page.locator('[data-testid="stApp"]')).to_have_attribute("data-test-script-state", "notRunning")
    sent = len(SENT)
    assert sent, "nothing was listened to"
    for key in ("c", "C", "r", "R", "PageDown", "PageDown", "o", "Escape", "l", "t"):
        page.keyboard.press(key)
    page.wait_for_timeout(500)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert len(SENT) == sent, "no key waits for the server"
    assert place(page) == (DECKS[20][2].id, "")
    for key in ("l", "t"):  # English and light again
        page.keyboard.press(key)


# (2) What if


def test_a_what_if_shows_where_it_stops_and_comes_back_to_the_beat(talk):
    page, content = talk, load("en")
    jump(page, number_of("token"))
    page.keyboard.press("PageDown")
    page.keyboard.press("w")
    panel = page.locator(".what_if")
    expect(panel.locator(".choices button")).to_have_count(7)
    panel.locator(".says").evaluate(LATER)
    page.keyboard.press("6")
    expect(panel.locator("h1")).to_have_text(content.message("what_if.choices.webhook_down.name"))
    expect(panel.locator(".result")).to_be_visible()
    cause = content.messages["film.never"].split("**")[1]
    assert page.evaluate("window.later").startswith(cause), "the beat of the cause plays first"
    expect(panel.locator(".change")).to_have_text(content.message("faults.F05.change").replace("`", ""))
    page.keyboard.press("PageDown")
    expect(panel.locator(".says")).to_contain_text("AccessDenied")
    where, seen = (panel.locator(part).bounding_box() for part in (".box.s3 .body", ".film-stage"))
    assert where["y"] + where["height"] < seen["y"] + seen["height"], "the box in which it shows is whole"
    page.keyboard.press("PageDown")
    expect(panel).to_be_hidden()
    assert place(page) == ("token", "token")
    # The world is whole: the same page says so, and so does the next talk.
    page.keyboard.press("Escape")
    expect(page.locator("h1").filter(visible=True)).to_contain_text(content.lesson("token_mount").title)
    expect(page.locator(".stApp")).not_to_contain_text(content.messages["lab.strip"].partition("{")[0])
    page.locator(".st-key-start_presenting button:visible").click()
    at(page, "token", "token")


@pytest.mark.large
def test_a_what_if_takes_about_a_minute_however_far_its_cause_is_from_where_it_stops(talk):
    """In `make test`, a what-if is shown to its end, in whatever time."""
    panel = talk.locator(".what_if")
    for key in ("w", "1"):
        talk.keyboard.press(key)
    expect(panel.locator(".result")).to_be_visible()
    talk.evaluate(HURRIED)
    expect(panel.locator(".film-map .joined")).to_have_css("opacity", "1")
    assert 45 < talk.evaluate("unhurried()") < 61
    talk.keyboard.press("Escape")


@pytest.mark.large
def test_a_what_if_can_be_left_at_any_time(talk):
    """In `make test`, one is left where its outcome is there."""
    page = talk
    for keys in (("w",), ("w", "2")):
        for key in keys:
            page.keyboard.press(key)
        expect(page.locator(".what_if")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(".what_if")).to_be_hidden()
    page.wait_for_timeout(2500)  # the answer to the second comes, and opens nothing
    expect(page.locator(".what_if")).to_be_hidden()
    assert place(page) == ("title", "")


def test_a_what_if_or_the_way_out_without_a_connection_says_so_and_forward_goes_on(talk):
    page, panel = talk, talk.locator(".what_if")
    connection = "(app, to) => { app.dataset.testConnectionState = to }"
    app = page.locator('[data-testid="stApp"]')
    for before in "PINGING_SERVER", "CONNECTED":  # lost when it is pressed, and while the world is run
        app.evaluate(connection, before)
        for key in ("w", "1"):
            page.keyboard.press(key)
        app.evaluate(connection, "PINGING_SERVER")
        expect(panel.locator(".working")).to_have_text(load("en").message("what_if.lost"))
        page.keyboard.press("PageDown")
        expect(panel).to_be_hidden()
        assert place(page) == ("title", "")
    page.keyboard.press("Escape")
    expect(page.locator(".refused:visible")).to_have_text(load("en").message("present.cannot_leave"))
    assert "present=1" in page.url, "a reload goes on with the talk"
    page.keyboard.press("PageDown")
    assert place(page) == beats_of(20)[1]
    app.evaluate(connection, "CONNECTED")


def test_a_what_if_that_is_not_answered_says_so_and_forward_goes_on(talk):
    page, panel = talk, talk.locator(".what_if")
    # What is sent does not arrive, and 20 seconds are over at once.
    page.locator(".talk").evaluate(
        """talk => {
          const self = talk.parentElement.talk, { send } = self, { setTimeout } = window
          self.send = () => {}
          window.setTimeout = (act, after, ...given) => setTimeout(act, after === 20_000 ? 0 : after, ...given)
          window.undo = () => ((self.send = send), (window.setTimeout = setTimeout))
        }"""
    )
    for key in ("w", "1"):
        page.keyboard.press(key)
    expect(panel.locator(".working")).to_have_text(load("en").message("what_if.late"))
    page.evaluate("() => window.undo()")
    page.keyboard.press("PageDown")
    expect(panel).to_be_hidden()
    assert place(page) == ("title", "")


def test_the_keys_that_lie_over_a_slide_lie_over_what_covers_it_as_well(talk):
    page, panel = talk, talk.locator(".what_if")
    for key, layer in ("o", page.locator(".overview")), ("g", page.locator(".jump")), ("w", panel):
        page.keyboard.press(key)
        for aside, over in ("b", ".blank"), ("d", ".laser"), ("?", "dialog"):
            page.keyboard.press(aside)
            expect(page.locator(over)).to_be_visible()
            page.keyboard.press(aside)
            expect(page.locator(over)).to_be_hidden()
            expect(layer).to_be_visible()
        if layer is not panel:
            page.keyboard.press("Escape")
            expect(layer).to_be_hidden()
    page.keyboard.press("o")
    expect(page.locator(".overview")).to_be_visible()
    expect(panel).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator(".overview")).to_be_hidden()


def test_the_last_row_reads_what_came_of_a_what_if(talk):
    for key in ("w", "2"):
        talk.keyboard.press(key)
    result = talk.locator(".what_if .result")
    expect(result.locator(".answers .word").last).to_be_visible()
    size = "parts => Math.min(...parts.map(part => parseFloat(getComputedStyle(part).fontSize)))"
    assert result.locator(".change, .answers li, .answers .word, .says p, .apart").evaluate_all(size) >= smallest(
        PROJECTOR
    )
    assert result.locator(".answers").evaluate("list => list.scrollHeight - list.clientHeight") <= 0
    # A name of any length lies beside the note that all is restored.
    name, note = talk.locator(".what_if h1"), result.locator(".apart")
    name.evaluate("name => { name.textContent = 'とても長い名前の、もしもの話'.repeat(2) }")
    boxes = [part.bounding_box() for part in (name, note, result.locator(".change"))]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    assert boxes[1]["y"] + boxes[1]["height"] <= boxes[2]["y"]
    talk.keyboard.press("Escape")


# (3) In and out


def test_escape_leaves_for_the_page_of_the_slide_and_the_button_comes_back_to_the_deck_and_the_beat(reader):
    one = reader(size=PROJECTOR)

    def leave_and_present_from(page):
        one.press("Escape")
        expect(one.page.get_by_test_id("stSidebar")).to_be_visible()
        one.turn_to(page)
        one.page.locator(".st-key-start_presenting button:visible").click()

    one.page.goto(f"{one.address}/token_mount?lang=en&depth=3&present=1&deck=10")
    at(one.page, "token", "token_request")
    jump(one.page, number_of("subject", 10))
    one.press("PageDown")
    one.press("Escape")
    one.expect_title(load("en").lesson("sts_assume").title)
    one.wait()
    expect(one.page).to_have_url(re.compile(r"/sts_assume\?lang=en&depth=3(&beat=\w+)?$"))
    expect(one.page.get_by_test_id("stSidebar")).to_be_visible()
    one.page.locator(".st-key-start_presenting button:visible").click()
    at(one.page, "subject", "credentials")
    expect(one.page.locator("footer .at")).to_have_text(f"{number_of('subject', 10)} / {len(DECKS[10])}")
    one.page.reload()
    at(one.page, "subject", "credentials")
    # Another page means another slide.
    leave_and_present_from("webhook")
    at(one.page, "webhook", "create")
    # From a page that is not shown to a room the button leads back as well.
    one.press("PageDown")
    at(one.page, "webhook", "review")
    leave_and_present_from("compare")
    at(one.page, "webhook", "review")
    # The page speaks the language of the slide.
    one.press("l")
    one.press("Escape")
    one.expect_title(load("ja").lesson("webhook").title)
    expect(one.page).to_have_url(re.compile(r"/webhook\?lang=ja"))


@pytest.mark.large
def test_the_browsers_own_way_back_leaves_the_talk_for_the_notes_as_well_and_the_way_on_returns(reader):
    """In `make test`, the notes hear that the talk ends by Escape, and that it goes on."""
    one = reader(size=PROJECTOR).open("/?lang=en")
    one.page.locator("a[data-params*=deck]").first.click()
    at(one.page, "title")
    one.press("ArrowRight")
    notes = open_notes(one.page)
    expect(notes.locator(".connected")).to_be_visible()
    one.page.go_back()
    expect(notes.locator(".alone")).to_be_visible()
    one.page.go_forward()
    at(one.page, DECKS[10][1].id)
    expect(notes.locator(".connected")).to_be_visible()


def test_the_last_slide_has_the_address_of_the_page_or_the_command_where_that_is_on_the_speakers_machine_alone(talk):
    page = talk
    page.keyboard.press("End")
    at(page, "end")
    assert page.url.startswith("http://127.0.0.1:")
    expect(page.locator(".slide .link")).to_have_count(0)
    command = page.locator(".picture .slide .start code").inner_text()
    for readme in ("README.md", "README.ja.md"):
        assert f"\n{command} " in (ROOT / readme).read_text("utf-8")
    found = re.search(r"TALK_LOOPBACK = /(.+?)/ ", (ASSETS / "scripts/presenter/picture.js").read_text("utf-8"))
    hosts = {
        name: bool(re.search(found[1], name)) for name in ("localhost", "127.0.0.1", "[::1]", "10.0.0.127", "x.test")
    }
    assert hosts == {"localhost": True, "127.0.0.1": True, "[::1]": True, "10.0.0.127": False, "x.test": False}


def test_a_lab_is_shown_in_large_type_escape_leads_out_and_a_talk_begins_at_the_page(reader):
    one = reader(size=PROJECTOR)
    one.page.goto(f"{one.address}/doctor?lang=en&present=1")
    one.expect_title(load("en").lesson("doctor").title)
    expect(one.page.get_by_test_id("stSidebar")).not_to_be_visible()
    size = one.page.locator("h1").first.evaluate("title => parseFloat(getComputedStyle(title).fontSize)")
    assert size > 36
    assert one.box("h1")["y"] < 30, "a projector's screen is not high"
    expect(one.page.locator(".leave_talk")).to_have_text(load("en").message("present.leave"))
    expect(one.page.get_by_test_id("stSkipToContent")).not_to_be_visible()
    one.press("Escape")
    expect(one.page.get_by_test_id("stSidebar")).to_be_visible()
    expect(one.page).to_have_url(re.compile(r"/doctor\?lang=en"))
    assert "present" not in one.page.url
    one.turn_to("webhook")  # a talk begins at the page's first slide
    one.page.locator(".st-key-start_presenting button:visible").first.click()
    at(one.page, "webhook_question")
    expect(one.page).to_have_url(re.compile("lang=en"))
    for part in ("stSidebar", "stHeader", "stToolbar"):
        expect(one.page.get_by_test_id(part).first).not_to_be_visible()


# (4) The speaker's window


def test_the_notes_follow_the_projector_and_drive_it(talk):
    page, content = talk, load("en")
    notes = open_notes(page)
    expect(notes.locator(".connected")).to_be_visible()
    said = notes.locator("article:visible .say")
    expect(said).to_have_text(content.message("speaker.title.say"))
    notes.locator("[data-clock=reset]").click()
    jump(page, number_of("trust"))
    expect(said).to_have_text(content.message("speaker.trust.say"))
    expect(notes.locator(".now .slide")).to_have_attribute("data-beat", "publish")
    expect(notes.locator(".after .slide")).to_have_attribute("data-beat", "register")
    waits, pace = notes.locator(".waits"), notes.locator(".pace")
    expect(waits).to_be_visible()
    expect(pace).to_be_hidden()  # who leafs through before the talk is not ahead of the plan
    notes.keyboard.press("PageDown")
    at(page, "trust", "register")
    expect(pace).to_have_text(re.compile(content.messages["notes.early"].format(time=r"\d:\d\d")))
    expect(waits).to_be_hidden()
    expect(notes.locator(".after .slide")).to_have_attribute("data-slide", "trust_answer")
    notes.locator(".plan:visible tr[data-slide=keys] button").click()
    at(page, "keys", "discovery")
    expect(notes.locator('.plan:visible [aria-current="true"]')).to_contain_text(content.message("talk.keys.title"))
    notes.keyboard.press("End")
    expect(notes.locator(".over")).to_be_visible()
    expect(notes.locator('.plan:visible [aria-current="true"]')).to_be_in_viewport()
    for part in (".clock", ".pace"):
        expect(notes.locator(part)).to_be_in_viewport(ratio=1)
    notes.keyboard.press("Home")
    at(page, "title")  # the projector learns of it later
    jump(page, number_of("subject"))
    expect(notes.locator('.plan:visible tr[data-slide="access_question"]')).to_be_in_viewport(ratio=1)
    for key, language in (("l", "ja"), ("l", "en")):
        notes.keyboard.press(key)
        expect(said).to_have_text(load(language).message("speaker.subject.say"))
        expect(notes.locator(".now .slide h1")).to_have_text(load(language).message("talk.subject.title"))
    jump(page, number_of("end"))
    covered = notes.locator(".covered:visible")
    notes.keyboard.press("b")
    expect(page.locator(".blank")).to_be_visible()
    expect(covered).to_have_text(content.message("notes.over.blank"))
    notes.keyboard.press("b")
    expect(page.locator(".blank")).to_be_hidden()
    expect(covered).to_have_count(0)
    for key in ("w", "6"):
        notes.keyboard.press(key)
    expect(covered).to_have_text(content.message("notes.over.what_if"))
    expect(page.locator(".what_if h1")).to_have_text(content.message("what_if.choices.webhook_down.name"))
    notes.keyboard.press("Escape")
    expect(page.locator(".what_if")).to_be_hidden()
    notes.locator("[data-clock=pause]").focus()
    jump(notes, number_of("names"))
    at(page, "names", "grant")
    notes.keyboard.press("Escape")  # nothing lies over the slide: it closes nothing, and ends no talk
    notes.keyboard.press("ArrowRight")
    at(page, "names", "annotate")
    notes.close()


@pytest.mark.large
def test_the_notes_may_come_first_or_be_loaded_again_and_say_when_the_talk_is_left(reader):
    """In `make test`, the way back leaves the notes and the way on finds them."""
    one, content = reader(size=PROJECTOR), load("ja")
    notes = one.context.new_page()
    notes.goto(f"{one.address}/?lang=ja&present=notes")
    expect(notes.locator(".alone")).to_be_visible()
    page = present(one, "/sts_assume", "ja")
    said = notes.locator("article:visible .say")
    expect(said).to_have_text(content.message("speaker.sts_question.say"))
    expect(notes.locator(".connected")).to_be_visible()
    jump(page, number_of("subject"))
    notes.reload()
    expect(said).to_have_text(content.message("speaker.subject.say"))
    expect(notes.locator("article:visible .trap")).to_contain_text("Not authorized")
    page.keyboard.press("Escape")
    expect(notes.locator(".alone")).to_be_visible()


@pytest.mark.large
def test_the_talk_of_a_duplicated_tab_is_another_one(talk, address):
    """The browser gives the new tab a copy of what the other keeps.

    In `make test`, the notes follow the one talk.
    """
    notes, second = open_notes(talk), talk.context.new_page()
    kept = talk.evaluate("JSON.stringify({ ...sessionStorage })")
    second.add_init_script(f"for (const [key, value] of Object.entries({kept})) sessionStorage[key] ??= value")
    second.goto(f"{address}/?lang=en&present=1&deck=20")
    at(second, "title")
    second.keyboard.press("End")
    at(second, "end")
    notes.keyboard.press("PageDown")
    at(talk, DECKS[20][1].id)
    second.close()
    expect(notes.locator("article:visible")).to_have_attribute("data-slide", DECKS[20][1].id)
    expect(notes.locator(".connected")).to_be_visible()
    notes.close()


@pytest.mark.large
def test_two_talks_in_one_browser_stay_apart(talk, address):
    first = talk
    jump(first, number_of("webhook_question"))
    notes = open_notes(first)
    second = first.context.new_page()
    second.goto(f"{address}/access?lang=en&present=1")
    at(second, "access_question")
    second.keyboard.press("ArrowRight")
    at(second, "access", "call")
    first.keyboard.press("ArrowRight")
    expect(notes.locator("article:visible")).to_have_attribute("data-slide", "webhook")
    notes.keyboard.press("End")
    at(first, "end")
    assert place(second) == ("access", "call")
    second.close()
    notes.close()


@pytest.mark.large
def test_what_a_refusal_says_fits_below_the_map_of_a_broken_world(reader):
    """In `make test`, what came of a what-if is measured, and the heading of a broken world."""
    one = reader(size=PROJECTOR).open("/break_it?lang=ja&fault=F21")
    one.click("lab_run_unguessed")
    expect(one.page.locator(".st-key-lab_seen")).to_be_visible()
    page = present(one, "/sts_assume", "ja")
    for _ in beats_of(20):
        if place(page) == ("subject", "claim_sub"):
            break
        page.keyboard.press("PageDown")
    says = page.locator(".picture .says")
    expect(says).to_contain_text("AccessDenied")
    assert says.evaluate("says => says.scrollHeight - says.clientHeight") <= 1
    sizes = "parts => parts.map(part => parseFloat(getComputedStyle(part).fontSize))"
    assert min(says.locator("p").evaluate_all(sizes)) >= smallest(PROJECTOR) - 0.05


@pytest.mark.large
def test_both_windows_show_what_another_tab_did_to_the_world_and_a_what_if_ends_first(reader):
    one = reader(size=PROJECTOR)
    page = present(one)
    jump(page, number_of("webhook"))
    notes = open_notes(page)
    for window in (page, notes):
        window.evaluate(LISTENING)
    other = one.context.new_page()
    other.goto(f"{one.address}/break_it?lang=en&fault=F01")
    page.bring_to_front()
    page.keyboard.press("l")
    page.keyboard.press("w")
    other.locator(".st-key-lab_run_unguessed button").click()
    broken = [window.locator(f"{part} .world.failed") for window, part in ((page, ".picture"), (notes, ".said"))]
    expect(broken[1]).to_contain_text(load("ja").message("present.broken"))
    expect(page.locator(".what_if .choices")).to_be_visible()
    page.wait_for_timeout(1000)
    expect(broken[0]).to_have_count(0)
    page.keyboard.press("6")
    expect(page.locator(".what_if .says")).not_to_be_empty()
    for _ in range(2):
        page.keyboard.press("PageDown")
    expect(page.locator(".what_if")).to_be_hidden()
    expect(broken[0]).to_contain_text(load("ja").message("present.broken"))
    assert place(page)[0] == "webhook"
    expect(notes.locator(".connected")).to_be_visible()
    other.locator(".st-key-lab_revert button").first.click()
    for line in broken:
        expect(line).to_have_count(0)
    assert place(page)[0] == "webhook"
    assert [window.evaluate("window.listening") for window in (page, notes)] == [0, 0], "a map of before is kept"


@pytest.mark.large
def test_the_clock_starts_with_the_first_forward_and_the_pace_is_early_on_time_or_late(reader):
    """In `make test`, the notes follow the projector and drive it."""
    one = reader(size=PROJECTOR)
    page, content = present(one, deck=10), load("en")
    notes = open_notes(page)
    clock, pace = notes.locator(".clock"), notes.locator(".pace")
    expect(clock).to_have_text("0:00")
    expect(notes.locator(".waits")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(clock).to_have_text(re.compile(r"^0:\d[1-9]$"))
    # The second slide of the talk of 10 minutes lasts from 0:30 to 1:15.
    for spent, wanted in ((20, "early"), (105, "late")):
        stored = f"JSON.stringify({{ from: null, spent: {spent * 1000} }})"
        page.evaluate(f"sessionStorage.setItem('irsa_presenting_clock', {stored})")
        page.keyboard.press("b")
        page.keyboard.press("b")
        notes.reload()
        time_ = {"early": "0:10", "late": "0:30"}[wanted]
        expect(pace).to_have_text(content.message(f"notes.{wanted}", time=time_))
    notes.locator("[data-clock=reset]").click()
    expect(clock).to_have_text("0:00")
    expect(notes.locator(".plan:visible tr").last).to_contain_text("10:00")


# (5) What the room sees


def at_last(page, measures, least):
    """What these find on the slide, once the map has taken its place: it follows in one of the next frames."""
    for _ in range(40):
        if not (found := page.evaluate(measures, least)):
            break
        page.wait_for_timeout(50)
    return found


def wrong_at_last(page, size):
    return at_last(page, MEASURES, smallest(size))


@pytest.mark.parametrize("language", ["ja", pytest.param("en", marks=pytest.mark.large)])
@pytest.mark.parametrize("size", [PROJECTOR, *(pytest.param(size, marks=pytest.mark.large) for size in OTHERS)])
def test_every_slide_fits_the_screen_in_type_that_the_last_row_can_read(talk, language, size):
    """The shorter deck has no slide that the longer one has not."""
    assert set(DECKS[10]) < set(DECKS[20])
    page, wrong, views = talk, {}, set()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    if language == "ja":
        page.keyboard.press("l")
    expect(page.locator(".slide h1")).to_have_text(load(language).message("talk.title.title"))
    page.evaluate("document.fonts.ready.then(() => true)")
    for wanted in beats_of(20):
        assert place(page) == wanted
        if found := wrong_at_last(page, size):
            wrong[wanted] = found
        if (
            wanted[1] in ("", WHOLE)
            and page.locator(".picture .slide:not([data-shows=question]) .figure:empty").count()
        ):
            views.add(page.locator(".picture .film-map").get_attribute("viewBox"))
        page.keyboard.press("PageDown")
    if language == "ja":
        page.keyboard.press("l")
    page.set_viewport_size({"width": PROJECTOR[0], "height": PROJECTOR[1]})
    assert wrong == {}
    assert len(views) == 1, "the whole map stands in one place"


def test_what_came_of_a_beat_is_shown_between_the_two_that_took_part(talk):
    """The Pod and S3 are too far apart for a picture that holds both whole; each has its name in it."""
    beside = {"names_answer": ("role",), "access_answer": ("pod", "s3"), "token_answer": ("kubelet", "pod")}
    for slide, parties in beside.items():
        jump(talk, number_of(slide))
        for party in parties:
            box = talk.locator(f".picture .film-map .box.{party}")
            expect(box).to_have_css("opacity", "1")
            expect(box.locator(".names")).to_have_css("opacity", "1")


def test_a_broken_world_is_said_beside_the_heading_where_the_whole_map_is_shown(talk):
    """The map needs all of the height: a line of its own is there where the map shows a part of itself anyway."""
    line, views = '<div class="world failed"><p>Broken.<span class="caused"> And how.</span></p></div>', []
    for slide, more in (("recap", False), ("trust", True)):
        jump(talk, number_of(slide))
        at(talk, slide)
        views.append(wrong_at_last(talk, PROJECTOR) or talk.locator(".picture .film-map").get_attribute("viewBox"))
        talk.locator(".picture .slide header").evaluate(
            "(head, line) => head.insertAdjacentHTML('afterend', line)", line
        )
        talk.wait_for_timeout(100)
        views.append(wrong_at_last(talk, PROJECTOR) or talk.locator(".picture .film-map").get_attribute("viewBox"))
        expect(talk.locator(".picture .world .caused")).to_be_visible(visible=more)
        talk.locator(".picture .world").evaluate("line => line.remove()")
    assert views[0] == views[1]


def test_a_question_stands_alone_and_larger_than_what_is_said_of_a_map(talk):
    """The map would give the answer away, or be cut."""
    page = talk
    for slide in SLIDES:
        if slide.shows is Shows.QUESTION:
            jump(page, number_of(slide.id))
            assert place(page) == (slide.id, "")
            expect(page.locator(".picture .film-map")).to_have_css("visibility", "hidden")
            sizes = page.locator(".picture .words :is(.question, li)").evaluate_all(
                "parts => parts.map(part => parseFloat(getComputedStyle(part).fontSize))"
            )
            assert len(sizes) == 5
            assert min(sizes) >= 1.2 * smallest(PROJECTOR)
    page.keyboard.press("PageDown")
    expect(page.locator(".picture .film-map")).to_have_css("visibility", "visible")


@pytest.mark.parametrize("size", [(1920, 1080), (1366, 768)])
def test_an_answer_in_a_still_map_shows_all_that_the_box_has_got(talk, size):
    """The map is low there, and what came lies before the box: at its edge, so that no row of the box is cut off."""
    talk.set_viewport_size({"width": size[0], "height": size[1]})
    jump(talk, number_of("trust_answer"))
    at(talk, "trust_answer")
    for claim in "iss", "aud":
        row = talk.locator(".picture .film-map .box.provider").get_by_text(claim, exact=True)
        expect(row.first).to_be_visible()
    talk.set_viewport_size({"width": PROJECTOR[0], "height": PROJECTOR[1]})


def test_an_answer_leaves_the_map_room_for_what_it_says(talk):
    """Of the Pod there was only its name, and `OIDC provider` lay over the key of the issuer."""
    seen = "row => row.checkVisibility({ opacityProperty: true })"
    for language in "en", "ja":
        expect(talk.locator(".slide h1")).to_have_text(load(language).message("talk.title.title"))
        for slide, box, words in ("webhook_answer", "pod", "aws-iam-token"), ("trust_answer", "issuer", "kid"):
            jump(talk, number_of(slide))
            at(talk, slide)
            assert wrong_at_last(talk, PROJECTOR) == []
            row = talk.locator(f".picture .film-map .box.{box} text").filter(has_text=words)
            assert row.evaluate(seen), (language, slide)
        for key in "l", "Home":
            talk.keyboard.press(key)
