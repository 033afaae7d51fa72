"""Whether a disk has room for one more world, as `/readyz` reports it."""

from __future__ import annotations

from pathlib import Path

from app.serving.operations.health import Check, state
from app.world.node.volumes.disk import free_bytes, free_files

LEAST_DISK = 1024 * 1024
"""Bytes that have to be free for new worlds: the files of one's nodes take about 50 kB, what is kept of it 110 kB."""
LEAST_FILES = 100
"""The same in files: a new world has some 30 on its node, and four for what is kept of it."""


def check(name: str, folder: Path) -> Check:
    """The check of that name, of the disk that `folder` is on. One behind a network may take its time."""
    return state(name, _room(folder), "room")


def _room(folder: Path) -> str:
    try:
        return "room" if free_bytes(folder) >= LEAST_DISK and free_files(folder) >= LEAST_FILES else "full"
    except OSError:
        return "full"
