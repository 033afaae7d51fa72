"""kubectl and aws as they are installed: the newest of each on the PATH, and what they read of the disk."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.console.confinement import library_reads, python_reads

NAMES = ("kubectl", "aws")
_VERSION = {"kubectl": ("version", "--client", "--output=json"), "aws": ("--version",)}
_NUMBER = re.compile(r'(?:"gitVersion": ?"v|aws-cli/)(\d{1,9}(?:\.\d{1,9})*)')
_VERSION_SECONDS = 20.0
_INDEX = "awscli/data/ac.index"
_BUNDLED = ("_internal", "base_library.zip")
"""What PyInstaller, with which AWS bundles version 2, puts beside the program."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program that the console runs, as it was found on this machine."""

    name: str
    path: str
    version: str
    """As it prints it, without a leading `v`."""
    reads: tuple[str, ...]
    """The files and folders that it is made of."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What it needs of its environment, whatever the world."""
    index: str = ""
    """A database of its commands and options, where it brings one: version 2 of aws does."""


def find(path: str) -> dict[str, Program]:
    """The newest of each, by name; those that are missing or do not run are not in it. `path`: as in `PATH`."""
    found = {name: one for name in NAMES if (one := _newest(name, path.split(os.pathsep)))}
    diff = os.path.realpath(shutil.which("diff", path=path) or "")
    if "kubectl" in found and os.access(diff, os.X_OK) and Path(diff).is_file() and " " not in diff:
        found["kubectl"] = _with_diff(found["kubectl"], diff)
    return found


def _with_diff(kubectl: Program, diff: str) -> Program:
    """Which may start that one program, by its path, as it starts `diff` where nothing else is set.

    https://kubernetes.io/docs/reference/kubectl/generated/kubectl_diff/
    """
    return replace(
        kubectl,
        reads=(*kubectl.reads, diff, *library_reads(diff)),
        variables={"KUBECTL_EXTERNAL_DIFF": f"{diff} -u -N"},
    )


def _newest(name: str, folders: Sequence[str]) -> Program | None:
    candidates = dict.fromkeys(os.path.realpath(os.path.join(folder, name)) for folder in folders if folder)
    versions = {candidate: _version(name, candidate) for candidate in candidates if _is_runnable(candidate)}
    best = max(versions, key=lambda candidate: _key(versions[candidate]), default="")
    if not best or not versions[best]:
        return None
    reads = tuple(_reads(best))
    return Program(name=name, path=best, version=versions[best], reads=reads, index=_index(reads))


def _index(reads: Sequence[str]) -> str:
    """The path of the database from which version 2 of aws completes, in one of those folders; empty where there is
    none."""
    return next((str(path) for folder in reads if (path := Path(folder, _INDEX)).is_file()), "")


def _is_runnable(path: str) -> bool:
    """Whether it is a program, and not one that looks for another, such as a shell script or what `env` starts: those
    need the environment of their owner."""
    interpreter = Path(_interpreter(path).partition(" ")[0]).name
    is_program = not interpreter or interpreter.startswith("python")
    return os.access(path, os.X_OK) and Path(path).is_file() and is_program


def _interpreter(path: str) -> str:
    """The first line of a script, without its mark; empty for a program."""
    try:
        with open(path, "rb") as stream:
            first = stream.readline(256)
    except OSError:
        return ""
    return first[2:].decode("utf-8", "replace").strip() if first.startswith(b"#!") else ""


def _reads(path: str) -> list[str]:
    if interpreter := _interpreter(path):
        return [path, *python_reads(interpreter.split()[0])]
    if sys.platform != "linux":
        return [path]
    # A program that brings its own libraries, as the bundle of aws does, has them beside it.
    bundle = Path(path).parent
    brings_libraries = any((bundle / name).exists() for name in _BUNDLED)
    return [path, *([str(bundle)] if brings_libraries else []), *library_reads(path)]


def _version(name: str, path: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a program that was found on the PATH
            [path, *_VERSION[name]],
            env={"HOME": "/nonexistent", "LC_ALL": "C", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_VERSION_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = _NUMBER.search((done.stdout + done.stderr).decode("utf-8", "replace"))
    return found[1] if found else ""


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part)
