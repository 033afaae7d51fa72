"""The wheel: it is built without a network, contains all that runs, serves the pages, and gives kubectl a plugin."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from app import __version__
from app.content import load
from tests.attack.client import tab
from tests.attack.server import ROOT, Target, environment
from tests.started import started

PYTHONS = ("python3.11", "python3.12", "python3.13")
LARGEST = 3_000_000
"""Bytes of the wheel."""
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def run(*command: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **OFFLINE, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index")
    run(*pip, "--wheel-dir", str(folder), str(ROOT))
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the wheel was installed; its commands are in `bin`."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(folder), str(wheel))
    return folder


def test_the_wheel_has_code_pages_assets_and_the_page_of_checks(wheel: Path) -> None:
    assert wheel.name == f"irsa_explorer-{__version__}-py3-none-any.whl"
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside in (("app", "app"), ("pages", "app/data/pages"), ("assets", "app/data/assets")):
        listed = subprocess.run(
            ["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        wanted = {f"{inside}{path.removeprefix(folder)}" for path in listed.splitlines()}
        assert wanted
        assert wanted - names == set()
    assert {"app/data/docs/checks.md", "app/data/docs/checks.ja.md"} <= names
    assert {name.partition("/")[0] for name in names} == {"app", f"irsa_explorer-{__version__}.dist-info"}
    assert not [name for name in names if "__pycache__" in name]
    assert wheel.stat().st_size < LARGEST


def test_the_source_distribution_has_what_the_wheel_is_made_of() -> None:
    targets = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]
    wanted = [*targets["wheel"]["packages"], *targets["wheel"]["force-include"], "LICENSE", "README.md"]
    assert {f"/{path}" for path in wanted} == set(targets["sdist"]["include"])


@pytest.mark.large
def test_the_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """`python -m build` makes the wheel of it, and pip where it finds no wheel."""
    run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(tmp_path))
    (source,) = tmp_path.glob("*.tar.gz")
    pip = (sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index")
    run(*pip, "--wheel-dir", str(tmp_path), str(source))
    (built,) = tmp_path.glob("*.whl")
    assert zipfile.ZipFile(built).namelist() == zipfile.ZipFile(wheel).namelist()


@pytest.mark.parametrize("name", ["irsa-explorer", pytest.param("kubectl-irsa", marks=pytest.mark.large)])
def test_the_installed_commands_speak(installed: Path, tmp_path: Path, name: str) -> None:
    """The plugin: `make test` has kubectl start it, and bash complete it."""
    command = installed / "bin" / name
    done = run(str(command), "doctor", "--help", folder=tmp_path, PYTHONPATH=str(installed), LC_ALL="C")
    usage = "kubectl irsa" if name == "kubectl-irsa" else name
    assert f"Usage: {usage} doctor" in done.stdout


@pytest.mark.cli
def test_kubectl_finds_the_plugin(installed: Path, tmp_path: Path) -> None:
    path = f"{installed / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = run("kubectl", "irsa", "doctor", "--help", folder=tmp_path, PYTHONPATH=str(installed), PATH=path, LC_ALL="C")
    assert "Usage: kubectl irsa doctor" in done.stdout


@pytest.mark.cli
def test_kubectl_completes_the_plugins_words(installed: Path, tmp_path: Path) -> None:
    path = f"{installed / 'bin'}{os.pathsep}{os.environ['PATH']}"
    words = ("kubectl", "__complete", "irsa", "doctor", "--until")
    done = run(*words, folder=tmp_path, PYTHONPATH=str(installed), PATH=path, LC_ALL="C")
    first, last = done.stdout.splitlines()
    assert first.startswith("--until-fixed\t")
    assert last == ":4"


def test_bash_completes_the_command(installed: Path, tmp_path: Path) -> None:
    typed = {"COMP_WORDS": "kubectl-irsa doctor st", "COMP_CWORD": "2", "_KUBECTL_IRSA_COMPLETE": "bash_complete"}
    done = run(str(installed / "bin" / "kubectl-irsa"), folder=tmp_path, PYTHONPATH=str(installed), **typed)
    assert done.stdout.splitlines() == ["plain,sts/"]


def test_the_plugin_never_loads_streamlit(installed: Path, tmp_path: Path) -> None:
    """Not even where it examines a cluster: here one that refuses the connection."""
    config = tmp_path / "config"
    config.write_text(
        "current-context: a\n"
        "contexts: [{name: a, context: {cluster: a}}]\n"
        "clusters: [{name: a, cluster: {server: 'https://127.0.0.1:9'}}]\n"
    )
    program = (
        "import sys, app\n"
        "from app.starting import kubectl_irsa\n"
        "sys.argv = ['kubectl-irsa', 'doctor', 'deploy/web', '-o', 'json']\n"
        "try:\n    kubectl_irsa()\n"
        "except SystemExit as end:\n    print(end.code)\n"
        "print('streamlit' in sys.modules, 'kubernetes' in sys.modules, app.__file__)\n"
    )
    done = run(sys.executable, "-c", program, folder=tmp_path, PYTHONPATH=str(installed), KUBECONFIG=str(config))
    *_, status, loaded = done.stdout.splitlines()
    assert (status, loaded) == ("2", f"False True {installed / 'app' / '__init__.py'}")


def test_the_installed_pages_are_served_from_the_package(installed: Path, tmp_path: Path) -> None:
    program = "from app.locations import ASSETS, PAGES; from app.content import load; load('ja'); print(ASSETS, PAGES)"
    done = run(sys.executable, "-c", program, folder=tmp_path, PYTHONPATH=str(installed))
    data = installed / "app" / "data"
    assert done.stdout.split() == [str(data / "assets"), str(data / "pages")]


async def first_page(target: Target) -> None:
    """Opens it and looks at its title."""
    async with tab(target) as opened:
        assert not opened.failed
        assert load("en").lessons["home"].title.encode() in opened.received


def test_the_installed_command_shows_the_first_page(installed: Path, tmp_path: Path) -> None:
    command = [str(installed / "bin" / "irsa-explorer"), "serve", "--port", "0"]
    with started(command, tmp_path, environment(installed, tmp_path)) as target:
        asyncio.run(first_page(target))
        assert "Traceback" not in target.log


@pytest.mark.large
@pytest.mark.timeout(900)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_wheel_starts_in_an_empty_environment(wheel: Path, tmp_path: Path, python: str) -> None:
    """With the packages that are newest today, as `pipx install` and `uvx` take them, not those that are pinned."""
    interpreter = interpreter_of(python)
    if interpreter is None:
        pytest.skip(f"no {python} here that makes environments")
    venv = tmp_path / "venv"
    run(interpreter, "-m", "venv", "--without-pip", str(venv))
    pip = [sys.executable, "-m", "pip", "--python", str(venv / "bin" / "python"), "--disable-pip-version-check"]
    done = subprocess.run([*pip, "install", "-q", str(wheel)], capture_output=True, text=True, timeout=800, check=False)
    if "NewConnectionError" in done.stderr or "No matching distribution found for" in done.stderr:
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr
    if shutil.which("kubectl"):
        plugin = run(
            "kubectl",
            "irsa",
            "doctor",
            "--help",
            folder=tmp_path,
            PATH=f"{venv / 'bin'}:{os.environ['PATH']}",
            LC_ALL="C",
        )
        assert "Usage: kubectl irsa doctor" in plugin.stdout
    command = [str(venv / "bin" / "irsa-explorer"), "serve", "--port", "0"]
    with started(command, tmp_path, environment(tmp_path, tmp_path)) as target:
        asyncio.run(first_page(target))
        assert "Traceback" not in target.log


def interpreter_of(python: str) -> str | None:
    """The newest such Python: on the path, or one of pyenv's."""
    number = python.removeprefix("python")
    versions = (Path.home() / ".pyenv" / "versions").glob(f"{number}.*/bin/{python}")
    candidates = [*sorted(map(str, versions), reverse=True), shutil.which(python)]
    has_venv = ("-c", "import ensurepip, ssl, venv")
    return next(
        (it for it in candidates if it and subprocess.run([it, *has_venv], capture_output=True).returncode == 0), None
    )
