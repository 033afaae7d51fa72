"""The page that compares schemes: what the address chooses, the answer with its reasons, figures, tables, commands."""

import re
from html import unescape

import pytest

from app.content import LANGUAGES, load
from app.content.comparison import comparison
from app.flow.lessons.which_scheme import CredentialScheme, Question

both = pytest.mark.parametrize("language", LANGUAGES)


def choose(shown, question, answer):
    shown.test.segmented_control(key=f"which_{question}").set_value(answer).run()
    return shown


def plain(html):
    return " ".join(unescape(re.sub("<[^>]*>", " ", html)).split())


@both
def test_every_answer_is_in_a_table_with_its_sources(reader, language):
    html = reader(language).open("compare").html("lookup")
    content = load(language)
    tables = html.split("<section data-group")[1:]
    assert len(tables) == len(comparison().cells)
    for table, (row, cells) in zip(tables, comparison().cells.items(), strict=True):
        assert content.message(f"compare.cells.{row}.why") in plain(table)
        for scheme, line in zip(cells, table.split("<tr ")[2:], strict=True):
            assert f'role="rowheader">{content.message(f"compare.schemes.{scheme}")}</th>' in unescape(line)
            assert re.findall(r'href="([^"]*)"', line) == [source.url for source in cells[scheme]]


@pytest.mark.parametrize("depth", ["1", "2", "3"])
def test_an_answer_is_a_line_that_unfolds(screen, depth):
    html = unescape(screen(lang="ja").open("compare", depth=depth).html("lookup")).replace("\u00a0", " ")
    content = load("ja")
    for row, cells in comparison().cells.items():
        for scheme in cells:
            brief = content.message(f"compare.cells.{row}.brief.{scheme}")
            assert f"<details{' open' * (depth == '3')}><summary>{brief}</summary><p>" in html


@both
def test_every_figure_says_in_words_what_it_shows(reader, language):
    html = unescape(reader(language).open("compare").html("pictures_compare"))
    for scheme in CredentialScheme:
        assert f'aria-label="{load(language).message(f"compare.pictures.{scheme}.alternative")}"' in html
        assert f"scheme_{scheme}-tb" in html.replace("&#45;", "-")


@both
def test_the_answer_follows_the_choices_and_says_why(screen, language):
    shown, content = screen(lang=language).open("compare"), load(language)
    assert content.message("compare.advice.nothing_yet") in plain(shown.html("advice"))
    choose(choose(shown, Question.PLATFORM, "eks"), Question.TAGS, "yes")
    so_far = plain(shown.html("advice"))
    assert content.message("compare.questions.nodes.ask") in so_far
    assert content.message("compare.questions.platform.ask") not in so_far
    text = plain(choose(shown, Question.NODES, "others").html("advice"))
    assert text.startswith(content.message("compare.schemes.irsa"))
    assert content.message("compare.reasons.nodes.others") in text
    assert content.message("compare.costs.tags.yes") in text
    assert content.message("compare.reasons.platform.eks") not in text


def test_choices_stand_in_the_address_and_an_answer_can_be_taken_back(screen):
    shown = choose(screen(lang="en").open("compare"), Question.SDK, "old")
    assert shown.test.query_params["sdk"] in ("old", ["old"])
    choose(shown, Question.SDK, None)
    assert "sdk" not in shown.test.query_params


def test_an_address_makes_the_choices(screen):
    shown = screen(lang="en").open("compare", nodes="others", clusters="many", show="pair")
    text = plain(shown.html("advice"))
    for key in ("reasons.nodes.others", "costs.clusters.many"):
        assert load("en").message(f"compare.{key}") in text
    assert shown.data("lookup")["pick"] == "pair"


@pytest.mark.parametrize("junk", ["", "Others", "<script>", "𝕊" * 500])
def test_junk_in_the_address_answers_nothing(screen, junk):
    shown = screen(lang="en").open("compare", nodes=junk, show=f"{junk}x")
    assert not shown.test.exception
    assert load("en").message("compare.advice.nothing_yet") in plain(shown.html("advice"))
    assert shown.data("lookup")["pick"] == ""


def test_every_command_can_be_copied_as_it_stands(reader):
    html = unescape(reader("ja").open("compare").html("behind_compare_2"))
    for move in comparison().moves.values():
        for step in move.steps:
            assert f'data-copy="{step.commands}"' in html


@both
def test_the_page_why_leads_here(reader, language):
    html = reader(language).open("why").html("node-role_why")
    assert re.search(r'<a href="\./compare\?[^"]*" data-page="compare"', html)
