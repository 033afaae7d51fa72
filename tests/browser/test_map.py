"""The map and its player: what can be read at every beat, what each key does, and that nothing but time decides."""

import json
from itertools import combinations
from math import hypot
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.content import LANGUAGES, load
from app.ui.map.film_page import film_page as handed_on
from app.ui.map.geometry import BOXES
from tests.browser.film_page import SIZES, film_page
from tests.browser.films import NAMES, films, overviews
from tests.by_turns import by_turns

pytestmark = pytest.mark.browser

AUDIT = Path(__file__).with_name("film_audit.js").read_text(encoding="utf-8")
LOOK = f"""(moments) => {{
  const audit = {AUDIT}
  const least = Math.max(12, Math.min(map.stage.clientWidth / 60, map.stage.clientHeight / 20))
  return map.entries.flatMap((entry) => moments.flatMap((moment) => {{
    map.render(moment === 1 ? mapPose(entry) : entry.start + entry.duration * moment)
    return audit(least).map((wrong) => `${{entry.beat.id}} at ${{moment}}: ${{wrong}}`)
  }}))
}}"""
"""Everything that is wrong in a film; the smallest text may have 12 px, on a projector 32."""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
MOVING = (0.03, 0.1, 0.17, 0.25, 0.33, 0.4, 0.5, 0.6, 0.7)
SIZED = [pytest.param(size, id="x".join(map(str, size))) for size in SIZES]
DESK = (1440, 900)
ONE = [LANGUAGES[0], *(pytest.param(language, marks=pytest.mark.large) for language in LANGUAGES[1:])]
"""Languages of what no words decide: that of the longer names."""


@pytest.fixture(scope="module")
def pages(chromium: Browser):
    """One page for each wish about motion; a film is put into it."""
    made = {}

    def of(motion: str) -> Page:
        if motion not in made:
            made[motion] = chromium.new_page(reduced_motion=motion, has_touch=True)
        return made[motion]

    yield of
    for page in made.values():
        page.close()


@pytest.fixture
def shown(pages):
    """Puts a film into a page: `shown("policy", "en", size=…)`. `fonts`: where it is measured; they take a while."""
    complaints = []

    def show(film="normal", language="en", *, size=DESK, motion="no-preference", fonts=False, **wishes) -> Page:
        page = pages(motion)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.once("pageerror", lambda error: complaints.append(str(error)))
        page.set_content(film_page(language, films(*NAMES), film, fonts=fonts, **wishes))
        page.wait_for_function("window.map?.view")
        page.evaluate("document.fonts.ready.then(() => true)")
        return page

    yield show
    assert complaints == []


@pytest.fixture(scope="module")
def looked_at(chromium: Browser):
    """A page for each language, whose map shows one film after the other: for tests that only look at it."""
    made = {}

    def show(film: str, language: str, size=DESK, *, fonts=True, motion="no-preference") -> Page:
        kind = (language, fonts, motion)
        if kind not in made:
            made[kind] = page = chromium.new_page(reduced_motion=motion)
            page.set_content(film_page(language, films(*NAMES), film, fonts=fonts))
            page.wait_for_function("window.map?.view")
            page.evaluate("document.fonts.ready.then(() => true)")
        page = made[kind]
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.evaluate("(film) => map.show(films[film])", film)
        page.evaluate(PAINTED)
        return page

    yield show
    for page in made.values():
        page.close()


@pytest.mark.parametrize(("film", "language", "size"), by_turns(NAMES, LANGUAGES, SIZES))
def test_every_label_can_be_read_and_none_is_cut_or_covered(looked_at, film, language, size):
    assert looked_at(film, language, size).evaluate(LOOK, [1]) == []


@pytest.mark.large
@pytest.mark.parametrize("size", SIZED)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("film", NAMES)
def test_every_label_can_be_read_at_every_moment_of_every_film(looked_at, film, language, size):
    for fonts in (True, False):
        page = looked_at(film, language, size, fonts=fonts)
        assert page.evaluate(LOOK, [*MOVING, 1]) == [], fonts


@pytest.mark.parametrize(("language", "change", "size"), by_turns(LANGUAGES, ["comes", "wrong"], SIZES))
def test_what_has_to_become_of_all_boxes_and_edges_can_be_read(looked_at, language, change, size):
    page = looked_at("normal", language, size)
    page.evaluate(
        """([change, boxes]) => {
          const past = films.normal.beats.filter(({ id }) => id !== "whole").map((beat) => ({ ...beat, past: true }))
          const whole = { ...films.normal.beats.at(-1), past: false }
          const parts = [...boxes, ...map.geometry.edges.map(({ id }) => id)]
          const changes = Object.fromEntries(parts.map((id) => [id, change]))
          map.show({ ...films.normal, id: `all ${change}`, beats: [...past, whole], ghosts: [], changes })
        }""",
        [change, [box.id for box in BOXES]],
    )
    tags = page.locator("svg.film-map .tag")
    assert tags.count() == len(BOXES)
    assert page.evaluate(LOOK, [1]) == []
    if change == "wrong":
        assert set(page.locator("svg.film-map .badge .number").all_text_contents()) == {"!"}


BADGES = """() => {
  map.go("whole")
  return [...document.querySelectorAll(".film-map .badge:not(.off)")].map((badge) => {
    const { x, y, width } = badge.querySelector("circle").getBoundingClientRect()
    return [x + width / 2, y + width / 2, width]
  })
}"""


def test_between_two_numbers_of_the_whole_map_there_is_a_gap(looked_at):
    badges = looked_at("normal", "en", (1440, 900), motion="reduce").evaluate(BADGES)
    assert len(badges) > 10
    for (x, y, width), (x2, y2, _) in combinations(badges, 2):
        assert hypot(x - x2, y - y2) > 1.3 * width


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_fits_its_box_without_being_squeezed(looked_at, language):
    page = looked_at("fallback", language)
    assert page.locator("svg.film-map g.names").count() == len(BOXES)
    assert page.locator("svg.film-map [textLength]").count() == 0


def test_only_time_decides_what_is_drawn(looked_at):
    page = looked_at("policy", "en")
    drawn = """(times) => times.map((t) => {
      map.render(t)
      const seen = { opacityProperty: true, visibilityProperty: true }
      const parts = [...map.svg.querySelectorAll("*")].filter((part) => part.checkVisibility(seen))
      const looks = (part) => [[...part.classList].sort(), part.getAttribute("transform"), part.style.opacity].join()
      return [map.svg.getAttribute("viewBox"), ...parts.map(looks)]
    })"""
    once = page.evaluate(drawn, [3, 40, 70])
    again = page.evaluate(drawn, [70, 3, 40])
    assert [again[1], again[2], again[0]] == once


@pytest.mark.parametrize("film", ["normal", "policy", "fallback"])
def test_red_is_what_is_guilty_and_where_it_stops_and_nothing_else(looked_at, film):
    red = """() => [...map.entries, ...map.entries].flatMap((entry) => {
      map.render(mapPose(entry))
      const probe = document.createElement("i")
      map.stage.append(probe)
      probe.style.color = "var(--bad)"
      const bad = getComputedStyle(probe).color
      probe.remove()
      return [...map.svg.querySelectorAll("rect, path, circle, text")].filter((part) => {
        const { stroke, fill } = getComputedStyle(part)
        const seen = part.checkVisibility({ opacityProperty: true, visibilityProperty: true })
        return seen && (stroke === bad || fill === bad)
      }).map((part) => {
        const of = part.closest(".guilty, .stop, .mark.mismatch, .badge.bad, .bubble, .chip.error")
        return `${entry.beat.id}: ${of?.getAttribute("class") ?? part.outerHTML}`
      })
    })"""
    found = looked_at(film, "en").evaluate(red)
    assert bool(found) == (film != "normal")
    assert not [line for line in found if "<" in line]
    assert any(line.startswith("whole: ") and "guilty" in line for line in found) == (film != "normal")
    if film == "policy":
        assert not [line for line in found if not line.startswith(("claim_sub:", "whole:"))]


def test_what_is_guilty_is_red_at_the_end_of_a_film_in_which_no_error_shows(looked_at):
    guilty = """() => {
      const beats = films.policy.beats.map((beat) => ({ ...beat, end: "" }))
      map.show({ ...films.policy, id: "no error", beats, shows: "" })
      return ["publish", "whole"].map((id) => {
        map.render(mapPose(map.entries.find(({ beat }) => beat.id === id)))
        return [...map.svg.querySelectorAll(".guilty")].length
      })
    }"""
    assert looked_at("policy", "en").evaluate(guilty) == [0, 1]


def test_before_a_prediction_nothing_is_lit_and_nothing_is_said(shown):
    page = shown()
    page.evaluate("map.show(films.normal, { part: 'sts_assume', neutral: true })")
    assert page.locator(".film-say.now, .box.on, .edge.on, .edge.done, .mark.shown, .lit").count() == 0
    assert page.evaluate("[...document.querySelectorAll('.chip')].every((chip) => chip.style.opacity === '0')")
    parts = page.evaluate("map.entries[0].shots.map(({ w }) => w)")
    assert parts[0] == parts[1], "the map stands on one picture"
    expect(page.locator(".film-player")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator("[data-act=play]")).to_be_hidden()
    assert page.evaluate("[map.playing, map.time]") == [False, 0]
    assert page.evaluate("map.stage.tabIndex") == -1, (
        "in Firefox the Tab key would come to it before the question above it"
    )
    page.evaluate("map.show(films.normal, { part: 'sts_assume' })")
    assert page.evaluate("map.stage.tabIndex") == 0
    assert page.evaluate("map.entries.map(({ beat }) => beat.step)") == ["sts_assume"] * 7
    assert page.evaluate("getComputedStyle(document.querySelector('.box.pod .add.token')).opacity") == "1"


@pytest.mark.parametrize("language", ONE)
def test_before_a_prediction_a_page_shows_the_whole_map_in_names_that_can_be_read(shown, language):
    page = shown(language=language, size=(980, 900), fonts=True)  # what a sidebar leaves of 1280
    page.evaluate("map.show(films.normal, { part: 'sts_assume', neutral: true })")
    page.evaluate(PAINTED)  # its stage is lower now, and it learns that with the next picture
    left, top, width, height = page.evaluate("map.view")
    assert left <= 14  # where its zones begin
    assert top <= 14
    assert left + width >= 1746
    assert top + height >= 732
    assert page.evaluate(f"({AUDIT})(12)") == []


@pytest.mark.parametrize("size", SIZED[:2])
def test_a_map_without_a_film_shows_its_boxes_and_no_controls(shown, size):
    page = shown(size=size, fonts=True)
    page.evaluate("map.show({ ...films.normal, id: 'none', beats: [], names: {} })")
    left, top, width, height = page.evaluate("map.view")
    assert (left <= 14, top <= 14, width >= 1732 or size[0] < 700, top + height >= 732) == (True, True, True, True)
    assert page.evaluate(f"({AUDIT})(12)") == []
    page = shown("policy", size=size)
    page.evaluate("map.show(films.policy, { part: 'access' })")  # which was not reached
    for part in (".film-player", *(f".film-map .{part}" for part in ("badge", "trail", "chip", "joined"))):
        assert page.locator(part).locator("visible=true").count() == 0, part


def test_a_film_that_is_shown_again_has_its_drawing_and_looks_as_one_drawn_then(shown):
    page = shown(motion="reduce")
    same, looks = page.evaluate("""() => {
      const settle = () => map.entries.forEach((entry) => map.render(mapPose(entry)))
      const look = () => (settle(), map.go("claim_sub"), map.svg.innerHTML)
      const drawn = map.svg.firstChild
      look()
      map.show(films.policy, { part: "sts_assume", neutral: true })
      map.show(films.policy, { part: "sts_assume" })
      settle()
      map.show(films.normal)
      const again = look(), same = map.svg.firstChild === drawn
      map.redraw()
      return [same, [again, look()]]
    }""")
    assert same, "the film was drawn a second time"
    assert looks[0] == looks[1]


def test_two_maps_play_in_step(shown):
    page = shown("policy")
    times = page.evaluate("""() => {
      const other = filmMap(host, { words })
      other.show(films.normal)
      mapsInStep(map, other)
      map.go("assume")
      return [map.time, other.time, other.beat, other.entry.duration === map.entry.duration]
    }""")
    assert times == [times[0], times[0], "assume", True]


def test_of_two_maps_in_step_one_waits_while_the_other_has_beats_of_its_own(shown):
    page = shown("normal")
    ends, waits, starts, again = page.evaluate("""() => {
      const other = filmMap(host, { words }), keys = ["discovery", "keys"]
      other.show({ ...films.normal, id: "kept", beats: films.normal.beats.filter(({ id }) => !keys.includes(id)) })
      const times = () => [map, other].map(({ entries }) => entries.map(({ beat, start }) => [beat.id, start]))
      const alone = map.total
      mapsInStep(map, other)
      const now = times()
      map.go("keys")
      const waits = other.beat
      mapsInStep(map, other)
      return [[alone, map.total, other.total], waits, now, times()]
    }""")
    first, second = map(dict, starts)
    assert first == second | {beat: first[beat] for beat in ("discovery", "keys")}
    assert waits == "claim_aud"
    assert starts == again
    assert ends == [pytest.approx(ends[0])] * 3


def test_the_overview_takes_at_most_forty_seconds_however_long_its_sentences_are(looked_at):
    page = looked_at("overview", "ja")
    total, beats = page.evaluate("""() => {
      const beats = films.overview.beats.map((beat) => ({ ...beat, plain: beat.plain.repeat(9) }))
      map.show({ ...films.overview, id: "long", beats })
      const rests = ({ duration, lead, travel }) => duration - lead - travel
      return [map.total, map.entries.map((entry) => [entry.start + entry.duration, rests(entry)])]
    }""")
    assert total == pytest.approx(40)
    assert beats[-1][0] == total
    assert min(left for _, left in beats) > 1  # what travels has arrived, and is looked at


@pytest.mark.large
def test_the_overview_takes_at_most_forty_seconds_with_every_fault(looked_at):
    page = looked_at("overview", "en")
    for fault_id, language, film in overviews():
        page.evaluate("(film) => map.show(film)", film)
        assert round(page.evaluate("map.total"), 6) <= 40, (fault_id, language)


def test_a_film_plays_to_its_end_by_itself(shown):
    page = shown()
    page.evaluate("() => { map.onend = () => (window.ended = map.beat); map.speed(400); map.go(0); map.play() }")
    page.wait_for_function("window.ended === 'whole'")
    assert not page.evaluate("map.playing")


KEYS = {
    "ArrowRight": "register",
    "End": "whole",
    "ArrowLeft": "buckets",
    "Home": "publish",
    "5": "assume",
    "2": "grant",
}


def test_keys_move_when_the_player_or_nothing_else_has_the_focus(shown):
    page = shown(motion="reduce")
    for focus in ("document.activeElement.blur()", "player.root.querySelector('[data-act=next]').focus()"):
        page.evaluate(f"() => {{ map.go(0); {focus} }}")
        for key, beat in KEYS.items():
            page.keyboard.press(key)
            assert page.evaluate("map.beat") == beat, key
    page.evaluate("() => { map.go(0); document.querySelector('input[type=range]').focus() }")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("map.beat") == "register"
    page.locator("#elsewhere").focus()
    for key in (*KEYS, " "):
        page.keyboard.press(key)
    assert page.evaluate("[map.beat, map.playing]") == ["register", False]


def test_space_plays_and_pauses(shown):
    page = shown()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press(" ")
    assert page.evaluate("map.playing")
    assert page.locator("[data-act=play]").get_attribute("aria-label") == "Pause"
    page.keyboard.press(" ")
    assert not page.evaluate("map.playing")


@pytest.mark.parametrize("motion", [pytest.param("reduce", marks=pytest.mark.large), "no-preference"])
def test_none_of_ten_presses_a_second_is_lost(shown, motion):
    page = shown(motion=motion)
    page.evaluate("() => { map.go(0); document.activeElement.blur() }")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("map.entry.index") == 10
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    assert page.evaluate("map.entry.index") == 6


def test_who_wants_no_motion_sees_each_beat_as_it_ends(shown):
    page = shown(motion="reduce")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowRight")
    seen = page.evaluate("[map.playing, map.time === mapPose(map.entry), map.svg.outerHTML]")
    assert seen[:2] == [False, True]
    page.evaluate("map.play()")
    first = page.evaluate("map.entry.index")
    moves = page.evaluate("""() => { map.render(map.entry.start + 0.1); const one = map.svg.outerHTML
      map.render(map.entry.start + 1.5); return map.svg.outerHTML !== one }""")
    assert not moves
    assert first >= 1


@pytest.mark.parametrize(
    ("language", "size", "film"),
    by_turns(LANGUAGES, [(390, 844), (1024, 768)], ["normal", "denied"]),
)
def test_who_wants_no_motion_sees_what_travels_whole_beside_the_box_where_it_arrives(looked_at, language, size, film):
    page = looked_at(film, language, size, motion="reduce")
    assert page.evaluate(LOOK, [1]) == []
    missing = """map.entries.filter((entry) => {
      map.render(mapPose(entry))
      const shown = [...map.svg.querySelectorAll(".chip")].filter((chip) => chip.style.opacity === "1")
      const box = () => map.svg.querySelector(`.box.${entry.beat.to}`).style.opacity === "1"
      return entry.beat.edge && !(shown.length === 1 && box())
    }).map(({ beat }) => beat.id)"""
    assert page.evaluate(missing) == []


@pytest.mark.parametrize(("motion", "asks"), [("reduce", [0, [250]]), ("no-preference", [1, []])])
def test_a_film_in_which_nothing_moves_is_drawn_four_times_a_second(shown, motion, asks):
    """With every frame of the screen it took a quarter of a processor for as long as it played."""
    asked = """() => {
      const { requestAnimationFrame, setTimeout } = window, waits = []
      let frames = 0
      window.requestAnimationFrame = () => ++frames
      window.setTimeout = (_, wait) => waits.push(wait)
      map.go(0)
      map.play()
      Object.assign(window, { requestAnimationFrame, setTimeout })
      map.pause()
      return [frames, waits]
    }"""
    assert shown(motion=motion).evaluate(asked) == asks


@pytest.mark.parametrize("language", ONE)
@pytest.mark.parametrize(
    ("film", "beat", "boxes"),
    [
        # The annotation goes to the API server, and the sentence is about the ServiceAccount.
        ("normal", "annotate", ["service_account"]),
        # The request never leaves the kubelet, and the sentence says where it should have gone.
        ("unsigned", "token_request", ["kubelet", "api_server"]),
    ],
)
def test_a_box_that_the_sentence_is_about_is_in_the_picture(shown, language, film, beat, boxes):
    page = shown(film, language, size=(1920, 1080), motion="reduce", beat=beat, fonts=True)
    left, top, wide, tall = page.evaluate("map.view")
    for x, y, w, h in (box.frame for box in BOXES if box.id in boxes):
        assert (left <= x, top <= y, x + w <= left + wide, y + h <= top + tall) == (True, True, True, True)


@pytest.mark.parametrize("language", ONE)
def test_a_beat_that_the_film_does_not_have_is_said(shown, language):
    page = shown(language=language, beat="nothing")
    expect(page.locator(".film-note")).to_be_visible()
    assert page.evaluate("map.beat") == "publish"
    page.keyboard.press("End")
    expect(page.locator(".film-note")).to_be_hidden()
    assert shown(language=language, beat="claim_sub").evaluate("map.beat") == "claim_sub"


def test_the_address_and_the_live_region_follow_the_reader_only(shown):
    page = shown()
    assert page.evaluate("addressed") == []
    assert page.locator(".film-live").inner_text() == ""
    page.locator("[data-act=next]").click()
    page.locator(".film-list summary").click()
    page.locator(".film-list button").nth(4).click()
    assert page.evaluate("addressed") == ["register", "create"]
    assert page.locator(".film-live").inner_text() == films(*NAMES)["en"]["normal"]["beats"][4]["plain"]
    picture = page.get_by_role("img", name=films(*NAMES)["en"]["normal"]["beats"][4]["plain"])
    expect(picture).to_have_class("film-stage")
    expect(picture.locator("svg")).to_have_attribute("aria-hidden", "true")  # Firefox would read out each text in it


def test_the_list_names_the_scene_that_is_shown(shown):
    """By a value: an attribute that is empty says of each scene that it is another."""
    page = shown(motion="reduce")
    page.locator(".film-list summary").click()
    page.evaluate("map.go('assume')")
    current = page.locator('.film-list [aria-current="true"]')
    expect(current).to_have_count(1)
    said = {beat["id"]: beat["plain"] for beat in films(*NAMES)["en"]["normal"]["beats"]}
    expect(current).to_contain_text(said["assume"])
    assert page.locator('.film-list [aria-current=""]').count() == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_slider_says_which_scene_of_how_many_is_shown_and_what_it_shows(shown, language):
    page = shown(language=language, motion="reduce")
    slider = page.get_by_role("slider")
    beats = films(*NAMES)[language]["normal"]["beats"]
    for key, number in (("Home", 1), ("ArrowRight", 2), ("End", len(beats))):
        slider.press(key)
        scene = load(language).message("map.player.scene", number=number, count=len(beats))
        expect(slider).to_have_attribute("aria-valuetext", f"{scene} {beats[number - 1]['plain']}")


def test_a_chip_leads_to_its_exchange(shown):
    page = shown(motion="reduce")
    page.evaluate("() => { map.onchip = (beat) => (window.opened = beat.id); map.go('review') }")
    page.locator(".film-map .chip.admission_review").click()
    assert page.evaluate("window.opened") == "review"
    page.evaluate("map.go('token')")
    page.locator(".film-say.now [data-opens]").click()
    assert page.evaluate("window.opened") == "token"


def test_nothing_jumps_from_beat_to_beat(shown):
    page = shown("policy", "ja", motion="reduce", fonts=True)
    heights = "map.entries.map((_, i) => (map.go(i), player.root.parentElement.getBoundingClientRect().height))"
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(PAINTED)
        assert len(set(page.evaluate(heights))) == 1, width


def test_a_phone_swipes_and_has_targets_for_a_finger(shown):
    page = shown(size=(390, 844), motion="reduce", fonts=True)
    swipe = """([from, to]) => {
      const touch = (x) => new Touch({ identifier: 1, target: map.stage, clientX: x, clientY: 200 })
      map.stage.dispatchEvent(new TouchEvent("touchstart", { touches: [touch(from)], bubbles: true }))
      map.stage.dispatchEvent(new TouchEvent("touchend", { changedTouches: [touch(to)], bubbles: true }))
      return map.beat
    }"""
    assert page.evaluate(swipe, [300, 120]) == "register"
    assert page.evaluate(swipe, [120, 300]) == "publish"
    assert page.evaluate(swipe, [120, 130]) == "publish"
    page.locator(".film-list summary").click()
    small = """[...player.root.querySelectorAll("button, select, input, summary")].filter((one) => {
      const { width, height } = one.getBoundingClientRect()
      return one.checkVisibility({ visibilityProperty: true }) && Math.min(width, height) < 44
    }).map((one) => one.outerHTML)"""
    assert page.evaluate(small) == []


def test_the_page_to_hand_on_keeps_scene_speed_list_and_keys_in_another_language(chromium: Browser):
    texts = {language: json.dumps(found["normal"]) for language, found in films(*NAMES).items()}
    page = chromium.new_page(reduced_motion="reduce", viewport={"width": 390, "height": 844})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(handed_on(texts, {language: load(language) for language in texts}, "en"))
    page.keyboard.press("ArrowRight")
    page.locator("select").select_option("2")
    page.locator("summary").click()
    page.get_by_role("button", name="日本語").click()
    scene = page.locator(".film-say.now .film-head")
    expect(scene).to_contain_text("2 / 20")
    expect(page.locator("select")).to_have_value("2")
    expect(page.locator("details")).to_have_attribute("open", "")
    expect(page.get_by_role("button", name=load("ja").message("map.player.play"))).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(scene).to_contain_text("3 / 20")
    assert asked == []
    page.close()
