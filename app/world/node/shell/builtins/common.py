"""Functions that the built-ins share: for output and for error messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from app.world.node.shell.interpreter import Shell
from app.world.node.shell.state import ShellProblem

Builtin = Callable[[Shell, list[str]], Awaitable[int]]


async def out(shell: Shell, text: str) -> int:
    """Prints; returns the status."""
    if 1 not in shell.state.descriptors:
        await shell.complain("write error: Bad file descriptor")
        return 1
    await shell.state.descriptors[1].write(text)
    return 0


async def complain(shell: Shell, words: list[str], text: str, status: int = 2) -> int:
    """Prints an error message; returns the status."""
    await shell.complain(f"{words[0]}: {text}")
    return status


def number(words: list[str], default: int) -> int:
    """The only argument as a number. Raises `ShellProblem`."""
    if len(words) < 2:
        return default
    if not words[1].isdigit() or len(words[1]) > 9:
        raise ShellProblem(f"{words[0]}: Illegal number: {words[1]}")
    return int(words[1])
