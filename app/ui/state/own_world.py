"""The world of the person who started the app with `serve --dir`: their terminal's, and that of their pages."""

from __future__ import annotations

from pathlib import Path

from app.serving.request_facts import RequestFacts
from app.settings import Settings
from app.world.lifecycle.simulation import Simulation
from app.world.setup import tool_files
from app.world.world import World


def key_of(browser: str, facts: RequestFacts | None) -> str:
    """The key of the world of a browser with that id: that person's where it opened the launch address."""
    has_launched = facts is not None and facts.launched
    return tool_files.HANDS_ON if has_launched and Settings.from_environment().world_dir else browser


def write_tools(simulation: Simulation, world: World) -> None:
    """Writes what their kubectl and aws need: another world has other keys. Raises `OSError`."""
    tool_files.write_all(Path(Settings.from_environment().world_dir), simulation, world)
