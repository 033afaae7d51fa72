"""`doctor --watch` and `--until-fixed`: a verdict is printed when it is another one, and the end is a good one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.commands import doctor_sources
from app.commands.examining import watching
from app.commands.failure import CannotRun
from app.commands.main import command_line
from app.content import load
from app.flow.doctor import Diagnosis
from app.settings import Settings
from tests.unit.test_cli_doctor import broken, should_work, unknown, works

WAITED: list[float] = []


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    WAITED.clear()
    monkeypatch.setattr(watching, "time", SimpleNamespace(sleep=WAITED.append, strftime=time.strftime))


def watched(monkeypatch: pytest.MonkeyPatch, found: Iterator[Callable[[], Diagnosis]], *words: str) -> Result:
    def examined(*_: Any, **__: Any) -> Diagnosis:
        return next(found)()

    monkeypatch.setattr(doctor_sources, "examined", examined)
    return CliRunner().invoke(command_line(Settings(), load("en")), ["doctor", "sa/my-sa", *words])


def interrupted() -> Diagnosis:
    raise KeyboardInterrupt


def silent() -> Diagnosis:
    raise CannotRun(load("en"), "timed_out", operation="get pods", said="timed out")


def test_it_ends_well_once_the_fix_has_taken_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    result = watched(monkeypatch, iter([broken, broken, broken, should_work]), "--until-fixed")
    assert result.exit_code == 0
    verdicts = [line for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert [line[0] for line in verdicts] == ["✗", "?"]
    assert WAITED == [watching.INTERVAL] * 3


def test_what_already_works_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watched(monkeypatch, iter([works]), "--until-fixed").exit_code == 0
    assert WAITED == []


def test_strictly_it_has_to_work(monkeypatch: pytest.MonkeyPatch) -> None:
    result = watched(monkeypatch, iter([broken, should_work, works]), "--until-fixed", "--strict")
    assert (result.exit_code, len(WAITED)) == (0, 2)


def test_watching_goes_on_until_it_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    result = watched(monkeypatch, iter([works, unknown, unknown, works, interrupted]), "--watch")
    assert result.exit_code == 130
    verdicts = [line for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert [line[0] for line in verdicts] == ["✓", "?", "✓"]
    assert "Traceback" not in result.output


def test_a_server_that_is_silent_for_a_while_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    result = watched(monkeypatch, iter([broken, silent, silent, works]), "--until-fixed")
    assert result.exit_code == 0
    assert result.stderr.count(load("en").message("errors.timed_out.title")) == 1


def test_what_cannot_be_examined_at_first_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watched(monkeypatch, iter([silent]), "--watch").exit_code == 2
