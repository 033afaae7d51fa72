"""Reads what `requirements.txt` pins, in the form in which `uv pip compile` writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HAND_WRITTEN = "irsa-explorer (pyproject.toml)"
"""How the compiled file names, among those that want a package, what we want ourselves."""


@dataclass(frozen=True)
class Pin:
    """One package at one version."""

    name: str
    version: str
    where: str
    """The marker of the environments that it is for (PEP 508); empty: all."""
    wanted_by: tuple[str, ...]
    """The packages that need it, and HAND_WRITTEN where we do."""


def pins(file: Path = ROOT / "requirements.txt") -> list[Pin]:
    """The pins of a compiled file, in its order: one package is there twice if Pythons get different versions."""
    blocks = re.split(r"^(?=[a-z0-9])", file.read_text(encoding="utf-8"), flags=re.M)
    return [pin(block) for block in blocks if not block.startswith("#")]


def pin(block: str) -> Pin:
    """One pin: its line, those of its hashes, and a comment of one or more lines that begins with `via`."""
    first = re.match(r"(?P<name>\S+)==(?P<version>\S+)(?: ; (?P<where>.+?))? \\\n", block)
    if first is None:
        raise ValueError(f"no pin: {block!r}")
    comment = " ".join(line.strip("# ") for line in re.findall(r"^ +#.*$", block, re.M))
    wanted_by = re.findall(r"-[rc] \S+|[^\s()]+(?: \(\S+\))?", comment.removeprefix("via"))
    return Pin(first["name"], first["version"], first["where"] or "", tuple(wanted_by))
