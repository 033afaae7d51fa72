"""How much memory there is for this process: the limit of its control group, by which a container is killed."""

from __future__ import annotations

from pathlib import Path

from app.serving.operations.control_group import OWN, ROOT, groups


def used_and_limit(root: Path = ROOT, own: Path = OWN) -> tuple[int, int] | tuple[None, None]:
    """Bytes in use and the limit, of the group nearest to its limit; None where no limit is set, or can be read.

    Control groups v2 (docs.kernel.org, admin-guide/cgroup-v2, "memory.max"). In use is what the kubelet calls the
    working set: the group's memory without the file cache that the kernel can drop at once.
    """
    found = [both for one in groups(root, own) if (both := _of(one))]
    return max(found, key=lambda both: both[0] / both[1], default=(None, None))


def _of(group: Path) -> tuple[int, int] | None:
    try:
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        used = int((group / "memory.current").read_text(encoding="ascii"))
        stat = dict(line.split() for line in (group / "memory.stat").read_text(encoding="ascii").splitlines())
    except (OSError, ValueError):
        return None
    if not limit.isdecimal() or int(limit) == 0:
        return None
    return max(used - int(stat.get("inactive_file", 0)), 0), int(limit)
