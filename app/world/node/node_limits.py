"""Limits on what all Pods of one node take together: the memory of their processes, and their logs."""

from __future__ import annotations

import errno
import math
import os
from typing import TYPE_CHECKING

from app.world.node.programs.environment import ConfigError

if TYPE_CHECKING:
    from app.world.node.kubelet import Kubelet

PROCESSES_LIMIT = 1536 * 1024
"""Bytes of memory for what all processes of one node were given and have written, with the names of the directories and
files that their containers begin with. A process without variables of its own takes 6,500."""
LOGS_LIMIT = 512 * 1024
"""Characters of the logs of all containers on one node: the newest ones are kept."""


def check_memory(kubelet: Kubelet, wanted: int) -> None:
    """Raises `ConfigError` unless the node has memory for processes that are given so many bytes more."""
    taken = sum(worker.inside.process_bytes for worker in kubelet.workers)
    if wanted > 0 and wanted + taken > PROCESSES_LIMIT:
        raise ConfigError("cannot allocate memory")


def check_disk(kubelet: Kubelet, wanted: int) -> None:
    """Raises `OSError` (ENOSPC) unless the node has room for so many bytes more that programs write."""
    try:
        check_memory(kubelet, wanted)
    except ConfigError as error:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error


def trim_logs(kubelet: Kubelet) -> None:
    """Drops the logs of the processes that ended first where all take too much; of one that runs last of all."""
    room = LOGS_LIMIT
    states = (state for worker in kubelet.workers for state in worker.containers)
    for state in sorted(states, key=lambda state: state.finished or math.inf, reverse=True):
        for log in filter(None, (state.log, state.previous_log)):
            log.trim(max(room, 0))
            room -= log.size
