"""Where the pages' worlds are kept: in the place that `serve` has checked and handed on, else as the settings say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings
from app.world.saved.state_directory import StateDirectory
from app.world.setup.tool_files import STATE


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """Where worlds are kept."""

    state: StateDirectory | None = None
    tools: Path | None = None
    """The folder for the files of the one world that is kept; None where all are kept, or none."""


_handed_on: list[Keeping] = []


def hand_on(keeping: Keeping) -> None:
    """Has the simulated world that is started next keep its worlds there."""
    _handed_on.append(keeping)


def take(settings: Settings) -> Keeping:
    """Where they are to be kept. Raises as `StateDirectory` does."""
    if _handed_on:
        return _handed_on.pop()
    if settings.world_dir:
        tools = Path(settings.world_dir)
        return Keeping(state=StateDirectory(tools / STATE, alone=True), tools=tools)
    return Keeping(state=StateDirectory(Path(settings.state_dir)) if settings.state_dir else None)
