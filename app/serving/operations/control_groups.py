"""How many cores and how much memory there are for this process: its control group, and each of those around it, may
set a limit. The kernel ends a container that exceeds its memory limit.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
_NO_LIMIT = 2**62
"""In version 1 a group without a limit has one that no machine reaches: the largest number of bytes in whole pages."""


def groups(root: Path = ROOT, own: Path = OWN) -> Sequence[Path]:
    """Their folders, the process's own first; none where there are no control groups (docs.kernel.org, cgroup-v2)."""
    path = next((path for number, controllers, path in _lines(own) if (number, controllers) == ("0", "")), None)
    return () if path is None else _upwards(root, path)


def groups_of(controller: str, root: Path, own: Path) -> Sequence[Path]:
    """The folders of version 1, where each controller has groups of its own (docs.kernel.org, cgroup-v1).

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


def usable_cores(root: Path = ROOT, own: Path = OWN) -> float | None:
    """The cores that the scheduler gives this process, or what its control groups leave; None where nothing says."""
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
    """Cores, as version 1 writes them (docs.kernel.org, scheduler/sched-bwc): there -1 is no limit."""
    try:
        most, period = (int((group / f"cpu.cfs_{it}_us").read_text(encoding="ascii")) for it in ("quota", "period"))
        return most / period if most > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None


def memory_used_and_limit(root: Path = ROOT, own: Path = OWN) -> tuple[int, int] | tuple[None, None]:
    """Bytes in use and the limit, of the group nearest to its limit; None where no limit is set, or can be read.

    Control groups v2 (docs.kernel.org, admin-guide/cgroup-v2, "memory.max") and v1 (admin-guide/cgroup-v1/memory). In
    use is what the kubelet calls the working set: the group's memory without the file cache that the kernel can drop at
    once.
    """
    return max(_memory(root, own), key=lambda both: both[0] / both[1], default=(None, None))


def memory_limit(root: Path = ROOT, own: Path = OWN) -> int | None:
    """Bytes that there are at most: the least of the control groups' limits and the machine's memory; None where the
    system says neither.
    """
    limits = [limit for _, limit in _memory(root, own)]
    with suppress(AttributeError, OSError, ValueError):  # Windows has no such function
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(limits, default=None)


def _memory(root: Path, own: Path) -> Iterator[tuple[int, int]]:
    """In use, and the limit, of each group that has one."""
    new = (_of(one, "memory.max", "memory.current", "inactive_file") for one in groups(root, own))
    old = (
        _of(one, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        for one in groups_of("memory", root, own)
    )
    return filter(None, (*new, *old))


def _of(group: Path, most: str, current: str, cache: str) -> tuple[int, int] | None:
    try:
        limit = (group / most).read_text(encoding="ascii").strip()
        used = int((group / current).read_text(encoding="ascii"))
        stat = dict(line.split() for line in (group / "memory.stat").read_text(encoding="ascii").splitlines())
    except (OSError, ValueError):
        return None
    if not limit.isdecimal() or not 0 < int(limit) < _NO_LIMIT:  # "max" is no limit
        return None
    return max(used - int(stat.get(cache, 0)), 0), int(limit)
