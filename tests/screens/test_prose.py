"""The Markdown of the lessons as HTML: what it marks up, what it shows as it stands, and how terms are linked."""

import pytest

from app.content import ContentError, load
from app.ui.draw.links import page_link
from app.ui.draw.prose import markdown
from app.ui.text import copy_button

EN = load("en")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("one **two** `three`", "<p>one <strong>two</strong> <code>three</code></p>\n"),
        ("1. first\n2. second", "<ol>\n<li>first</li>\n<li>second</li>\n</ol>\n"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("`[[jwks]]`", "<p><code>[[jwks]]</code></p>\n"),
        ("[[Not a key]]", "<p>[[Not a key]]</p>\n"),
    ],
)
def test_markdown(text, html):
    assert markdown(text, EN) == html


def test_a_table_is_a_table():
    assert "<td>2</td>" in markdown("| a | b |\n|---|---|\n| 1 | 2 |", EN)


def test_a_term_leads_to_the_glossary_and_says_what_it_means():
    html = markdown("Read the [[jwks]], that is the [[jwks|list of <keys>]].", EN)
    assert html.count('data-page="glossary"') == 2
    assert html.count("term=jwks") == 2
    assert ">JWKS</a>" in html
    assert ">list of &lt;keys&gt;</a>" in html
    assert "`" not in html


def test_a_lab_is_a_link_by_its_title_or_in_other_words():
    html = markdown("Go to the [[time_machine]], or [[thief|carry <it> away]].", EN)
    assert 'data-page="time_machine">Time machine</a>' in html
    assert 'data-page="thief">carry &lt;it&gt; away</a>' in html


def test_a_term_that_no_glossary_has_is_an_error():
    with pytest.raises(ContentError):
        markdown("[[no_such_term]]", EN)


def test_a_link_escapes_what_it_hands_on():
    link = page_link(EN, "glossary", "words", term='"><script>')
    assert "<script>" not in link
    assert link.startswith('<a href="./glossary?lang=en&amp;term=%22%3E%3Cscript%3E"')


def test_a_copy_button_escapes_what_it_copies():
    assert 'data-copy="&lt;&quot;&gt;"' in copy_button(EN, '<">')


def test_a_copy_button_has_in_its_name_how_what_it_copies_begins():
    assert '<span class="unseen"> kubectl apply</span></button>' in copy_button(EN, "kubectl apply\n  more\n")
