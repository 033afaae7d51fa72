"""Every command that the README shows runs as it stands there, in both languages, with names in place of capitals."""

from __future__ import annotations

import json
import re
import shlex
import time
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from app import wiring
from app.commands.main import EXPLORER, KUBECTL, command_line
from app.content import load
from app.settings import Settings
from tests.unit.fake_ports import ISSUER, Fakes, token, trust_policy
from tests.unit.test_cli_check import ACCOUNT_FILE, workload
from tests.unit.test_doctor import healthy

ROOT = Path(__file__).resolve().parents[2]
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ja.md")}
PROGRAMS = {".venv/bin/python -m app": EXPLORER, "kubectl irsa": KUBECTL}
_COMMAND = re.compile(rf"(?:{'|'.join(map(re.escape, PROGRAMS))}) [^`\n|#]+")
_OPTION = re.compile(r"`(--?[a-z-]+)")
NAMES = {
    "deploy/NAME": "deploy/web",
    "pod/NAME": "pod/pod-after",
    "sa/NAME": "sa/my-sa",
    "NS": "default",
    "NAMESPACE": "default",
    "ISSUER_URL": ISSUER,
    "shop": "default",
    "FILE": "token.txt",
}
STAY = ("serve", "world", "aws")
"""They run until somebody ends them; `aws` beside a real API server, in `tests/live`."""


def commands() -> list[str]:
    found = (it.group().strip() for text in TEXTS.values() for it in _COMMAND.finditer(text))
    return sorted({it for it in found if re.search(r" (app|irsa) [a-z]", it)})


def program_and_words(typed: str) -> tuple[click.Group, list[str]]:
    name = next(name for name in PROGRAMS if typed.startswith(name))
    words = [NAMES.get(word, word) for word in shlex.split(typed.removeprefix(name))]
    return command_line(Settings(), load("en"), PROGRAMS[name]), words


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    """A folder with the files, and a cluster with the objects, that the README writes of."""
    fakes, now = healthy(), int(time.time())
    monkeypatch.setattr(wiring, "live", lambda *_, **__: fakes.ports())
    monkeypatch.setattr(wiring, "default_namespace", lambda _: "default")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "all.yaml").write_text(yaml.safe_dump_all([ACCOUNT_FILE, workload()]))
    (tmp_path / "role.json").write_text(json.dumps(trust_policy()))
    role = {"type": "aws_iam_role", "values": {"name": "s3-reader", "assume_role_policy": json.dumps(trust_policy())}}
    plan = {"format_version": "1.0", "planned_values": {"root_module": {"resources": [role]}}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    (tmp_path / "token.txt").write_text(token(iat=now, nbf=now, exp=now + 3600))
    return fakes


def test_the_commands_are_found() -> None:
    found = commands()
    assert len(found) >= len(EXPLORER.commands) + len(KUBECTL.commands) - 1
    assert sum("terraform" in text and "| .venv/bin/python -m app check -f - " in text for text in TEXTS.values()) == 2


@pytest.mark.parametrize("typed", commands())
def test_a_command_of_the_readme_runs(machine: Fakes, typed: str) -> None:
    group, words = program_and_words(typed)
    if words[0] in STAY:
        command = group.commands[words[0]]
        assert command.make_context(words[0], words[1:], parent=click.Context(group)).params
        return
    manifests = Path("manifests/all.yaml").read_text() if "-" in words else ""
    result = CliRunner().invoke(group, words, input=manifests)
    expected = {1} if "--fault" in words else {0, 3} if words[0] == "doctor" else {0}
    assert result.exit_code in expected, result.output + str(result.exception)


@pytest.mark.parametrize("readme", TEXTS)
def test_the_options_beside_a_command_are_its_own(readme: str) -> None:
    for line in TEXTS[readme].splitlines():
        if not line.startswith("| `.venv"):
            continue
        group, words = program_and_words(line.split("`")[1])
        known = {name for it in group.commands[words[0]].params for name in it.opts}
        unknown: Any = set(_OPTION.findall(line)) - known
        assert unknown == set(), words[0]
