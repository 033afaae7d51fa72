"""The simulated CLI's `--query` within limits: what it makes of an answer takes little memory, and little time."""

import pytest

from app.world.node.programs.aws_cli import table_output
from app.world.node.programs.aws_cli.bounded_query import CHARACTERS
from app.world.node.programs.aws_cli.output import query, text_of
from app.world.node.programs.aws_cli.table_output import table_text
from app.world.node.programs.aws_cli.usage_errors import UsageError

ANSWER = {"Buckets": [{"Name": f"bucket-{number}"} for number in range(500)]}


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("|".join(["[@,@]"] * 30), id="a list of itself"),
        pytest.param("|".join(["{a: @, b: @}"] * 30), id="an object of itself"),
        pytest.param("Buckets|" + "|".join(["[@,@][]"] * 30), id="a list that doubles"),
        pytest.param("'a'|" + "|".join(["join('', [@,@])"] * 40), id="a text that doubles"),
        pytest.param("[to_string(@), Buckets[*].Name]|join([0], [1])", id="a text between many"),
        pytest.param("Buckets[*].Name|" + "|".join(["[@,@]"] * 8) + "|" + "[" * 100 + "@" + "]" * 100, id="deep"),
        pytest.param("Buckets[*].[" + ",".join(["Name"] * 400) + "]", id="many steps"),
    ],
)
def test_what_would_take_all_memory_is_refused(expression):
    with pytest.raises(UsageError, match="too much"):
        query(expression)(ANSWER)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Buckets[*].Name|[0]", "bucket-0"),
        ("sort_by(Buckets, &Name)[-1].Name", "bucket-99"),
        ("join(',', Buckets[:2].Name)", "bucket-0,bucket-1"),
        ("Buckets[?Name == 'bucket-7'].{N: Name}", [{"N": "bucket-7"}]),
        ("length(Buckets[].[Name, Name][])", 1000),
    ],
)
def test_what_a_reader_asks_for_is_answered(expression, expected):
    assert query(expression)(ANSWER) == expected


def test_a_value_that_is_printed_is_no_longer_than_it_was_reckoned(monkeypatch):
    doubled = query("Buckets|" + "|".join(["[@,@]"] * 6))(ANSWER)
    assert len(text_of(doubled, "json", "")) <= CHARACTERS
    monkeypatch.setattr(table_output, "CHARACTERS", 10_000)
    assert table_text("T", [["x" * 50], ["y"]])
    with pytest.raises(UsageError):
        table_text("T", [["x" * 5000], ["y"]])
