"""The command line as a whole: help in the reader's language, statuses, and settings that cannot be used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.commands.main import command_line
from app.commands.rendering import labelled, marked, printable, width
from app.content import load
from app.flow.model import Status
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("serve", "world", "walk", "faults", "doctor", "token")


def run_process(*arguments, **environment):
    command = [sys.executable, "-m", "app", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("name", COMMANDS)
def test_help_speaks_the_readers_language(name, language):
    words = load(language)
    group = command_line(Settings(language=language), words)
    assert set(group.commands) == set(COMMANDS)
    assert group.commands[name].help == words.message(f"cli.help.{name}")
    assert CliRunner().invoke(group, [name, "--help"]).exit_code == 0


def test_an_unknown_command_could_not_run():
    assert CliRunner().invoke(command_line(Settings(), load("en")), ["fly"]).exit_code == 2


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_setting_that_cannot_be_used_is_named(language):
    done = run_process("walk", IRSA_PORT="many", LC_ALL=f"{language}_XX.UTF-8")
    assert done.returncode == 2
    assert "IRSA_PORT=many" in done.stderr
    assert "0…65535" in done.stderr
    assert load(language).message("errors.bad_setting.title") in done.stderr


def test_a_terminal_without_our_characters_still_gets_the_answer():
    done = run_process("token", "/no/such/file", "--lang", "ja", PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert "/no/such/file" in done.stderr


def test_labels_line_up_by_the_columns_that_they_take():
    first, second = labelled({"実際の値": "a", "got": "b"}, indent=2)
    plain = [line.replace("\x1b[2m", "").replace("\x1b[0m", "") for line in (first, second)]
    assert width(plain[0].partition("a")[0]) == width(plain[1].partition("b")[0])


def test_a_value_of_several_lines_stays_in_its_column():
    lines = labelled({"got": "one\ntwo", "empty": ""}, indent=4)
    assert len(lines) == 2
    assert lines[1].endswith("two")
    assert lines[1].startswith(" " * (4 + len("empty") + 2))


def test_every_status_has_a_mark_of_its_own():
    marks = {marked(status, "x") for status in Status}
    assert len(marks) == len(Status)


def test_control_characters_are_shown_and_not_sent():
    assert printable("a\x1b[31m\r\u202e\ud800\nb") == "a\\x1b[31m\\r\\u202e\\ud800\nb"
