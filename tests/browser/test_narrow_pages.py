"""Pages between a desk and a phone: what is beside each other there has no room here."""

import pytest
from playwright.sync_api import expect

from app.content import load
from tests.browser.server import DESK, PHONE

pytestmark = pytest.mark.browser

TABLET = (900, 1000)
"""The sidebar stands beside the page and leaves it 600 pixels."""

SMALLEST = 11
"""Pixels of a diagram's type that can be read on any screen."""
LABELS = """() => {
  const found = []
  const look = (root) => {
    for (const part of root.querySelectorAll("*")) {
      if (part.shadowRoot) look(part.shadowRoot)
      if (part.matches(".diagram text") && part.checkVisibility())
        found.push(parseFloat(getComputedStyle(part).fontSize) * part.getScreenCTM().a)
    }
  }
  look(document)
  return found
}"""
"""Pixels of every label that is seen, as the diagram's scale leaves them."""


WIDTHS = (320, 600, 641, 760, 768, 900, 1024, 1280, 1920)
"""On both sides of each width at which the styles change, and far from them."""


@pytest.mark.parametrize(
    ("page", "widths"),
    [
        ("compare", WIDTHS[1::2]),
        *(pytest.param(page, WIDTHS, id=f"{page}-all", marks=pytest.mark.large) for page in ("why", "compare")),
    ],
)
def test_every_label_of_a_diagram_can_be_read_at_any_width(visitor, page, widths):
    """That of `why`, in `make test`: `test_accessibility` looks for small texts on each page but `compare`."""
    one = visitor.turn_to(page)
    for width in widths:
        one.page.set_viewport_size({"width": width, "height": 900})
        labels = one.settle().page.evaluate(LABELS)
        assert len(labels) > 20, width
        assert min(labels) >= SMALLEST, width


UNFOLDED = """(terms) => terms.flatMap((term) => {
  const main = document.querySelector("[data-testid=stMain]")
  const places = () =>
    [main.scrollWidth, ...Object.values(term.getBoundingClientRect().toJSON())].map(Math.round).join()
  const before = places()
  term.focus({ focusVisible: true, preventScroll: true })
  return places() === before ? [] : term.textContent
})"""
"""Terms whose meaning makes the page wider or moves them, so that they leave the pointer, come back, and leave it."""


def test_the_meaning_of_a_term_stays_on_the_page_and_moves_no_word(visitor):
    one = visitor.turn_to("oidc_provider").predict().unfold().resize(PHONE)
    assert one.overflow == 0
    terms = one.page.locator(".prose .term:visible")
    assert terms.evaluate_all(UNFOLDED) == []
    terms.last.hover()
    assert one.overflow == 0


@pytest.mark.parametrize(
    "size",
    [*(pytest.param(size, marks=pytest.mark.large) for size in ((768, 1024), (820, 1180), (834, 1112))), (1024, 768)],
)
def test_on_a_tablet_the_map_leaves_the_question_room(reader, size):
    one = reader(size=size).open("/sts_assume?lang=ja")
    bar = one.page.get_by_test_id("stSidebar")
    opened = bar.get_attribute("data-collapsed") == "false"
    for button in ("", "stSidebarCollapseButton" if opened else "stExpandSidebarButton"):
        if button:  # there is room beside the sidebar, and without it
            one.page.locator(f"button[data-testid={button}], [data-testid={button}] button").click()
            expect(bar).to_have_attribute("data-collapsed", str(opened).lower())
        film, question = one.box(".st-key-film"), one.box(".st-key-predict")
        assert film["height"] <= 0.45 * size[1], button
        assert question["y"] <= 0.75 * size[1], button


def test_a_narrow_page_puts_words_below_the_story(visitor):
    one = visitor.turn_to("oidc_provider").predict()
    for size, stands in (TABLET, True), (DESK, False):
        one.resize(size)
        story, words = one.box(".prose ol"), one.box(".glossary")
        assert (words["y"] >= story["y"] + story["height"]) is stands
        assert words["width"] > 200
        assert one.overflow == 0


@pytest.mark.large
def test_a_token_shows_each_of_its_bytes_at_any_width(visitor):
    """In `make test`, `test_accessibility` looks at the page in two widths."""
    one = visitor.turn_to("token_mount").predict()
    view = one.page.locator(".view.bytes")
    expect(view).to_be_visible()
    for width in (390, 820, 1240):
        one.page.set_viewport_size({"width": width, "height": 1000})
        one.settle()
        assert view.evaluate("view => view.scrollWidth - view.clientWidth") <= 0, width


SIDE_BY_SIDE = {
    "": ".path, .passport td",
    "glossary": ".term-entry > div",
    "webhook": ".review > section",
    "break_it": ".faults section",
    "one_page": ".sheet .halves > section",
    "doctor": ".pods td",
}
"""By page: what stands side by side on a desk."""


@pytest.mark.parametrize("pages", [list(SIDE_BY_SIDE)[1:], pytest.param(SIDE_BY_SIDE, marks=pytest.mark.large)])
def test_what_stands_side_by_side_on_a_desk_has_room_beside_the_sidebar(visitor, pages):
    one = visitor
    for page in pages:
        parts = SIDE_BY_SIDE[page]
        one.resize(DESK)
        (one.turn_to(page) if page else one.open("/?lang=en")).predict().unfold().resize((820, 1180))
        expect(one.page.locator(parts).first).to_be_visible()
        one.settle()
        widths = one.page.locator(parts).evaluate_all("all => all.map((part) => part.getBoundingClientRect().width)")
        assert min(widths) >= 300, page
        assert one.overflow == 0, page


def test_a_pair_names_its_two_sides_on_a_phone_too(visitor):
    one, content = visitor.turn_to("oidc_provider").predict().unfold(), load("en")
    for size in PHONE, DESK:
        one.resize(size)
        pairs = one.page.locator(".pairs").filter(has_text="ClientIDList")
        expect(pairs).to_be_visible()
        for side in (content.message("screens.will_say"), content.message("figure.aws")):
            assert side in pairs.inner_text(), size


def test_on_a_phone_no_button_is_lower_than_its_words_and_the_way_on_is_at_the_right(visitor):
    one = visitor.turn_to("thief").resize(PHONE)
    one.click("thief_steal")
    expect(one.page.locator(".film-stage:focus"), "the map plays far below what was pressed").to_be_in_viewport()
    pills = one.page.get_by_test_id("stButtonGroup").filter(has_text="Remove it from the trust policy")
    expect(pills).to_be_visible()
    one.settle()
    for button in pills.locator("button").all():
        assert button.evaluate("it => it.scrollHeight - it.clientHeight") <= 0, button.inner_text()
    page, on = one.box(".st-key-onward"), one.box(".st-key-next")
    assert abs(page["x"] + page["width"] - on["x"] - on["width"]) < 1

    # So many measures that a film of them has more parts than a phone has room for.
    one.click("thief_try_all")
    parts = one.page.locator(".film-steps").last
    expect(parts.locator("button")).to_have_count(20)
    assert one.overflow == 0
    parts.locator("button").last.evaluate("it => it.click()")
    expect(parts.locator("button").last).to_have_class("now")
    assert one.box(parts.locator("button").last)["x"] < PHONE[0] - 40


@pytest.mark.large
def test_on_a_phone_the_button_that_confirms_is_whole_within_its_popover(visitor):
    one = visitor.turn_to("missions").resize(PHONE)
    one.page.locator(".stMain [data-testid=stPopoverButton]").click()
    button, around = one.box(".st-key-mission_start button"), one.box("[data-testid=stPopoverBody]")
    assert button["y"] + button["height"] <= around["y"] + around["height"]


def test_on_a_phone_nothing_is_drawn_over_the_mode(visitor):
    one = visitor.turn_to("time_machine").resize(PHONE).drawn().settle()
    numbers, mode = one.page.locator(".moments .numbers").first, one.page.locator(".mode strong")
    for _ in range(2):  # the mode goes along until it sticks
        by = one.box(numbers)["y"] - one.box(mode)["y"]
        one.page.get_by_test_id("stMain").evaluate("(main, by) => main.scrollBy(0, by)", by)
    at = one.box(mode)
    there = "([x, y]) => document.elementFromPoint(x, y).closest('.mode') !== null"
    assert one.page.evaluate(there, [at["x"] + 10, at["y"] + 10])


@pytest.mark.parametrize("visitor", ["ja"], indirect=True)
def test_a_table_within_the_text_fits_where_the_page_is_enlarged_four_times(visitor):
    """As a window of 1280 pixels is then. Of all pages that of `why` has the widest in its text (WCAG 2.2, 1.4.10)."""
    assert visitor.turn_to("why").resize((320, 256)).unfold().overflow == 0
    one = visitor.resize((195, 422))  # a phone on which everything is enlarged twice: what leads elsewhere is in sight
    for part in ("[data-testid=stExpandSidebarButton]", ".st-key-start_presenting button", ".st-key-lang"):
        box = one.box(f"{part}:visible")
        assert box["x"] + box["width"] <= 195, part
