"""Whether memory is short: by what the control group uses, less what this process has free for new objects.

Python seldom gives memory back, because a piece of it goes only once all objects in it are gone: after 120 worlds had
been dropped a process had 191 MB as before, with two fifths of its blocks in use. By the control group's number alone,
a server that was full once would refuse all readers until it is restarted.
"""

from __future__ import annotations

import sys

from app.serving.operations import control_groups
from app.serving.operations.health import Check, share
from app.serving.operations.metrics import resident_bytes

BASE_BYTES = 150 * 1024 * 1024
"""What the process takes before the first page, most of it for code."""


class MemoryShortage:
    """The memory of one process. Safe to use from several threads."""

    def __init__(self) -> None:
        self._most = 0
        """The most blocks that were in use when the control group was nearly full."""

    def check(self) -> Check:
        """The check `memory` of `/readyz`. It is passed where there is no limit."""
        used, limit = control_groups.memory_used_and_limit()
        found = share("memory", used, limit)
        if found.ok or used is None:
            return found
        blocks = sys.getallocatedblocks()  # they are added up, so it is asked only here, and by the search for garbage
        self._most = max(self._most, blocks)
        free = max((resident_bytes() or 0) - BASE_BYTES, 0) * (1 - blocks / self._most)
        return share("memory", used - free, limit)

    def is_short(self) -> bool:
        """Whether there is no memory for one more page."""
        return not self.check().ok


MEMORY = MemoryShortage()
"""That of this process."""
