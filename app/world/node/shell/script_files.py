"""Commands that are no program of an image: scripts that someone has written into a container, or unknown commands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.world.node.shell.process import Process
from app.world.node.shell.streams import decoded

if TYPE_CHECKING:
    from app.world.node.shell.interpreter import Shell

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""The exit statuses of a command that could not be run (2.8.2)."""


async def run_unknown(shell: Shell, process: Process) -> int:
    """Runs the script of that name, if someone has written it into the container; else prints that it is not found."""
    name = process.arguments[0]
    if "/" not in name:
        await shell.complain(f"{name}: not found")
        await shell.state.descriptors[2].write(f"({name} is not in this simulated image)\n")
        return NOT_FOUND
    try:
        inode = process.files.stat(process.path(name))
    except OSError:
        await shell.complain(f"{name}: not found")
        return NOT_FOUND
    if inode.is_directory or not inode.mode & 0o111:
        await shell.complain(f"{name}: Permission denied")
        return NOT_EXECUTABLE
    return await _run_file(shell, process)


async def _run_file(shell: Shell, process: Process) -> int:
    """Runs a script of the container by the shell that its first line names, or by `sh`."""
    path = process.path(process.arguments[0])
    first = decoded(process.files.read(path)).partition("\n")[0]
    words = first[2:].split() if first.startswith("#!") else ["/bin/sh"]
    name = words[0].rpartition("/")[2] if words else "sh"
    if name == "env" and len(words) > 1:
        name = words[1]
    if name not in ("sh", "bash", "dash", "ash"):
        await shell.complain(f"{process.arguments[0]}: not found")
        return NOT_FOUND
    return await process.system.launch(replace(process, arguments=["sh", *process.arguments]))
