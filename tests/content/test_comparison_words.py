"""The comparison of schemes: every cell has words and sources, the dates are stated, the commands are real."""

from __future__ import annotations

import re
import shlex
from datetime import date

import botocore.session
import pytest
from botocore import xform_name

from app.content import ContentError, load
from app.content.comparison import FILE, comparison, read
from app.flow.lessons.which_scheme import ANSWERS, CredentialScheme, Question, advise
from tests.content.test_texts import both

ROWS = ("travel", "who", "breaks", "audit", "setup", "accounts", "places", "maintenance")
CELLS = [(row, scheme) for row in ROWS for scheme in CredentialScheme]
COMMANDS = [
    shlex.split(line)
    for name, move in comparison().moves.items()
    for step in move.steps
    for line in re.sub(r"cat <<'EOF'.*?^EOF$", "", step.commands, flags=re.S | re.M).replace("\\\n", " ").splitlines()
    if line.strip()
]
EKSCTL = {
    "utils associate-iam-oidc-provider": {"--cluster", "--approve"},
    "utils migrate-to-pod-identity": {"--cluster", "--approve", "--remove-oidc-provider-trust-relationship"},
    "create iamserviceaccount": {
        *("--cluster", "--namespace", "--name", "--attach-policy-arn"),
        *("--override-existing-serviceaccounts", "--approve"),
    },
}
"""The commands of eksctl and their options, as its user guide has them."""
LINES = 80
"""Columns of two lines of a phone."""
GLOBAL = {"--query", "--output"}
"""Options that every command of the AWS CLI takes."""


def test_eight_questions_each_with_five_answers_in_their_order() -> None:
    assert tuple(comparison().cells) == ROWS
    assert {tuple(cells) for cells in comparison().cells.values()} == {tuple(CredentialScheme)}


@both
@pytest.mark.parametrize(("row", "scheme"), CELLS)
def test_every_cell_has_words_and_a_source(language: str, row: str, scheme: str) -> None:
    assert load(language).message(f"compare.cells.{row}.{scheme}")
    assert comparison().cells[row][scheme]


@both
@pytest.mark.parametrize(("row", "scheme"), CELLS)
def test_every_answer_is_also_a_line_that_a_phone_has_room_for(language: str, row: str, scheme: str) -> None:
    content = load(language)
    brief = content.message(f"compare.cells.{row}.brief.{scheme}")
    assert sum(1 if character.isascii() else 2 for character in brief) <= LINES
    assert not brief.endswith(content.facts.full_stop)


@both
@pytest.mark.parametrize("row", ROWS)
def test_every_question_says_why_it_matters_in_a_sentence(language: str, row: str) -> None:
    content = load(language)
    why = content.message(f"compare.cells.{row}.why")
    assert why.count(content.facts.full_stop) == 1
    assert why.endswith(content.facts.full_stop)


@both
@pytest.mark.parametrize("scheme", CredentialScheme)
def test_the_state_of_maintenance_has_dates(language: str, scheme: str) -> None:
    years = re.findall(r"\b20\d\d(?=-|\b| 年)", load(language).message(f"compare.cells.maintenance.{scheme}"))
    assert years
    assert all(2016 <= int(year) <= date.today().year for year in years)


def test_the_languages_state_the_same_numbers() -> None:
    """A date or a limit is the same in every language, however it is written."""
    first, *others = (load(language).messages for language in ("en", "ja"))
    keys = [key for key in first if key.startswith("compare.") and not key.endswith((".question", ".why"))]
    years = {key: sorted(set(re.findall(r"20\d\d(?!\d)", first[key]))) for key in keys}
    for messages in others:
        assert {key: sorted(set(re.findall(r"20\d\d(?!\d)", messages[key]))) for key in keys} == years


def test_every_source_is_a_public_page_with_a_title_and_is_cited() -> None:
    found = comparison()
    for source in found.sources.values():
        assert source.url.startswith("https://")
        assert source.title
    assert len({source.url for source in found.sources.values()}) == len(found.sources)
    cited = [source for cells in found.cells.values() for sources in cells.values() for source in sources]
    cited += [source for sources in found.answers.values() for source in sources]
    cited += [source for move in found.moves.values() for source in move.sources]
    assert [source.title for source in found.sources.values() if source not in cited] == []


def test_a_source_that_is_not_there_is_named(tmp_path) -> None:
    copy = tmp_path / "comparison.toml"
    copy.write_text(FILE.read_text(encoding="utf-8").replace('irsa = ["repost"', 'irsa = ["rumour"'), encoding="utf-8")
    with pytest.raises(ContentError, match=r"cells\.breaks\.irsa: no such source: rumour"):
        read(copy)


@both
def test_the_chooser_has_words_for_everything_that_it_can_say(language: str) -> None:
    content = load(language)
    for question, answers in ANSWERS.items():
        assert comparison().answers[question]
        for answer in ("ask", *answers):
            assert content.message(f"compare.questions.{question}.{answer}")
    said = {
        (kind, *found)
        for answers in ({Question.PLATFORM: "elsewhere"}, {Question.PLATFORM: "eks"})
        for nodes in ANSWERS[Question.NODES]
        for sdk in ANSWERS[Question.SDK]
        for advice in [
            advise(
                {
                    **answers,
                    Question.NODES: nodes,
                    Question.SDK: sdk,
                    Question.CLUSTERS: "many",
                    Question.TAGS: "yes",
                }
            )
        ]
        for kind, some in (("reasons", advice.reasons), ("costs", advice.costs))
        for found in some
    }
    named = {tuple(key.split(".")[1:]) for key in content.messages if re.match(r"compare\.(reasons|costs)\.", key)}
    assert {(kind, str(question), answer) for kind, question, answer in said} == named


@both
def test_every_step_of_a_move_has_words_and_there_are_no_others(language: str) -> None:
    steps = {f"compare.moves.{name}.{step.id}" for name, move in comparison().moves.items() for step in move.steps}
    titles = {f"compare.moves.{name}.title" for name in comparison().moves}
    assert {key for key in load(language).messages if key.startswith("compare.moves.")} == steps | titles


@pytest.mark.parametrize("words", COMMANDS, ids=[f"{number}-{words[0]}" for number, words in enumerate(COMMANDS)])
def test_every_option_of_a_command_is_one_of_that_command(words: list[str]) -> None:
    options = {word for word in words if word.startswith("--")} - {"--"}
    match words:
        case ["aws", service, operation, *_]:
            session = botocore.session.get_session()
            model = session.get_service_model(service)
            if operation == "wait":
                waiters = session.get_waiter_model(service)
                names = {xform_name(name, "-"): waiters.get_waiter(name).operation for name in waiters.waiter_names}
                operation = xform_name(names[words[3]], "-")
            shapes = {xform_name(name, "-"): model.operation_model(name).input_shape for name in model.operation_names}
            known = {f"--{xform_name(member, '-')}" for member in shapes[operation].members} | GLOBAL
            required = {f"--{xform_name(member, '-')}" for member in shapes[operation].required_members}
            assert required <= options <= known
        case ["eksctl", verb, noun, *_]:
            assert options <= EKSCTL[f"{verb} {noun}"]
        case ["kubectl", *_]:
            assert options <= {"--namespace", "--type", "--patch", "--overwrite", "--output"}
        case _:
            pytest.fail(f"{words[0]} is none of aws, eksctl, kubectl")
