"""How many cores this process may use."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from app.serving.operations.control_group import OWN, ROOT, groups, groups_of


def usable(root: Path = ROOT, own: Path = OWN) -> float | None:
    """Those that the scheduler gives it, or what its control groups leave of them; None where nothing says."""
    given = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    found = (*map(_quota, groups(root, own)), *map(_old_quota, groups_of("cpu", root, own)))
    return min([given, *(quota for quota in found if quota)]) if given else None


def _quota(group: Path) -> float | None:
    """Cores: microseconds of CPU time in a period, and the period (docs.kernel.org, cgroup-v2, "cpu.max")."""
    try:
        most, period = (group / "cpu.max").read_text(encoding="ascii").split()
        return int(most) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None  # "max" is no limit


def _old_quota(group: Path) -> float | None:
    """The same in version 1 (docs.kernel.org, scheduler/sched-bwc), where -1 is no limit."""
    try:
        most, period = (int((group / f"cpu.cfs_{it}_us").read_text(encoding="ascii")) for it in ("quota", "period"))
        return most / period if most > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
