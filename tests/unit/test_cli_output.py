"""Commands whose output nobody reads to its end, or that can write it nowhere: in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.commands.streams import STDIN, read_bounded, replace_streams
from app.content import LANGUAGES, load
from app.flow.diagnosis_file import diagnosis_file
from tests.by_turns import by_turns
from tests.unit.test_cli_doctor import broken, works
from tests.waiting import SECONDS

ROOT = Path(__file__).resolve().parents[2]
FULL = Path("/dev/full")
SNAPSHOTS = {"works": works, "broken": broken}
full = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")


@contextmanager
def hung_up() -> Iterator[int]:
    """A pipe whose reader is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        yield writer
    finally:
        os.close(writer)


def run(*words: str, stdout: int, stderr: int = subprocess.PIPE, **environment: str) -> tuple[int, str]:
    """The exit status, and what was said on standard error."""
    command = [sys.executable, "-m", "app", *words]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=stdout, stderr=stderr, text=True, timeout=SECONDS
    )
    return done.returncode, done.stderr or ""


def saved(folder: Path, name: str) -> str:
    path = folder / f"{name}.json"
    path.write_text(diagnosis_file.save(SNAPSHOTS[name]()))
    return str(path)


def test_a_stream_that_is_closed_is_one_that_loses_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """uvicorn asks it whether it is a terminal, which ended `serve` where a daemon's starter had closed it."""
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    replace_streams(load("en"))
    for stream in (sys.stdout, sys.stderr):
        with stream:
            stream.write("日本語")
            assert not stream.isatty()


def test_an_input_that_is_closed_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands report an `OSError` in their own words."""
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(OSError, match="Bad file descriptor"):
        read_bounded(STDIN, 1)


@pytest.mark.parametrize(
    ("encoding", "shown"), [("ascii", "+ x ? - '?'"), ("euc_jp", "+ x ? - ’語’"), ("utf-8", "✓ ✗ ? – ’語’")]
)
def test_marks_differ_in_a_terminal_that_does_not_have_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, encoding: str, shown: str
) -> None:
    with monkeypatch.context() as patched, (tmp_path / "shown").open("w", encoding=encoding) as stream:
        for name in ("stdout", "stderr"):
            patched.setattr(sys, name, stream)
        replace_streams(load("en"))
        sys.stdout.write("✓ ✗ ? – ’語’")
        sys.stdout.flush()
    assert (tmp_path / "shown").read_text(encoding=encoding) == shown


VERDICTS = (("works", 0), ("broken", 1))


@pytest.mark.parametrize(("verdict", "output", "unbuffered"), by_turns(VERDICTS, ["text", "json", "html"], ["", "1"]))
def test_who_hangs_up_still_learns_the_verdict(
    tmp_path: Path, verdict: tuple[str, int], output: str, unbuffered: str
) -> None:
    name, status = verdict
    words = ("doctor", "--from", saved(tmp_path, name), "--output", output)
    with hung_up() as pipe:
        assert run(*words, stdout=pipe, PYTHONUNBUFFERED=unbuffered) == (status, "")


def test_who_hangs_up_on_an_error_still_learns_of_it(tmp_path: Path) -> None:
    with hung_up() as pipe:
        assert run("doctor", "--from", str(tmp_path / "none"), stdout=pipe, stderr=pipe) == (2, "")
        assert run("--help", stdout=pipe) == (0, "")


@full
@pytest.mark.parametrize(("command", "language"), by_turns(["doctor", "walk"], LANGUAGES))
def test_what_cannot_be_written_is_reported_in_the_readers_language(
    tmp_path: Path, command: str, language: str
) -> None:
    source = ("--from", saved(tmp_path, "works")) if command == "doctor" else ()
    with FULL.open("wb") as file:
        status, said = run(command, *source, "--lang", language, stdout=file.fileno(), PYTHONIOENCODING="utf-8")
    title, got, *others = said.splitlines()
    assert (status, title, len(others)) == (2, load(language).message("errors.cannot_write.title"), 2)
    assert got.endswith("No space left on device")


@full
def test_an_error_that_can_be_printed_nowhere_keeps_its_status(tmp_path: Path) -> None:
    with FULL.open("wb") as file:
        words = ("doctor", "--from", str(tmp_path / "none"))
        assert run(*words, stdout=file.fileno(), stderr=file.fileno()) == (2, "")
