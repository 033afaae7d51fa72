"""Every command that README and documents show runs as it stands there, with names in place of capitals.

Those that are not run are in `NOT_RUN`, each with the reason.
"""

from __future__ import annotations

import json
import os
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
from app.world.setup import tool_files
from app.world.setup.scenario import ARTICLE
from app.world.world import CLUSTER_NAME
from tests.aws_cli import AWS
from tests.unit.fake_ports import ISSUER, Fakes, token, trust_policy
from tests.unit.test_cli_check import ACCOUNT_FILE, workload
from tests.unit.test_doctor import healthy
from tests.world import learner_commands
from tests.world.kubectl import KUBECTL as INSTALLED_KUBECTL

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = (
    "CHANGELOG.md",
    "CHANGELOG.ja.md",
    "docs/commands.md",
    "docs/commands.ja.md",
    "docs/checks.md",
    "docs/checks.ja.md",
    "docs/licences.md",
)
"""What was, and what is written from tables whose commands are run for themselves."""
DOCUMENTS = {
    name: path.read_text(encoding="utf-8")
    for path in sorted((*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")))
    if (name := str(path.relative_to(ROOT))) not in ELSEWHERE
}
READ_WHOLE = tuple(
    f"{name}{end}" for name in ("README", "docs/command-line", "docs/diagnose") for end in (".md", ".ja.md")
)
"""Here commands in tables and sentences count as well."""
PROGRAMS = {
    ".venv/bin/python -m app": EXPLORER,
    "python -m app": EXPLORER,
    ".venv/bin/irsa-explorer": EXPLORER,
    "irsa-explorer": EXPLORER,
    "kubectl irsa": KUBECTL,
}
NOT_RUN = {
    "cd": "it goes into the folder of the line before",
    "docker": "no container runtime in the tests",
    "eval": "completion in a shell, which tests/unit/test_package.py asks as bash does",
    "git": "the clone of this repository is the one that the tests are in",
    "helm": "not installed: what it would render is the input",
    "kubectl -n irsa-explorer": "it is typed beside an image that was built and deployed",
    "kubectl apply -f deploy/kubernetes.yaml": "it is typed beside an image that was built and deployed",
    "make": "its targets are what continuous integration runs, and `make run` is `python -m app serve`",
    "npm": "it writes the lock file of the tests",
    "pip": "it takes packages from an index; tests/unit/test_package.py installs the wheel",
    "pipx": "it takes packages from an index; tests/unit/test_package.py installs the wheel",
    "python -m bench.room": "half an hour; tests/bench/test_room.py goes with one of its learners",
    "python3": "it makes a virtual environment; tests/unit/test_package.py makes some",
    "streamlit": "tests/attack/test_streamlit_run.py runs it",
    "terraform": "not installed: what it would print is the file",
    "uv": "it takes packages from an index; tests/unit/test_package.py installs the wheel",
    "uvx": "it takes packages from an index; tests/unit/test_package.py installs the wheel",
}
"""By how a command begins, why no test runs it."""
WORLDLY = ("aws", "kubectl")
FIRST = {"kubectl annotate": "kubectl create serviceaccount my-sa -n irsa-demo"}
"""What was done before, by the beginning of a line."""
_COMMAND = re.compile(rf"(?<!-n )(?:{'|'.join(map(re.escape, PROGRAMS))}) [^`\n|#]+")
_OPTION = re.compile(r"`(--?[a-z-]+)")
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
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
IN_A_WORLD = {"ROLE_NAME": ARTICLE.role, "CLUSTER": CLUSTER_NAME, "NAMESPACE": "default"}
"""What stands for a placeholder where kubectl and aws run."""
STAY = ("serve", "world", "aws")
"""They run until somebody ends them; `aws` beside a real API server, in `tests/live`."""


def lines(text: str) -> list[str]:
    """The lines of a document's shell blocks, without their comments."""
    joined = "\n".join(_BLOCK.findall(text)).replace("\\\n", "")
    bare = (re.sub(r"(^|\s+)#.*", "", line).strip() for line in joined.splitlines())
    return [line for line in bare if line]


def is_ours(command: str) -> bool:
    """Whether it is one of our program's names."""
    return any(command.startswith(f"{name} ") for name in PROGRAMS)


def program(command: str) -> str:
    """What a shell starts for it, without its folder."""
    return command.split()[0].rpartition("/")[2]


def is_left_out(command: str) -> bool:
    """Whether `NOT_RUN` says why it is not run. The folder of its program does not count."""
    bare = program(command) + command.removeprefix(command.split()[0])
    return any(f"{bare} ".startswith(f"{beginning} ") for beginning in NOT_RUN)


def worldly(text: str) -> list[str]:
    """The lines of a document for kubectl and aws that are run in a world, without what passes on to us."""
    known = (it.partition(" | irsa-explorer ")[0] for it in lines(text) if not is_ours(it) and not is_left_out(it))
    return [it for it in known if program(it) in WORLDLY]


def those_with_lines() -> list[Any]:
    """The documents with such lines; those in Japanese are marked `large` where they have those of the English one."""
    return [
        pytest.param(name, marks=pytest.mark.large if japanese and found == worldly(DOCUMENTS[english]) else ())
        for name, text in DOCUMENTS.items()
        if (found := worldly(text))
        for japanese, english in [(name.endswith(".ja.md"), name.replace(".ja.md", ".md"))]
    ]


def commands() -> list[str]:
    """Ours."""
    whole = "\n".join(DOCUMENTS[name] for name in READ_WHOLE)
    found = (
        it.group().strip()
        for it in _COMMAND.finditer("\n".join([whole, *map("\n".join, map(lines, DOCUMENTS.values()))]))
    )
    return sorted({it for it in found if re.search(r"(?:app|irsa|explorer) +[a-z]", it)})


def program_and_words(typed: str) -> tuple[click.Group, list[str]]:
    """The program that a command starts, and what it is given. Its port is a free one: `make run` may be using 8501."""
    name = next(name for name in PROGRAMS if typed.startswith(name))
    words = [NAMES.get(word, word) for word in shlex.split(typed.removeprefix(name))]
    return command_line(Settings(port=0), load("en"), PROGRAMS[name]), words


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
    (tmp_path / "cluster.json").write_text(json.dumps({"cluster": {"identity": {"oidc": {"issuer": ISSUER}}}}))
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    (tmp_path / "token.txt").write_text(token(iat=now, nbf=now, exp=now + 3600))
    return fakes


def test_the_commands_are_found() -> None:
    found = commands()
    assert len(found) >= len(EXPLORER.commands) + len(KUBECTL.commands) - 1
    assert sum("terraform" in text and "| irsa-explorer check -f - " in text for text in DOCUMENTS.values()) == 2


@pytest.mark.parametrize("typed", commands())
def test_a_command_of_ours_runs(machine: Fakes, typed: str) -> None:
    group, words = program_and_words(typed)
    if words[0] in STAY:
        command = group.commands[words[0]]
        assert command.make_context(words[0], words[1:], parent=click.Context(group)).params
        return
    manifests = Path("manifests/all.yaml").read_text() if "-" in words else ""
    result = CliRunner().invoke(group, words, input=manifests)
    by_machine = {"doctor": {0, 3}, "doctor-self": {0, 1}}  # what is off on this one is no fault of the command
    expected = {1} if "--fault" in words else by_machine.get(words[0], {0})
    assert result.exit_code in expected, result.output + str(result.exception)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_other_command_is_run_in_a_world_or_listed_with_the_reason(name: str) -> None:
    typed = [it for line in lines(DOCUMENTS[name]) for it in re.split(r" (?:\||&&) ", line)]
    unknown = {it for it in typed if not (is_ours(f"{it} ") or is_left_out(it) or program(it) in WORLDLY)}
    assert unknown == set(), "run it here, or say in NOT_RUN why no test does"


@pytest.mark.cli
@pytest.mark.skipif(INSTALLED_KUBECTL is None, reason="no kubectl on the PATH")
@pytest.mark.skipif(not AWS.exists(), reason="no .venv-aws/bin/aws: `make setup` installs it")
@pytest.mark.parametrize("name", those_with_lines())
def test_what_is_typed_to_kubectl_and_aws_runs_in_a_world(
    simulation: Any, world: Any, tmp_path: Path, aws_on_path: str, name: str
) -> None:
    for file, content in tool_files.files(simulation, world).items():
        (tmp_path / file).write_bytes(content)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **tool_files.aws_environment(simulation, world),
        "KUBECONFIG": str(tmp_path / tool_files.KUBECONFIG),
        "HOME": str(tmp_path),
        "PATH": f"{aws_on_path}:{os.environ['PATH']}",
    }
    for line in ["kubectl config rename-context irsa kind-kind", *worldly(DOCUMENTS[name])]:
        line = re.sub(r"[A-Z_]{4,}", lambda found: IN_A_WORLD.get(found[0], found[0]), line)
        for before in (it for beginning, it in FIRST.items() if line.startswith(beginning)):
            assert learner_commands.run(before, environment, tmp_path).returncode == 0
        done = learner_commands.run(line, environment, tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stdout}"


@pytest.mark.parametrize("name", READ_WHOLE)
def test_the_options_beside_a_command_are_its_own(name: str) -> None:
    for line in DOCUMENTS[name].splitlines():
        if not line.startswith("| `irsa-explorer"):
            continue
        group, words = program_and_words(line.split("`")[1])
        known = {name for it in group.commands[words[0]].params for name in it.opts}
        unknown: Any = set(_OPTION.findall(line)) - known
        assert unknown == set(), words[0]
