"""What the page `compare` says in every language alike: its sources, which cell rests on which, and commands."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.content.errors import ContentError
from app.content.languages import ROOT

FILE = ROOT.parent / "comparison.toml"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A public page or repository."""

    url: str
    title: str
    """As the page itself has it."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a move. Its words are `compare.moves.<move>.<id>`."""

    id: str
    commands: str
    """Lines for a shell."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """The way from one scheme to another."""

    sources: tuple[Source, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything of the page that is not language."""

    sources: Mapping[str, Source]
    """By id."""
    cells: Mapping[str, Mapping[str, tuple[Source, ...]]]
    """By row, then by scheme. The words are `compare.cells.<row>.<scheme>`."""
    answers: Mapping[str, tuple[Source, ...]]
    """What the reasons rest on, by the question of the chooser."""
    moves: Mapping[str, Move]


@cache
def comparison() -> Comparison:
    """What `assets/comparison.toml` says, read once a process."""
    return read(FILE)


def read(path: Path) -> Comparison:
    """What a file says. Raises `ContentError` for TOML that cannot be read, a missing part, or an unknown source."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        sources = {key: Source(url=source["url"], title=source["title"]) for key, source in found["sources"].items()}

        def cited(place: str, keys: list[str]) -> tuple[Source, ...]:
            if unknown := [key for key in keys if key not in sources]:
                raise ContentError(str(path), place, f"no such source: {', '.join(unknown)}")
            return tuple(sources[key] for key in keys)

        return Comparison(
            sources=sources,
            cells={
                row: {scheme: cited(f"cells.{row}.{scheme}", keys) for scheme, keys in cells.items()}
                for row, cells in found["cells"].items()
            },
            answers={question: cited(f"answers.{question}", keys) for question, keys in found["answers"].items()},
            moves={
                name: Move(
                    sources=cited(f"moves.{name}", move["sources"]),
                    steps=tuple(Step(id=step["id"], commands=step["commands"].strip()) for step in move["steps"]),
                )
                for name, move in found["moves"].items()
            },
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ContentError(str(path), "TOML", str(error)) from error
    except KeyError as error:
        raise ContentError(str(path), str(error), "missing") from error
