"""Words for someone who is new to it: short sentences, plain words, and what is not known said."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.content import load
from tests.content.style import length, style
from tests.content.test_texts import CONTENT, both, every_text

ROOT = Path(__file__).resolve().parents[2]
CODE = ("app", "pages", "tests", "tools", "bench")
SCRIPTS = ("assets/scripts/*.js", "assets/scripts/*/*.js")
PATTERNS = ("*.md", "docs/*.md", "deploy/*", "assets/*.css", *SCRIPTS, "assets/styles/*", "assets/examples/*")
DOCUMENTS = sorted(path for pattern in PATTERNS for path in ROOT.glob(pattern))


def banned(language: str, lists: str = "banned") -> str:
    """A pattern for the words that the STYLE.md of a language bans; it matches nothing where that bans none.

    `lists` is a pattern for the names of its lists. An underscore ends a word, so that the pattern also finds the words
    inside an identifier.
    """
    rules = (CONTENT / language / "STYLE.md").read_text(encoding="utf-8")
    listed = re.findall(rf"^ +- (?:{lists}): (.+)$", rules, re.M)
    words = "|".join(word for line in listed for word in line.split(", "))
    return rf"(?<![A-Za-z])(?:{words})(?![A-Za-z])" if words else r"(?!)"


def prose(text: str) -> str:
    """`text` with each piece of code as one word, and each mark as what it shows."""
    return re.sub(r"\[\[(?:[^\]|]*\|)?([^\]]*)\]\]", r"\1", re.sub(r"`[^`]*`", "code", text))


@both
def test_no_sentence_is_too_long(language: str) -> None:
    texts = every_text(load(language))
    sentences = {key: re.split(style(language)["sentence_ends"], prose(text)) for key, text in texts.items()}
    longest = style(language)["longest_sentence"]
    assert {key: it for key, them in sentences.items() for it in them if length(it, language) > longest} == {}


@both
def test_a_name_and_its_number_stay_on_one_line(language: str) -> None:
    assert re.findall("Pod [12]", (CONTENT / language / "why.md").read_text(encoding="utf-8")) == []


@both
def test_words_that_the_style_avoids_are_avoided(language: str) -> None:
    avoided = re.compile(f"{style(language)['avoided']}|{banned(language, 'banned(?: on pages)?')}", re.I)
    found = {key: [it[0] for it in avoided.finditer(prose(text))] for key, text in every_text(load(language)).items()}
    assert {key: words for key, words in found.items() if words} == {}


def test_the_kubelet_has_its_article() -> None:
    """As in the documentation of Kubernetes; a label may be the bare name."""
    bare = re.compile(r"(?<!\bthe )(?<!\ba real )\bkubelet\b", re.I)
    texts = {key: text for key, text in every_text(load("en")).items() if prose(text) not in ("kubelet", "The kubelet")}
    assert {key: text for key, text in texts.items() if bare.search(prose(text))} == {}


def test_a_page_opens_with_a_question() -> None:
    openings = {page: lesson.sections["goal"].body for page, lesson in load("en").lessons.items() if page != "home"}
    assert [page for page, body in openings.items() if "?" not in body] == []


def own_words(source: str) -> Iterator[tuple[int, str]]:
    """The identifiers, comments and docstrings of a Python file, each with its line. Other strings are data."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        is_docstring = token.type == tokenize.STRING and token.line.strip().startswith('"""')
        if token.type in (tokenize.NAME, tokenize.COMMENT) or is_docstring:
            yield token.start[0], re.sub(r"`[^`]*`", "code", token.string)


def banned_in(texts: Iterator[tuple[int, str]]) -> list[tuple[int, str]]:
    """The lines with a banned word, and the words."""
    pattern = re.compile(banned("en"), re.I)
    return [(line, found[0]) for line, text in texts for found in pattern.finditer(text)]


@pytest.mark.parametrize("folder", CODE)
def test_code_has_no_banned_word(folder: str) -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).rglob("*.py"))}
    found = {str(path.relative_to(ROOT)): banned_in(own_words(source)) for path, source in sources.items()}
    assert sources, f"no Python file in {folder}"
    assert {path: words for path, words in found.items() if words} == {}


def test_no_document_has_a_banned_word() -> None:
    found = {}
    for path in DOCUMENTS:
        lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        plain = ((number, re.sub(r"`[^`]*`", "code", line)) for number, line in lines)
        found[str(path.relative_to(ROOT))] = banned_in(plain)
    assert len(found) > 100
    assert {path: words for path, words in found.items() if words} == {}


@pytest.mark.parametrize(
    "source",
    ["told = 1\n", "def made_anew(): ...\n", "x = 1  # It mends it.\n", 'def f():\n    """Whoever asks."""\n'],
    ids=["name", "function", "comment", "docstring"],
)
def test_a_banned_word_is_found_wherever_we_write_it(source: str) -> None:
    assert len(banned_in(own_words(source))) == 1


@pytest.mark.parametrize("text", ["この故障は", "STS が断ります。", "道具が要ります。", "もう一度歩いています"])
def test_a_word_that_the_japanese_style_bans_is_found(text: str) -> None:
    assert re.search(banned("ja"), text)


@pytest.mark.parametrize("text", ["必要です", "診断する", "切り替える", "入れ替えた", "管理者", "この世界では"])
def test_words_that_only_look_like_banned_ones_are_allowed(text: str) -> None:
    assert not re.search(banned("ja"), text)


@pytest.mark.parametrize("source", ['x = "You told me."\n', "# The product says `told`.\n", "recommended = 1\n"])
def test_data_and_quoted_words_are_allowed(source: str) -> None:
    assert banned_in(own_words(source)) == []


@both
@pytest.mark.parametrize(
    ("page", "anchor"), [("sts_assume", "why"), ("time_machine", "revoked"), ("thief", "does-not-limit")]
)
def test_a_lesson_on_a_deleted_pods_token_says_that_it_is_a_conclusion(language: str, page: str, anchor: str) -> None:
    """No document of AWS says that STS accepts such a token: it follows from what STS can read."""
    assert re.search(style(language)["not_confirmed"], load(language).lesson(page).section(anchor).body)


@both
def test_no_mark_stands_in_what_is_drawn_as_it_is(language: str) -> None:
    """Terms become links in the bodies of lessons alone, and not in what stands below a page's title."""
    content = load(language)
    below_titles = {page: lesson.sections["goal"].body for page, lesson in content.lessons.items() if page != "home"}
    below_titles["home"] = content.lesson("home").section("intro").body.partition("\n\n")[0]
    assert [page for page, text in below_titles.items() if "[[" in text] == []
    assert [key for key, text in content.messages.items() if "[[" in text] == []
