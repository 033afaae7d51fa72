"""Runs what has commands in it. Source: POSIX.1-2017, Shell Command Language, 2.9.4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.world.node.shell.state import Jump
from app.world.node.shell.syntax import Block, Case, For, If, Loop

if TYPE_CHECKING:
    from app.world.node.shell.interpreter import Shell


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
        while ((await _tested(shell, command.condition)) == 0) != command.until:
            await shell.limits.step()
            status, ends = await _round(shell, command.body)
            if ends:
                break
    except Jump as jump:  # in the condition
        if jump.loops > 1:
            raise Jump(jump.loops - 1, goes_on=jump.goes_on) from None
    finally:
        shell.state.loops -= 1
    return status


async def run_for(shell: Shell, command: For) -> int:
    """`for`."""
    values = shell.state.parameters if command.words is None else await shell.expansion.fields(command.words)
    status = 0
    shell.state.loops += 1
    try:
        for value in list(values):
            await shell.limits.step()
            shell.state.set(command.name, value)
            status, ends = await _round(shell, command.body)
            if ends:
                break
    finally:
        shell.state.loops -= 1
    return status


async def _round(shell: Shell, body: Block) -> tuple[int, bool]:
    """A loop's body once: its status, and whether the loop ends."""
    try:
        return await shell.block(body), False
    except Jump as jump:
        if jump.loops > 1:
            raise Jump(jump.loops - 1, goes_on=jump.goes_on) from None
        return 0, not jump.goes_on


async def run_case(shell: Shell, command: Case) -> int:
    """`case`."""
    text = await shell.expansion.text(command.word)
    for patterns, body in command.items:
        for word in patterns:
            if (await shell.expansion.pattern(word)).matches(text, shell.limits):
                return await shell.block(body)
    return 0
