"""The last words of a container, which its status and `kubectl describe pod` show.

Source: `getTerminationMessage` and `readLastStringFromContainerLogs` in `pkg/kubelet/kuberuntime`.
"""

from __future__ import annotations

from app.flow.model import JsonObject
from app.world.node.container import Container
from app.world.node.container_log import ContainerLog

FILE_BYTES = 4096
"""Bytes of the file that are read: its last ones."""
LOG_BYTES = 2048
LOG_LINES = 80
"""`LOG_BYTES` and `LOG_LINES`: how much of the end of the log is read."""


def termination_message(container: Container, spec: JsonObject, log: ContainerLog, exit_code: int) -> str:
    """What the container's process has written into its `terminationMessagePath`; if that is nothing and the process
    has failed, the end of its log where `terminationMessagePolicy` says so."""
    try:
        written = container.files.read(spec["terminationMessagePath"])[-FILE_BYTES:]
    except (KeyError, OSError):
        written = b""
    if not written and exit_code and spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
        lines = log.text.splitlines(keepends=True)[-LOG_LINES:]
        written = "".join(lines).encode()[-LOG_BYTES:]
    return written.decode("utf-8", "replace")
