"""The page of what learners type is that of the table which the tests run."""

from tools import commands_page


def test_the_page_is_the_tables():
    assert commands_page.PAGE.read_text(encoding="utf-8") == commands_page.document(), "python -m tools.commands_page"


def test_a_bar_and_a_backtick_stay_in_their_cell():
    assert commands_page._code("a | `b`") == "`` a \\| `b` ``"
