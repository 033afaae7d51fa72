"""What continuous integration makes of a failed `make test`: the script itself, over a small repository of its own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = """
setup collected:
test: check
\t.venv/bin/python -m pytest
check:
\ttest ! -e no-check
"""
PASSES_AGAIN = """
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", {names})
def test_is_late_once(name):
    seen = Path(__file__).with_name(f"seen-{{name}}")
    late = not seen.exists()
    seen.touch()
    assert not late
"""


@pytest.fixture
def repository(tmp_path):
    """With the script, and what it calls but for the set-up."""
    for folder in (".ci", "tools"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    (tmp_path / "tools/system-packages.sh").symlink_to("/bin/true")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / "pytest.ini").touch()
    return tmp_path


def run(repository: Path) -> tuple[int, str]:
    """Its status and what it printed; beside it lies no control plane."""
    environment = {"PATH": "/usr/bin:/bin", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run([repository / ".ci/run"], env=environment, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout


def test_few_tests_that_pass_when_run_again_are_named(repository):
    (repository / "test_it.py").write_text(PASSES_AGAIN.format(names=["a", "b", "c"]) + "def test_fine(): pass")
    status, printed = run(repository)
    assert status == 0
    assert "3 failed, 1 passed" in printed
    assert printed.endswith(
        "failed first, passed when run again:\n" + "".join(f"test_it.py::test_is_late_once[{name}]\n" for name in "abc")
    )


@pytest.mark.parametrize(
    ("test", "runs"),
    [
        (PASSES_AGAIN.format(names=["a"]) + "def test_wrong(): assert False", 2),
        (PASSES_AGAIN.format(names=list("abcdefghijk")), 1),
        ("import gone", 1),
    ],
    ids=["fails again", "eleven failed", "pytest broke off"],
)
def test_what_fails_otherwise_fails(repository, test, runs):
    (repository / "test_it.py").write_text(test)
    status, printed = run(repository)
    assert (status != 0, printed.count("test session starts")) == (True, runs)
    assert "failed first" not in printed


def test_a_failed_check_fails_at_once(repository):
    (repository / "no-check").touch()
    status, printed = run(repository)
    assert status != 0
    assert "test session starts" not in printed
