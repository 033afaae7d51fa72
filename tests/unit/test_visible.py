"""What a terminal or a browser would obey or hide is written out; what languages and emoji are made of stays whole."""

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.visible import is_visible_json, visible, visible_each, visible_ends, visible_json


def test_what_steers_is_written_out_and_lines_stay():
    assert visible("a\x1b[31m\r\u202e\ud800\nb\tc") == "a\\x1b[31m\\r\\u202e\\ud800\nb\tc"
    assert visible("a\nb\tc", keep="") == "a\\nb\\tc"
    assert visible("\U000e0041\x9b\u2028") == "\\U000e0041\\x9b\\u2028"


def test_which_characters_they_are():
    """All of five categories but the joiners, and the signs of Cf that have a shape: of Arabic, Syriac and Kaithi.

    Besides them only what Unicode keeps free for characters that are invisible.
    """
    every = [chr(number) for number in range(sys.maxunicode + 1)]
    written = {character for character in every if visible(character, keep="") != character}
    of_category = {one for one in every if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    kept = of_category - written
    assert {"\u200c", "\u200d"} < kept
    names = {unicodedata.name(one).partition(" ")[0] for one in kept - {"\u200c", "\u200d"}}
    assert names == {"ARABIC", "SYRIAC", "KAITHI"}
    assert {unicodedata.category(one) for one in written - of_category} == {"Cn"}


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family, of three emoji and two joiners
        "\u2764\ufe0f",  # a red heart, by its variation selector
        "\u845b\U000e0100",  # a kanji in the form of a name
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a non-joiner
        "\u0915\u094d\u200d\u0937",  # Devanagari, with a joiner
        "\u3000\u00a0é",
    ],
)
def test_what_languages_and_emoji_are_made_of_stays_whole(text):
    assert visible(text) == text
    assert json.loads(visible_json(json.dumps(text, ensure_ascii=False))) == text
    assert visible_json(json.dumps(text, ensure_ascii=False)) == json.dumps(text, ensure_ascii=False)


def test_where_each_character_counts_nothing_is_unseen():
    assert visible_each("a \u00a0\u200d\ufe0f\n\x1bé") == "a\\x20\\xa0\\u200d\\ufe0f\\n\\x1bé"


def test_blanks_at_the_ends_are_written_out_and_those_between_words_stay():
    assert visible_ends("arn:aws ") == "arn:aws\\x20"
    assert visible_ends(" a b\t") == "\\x20a b\\t"
    assert visible_ends("one , two,  three") == "one\\x20, two, \\x20three"
    assert visible_ends("arn:aws\n") == "arn:aws\\n"
    assert visible_ends("a\nb") == "a\nb"


@given(st.text(st.characters()))
def test_twice_is_once(text):
    assert visible(visible(text)) == visible(text)
    assert visible_each(visible(text, keep="")) == visible_each(text)


@given(st.recursive(st.text(st.characters()), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_a_json_text_says_the_same(value):
    written = visible_json(json.dumps(value, ensure_ascii=False, indent=1))
    assert json.loads(written) == value
    assert visible(written) == written


def test_a_json_text_in_which_nothing_steers_is_known_at_a_glance():
    plain = ["Pod", "名前", 'a "b"', "a\nb\tc", "\u200d", "", "a\\"]
    assert all(is_visible_json(json.dumps({"text": text}, ensure_ascii=False)) for text in plain)
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        if visible(character) != character:
            assert not is_visible_json(json.dumps([character], ensure_ascii=False))
            assert not is_visible_json(json.dumps({"key": f"\\{character}"}, ensure_ascii=False))
