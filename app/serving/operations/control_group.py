"""The control groups (v2) of this process: its own and those around it, each of which may set a limit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def groups(root: Path = ROOT, own: Path = OWN) -> Sequence[Path]:
    """Their folders, the process's own first; none where there are no control groups (docs.kernel.org, cgroup-v2)."""
    try:
        lines = own.read_text(encoding="ascii").splitlines()
    except OSError:
        return ()
    path = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), None)
    if path is None:
        return ()
    group = root / path
    return group, *(parent for parent in group.parents if parent.is_relative_to(root))
