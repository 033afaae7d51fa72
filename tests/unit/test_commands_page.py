"""The pages of what learners type are those of the table which the tests run."""

import tomllib

import pytest

from app.content import LANGUAGES, load
from tools import commands_page, written_pages


def test_the_pages_are_the_tables():
    pages = written_pages.pages("commands_page.file", commands_page.document)
    for name, written in pages.items():
        assert (written_pages.DOCS / name).read_text(encoding="utf-8") == written, "python -m tools.commands_page"


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_those_of_its_topics_and_sources(language):
    table, words = tomllib.loads(commands_page.TABLE.read_text(encoding="utf-8")), load(language).messages
    assert list(words.below("commands_page.topics")) == [topic["name"] for topic in table["topics"]]
    assert list(words.below("commands_page.sources")) == table["sources"]


def test_a_source_that_is_not_in_the_table_is_named(tmp_path, monkeypatch):
    text = commands_page.TABLE.read_text(encoding="utf-8").replace('source = "dash"', 'source = "ash"')
    (tmp_path / "learner_commands.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(commands_page, "TABLE", tmp_path / "learner_commands.toml")
    with pytest.raises(ValueError, match=r"learner_commands\.toml: no such source: ash"):
        commands_page.rows()


def test_a_bar_and_a_backtick_stay_in_their_cell():
    assert commands_page._code("a | `b`") == "`` a \\| `b` ``"
