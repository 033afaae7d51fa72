"""Runs pipelines. Source: POSIX.1-2017, Shell Command Language, 2.9.2."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.world.node.shell.limits import CONCURRENT
from app.world.node.shell.state import ShellProblem
from app.world.node.shell.streams import Pipe, Stream
from app.world.node.shell.syntax import Command

if TYPE_CHECKING:
    from app.world.node.shell.interpreter import Shell


async def connected(shell: Shell, commands: Sequence[Command]) -> int:
    """Runs the parts of a pipeline at once, each in a subshell; the last one's status is that of all."""
    limits = shell.limits
    if limits.running + len(commands) > CONCURRENT:
        raise ShellProblem("Cannot fork: this simulated container runs no more programs at once")
    pipes = [Pipe() for _ in commands[1:]]

    async def part(number: int) -> int:
        descriptors: dict[int, Stream] = {}
        if number > 0:
            descriptors[0] = pipes[number - 1]
        if number < len(pipes):
            descriptors[1] = pipes[number]
        inner = shell.subshell(descriptors)
        try:
            return await inner.to_its_end(inner.run(commands[number]))
        finally:
            if number > 0:
                pipes[number - 1].close_reader()
            if number < len(pipes):
                pipes[number].close_writer()

    limits.running += len(commands)
    parts = [asyncio.ensure_future(part(number)) for number in range(len(commands))]
    try:
        return (await asyncio.gather(*parts))[-1]
    finally:
        limits.running -= len(commands)
        for each in parts:
            each.cancel()
