"""`/proc/1` of an ephemeral container that sees the processes of another container (`targetContainerName`).

Source: proc(5), `/proc/pid/root` and `/proc/pid/environ`; ptrace(2), "Ptrace access mode checking".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.world.node.container import Container
    from app.world.node.volumes.filesystem import FileSystem

DIRECTORY = "/proc/1"
ROOT = f"{DIRECTORY}/root"
ENVIRON = f"{DIRECTORY}/environ"


@dataclass(frozen=True, kw_only=True)
class FirstProcess:
    """The first process of the other container."""

    containers: Mapping[str, Container]
    """Those of the Pod."""
    name: str
    """That of the other container."""
    environment: Mapping[str, str]
    is_open: bool
    """Whether the kernel lets the ephemeral container look into it."""

    @property
    def files(self) -> FileSystem:
        """The files that it sees: those of the last such container, because the node keeps, and counts, no others."""
        return self.containers[self.name].files

    @property
    def environ(self) -> bytes:
        """Its variables, each with a zero at its end."""
        return "".join(f"{name}={value}\0" for name, value in self.environment.items()).encode("utf-8", "replace")
