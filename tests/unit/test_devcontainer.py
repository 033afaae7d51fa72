"""The dev container: what it names exists here, and what it installs is pinned."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
# JSON with comments: each of ours has a line of its own.
TEXT = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
SPEC = json.loads(re.sub(r"^\s*//.*$", "", TEXT, flags=re.MULTILINE))


def test_its_port_is_the_one_that_the_pages_have() -> None:
    assert SPEC["forwardPorts"] == [Settings.port]
    assert set(SPEC["portsAttributes"]) == {str(Settings.port)}


def test_what_it_installs_is_pinned_and_its_python_is_new_enough() -> None:
    kubectl, aws = SPEC["features"].values()
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", tool["version"]) for tool in (kubectl, aws))
    assert (kubectl["helm"], kubectl["minikube"]) == ("none", "none")
    version = re.search(r"/python:\d+-3\.(\d+)-\w+$", SPEC["image"])
    required = re.search(r'requires-python = ">=3\.(\d+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert version
    assert required
    assert int(version[1]) >= int(required[1])


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_what_it_runs_first_is_a_target_of_the_makefile() -> None:
    program, *arguments = SPEC["postCreateCommand"].split()
    assert program == "make"
    planned = subprocess.run(
        ["make", "--dry-run", "--always-make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert planned.returncode == 0, planned.stderr
    assert "tools/install.sh .venv requirements.txt" in planned.stdout
