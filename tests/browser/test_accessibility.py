"""axe-core finds nothing serious or critical: on any page, in either language or theme, whatever is unfolded."""

import pytest

from app.content import LANGUAGES, PAGES, STORY, load
from app.flow.model import Step
from tests.browser.axe import violations
from tests.browser.server import Reader

pytestmark = pytest.mark.browser
THEMES = ("light", "dark")
WIDTHS = (390, 768, 900, 1280, 1920)


def address_of(page, language, **params):
    query = "&".join(f"{name}={value}" for name, value in {"lang": language, **params}.items())
    return f"/{'' if page == 'home' else page}?{query}"


@pytest.fixture(scope="module", params=LANGUAGES)
def whole(request, chromium, address):
    """Opens a page in one language with everything on it: at full depth, its question answered, all unfolded."""
    reader = Reader(chromium, address)
    opened = []

    def open_whole(page):
        if opened != [page]:
            reader.wear("light") if opened else None
            reader.open(address_of(page, request.param, depth=3)).predict().unfold()
            opened[:] = [page]
        return reader

    yield open_whole
    complaints = reader.complaints
    reader.close()
    assert complaints == []


def in_both_themes(reader):
    return {theme: found for theme in THEMES if (found := violations(reader.wear(theme).page))}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_with_everything_unfolded(whole, page):
    assert in_both_themes(whole(page)) == {}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_with_everything_unfolded_is_as_wide_as_the_window(whole, page):
    reader = whole(page)
    before = reader.page.viewport_size
    found = {}
    for width in WIDTHS:
        reader.page.set_viewport_size({"width": width, "height": 900})
        if reader.overflow > 0:
            found[width] = reader.overflow
    reader.page.set_viewport_size(before)
    assert found == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("step", [step.value for step in Step])
def test_a_step_whose_question_is_open(reader, step, language):
    assert in_both_themes(reader().open(address_of(step, language, depth=1))) == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", STORY)
def test_every_piece_of_a_talk(reader, page, language):
    one = reader().open(address_of(page, language, present=1))
    found = {}
    for number in range(one.page.locator(".piece").count()):
        if number:
            one.press("PageDown")
        theme = THEMES[number % len(THEMES)]
        if seen := violations(one.wear(theme).page):
            found[number, theme] = seen
    assert found == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notes_of_a_talk(reader, language):
    one = reader()
    one.page.goto(f"{one.address}{address_of('sts_assume', language, present='notes')}")
    assert in_both_themes(one.wait(".plan")) == {}


def test_axe_sees_into_our_components(reader):
    one = reader().open(address_of("why", "en"))
    one.page.evaluate(
        "() => [...document.querySelectorAll('*')].findLast((part) => part.shadowRoot?.querySelector('.root'))"
        ".shadowRoot.querySelector('.root').append(document.createElement('button'))"
    )
    assert [found.partition(":")[0] for found in violations(one.page)] == ["button-name"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_of_the_document_changes_with_its_words(reader, language):
    """At no moment is a heading in one language on a page that says it is in the other: Chrome would translate it."""
    other = next(one for one in LANGUAGES if one != language)
    one = reader().open(address_of("why", other))
    title = load(language).lesson("why").title
    one.page.evaluate(
        """([title]) => {
          window.said = new Promise((done) => {
            const look = () =>
              document.querySelector("h1")?.textContent.includes(title)
                ? done(document.documentElement.lang)
                : requestAnimationFrame(look)
            look()
          })
        }""",
        [title],
    )
    one.page.get_by_text(load(language).message(f"ui.language_{language}"), exact=True).click()
    assert one.page.evaluate("window.said") == language
    one.expect_title(title)
    one.wait()
