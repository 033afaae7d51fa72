"""What Streamlit says in English stands on the page in the page's language, and changes with it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from app.content import LANGUAGES, load
from tests.browser.server import Reader, serving

pytestmark = pytest.mark.browser
JA, EN = (load(language).messages.below("ui.says") for language in ("ja", "en"))
IN_ENGLISH = """() => [...document.querySelectorAll('[aria-label]')].map(({ ariaLabel }) => ariaLabel)
  .filter((name) => /^(Help|Shortcut|Open|Clear|Remove|Add|Scroll|file) ?/.test(name))"""


def upload(page: Page, name: str, content: bytes) -> Locator:
    """What the uploader says of it."""
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": name, "mimeType": "text/plain", "buffer": content}
    )
    return page.get_by_test_id("stFileChip").filter(has_text=name).get_by_role("alert")


def test_streamlits_words_are_in_the_pages_language_and_change_with_it(reader):
    one: Reader = reader().open("/webhook?lang=ja")
    page, mode = one.page, load("ja").message("ui.mode")
    expect(page.get_by_role("button", name=JA["help_for"].format(value=mode), exact=True)).to_have_count(1)
    expect(page.get_by_role("button", name=JA["shortcut"].format(value="→"))).to_have_count(1)
    clock = load("ja").message("ui.clock_now", time="").rstrip("：")
    expect(page.get_by_role("button", name=JA["help_for"].format(value=clock), exact=True)).to_have_count(1)
    assert page.evaluate(IN_ENGLISH) == []
    languages = page.locator(".st-key-lang button")
    assert languages.evaluate_all("all => all.map(({ lang }) => lang)") == list(LANGUAGES)
    page.get_by_text("English", exact=True).click()
    words = EN["help_for"].format(value=load("en").message("ui.mode"))
    expect(page.get_by_role("button", name=words, exact=True)).to_have_count(1)
    clock = EN["help_for"].format(value=load("en").message("ui.clock_now", time="").rstrip(": "))
    expect(page.get_by_role("button", name=clock, exact=True)).to_have_count(1)
    expect(page.get_by_role("button", name=EN["shortcut"].format(value="→"))).to_have_count(1)
    page.get_by_text("日本語", exact=True).click()
    expect(page.get_by_role("button", name=JA["help_for"].format(value=mode), exact=True)).to_have_count(1)
    expect(page.get_by_role("button", name=JA["shortcut"].format(value="→"))).to_have_count(1)


@pytest.mark.large
def test_the_uploader_and_a_list_say_what_they_do_not_take_in_the_pages_language(reader):
    """In `make test`, the words below are in the language of the page."""
    one = reader().open("/doctor?lang=ja")
    page = one.page
    page.get_by_text(load("ja").message("doctor_page.open"), exact=True).click()
    zone = page.get_by_test_id("stFileUploaderDropzone")
    expect(zone).to_contain_text(JA["limit"].format(value="2MB"))
    expect(upload(page, "a.txt", b"{}")).to_have_text(JA["error"] + JA["kind"].format(value="text/plain"))
    one.settle().page.get_by_test_id("stFileChip").hover()  # what moves away below the pointer says nothing
    expect(page.get_by_test_id("stTooltipErrorContent")).to_have_text(JA["kind"].format(value="text/plain"))
    expect(upload(page, "b.json", b" " * 2_200_000)).to_have_text(JA["error"] + JA["size"].format(value="2.0MB"))
    expect(page.get_by_role("button", name=JA["remove"].format(value="a.txt"))).to_have_count(1)
    one.wait()  # a list that is drawn again closes
    page.get_by_test_id("stExpander").filter(has_text=load("ja").message("mode.own_chain")).locator("summary").click()
    choice = page.get_by_test_id("stSelectbox").first.get_by_role("combobox")
    choice.evaluate("choice => choice.scrollIntoView({ block: 'center' })")
    one.wait().settle()  # a list closes when its page is drawn again or scrolled
    choice.fill("no such namespace")
    expect(page.get_by_test_id("stSelectboxVirtualDropdown")).to_have_text(JA["nothing"])
    assert page.evaluate(IN_ENGLISH) == []


SAID = {"localhost": "stopped", "127.0.0.1": "gone"}
"""By the host of the address: what is said once the server is gone."""


@pytest.fixture(scope="module")
def left_alone(profiles, tmp_path_factory):
    """By host, the page of a reader whose server has ended: one server for all."""
    with serving(tmp_path_factory.mktemp("ended"), app="tests.browser.pages_server:app") as address:
        readers = {
            host: Reader(profiles, address.replace("127.0.0.1", host)).open("/glossary?lang=ja") for host in SAID
        }
        helps = JA["help_for"].format(value=load("ja").message("ui.mode"))
        for one in readers.values():  # the words of the page's language are there
            expect(one.page.get_by_role("button", name=helps, exact=True)).to_have_count(1)
    yield {host: one.page for host, one in readers.items()}
    for one in readers.values():
        one.discard()


@pytest.mark.parametrize("host", SAID)
def test_where_the_server_is_gone_nobody_is_sent_to_streamlit(left_alone, host):
    dialog = left_alone[host].get_by_role("dialog", name=JA["lost"])
    expect(dialog).to_contain_text(JA[SAID[host]])
    expect(dialog.get_by_role("button", name=JA["close"])).to_be_visible()
    assert "treamlit" not in dialog.inner_text()
