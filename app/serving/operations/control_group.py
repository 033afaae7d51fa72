"""The control groups of this process: its own and those around it, each of which may set a limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def groups(root: Path = ROOT, own: Path = OWN) -> Sequence[Path]:
    """Their folders, the process's own first; none where there are no control groups (docs.kernel.org, cgroup-v2)."""
    path = next((path for number, controllers, path in _lines(own) if (number, controllers) == ("0", "")), None)
    return () if path is None else _upwards(root, path)


def groups_of(controller: str, root: Path = ROOT, own: Path = OWN) -> Sequence[Path]:
    """The same of version 1, where a controller has groups of its own (docs.kernel.org, cgroup-v1).

    A container sees its own group as the outermost, though `/proc/self/cgroup` names it as the host does.
    """
    for _, controllers, path in _lines(own):
        if controller in controllers.split(","):
            return [*_upwards(root / controllers, path), *_upwards(root / controller, path)]
    return ()


def _lines(own: Path) -> Iterator[tuple[str, str, str]]:
    """Hierarchy, controllers, path (cgroups(7), "/proc/[pid]/cgroup")."""
    try:
        lines = own.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        parts = line.split(":", 2)
        if len(parts) == 3:
            yield parts[0], parts[1], parts[2].lstrip("/")


def _upwards(root: Path, path: str) -> list[Path]:
    group = root / path
    return [group, *(parent for parent in group.parents if parent.is_relative_to(root))]
