"""Which language a reader gets: the address wins, the browser's comes next, and a switch is kept."""

import pytest

from app.content import load


@pytest.mark.parametrize(
    ("lang", "locale", "expected"),
    [
        ("en", "ja-JP", "en"),
        ("ja", "en-US", "ja"),
        (None, "ja-JP", "ja"),
        (None, "en-GB", "en"),
        (None, "zz-ZZ", "en"),
        (None, "", "ja"),
        ("xx", "ja", "ja"),
        ("xx", "zz", "en"),
        ("", "ja", "ja"),
        ("../../etc", "en", "en"),
    ],
)
def test_language_comes_from_the_address_then_the_browser(screen, lang, locale, expected):
    shown = screen(lang=lang, locale=locale)
    assert not shown.test.exception
    assert shown.language == expected
    assert shown.test.query_params["lang"] in (expected, [expected])


def test_switch_changes_the_language_and_lasts(screen):
    shown = screen(lang="ja").open("webhook")
    shown.test.segmented_control(key="lang").set_value("en").run()
    assert shown.language == "en"
    assert load("en").lesson("webhook").title in shown.title
    shown.click("next")
    assert load("en").lesson("token_mount").title in shown.title
    assert shown.test.query_params["lang"] in ("en", ["en"])
