"""`python -m app faults`: every fault in both languages, with what comes of it in a fresh world."""

import json

import pytest
from click.testing import CliRunner

from app.commands import faults as faults_command
from app.commands.faults import as_json, as_text
from app.commands.main import command_line
from app.content import LANGUAGES, load
from app.flow.model import Step
from app.settings import Settings
from app.world.faults import FAULTS, LEFT_OUT

FAULT_KEYS = ["id", "number", "title", "cause", "seen", "changes", "text", "harmless"]
TEXTS = {fault_id: f"what {fault_id} says\nin two lines" for fault_id in FAULTS}


@pytest.mark.parametrize("language", LANGUAGES)
def test_json_has_exactly_the_keys_that_scripts_rely_on(language):
    document = json.loads(json.dumps(as_json(TEXTS, load(language))))
    assert list(document) == ["faults", "left_out"]
    assert [list(fault) for fault in document["faults"]] == [FAULT_KEYS] * len(FAULTS)
    assert [list(left_out) for left_out in document["left_out"]] == [["number", "reason"]] * len(LEFT_OUT)
    assert len({fault["number"] for fault in document["faults"]}) >= 45
    for fault in document["faults"]:
        assert fault["cause"] in set(Step)
        assert (fault["seen"] is None) == fault["harmless"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_names_them_all(language):
    words = load(language)
    text = "\n".join(as_text(TEXTS, words))
    for fault_id in FAULTS:
        assert f"{fault_id}  {words.message(f'faults.{fault_id}.title')}" in text
        assert f"what {fault_id} says" in text
    for key in LEFT_OUT.values():
        assert words.message(f"faults.left_out.{key}") in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_listed_with_the_texts_of_a_fresh_world(language):
    command = command_line(Settings(), load(language))
    result = CliRunner().invoke(command, ["faults", "--output", "json", "--lang", language])
    assert result.exit_code == 0, result.output
    faults = {fault["id"]: fault for fault in json.loads(result.stdout)["faults"]}
    assert faults["F21"]["text"].endswith("Not authorized to perform sts:AssumeRoleWithWebIdentity")
    assert all(bool(fault["text"]) != fault["harmless"] for fault in faults.values())
    assert faults["F21"]["title"] == load(language).message("faults.F21.title")


def test_text_has_no_colour_where_it_is_no_terminal(monkeypatch):
    monkeypatch.setattr(faults_command, "texts_in_a_fresh_world", lambda: TEXTS)
    result = CliRunner().invoke(command_line(Settings(), load("ja")), ["faults"])
    assert result.exit_code == 0
    assert "\x1b" not in result.output
