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
    """Whether the innermost loop ends by it. Raises the `Jump` that is left for the loops around that one."""
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
