"""How much memory there is for this process: the limit of its control group, by which a container is killed."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from app.serving.operations.control_group import OWN, ROOT, groups, groups_of

_NO_LIMIT = 2**62
"""In version 1 a group without a limit has one that no machine reaches: the largest number of bytes in whole pages."""


def used_and_limit(root: Path = ROOT, own: Path = OWN) -> tuple[int, int] | tuple[None, None]:
    """Bytes in use and the limit, of the group nearest to its limit; None where no limit is set, or can be read.

    Control groups v2 (docs.kernel.org, admin-guide/cgroup-v2, "memory.max") and v1 (admin-guide/cgroup-v1/memory). In
    use is what the kubelet calls the working set: the group's memory without the file cache that the kernel can drop at
    once.
    """
    new = (_of(one, "memory.max", "memory.current", "inactive_file") for one in groups(root, own))
    old = (
        _of(one, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        for one in groups_of("memory", root, own)
    )
    return max(filter(None, (*new, *old)), key=lambda both: both[0] / both[1], default=(None, None))


def limit(root: Path = ROOT, own: Path = OWN) -> int | None:
    """Bytes that there are at most: of the control group, else of the machine; None where the system says neither."""
    _, most = used_and_limit(root, own)
    with suppress(AttributeError, OSError, ValueError):  # Windows has no such function
        most = most or os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return most


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
