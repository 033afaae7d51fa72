"""Runs compound commands and pipelines. Source: POSIX.1-2017, Shell Command Language, 2.9.2 and 2.9.4."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.world.node.shell.limits import CONCURRENT
from app.world.node.shell.state import Jump, ShellProblem
from app.world.node.shell.streams import Pipe, Stream
from app.world.node.shell.syntax import Block, Case, Command, For, If, Loop

if TYPE_CHECKING:
    from app.world.node.shell.interpreter import Shell


async def run_pipeline(shell: Shell, commands: Sequence[Command]) -> int:
    """Runs the parts of a pipeline at once, each in a subshell; returns the status of the last one."""
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


async def _tested(shell: Shell, block: Block) -> int:
    shell.state.tested += 1
    try:
        return await shell.block(block)
    finally:
        shell.state.tested -= 1


async def run_if(shell: Shell, command: If) -> int:
    """`if`."""
    for condition, body in command.branches:
        if await _tested(shell, condition) == 0:
            return await shell.block(body)
    return await shell.block(command.otherwise)


async def run_loop(shell: Shell, command: Loop) -> int:
    """`while` and `until`."""
    status = 0
    shell.state.loops += 1
    try:
        while True:
            try:
                if (await _tested(shell, command.condition) == 0) == command.until:
                    return status
                await shell.limits.step()
                status = await shell.block(command.body)
            except Jump as jump:
                status = 0
                if _ends(jump):
                    return status
    finally:
        shell.state.loops -= 1


async def run_for(shell: Shell, command: For) -> int:
    """`for`."""
    values = shell.state.parameters if command.words is None else await shell.expansion.fields(command.words)
    status = 0
    shell.state.loops += 1
    try:
        for value in list(values):
            await shell.limits.step()
            shell.state.set(command.name, value)
            try:
                status = await shell.block(command.body)
            except Jump as jump:
                status = 0
                if _ends(jump):
                    break
    finally:
        shell.state.loops -= 1
    return status


def _ends(jump: Jump) -> bool:
    """Whether the jump ends the innermost loop. Raises the `Jump` that is left for the loops around it."""
    if jump.loops > 1:
        raise Jump(jump.loops - 1, goes_on=jump.goes_on) from None
    return not jump.goes_on


async def run_case(shell: Shell, command: Case) -> int:
    """`case`."""
    text = await shell.expansion.text(command.word)
    for patterns, body in command.items:
        for word in patterns:
            if (await shell.expansion.pattern(word)).matches(text, shell.limits):
                return await shell.block(body)
    return 0
