"""How many cores this process may use."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from app.serving.operations.control_group import OWN, ROOT, groups


def usable(root: Path = ROOT, own: Path = OWN) -> float | None:
    """Those that the scheduler gives it, or what its control groups leave of them; None where nothing says."""
    given = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    return min([given, *(quota for group in groups(root, own) if (quota := _quota(group)))]) if given else None


def _quota(group: Path) -> float | None:
    """Cores: microseconds of CPU time in a period, and the period (docs.kernel.org, cgroup-v2, "cpu.max")."""
    try:
        most, period = (group / "cpu.max").read_text(encoding="ascii").split()
        return int(most) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None  # "max" is no limit
