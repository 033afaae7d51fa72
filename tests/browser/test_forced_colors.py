"""Where the system sets the colours, as Windows' contrast themes do, what is chosen and what is done still shows."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.server import Reader

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def forced(profiles, address):
    """The page is opened once: the tests look at it, and each chooses the tab that it wants."""
    one = Reader(profiles, address)
    one.page.emulate_media(forced_colors="active")
    yield one.open("/token_mount?lang=en").predict().turn_to("sts_assume").predict()
    complaints = one.complaints
    one.close()
    assert complaints == []


def background(part: Locator, pseudo: str = "") -> str:
    return part.evaluate("(part, pseudo) => getComputedStyle(part, pseudo || null).backgroundColor", pseudo)


def test_the_choice_among_several_shows(forced):
    groups = forced.page.locator(".st-key-look").get_by_role("radiogroup").all()
    assert len(groups) == 2
    for group in groups:
        chosen = group.locator("button[data-selected=true]")
        assert background(chosen) != background(group.locator("button:not([data-selected=true])").first)


def test_the_page_that_is_open_shows_in_the_navigation(forced):
    links = forced.page.get_by_test_id("stSidebarNavLink")
    outlines = {link.evaluate("link => getComputedStyle(link).outlineStyle") for link in links.all()}
    assert outlines == {"solid", "none"}


def test_the_steps_that_were_read_show_in_the_journey(forced):
    page = background(forced.page.locator("body"))
    done = forced.page.locator(".journey .done")
    assert background(done.locator(".dot")) != page
    assert background(done, "::before") != page


def test_the_lives_on_the_axis_show(forced):
    page = background(forced.page.locator("body"))
    forced.page.get_by_role("tab").nth(1).click()
    stretches = forced.page.locator(".lives .stretch")
    stretches.first.wait_for()
    assert {
        background(one) == page
        for one in stretches.all()
        if "gradient" not in one.evaluate("one => getComputedStyle(one).backgroundImage")
    } == {False}


def test_the_policy_that_is_edited_stands_there_once(forced):
    forced.page.get_by_role("tab").first.click()
    mirror = forced.page.locator(".matcher .mirror")
    mark = mirror.locator("mark").first
    mark.wait_for()
    for part in (mirror, mark):  # the editor above it has the text
        assert part.evaluate("part => getComputedStyle(part).color") == "rgba(0, 0, 0, 0)"
    assert background(mark) != background(mirror)
    assert background(forced.page.locator("#policy")) == "rgba(0, 0, 0, 0)"


def test_the_words_of_what_is_lit_have_its_colour_and_no_ground_of_their_own(forced):
    """The browser's ground below them has the page's colour, and on a dark one the words would be black on black."""
    lit = forced.page.locator(".journey [aria-current]")
    assert lit.evaluate(
        "lit => [...new Set([lit, ...lit.querySelectorAll('*')].map(part => getComputedStyle(part))"
        ".flatMap(({ color, forcedColorAdjust }) => [color, forcedColorAdjust]))]"
    ) == [lit.evaluate("lit => getComputedStyle(lit).color"), "none"]


def test_a_choice_that_cannot_be_changed_can_be_read(forced):
    chosen = forced.page.locator(".st-key-mode button[data-selected=true]")
    assert chosen.locator("p").evaluate("p => getComputedStyle(p).color") == chosen.evaluate(
        "chosen => getComputedStyle(document.querySelector('.st-key-depth button[data-selected=true]')).color"
    )


def test_a_switch_shows_and_whether_it_is_on(forced):
    switch = forced.page.get_by_test_id("stCheckbox").filter(has=forced.page.get_by_role("switch")).first
    track, thumb = switch.locator("label > span + div"), switch.locator("label > span + div > div")
    page, off = background(forced.page.locator("body")), background(track)
    assert page != off != background(thumb)
    switch.locator("label").click()
    expect(switch).to_have_attribute("data-selected", "true")
    expect(track).not_to_have_css("background-color", off)
    assert background(track) not in (page, background(thumb))


def test_the_tab_that_is_open_shows(forced):
    marks = forced.page.get_by_test_id("stTab").locator(".react-aria-SelectionIndicator")
    expect(marks).to_have_count(1)
    assert background(marks) not in (background(forced.page.locator("body")), "rgba(0, 0, 0, 0)")


def test_the_answer_that_was_chosen_can_be_read(forced):
    """It turns to another page, and so do the next ones: they are the last of this file."""
    page = forced.turn_to("misconceptions").page
    for claim in range(2):  # the mouse lies on the second
        page.get_by_role("button", name="False", exact=True).nth(claim).click()
    chosen = page.locator(".judge button[aria-pressed=true]")
    expect(chosen).to_have_count(2)
    looks = chosen.evaluate_all(
        "all => all.map(one => getComputedStyle(one)).map(({color, backgroundColor}) => [color, backgroundColor])"
    )
    assert len({tuple(look) for look in looks}) == 1
    assert looks[0][0] != looks[0][1] != background(page.locator("body"))


def test_a_slider_shows(forced):
    parts = forced.turn_to("time_machine").page.locator("[data-testid=stSlider] [role=group] > div > div")
    expect(parts.nth(1)).to_be_attached()
    track, thumb = parts.all()[:2]
    page = background(forced.page.locator("body"))
    assert background(thumb) not in (page, "rgba(0, 0, 0, 0)")
    assert track.evaluate("track => getComputedStyle(track).forcedColorAdjust") == "none"


def test_the_words_of_a_figure_are_not_pale_and_a_link_shows(forced):
    """Also for a reader who only asks for more contrast; the file's last, since that is not the system's colours."""
    page = forced.turn_to("compare").drawn().page
    words, link = page.locator(".diagram text:visible"), page.locator("a.term").first

    def colors():
        fills = words.evaluate_all("all => [...new Set(all.map(one => getComputedStyle(one).fill))]")
        return fills, page.locator(".scheme-card h3").first.evaluate("name => getComputedStyle(name).color")

    fills, name = colors()
    assert fills == [name]
    assert link.evaluate("link => getComputedStyle(link).color") != name
    page.emulate_media(forced_colors="null", contrast="more")
    fills, name = colors()
    assert name in fills
    quiet = page.locator(".facet .why").first
    assert quiet.evaluate("quiet => getComputedStyle(quiet).color") == name
