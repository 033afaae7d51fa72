"""Each page with everything on it, in either language or theme: axe-core finds nothing serious or critical, every text
stands out and fits, and the Tab key reaches every control, shows where it is, and leaves the page.
"""

import pytest
from playwright.sync_api import expect

from app.content import LANGUAGES, PAGES, load
from app.flow.lessons.decks import SLIDES
from app.flow.model import Step
from tests.browser.axe import violations
from tests.browser.contrast import faint, small
from tests.browser.focus import tab_through
from tests.browser.server import Reader

pytestmark = pytest.mark.browser
THEMES = ("light", "dark")
READS_IN = dict(zip(LANGUAGES, THEMES, strict=True))
"""By language: the theme of the reader who turns through the pages."""
WIDTHS = (390, 768, 900, 1280, 1920)
DRAWN_SMALL = ("compare", "time_machine")
"""The pages of which a figure has labels of fewer than 12 pixels at some width: `test_narrow_pages` asks those of the
first one for 11, and the time machine's map is drawn whole on a phone.
"""
ASKED = list(Step)[::4]
"""Every fourth step is looked at with its question open as well; all of them, at depth 1, in `make test-all`."""
TABBED_WHOLE = ("break_it",)
"""The page of which the Tab key goes through all; of the others through their own part, since the rest is the same."""
TABBED_ALIKE = ("why", "oidc_provider", "webhook", "token_mount", "sts_assume", "access", "compare", "glossary")
"""Pages that hold no control that others do not: the policy's matcher is in `service_account`, exchanges in all steps,
choices such as those of `why` in each page's head, and in `misconceptions` buttons as in `compare` and a list that
narrows down as in `glossary`. What `webhook` and `token_mount` have of their own is used by keys in tests of their own
(`test_webhook_in_the_browser.py`, `test_token_in_the_browser.py`)."""


def address_of(page, language, **params):
    query = "&".join(f"{name}={value}" for name, value in {"lang": language, **params}.items())
    return f"/{'' if page == 'home' else page}?{query}"


def theme_of(place, language):
    """Alternates every other page, so that over the pages all pairs of language and theme are seen."""
    return THEMES[(place // len(LANGUAGES) + LANGUAGES.index(language)) % len(THEMES)]


def each(pages, alike=()):
    """Each page in one language, by turns; in the others in `make test-all`, since their markup is the same."""
    turns = {page: LANGUAGES[place % len(LANGUAGES)] for place, page in enumerate(pages) if page not in alike}
    return [
        pytest.param(language, page, marks=() if turns.get(page) == language else pytest.mark.large)
        for language in LANGUAGES
        for page in pages
    ]


def wrong_while_asked(one):
    """What is wrong with a step's page whose question is open, in the theme in which it is, and on a phone."""
    before = one.page.viewport_size
    expect(one.page.locator(".st-key-predict")).to_have_count(1)
    found = violations(one.page, contrast=False) + faint(one.settle().page)
    one.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    found += [f"{one.overflow} pixels too wide"] if one.overflow > 0 else []
    one.page.set_viewport_size(before)
    return found


@pytest.fixture(scope="module")
def answered(profiles, address):
    """Opens a page in one language with everything on it: at full depth, its question answered.

    A reader of each language turns from page to page, which takes a quarter of what it takes to load one.
    """
    readers, opened = {}, {}

    def open_answered(language, page):
        if opened.get(language) == page:
            return readers[language]
        if language in readers and page != "home":
            one = readers[language].turn_to(page)
        else:
            one = readers[language] = readers.get(language) or Reader(profiles, address, theme=READS_IN[language])
            one.open(address_of(page, language, depth=3))
        opened[language] = page
        if page in ASKED:
            assert wrong_while_asked(one) == []
        return one.predict()

    yield open_answered
    complaints = [complaint for one in readers.values() for complaint in one.complaints]
    for one in readers.values():
        one.close()
    assert complaints == []


@pytest.fixture
def whole(answered):
    """As `answered`, and all unfolded."""
    return lambda language, page: answered(language, page).unfold()


# `scope`: what is tested of a page follows each other, so that it is opened once.
each_page = pytest.mark.parametrize(("language", "page"), each(PAGES), scope="module")


@pytest.mark.parametrize(("language", "page"), each(PAGES, TABBED_ALIKE), scope="module")
def test_the_tab_key_reaches_every_control_and_leaves_the_page(answered, language, page):
    """Before all is unfolded: the details' own keys are the browser's."""
    found = tab_through(answered(language, page).drawn().page, whole=page in TABBED_WHOLE)
    assert found == {"missed": [], "without a ring": []}


@pytest.mark.parametrize("contrast", [False, pytest.param(True, marks=pytest.mark.large)], ids=["", "contrast"])
@each_page
def test_a_page_with_everything_unfolded(whole, language, page, contrast):
    """In one theme: the markup is the same. `contrast`: of the colours as well, which the next test looks at."""
    shown = whole(language, page)
    if contrast:
        shown.wear(theme_of(PAGES.index(page), language))
    assert violations(shown.page, contrast=contrast) == []


@pytest.mark.parametrize("both", [False, pytest.param(True, marks=pytest.mark.large)], ids=["one", "both"])
@each_page
def test_every_text_of_a_page_stands_out_what_is_disabled_as_well(whole, language, page, both):
    """In the theme of the language's reader, some steps in both: to change it styles the whole page again."""
    shown = whole(language, page)
    themes = sorted(THEMES, key=lambda theme: theme == READS_IN[language])
    themes = themes if both or page in ASKED else themes[-1:]
    assert {theme: faint(shown.wear(theme).settle().page) for theme in themes} == {theme: [] for theme in themes}


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.large)], ids=["two", "every"])
@each_page
def test_a_page_with_everything_unfolded_is_as_wide_as_the_window_and_no_text_is_small(whole, language, page, every):
    """At the narrowest width, since words are what does not fit; at every fourth page at one of the others by turns."""
    reader = whole(language, page)
    before = reader.page.viewport_size
    found = {}
    turn, rest = divmod(PAGES.index(page), 4)
    for width in WIDTHS if every else (WIDTHS[0], WIDTHS[1 + turn % (len(WIDTHS) - 1)])[: 1 if rest else 2]:
        reader.page.set_viewport_size({"width": width, "height": 900})
        if (overflow := reader.overflow) > 0:
            found[width] = overflow
        if page not in DRAWN_SMALL and (texts := small(reader.page)):
            found[f"small at {width}"] = texts
    reader.page.set_viewport_size(before)
    assert found == {}


@pytest.mark.large
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("turn", range(len(LANGUAGES)))
def test_every_other_step_whose_question_is_open(reader, language, turn):
    """In `make test`, `whole` looks at every other step, before its question is answered."""
    one, found = reader().open(address_of("why", language, depth=1)), {}
    for step in list(Step)[turn :: len(LANGUAGES)]:
        one.wear("light").turn_to(step)
        found[step] = wrong_while_asked(one.wear(theme_of(PAGES.index(step), language)))
    assert not any(found.values()), found


def found_on(page):
    return violations(page, contrast=False) + faint(page)


def of_each_kind(slides):
    """By what is beside its words: the id of the last of these slides."""
    return {slide.shows: slide.id for slide in slides}.values()


EVERY_SLIDE = [slide.id for slide in SLIDES]


@pytest.mark.parametrize(
    ("language", "looked_at"),
    [
        pytest.param("ja", of_each_kind(reversed(SLIDES)), id="first of each kind"),
        pytest.param("en", of_each_kind(SLIDES), id="last of each kind", marks=pytest.mark.large),
        *(pytest.param(it, EVERY_SLIDE, id=f"{it}-every", marks=pytest.mark.large) for it in LANGUAGES),
    ],
)
def test_slides_of_a_talk_and_all_that_may_lie_over_them(reader, language, looked_at):
    one = reader(theme=theme_of(LANGUAGES.index(language), language)).open(address_of("home", language, present=1))
    found = {}
    for slide in looked_at:
        for key in ("g", *str(EVERY_SLIDE.index(slide) + 1), "Enter"):
            one.press(key)
        expect(one.page.locator(f'.picture .slide[data-slide="{slide}"]')).to_have_count(1)
        if seen := found_on(one.page):
            found[slide] = seen
    for key in ("o", "w", "?"):
        one.press(key)
        if seen := found_on(one.page):
            found[key] = seen
        one.press("Escape")
    assert found == {}


@pytest.mark.parametrize("language", ["ja", pytest.param("en", marks=pytest.mark.large)])
def test_the_notes_of_a_talk(reader, language):
    one = reader()
    one.page.goto(f"{one.address}{address_of('sts_assume', language, present='notes')}")
    assert violations(one.wait(".clock").wear(theme_of(0, language)).page) == []


def test_axe_sees_into_our_components(whole):
    page = whole(LANGUAGES[-1], PAGES[-1]).page
    root = page.locator(".root").last
    root.evaluate("root => root.append(document.createElement('button'))")
    found = [violation.partition(":")[0] for violation in violations(page, contrast=False)]
    root.evaluate("root => root.lastChild.remove()")
    assert found == ["button-name"]


@pytest.mark.large
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_of_the_document_changes_with_its_words(reader, language):
    """Chrome offers to translate a page whose words are not in the language that it names.

    `test_walk_in_the_browser` asks for it of one page in `make test`, from one language to the other.
    """
    other = next(one for one in LANGUAGES if one != language)
    one = reader().open(address_of("why", other))
    document = one.page.locator("html")
    expect(document).to_have_attribute("lang", other)
    one.page.get_by_text(load(language).facts.name, exact=True).click()
    expect(one.page.locator("h1")).to_contain_text(load(language).lesson("why").title)
    expect(document).to_have_attribute("lang", language)
    one.wait()
