"""The walk as a person has it: in a real browser, over a real server."""

import re

import pytest
from playwright.sync_api import expect

from app.content import PAGES, STORY, load
from app.content.page_specs import SECTIONS
from app.flow.model import Step
from tests.browser.server import DESK, PHONE, Reader, serving

pytestmark = pytest.mark.browser
STEPS = [step.value for step in Step]
BLOCK = ".checked"


@pytest.mark.large
def test_a_deep_link_is_right_in_the_first_session_of_a_server(profiles, tmp_path):
    with serving(tmp_path) as address:
        one = Reader(profiles, address).open("/token_mount?lang=ja")
        one.expect_title(load("ja").lesson("token_mount").title)
        expect(one.page.locator('[data-testid="stSidebarNav"] a')).to_have_count(len(PAGES))
        assert one.complaints == []
        one.close()


@pytest.mark.parametrize("story", [STORY[:3], pytest.param(STORY, marks=pytest.mark.large)], ids=["begun", "whole"])
def test_buttons_and_arrow_keys_walk_through_the_pages_and_back_by_two(reader, story):
    """`begun`: `tests/screens/test_pages` asks each page for its neighbours."""
    one, content = reader().open("/?lang=en"), load("en")
    for position, page in enumerate(story[1:], 1):
        if position % 2:
            one.click("next")
        else:
            one.press("ArrowRight")
        one.expect_title(content.lesson(page).title)
        one.wait()
        expect(one.page).to_have_url(re.compile(rf"/{page}\?lang=en$"))
    for position, page in enumerate(reversed(story[-3:-1])):
        if position % 2:
            one.click("previous")
        else:
            one.press("ArrowLeft")
        one.expect_title(content.lesson(page).title)
        one.wait()


COUNT_LINKS = """() => {
  const links = () => document.querySelectorAll("[data-testid=stSidebarNavLink]").length
  window.fewest = links()
  new MutationObserver(() => (window.fewest = Math.min(window.fewest, links())))
    .observe(document.body, { childList: true, subtree: true })
}"""
HELD = """([language, page]) => {
  const link = () => document.querySelector(`[data-testid=stSidebarNavLink][href$="/${page}"]`)
  const before = link(), say = (what) => link().dispatchEvent(new PointerEvent(what, { bubbles: true }))
  say("pointerdown")
  new MutationObserver((_, all) => before.isConnected || !link() || (all.disconnect(), say("pointerup")))
    .observe(document.body, { childList: true, subtree: true })
  ;[...document.querySelectorAll(".st-key-lang button")].find((one) => one.textContent === language).click()
}"""
"""A link is pressed until it is drawn again: as a browser that reports no click then."""


@pytest.mark.large
def test_a_page_that_is_pressed_in_the_menu_while_the_language_changes_comes(visitor):
    """In `make test`, the language changes, and a page is pressed, one after the other."""
    one = visitor.turn_to("glossary")
    one.page.evaluate(HELD, [load("ja").facts.name, "compare"])
    one.expect_title(load("ja").lesson("compare").title)
    one.wait().page.get_by_text("English", exact=True).click()
    one.expect_title(load("en").lesson("compare").title)
    one.wait()


def test_the_language_switch_changes_words_address_and_html_lang(reader):
    one = reader(locale="ja-JP").open("/sts_assume")
    one.expect_title(load("ja").lesson("sts_assume").title)
    expect(one.page.locator("html")).to_have_attribute("lang", "ja")
    one.page.evaluate(COUNT_LINKS)
    one.page.get_by_text("English", exact=True).click()
    one.expect_title(load("en").lesson("sts_assume").title)
    expect(one.page.locator("html")).to_have_attribute("lang", "en")
    expect(one.page).to_have_url(re.compile(r"/sts_assume\?lang=en$"))
    one.wait()
    assert one.page.evaluate("window.fewest") == len(PAGES), "the list of pages was empty for a moment"
    for section in SECTIONS:
        expect(one.page.get_by_role("group", name=load("en").message(f"ui.sections.{section}"))).to_have_count(1)
    one.turn_to(STEPS[0])
    one.expect_title(load("en").lesson(STEPS[0]).title)
    one.wait()
    expect(one.page).to_have_url(re.compile("lang=en"))


@pytest.mark.large
@pytest.mark.parametrize(("locale", "language"), [("ja-JP", "ja"), ("en-US", "en")])
def test_without_a_language_in_the_address_the_browsers_own_is_taken(reader, locale, language):
    """In `make test`, `test_readers` asks for it of English, and the test above of Japanese."""
    one = reader(locale=locale).open("/why")
    one.expect_title(load(language).lesson("why").title)
    expect(one.page).to_have_title(re.compile("IRSA Explorer$"))


def test_an_unknown_page_leads_home_another_address_keeps_the_world_and_the_browsers_id_is_secret(visitor):
    """The id is in no address, page or script. Another browser has another world: `test_readers`."""
    one = visitor
    account = one.account.inner_text()
    assert re.fullmatch(r"\d{12}", account)
    one.open("/no_such_page?lang=en&present=1&depth=4")
    expect(one.account).to_have_text(account)
    one.expect_title(load("en").lesson("home").title)
    expect(one.page.get_by_role("dialog")).to_have_count(0)
    for name, words, got in (("page", "no_such_page", "no_such_page"), ("depth", "not_in_the_address", "depth=4")):
        said = one.page.locator(f".st-key-unknown_{name}")
        expect(said).to_contain_text(load("en").error(words, got=got, expected="").title)
        expect(said).to_contain_text(got)
    expect(one.page).to_have_url(f"{one.address}/?lang=en")
    one.open("/home?lang=en")
    expect(one.page.locator("[class*=st-key-unknown]")).to_have_count(0)
    (cookie,) = [cookie for cookie in one.context.cookies() if cookie["name"].startswith("irsa")]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert cookie["value"] not in one.page.evaluate("document.cookie + location.href")
    assert cookie["value"] not in one.page.content()


@pytest.mark.large
def test_a_new_world_and_a_moved_clock(reader):
    """In `make test`, `tests/screens` asks for a new world and moves the clock."""
    rotated = load("en").message("screens.rotated", before="·", after="·").partition("·")[0]
    one = reader().open("/token_mount?lang=en").predict()
    account = one.account.inner_text()
    one.click("clock_page_20")
    expect(one.page.locator(".st-key-timeline_line")).to_contain_text(rotated)
    one.click("reset")
    expect(one.account).not_to_have_text(account)
    one.wait()


AT_REST = """(stage) => new Promise((done) => {
  const look = () => (Math.abs(stage.getBoundingClientRect().top) < 80 ? done() : requestAnimationFrame(look))
  look()
})"""
"""Until the page has gone to the film, which plays once the question is answered."""


@pytest.mark.parametrize("steps", [STEPS[::3], pytest.param(STEPS, marks=pytest.mark.large)], ids=["third", "every"])
def test_the_outcome_is_seen_below_the_film_without_scrolling(reader, steps):
    one = reader().open(f"/{steps[0]}?lang=ja")
    for step in steps:
        if step != steps[0]:
            one.turn_to(step)
        one.predict().page.locator(".film-stage").evaluate(AT_REST)
        box = one.box(f".st-key-outcome_{step} .outcome")
        assert box["y"] + box["height"] <= 1000, step


def test_on_a_phone_the_sidebar_gives_way_to_the_page_that_was_chosen_in_it(reader):
    one = reader(size=PHONE).open("/?lang=en")
    for step in STEPS[:2]:
        one.page.get_by_test_id("stExpandSidebarButton").click()
        one.page.locator(f'[data-testid="stSidebarNav"] a[href*="{step}"]').click()
        one.expect_title(load("en").lesson(step).title)
        expect(one.page.get_by_test_id("stSidebarNav")).not_to_be_in_viewport()


MENU = ".stSidebar[data-collapsed={}]"


@pytest.mark.large
def test_on_a_phone_escape_and_the_way_back_close_the_menu_and_a_reload_does_not_open_it(reader):
    """The way back within a page: on the way to another page `test_on_a_phone_the_sidebar_gives_way` asks for it."""
    one = reader(size=PHONE).open("/why?lang=en")
    page, opens = one.page, one.page.get_by_test_id("stExpandSidebarButton")
    opens.click()
    expect(page.locator(MENU.format("false"))).to_have_count(1)
    one.press("Escape")
    expect(page.locator(MENU.format("true"))).to_have_count(1)
    expect(opens).to_be_focused()
    page.get_by_text("日本語", exact=True).click()
    one.expect_title(load("ja").lesson("why").title)
    one.wait()
    opens.click()
    expect(page.locator(MENU.format("false"))).to_have_count(1)
    page.go_back()
    expect(page.locator(MENU.format("true"))).to_have_count(1)
    one.expect_title(load("en").lesson("why").title)
    one.wait()
    opens.click()
    expect(page.locator(MENU.format("false"))).to_have_count(1)
    page.reload()
    one.wait()
    expect(page.locator(MENU.format("true"))).to_have_count(1)


def see_where_the_focus_is(one):
    """The Tab key goes from the page's first control on, and the links and buttons have a ring."""
    seen = []
    for _ in range(6):
        one.press("Tab")
        seen.append(
            one.page.evaluate(
                "() => [document.activeElement.tagName, getComputedStyle(document.activeElement).outline]"
            )
        )
    ringed = [outline for tag, outline in seen if tag in ("A", "BUTTON")]
    assert len(ringed) >= 3
    assert all("rgb(15, 118, 110)" in outline and "2px" in outline for outline in ringed)


def test_on_a_desk_the_sidebar_stays_and_the_new_heading_has_the_focus_which_is_seen(reader):
    one = reader().open("/?lang=en")
    expect(one.page.locator("h1")).not_to_be_focused()
    see_where_the_focus_is(one)
    for step in STEPS[:2]:
        one.page.locator(f'[data-testid="stSidebarNav"] a[href*="{step}"]').click()
        one.expect_title(load("en").lesson(step).title)
        expect(one.page.locator("h1")).to_be_focused()
        expect(one.page.get_by_test_id("stSidebarNav")).to_be_in_viewport()
    one.wait()
    one.press("ArrowLeft")
    one.expect_title(load("en").lesson(STEPS[0]).title)
    expect(one.page.locator("h1")).to_be_focused()


_WATCH = """() => {
  const hosts = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]
  const map = hosts.map((host) => host.shadowRoot.querySelector('.film-map')).find(Boolean)
  Object.assign(window, { map, place: map.getRootNode().host, drawn: map.firstChild, left: 0, focused: [], seen: {} })
  new MutationObserver(() => (window.left += !window.place.isConnected)).observe(document.body,
    { childList: true, subtree: true })
  document.addEventListener('focus', ({ target }) => window.focused.push(target.tagName), true)
  const frame = () => {
    if (!window.map) return
    const heading = document.querySelector('.stMainBlockContainer h1').textContent
    window.seen[heading] ??= map.dataset.part
    requestAnimationFrame(frame)
  }
  frame()
}"""


_SLOWLY = """() => {
  const { addEventListener } = WebSocket.prototype
  WebSocket.prototype.addEventListener = function (kind, heard, ...more) {
    let before = Promise.resolve()
    const slowly = (event) => {
      const frame = () => new Promise((done) => setTimeout(done, window.map ? 30 : 0))
      before = before.then(frame).then(() => heard.call(this, event))
    }
    addEventListener.call(this, kind, kind === "message" ? slowly : heard, ...more)
  }
}"""
"""Once `_WATCH` runs, each part of a page comes with a frame of its own, as on a busy machine."""


def test_from_step_to_step_the_map_stays_where_it_is_and_waits_for_nothing(reader):
    one = reader()
    with one.page.add_init_script(f"({_SLOWLY})()"):
        one.open(f"/{STEPS[0]}?lang=en").settle()
    one.page.evaluate(_WATCH)
    asked = []
    one.hear("request", lambda request: asked.append(request.url))
    for step in STEPS[1:3]:
        one.press("ArrowRight")
        one.expect_title(load("en").lesson(step).title)
        one.page.wait_for_function("step => window.map.dataset.part === step", arg=step)
        expect(one.page.locator("h1")).to_be_focused()
        one.wait()
    assert asked == []
    assert one.page.evaluate(
        "() => [window.left, window.place.isConnected, window.map.firstChild === window.drawn]"
    ) == [
        0,
        True,
        True,
    ]
    assert list(one.page.evaluate("() => window.seen").values()) == STEPS[:3], "in the first frame of each heading"
    assert one.page.evaluate("() => window.focused").count("H1") == 2, "each heading is read out"


_CLICKED = """(button) => {
  document.querySelector(`.st-key-${button} button`).click()
  return [window.map.dataset.part, window.map.matches('.neutral')]
}"""


def test_the_map_turns_with_the_click_and_shows_no_answer(visitor):
    """In the turn of the click itself: nothing of the next page can be there yet. No other test answers these two."""
    before, after = STEPS[2:4]
    one = visitor.turn_to(before).predict().settle()
    one.page.evaluate(_WATCH)
    assert one.page.evaluate(_CLICKED, "next") == [after, True]
    one.expect_title(load("en").lesson(after).title)
    for size in (DESK, (1280, 720), (1024, 768)):
        one.resize(size).settle()
        top, height = one.page.evaluate("() => (({ y, height }) => [y, height])(window.map.viewBox.baseVal)")
        assert (top <= 14, top + height >= 732) == (True, True), f"before the answer all of the map is seen: {size}"
        assert one.box(".film-stage")["height"] <= max(0.33 * size[1], 256) + 1, f"and the question has room: {size}"
    one.predict().settle()
    assert one.page.evaluate(_CLICKED, "previous") == [before, False]
    one.expect_title(load("en").lesson(before).title)
    one.settle()
    assert one.page.evaluate(_CLICKED, "next") == [after, False]  # whose film plays what was predicted
    one.expect_title(load("en").lesson(after).title)
    one.settle()
    assert one.page.evaluate("() => window.map.dataset.part") == after
    one.page.evaluate("() => { window.map = null }")  # it watches no more


@pytest.mark.large
def test_no_part_of_the_journey_is_under_the_header(visitor):
    """In `make test`, `test_narrow_pages` looks at what lies over a page on a phone."""
    one = visitor.turn_to("sts_assume")
    for width in (660, 768, 900, 1024):
        one.resize((width, 900))
        header, journey = one.box(one.page.get_by_test_id("stHeader")), one.box(".st-key-journey")
        assert journey["y"] >= header["y"] + header["height"], width
        assert one.overflow <= 0, width


@pytest.mark.large
def test_checks_and_evidence_stand_side_by_side_where_there_is_room(visitor):
    """In `make test`, `test_narrow_pages` asks for room beside the sidebar."""
    one = visitor.turn_to("service_account").predict()
    for width, stacked in (900, True), (1360, False):
        one.resize((width, 1000))
        checks, evidence = one.box(f"{BLOCK} .checks"), one.box(".evidence")
        assert (evidence["y"] >= checks["y"] + checks["height"]) is stacked, width
    one.turn_to("webhook").predict()
    for width, stacked in (900, True), (1360, False):
        one.resize((width, 1000))
        limits, evidence = one.box(f"{BLOCK} .limits"), one.box(".evidence")
        assert (limits["y"] >= evidence["y"] + evidence["height"]) is stacked, "else beside the long difference"


def test_the_figure_of_the_story_stands_upright_on_a_phone_only(visitor):
    one = visitor.turn_to("why")
    for size, shown, hidden in ((DESK, "lr", "tb"), (PHONE, "tb", "lr")):
        one.resize(size)
        expect(one.page.locator(f"figure svg.{shown}")).to_be_visible()
        expect(one.page.locator(f"figure svg.{hidden}")).to_be_hidden()


def test_a_shortened_id_opens_with_one_click(visitor):
    one = visitor.turn_to("oidc_provider").predict()
    found = one.page.locator(".pairs .long").first
    expect(found.locator(".full")).to_be_hidden()
    found.locator("summary").click()
    expect(found.locator(".full")).to_be_visible()
    assert "…" not in found.locator(".full").inner_text()


def test_what_was_unfolded_stays_so_when_the_page_is_run_again(visitor):
    one = visitor.turn_to("sts_assume").predict()
    unfolded = [one.page.locator(part).first for part in (f"{BLOCK} .checks details", ".folded")]
    for part in unfolded:
        part.locator("summary").first.click()
        expect(part).to_have_attribute("open", "")
    one.click("run_again")
    one.wait()
    for part in unfolded:
        expect(part).to_have_attribute("open", "")


def test_every_theme_has_its_own_colours(visitor):
    one, seen = visitor.turn_to("why"), set()
    for theme in ("light", "dark"):
        box = one.wear(theme).page.locator("figure svg.lr .kubernetes path").last
        seen.add(box.evaluate("path => getComputedStyle(path).stroke"))
    assert seen == {"rgb(50, 108, 229)", "rgb(126, 166, 255)"}


@pytest.mark.large
@pytest.mark.parametrize("step", [Step.OIDC_PROVIDER, Step.STS_ASSUME])
def test_another_language_keeps_what_is_chosen_but_not_yet_sent(reader, step):
    """In `make test`, `test_break_it` asks for it of the lab's two groups."""
    one = reader(locale="en-US").open(f"/{step}?lang=en")
    options = one.page.locator('.st-key-predict [role="radiogroup"]').get_by_role("radio")
    one.page.locator('.st-key-predict [role="radiogroup"] label').last.click()
    for language in ("ja", "en"):
        name = load(language).facts.name
        one.page.get_by_role("radio", name=name, exact=True).click()
        expect(one.page.locator("h1")).to_contain_text(load(language).lesson(step).title)
        one.wait()
        expect(options.last).to_be_checked()
    one.page.locator(".st-key-predict_answer button").click()
    expect(one.page.locator(".prediction:is(.passed, .failed)")).to_be_visible()


def test_a_wrong_prediction_plays_first_whatever_the_address_says_and_another_language_keeps_the_scene(reader):
    """And to move about in the film costs no run, until an exchange is asked for."""
    one, content, sent = reader(), load("en"), []
    one.hear("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    one.open("/sts_assume?lang=en&beat=keys")
    one.page.get_by_text(content.message("predictions.sts_assume.options.cluster")).click()
    one.page.locator(".st-key-predict_answer button").click()
    said = one.page.locator(".film-say.now")
    expect(said.locator(".film-sentence")).to_contain_text("STS never asks a cluster")
    one.wait().page.locator(".film-stage").focus()
    before = len(sent)
    one.page.keyboard.press("End")
    expect(one.page).to_have_url(re.compile("beat=credentials"))
    assert len(sent) == before > 0
    said.locator("[data-opens]").click()
    expect(one.page.locator(".st-key-film_exchange .exchange")).to_be_visible()
    one.page.locator(".film-controls select").select_option("2")
    one.page.locator(".film-list summary").click()
    one.wait().page.get_by_text("日本語", exact=True).click()
    one.expect_title(load("ja").lesson("sts_assume").title)
    one.wait()
    expect(said.locator(".film-sentence")).to_contain_text("一時的な認証情報")
    expect(one.page).to_have_url(re.compile("beat=credentials"))
    expect(one.page.locator(".film-controls select")).to_have_value("2")
    expect(one.page.locator(".film-list")).to_have_attribute("open", "")

    # A scene that was just reached is not in the address of the page to which the reader turns.
    turn = "it => { it.click(); document.querySelector('.st-key-next button').click() }"
    one.page.locator("[data-act=previous]").evaluate(turn)
    one.expect_title(load("ja").lesson("access").title)
    one.page.wait_for_timeout(300)
    assert "beat=" not in one.page.url
