"""The loader: what it gives, what it refuses, and that it says which file and key are meant."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import own_commands
from app.content import LANGUAGES, PAGES, Content, ContentError, load
from app.content.languages import read_facts
from app.content.loader import read, split
from app.content.messages import Messages, read_messages
from app.content.template import fill
from app.flow.model import Check, Status, Subject
from tests.placeholders import placeholders

CONTENT = Path(__file__).resolve().parents[2] / "assets" / "content"
PAGE = "# Title {#title}\n\n## First {#first}\n\nBody.\n"


@pytest.fixture
def messages(tmp_path: Path) -> Callable[[str], Messages]:
    """Reads one TOML text as the messages of a language."""

    def read_text(text: str) -> Messages:
        (tmp_path / "messages.toml").write_text(text, encoding="utf-8")
        return read_messages(tmp_path)

    return read_text


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the real texts, to break."""
    shutil.copytree(CONTENT, tmp_path / "content")
    return tmp_path / "content"


def read_whole(directory: Path) -> Content:
    """The texts of a language, each of its files parsed."""
    content = read(directory)
    tuple(content.messages)
    tuple(content.checks)
    return content


def refused(error: pytest.ExceptionInfo[ContentError], *words: str) -> bool:
    return all(word in str(error.value) for word in words)


# --- what it gives ---------------------------------------------------------------------------------------------------


def test_a_language_is_read_once() -> None:
    assert load("ja") is load("ja")
    assert load("ja") is not load("en")


def test_texts_are_frozen() -> None:
    content = load("en")
    with pytest.raises(FrozenInstanceError):
        content.language = "ja"  # type: ignore[misc]
    with pytest.raises(TypeError):
        content.messages["ui.checks"] = "x"  # type: ignore[index]
    with pytest.raises(TypeError):
        del content.lesson("home").sections["intro"]  # type: ignore[attr-defined]


def test_a_message_is_filled() -> None:
    assert load("en").message("ui.next_to", title="{x}") == "Next: {x}"


def test_a_check_is_filled_with_what_one_walk_found() -> None:
    check = Check(id="trust.subject", status=Status.FAILED, got="{namespace}", expected="}{")
    text = load("en").check("trust.subject").fill(check, Subject(namespace="blue", service_account="sa", pod="p"))
    assert "`system:serviceaccount:blue:sa`" in text.fix
    assert text.title == load("en").check("trust.subject").title


def test_a_claim_without_words_of_its_own_gets_the_general_ones() -> None:
    content = load("ja")
    assert content.claim("kubernetes.io.pod.uid") == content.messages["claims.kubernetes.io.pod.uid"]
    assert content.claim("x") == content.claim("") == content.messages["claims.other"]


def test_an_error_says_what_was_got_and_what_to_do() -> None:
    error = load("en").error("unreachable", operation="GetRole", said="Connection refused")
    assert error.got == "No response to GetRole. Connection refused"
    assert error.fix == load("en").messages["errors.unreachable.fix"]


def test_an_error_without_words_of_its_own_gets_the_general_ones() -> None:
    assert load("en").error("Teapot", said="{no}").got == "{no}"


@pytest.mark.parametrize(
    ("ask", "key"),
    [
        (lambda: load("ja").message("ui.nothing"), "ui.nothing"),
        (lambda: load("ja").check("trust.nothing"), "trust.nothing"),
        (lambda: load("ja").lesson("no_page"), "no_page"),
        (lambda: load("ja").lesson("home").section("no-section"), "no-section"),
        (lambda: load("ja").message("ui.next_to"), "title"),
        (lambda: load("zz"), "zz"),
        (lambda: load("../ja"), "../ja"),
    ],
)
def test_what_is_not_there_is_named(ask: Callable[[], object], key: str) -> None:
    with pytest.raises(ContentError) as error:
        ask()
    assert error.value.key == key


# --- placeholders ----------------------------------------------------------------------------------------------------


@given(st.text(), st.text())
def test_values_are_put_in_as_they_are(got: str, where: str) -> None:
    assert fill("[{got}] {where} {Got} {} {{", {"got": got, "where": where}) == f"[{got}] {where} {{Got}} {{}} {{{{"


@given(st.text())
def test_any_text_is_filled_or_refused_for_a_placeholder_that_it_has(text: str) -> None:
    names = placeholders(text)
    assert fill(text, dict.fromkeys(names, "")) is not None
    if names:
        with pytest.raises(ContentError):
            fill(text, {})


# --- TOML ------------------------------------------------------------------------------------------------------------


def test_tables_become_dotted_keys(messages: Callable[[str], Messages]) -> None:
    assert messages('a = " x "\n[b."c.d"]\ne = "y"') == {"a": "x", "b.c.d.e": "y"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = ", ("messages.toml", "TOML")),
        ("a = 1", ("messages.toml", "a", "int")),
        ("[a]\nb = ['x']", ("messages.toml", "a.b", "list")),
        ("[a]\nb = '  '", ("messages.toml", "a.b", "empty")),
        ("'a.b' = 'x'\n[a]\nb = 'y'", ("messages.toml", "a.b", "already")),
        ("", ("*.toml", "no messages")),
    ],
)
def test_malformed_messages_are_refused(messages: Callable[[str], Messages], text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ContentError) as error:
        messages(text)
    assert refused(error, *words)


def test_a_key_of_two_files_is_refused(tmp_path: Path, messages: Callable[[str], Messages]) -> None:
    (tmp_path / "another.toml").write_text("a = 'x'", encoding="utf-8")
    with pytest.raises(ContentError) as error:
        messages("a = 'y'")
    assert refused(error, "messages.toml", "a", "another.toml")


def test_a_file_is_parsed_when_a_key_is_asked_for_that_it_may_have(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text("# Words\n[one]\na = 'x'\n\n[ 'two'.b ]\nc = 'y'", encoding="utf-8")
    (tmp_path / "three.toml").write_text("[three]\na = ", encoding="utf-8")
    messages = Messages(tmp_path)
    assert (messages["one.a"], messages["two.b.c"], messages.get("four.a")) == ("x", "y", None)
    assert messages.below("two") == {"b.c": "y"}
    with pytest.raises(ContentError) as error:
        "three.b" in messages  # noqa: B015
    assert refused(error, "three.toml", "TOML")


def test_a_key_above_all_tables_is_found_whatever_stands_before_it(tmp_path: Path) -> None:
    (tmp_path / "messages.toml").write_text('a = """\n[b]\n"""\nc = "x"\n[d]\ne = "y"', encoding="utf-8")
    assert [Messages(tmp_path)[key] for key in ("c", "d.e", "a")] == ["x", "y", "[b]"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_message_is_found_before_all_files_are_parsed(language: str) -> None:
    whole = read_whole(CONTENT / language).messages
    firsts = {key.partition(".")[0]: key for key in whole}
    assert {key: Messages(CONTENT / language)[key] for key in firsts.values()} == {k: whole[k] for k in firsts.values()}
    assert {f"map.{key}": text for key, text in Messages(CONTENT / language).below("map").items()} == {
        key: text for key, text in whole.items() if key.startswith("map.")
    }
    alone = Messages(CONTENT / language)
    assert alone["cli.help.serve"]
    assert len(alone._unparsed) > len(alone._keys)


def test_what_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "messages.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(ContentError) as error:
        read_messages(tmp_path)
    assert refused(error, "messages.toml", "utf-8")


# --- Markdown --------------------------------------------------------------------------------------------------------


def test_a_lesson_is_split_by_its_anchors() -> None:
    lesson = split("p", "# 題 {#title}\n\n## 一 {#one}\n\nA\n\n### deeper\n\nB\n\n## 二  {#two-2}\nC", "p.md")
    assert (lesson.page, lesson.title) == ("p", "題")
    assert [(s.anchor, s.heading, s.body) for s in lesson.sections.values()] == [
        ("one", "一", "A\n\n### deeper\n\nB"),
        ("two-2", "二", "C"),
    ]


@pytest.mark.parametrize("fence", ["```", "~~~"])
def test_a_heading_in_a_code_block_is_code(fence: str) -> None:
    other = {"```": "~~~", "~~~": "```"}[fence]
    code = f"{fence}sh\n# comment\n{other}\n## also {{#x}}\n{fence}"
    assert split("p", PAGE + code, "p.md").section("first").body == f"Body.\n{code}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("p.md", "no title")),
        ("Words first.\n" + PAGE, ("p.md:2", "Words first.", "outside")),
        ("# T {#title}\nintro\n## A {#a}\nx", ("p.md:3", "intro", "outside")),
        ("## A {#a}\nx", ("p.md:1", "a", "starts with")),
        ("# T {#start}\n", ("p.md:1", "start", "starts with")),
        (PAGE + "# Again {#title}\n", ("p.md:6", "title", "starts with")),
        (PAGE + "## A {#title}\nx", ("p.md:6", "title", "starts with")),
        (PAGE + "## Second\nx", ("p.md:6", "Second", "no {#anchor}")),
        (PAGE + "## Second {#Not an anchor}\nx", ("p.md:6", "Second", "no {#anchor}")),
        (PAGE + "## {#bare}\nx", ("p.md:6", "no {#anchor}")),
        (PAGE + "## Second {#first}\nx", ("p.md:6", "first", "twice")),
        (PAGE + "## Empty {#empty}\n\n## Next {#next}\nx", ("p.md:8", "empty", "empty")),
        (PAGE + "## Last {#last}\n", ("p.md", "last", "empty")),
        (PAGE + "```\n## x {#x}", ("p.md", "never closed")),
    ],
)
def test_malformed_lessons_are_refused(text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ContentError) as error:
        split("p", text, "p.md")
    assert refused(error, *words)


@given(st.sampled_from(["", PAGE]), st.text(alphabet="#{}-a `~\n\r\u2028"))
def test_any_markdown_is_split_or_refused(start: str, text: str) -> None:
    try:
        lesson = split("p", start + text, "p.md")
    except ContentError:
        return
    assert lesson.title
    assert all(section.body.strip() for section in lesson.sections.values())


# --- a language ------------------------------------------------------------------------------------------------------


def test_the_texts_are_read_from_any_root(root: Path) -> None:
    assert read_whole(root / "ja") == load("ja")


def test_another_language_is_one_more_folder(root: Path) -> None:
    shutil.copytree(root / "en", root / "xx")
    assert read_whole(root / "xx") == replace(load("en"), language="xx")


def test_the_code_names_its_languages_in_one_place() -> None:
    """So a language is a folder and a name in that place: nothing else asks which one it is."""
    app = CONTENT.parents[1] / "app"
    naming = {
        str(path.relative_to(app))
        for path in app.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in LANGUAGES
    }
    assert naming == {"content/languages.py"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('full_stop = "."', "", ("full_stop", "missing")),
        ('full_stop = "."', "full_stop = 1", ("full_stop", "text")),
        ('full_stop = "."', 'full_stop = "."\nstop = "."', ("stop", "unknown")),
        ('full_stop = "."', "full_stop", ("TOML",)),
    ],
)
def test_malformed_facts_of_a_language_are_refused(root: Path, old: str, new: str, words: tuple[str, ...]) -> None:
    path = root / "en" / "language.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ContentError) as error:
        read_whole(root / "en")
    assert refused(error, "language.toml", *words)


def test_a_language_without_facts_is_refused(root: Path) -> None:
    (root / "en" / "language.toml").unlink()
    with pytest.raises(ContentError) as error:
        read_facts(root / "en")
    assert refused(error, "language.toml")


def test_sentences_stand_one_after_the_other_as_the_language_has_it() -> None:
    assert load("en").facts.sentences("A title", "A sentence.", "Then:") == "A title. A sentence. Then:"
    assert load("ja").facts.sentences("題", "文。", "次に：") == "題。文。次に："


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=pytest.mark.large if place % 7 else ()) for place, page in enumerate(PAGES)]
)
def test_a_missing_lesson_is_named(root: Path, page: str) -> None:
    (root / "en" / f"{page}.md").unlink()
    with pytest.raises(ContentError) as error:
        read_whole(root / "en")
    assert refused(error, f"{page}.md")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ('[checks."new.check"]\ntitle = "x"\nwhat = "x"\nwhy = "x"', ("checks.new.check", "missing: fix")),
        ('[checks."trust.subject"]\nhint = "x"', ("checks.trust.subject", "unknown: hint")),
        ('[checks."x"]\na = "b"', ("checks.x", "missing: title, what, why, fix")),
        ('[checks]\nlonely = "b"', ("checks.", "missing")),
    ],
)
def test_a_check_has_exactly_its_four_parts(root: Path, extra: str, words: tuple[str, ...]) -> None:
    (root / "ja" / "zz.toml").write_text(extra, encoding="utf-8")
    with pytest.raises(ContentError) as error:
        read_whole(root / "ja")
    assert refused(error, *words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_can_be_filled_whatever_its_placeholders_are_called(language):
    content = load(language)
    filled = 0
    for key, text in content.messages.items():
        values = dict.fromkeys(placeholders(text), "value")
        assert content.message(key, **values) == fill(text, values)
        filled += bool(values)
    assert filled > 100
    assert "key" in placeholders(content.messages["matcher.obstacles.condition"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_command_of_ours_is_named_as_the_program_was_started(
    monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr(own_commands, "_started", [own_commands.APPLICATION_ID])
    texts = Messages(CONTENT / language).values()
    assert not [text for text in texts if own_commands.AS_MODULE in text]
    assert sum("irsa-explorer serve" in text for text in texts) > 5
