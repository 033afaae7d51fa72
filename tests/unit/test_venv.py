"""Which Python `make run` takes: the script itself, with Pythons that only say what they are."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAYS = """#!/bin/sh
case "$1" in
--version) echo Python {version} ;;
-c) exit {too_old} ;;
-m) exec mkdir "$4" ;;
esac
"""


def make(folder: Path, *, python: str, status: int = 0) -> tuple[str, str]:
    """What it prints, and what it warns of, where python3.13 is found and another one is named."""
    for name, version, too_old in (("python3.13", "3.13.9", 0), ("named", "3.12.9", 0), ("too old", "3.10.9", 1)):
        (folder / name).write_text(SAYS.format(version=version, too_old=too_old))
        (folder / name).chmod(0o755)
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "PYTHON": python.format(folder=folder)}
    ended = subprocess.run(
        [ROOT / "tools/venv.sh", folder / ".venv"], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == status, ended.stderr
    return ended.stdout, ended.stderr


@pytest.mark.parametrize(("python", "version"), [("", "3.13.9"), ("named", "3.12.9"), ("{folder}/named", "3.12.9")])
def test_the_python_that_is_named_is_taken(tmp_path: Path, python: str, version: str) -> None:
    assert make(tmp_path, python=python) == (f"Making {tmp_path}/.venv with Python {version}\n", "")


def test_where_another_one_is_taken_it_says_what_it_got_and_what_it_expected(tmp_path: Path) -> None:
    printed, warned = make(tmp_path, python="{folder}/too old")
    assert printed.endswith("with Python 3.13.9\n")
    assert warned.splitlines() == [
        f"PYTHON={tmp_path}/too old gave: Python 3.10.9",
        "Expected: Python 3.11 or newer with venv and ensurepip. Taken instead: python3.13",
    ]


def test_where_nothing_can_be_installed_it_says_what_it_expected(tmp_path: Path) -> None:
    command = [ROOT / "tools/install.sh", tmp_path / "none", "requirements.txt"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines() == [
        f"requirements.txt is not installed in {tmp_path}/none as it is now, and {tmp_path}/none cannot be written to.",
        "Expected: a folder that you can write to. Make it writable, or remove it and make again.",
    ]


def test_where_nothing_can_be_written_it_says_what_it_expected(tmp_path: Path) -> None:
    (tmp_path / ".venv").touch()
    _, warned = make(tmp_path, python="", status=1)
    assert warned.splitlines()[1:] == [
        f"python3.13 could not make {tmp_path}/.venv; its error message is above.",
        "Expected: a folder that you can write to, with 600 MB of room. Clone the repository into such a folder.",
    ]
