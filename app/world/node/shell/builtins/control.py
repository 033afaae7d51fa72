"""`exit`, `return`, `break`, `continue`, `eval`, `.`, `exec`, `trap` and those that do nothing."""

from __future__ import annotations

import posixpath

from app.world.node.shell.builtins.common import number
from app.world.node.shell.interpreter import Shell
from app.world.node.shell.limits import DEPTH
from app.world.node.shell.state import Exit, Jump, Return, ShellProblem
from app.world.node.shell.streams import decoded


async def true(shell: Shell, words: list[str]) -> int:
    """The built-in of that name."""
    return 0


async def false(shell: Shell, words: list[str]) -> int:
    """The built-in of that name."""
    return 1


async def exit_(shell: Shell, words: list[str]) -> int:
    """The built-in of that name."""
    raise Exit(number(words, shell.state.status) & 255)


async def return_(shell: Shell, words: list[str]) -> int:
    """The built-in of that name."""
    raise Return(number(words, shell.state.status) & 255)


async def jump(shell: Shell, words: list[str]) -> int:
    """The built-in of that name."""
    loops = number(words, 1)
    if loops < 1:
        raise ShellProblem(f"{words[0]}: Illegal number: {words[1]}")
    if shell.state.loops:
        raise Jump(min(loops, shell.state.loops), goes_on=words[0] == "continue")
    return 0


async def eval_(shell: Shell, words: list[str]) -> int:
    """The built-in of that name."""
    text = " ".join(words[1:])
    if not text.strip():
        return 0
    shell.state.depth += 1
    try:
        if shell.state.depth > DEPTH:
            raise ShellProblem("too many commands inside each other for this simulated shell")
        return await shell.script(text)
    finally:
        shell.state.depth -= 1


async def dot(shell: Shell, words: list[str]) -> int:
    """The built-in of that name."""
    if len(words) < 2:
        raise ShellProblem(".: filename argument required")
    state = shell.state
    try:
        text = decoded(shell.process.files.read(posixpath.join(state.directory, words[1])))
    except OSError as error:
        raise ShellProblem(
            f".: cannot open {words[1]}: {'No such file' if error.errno == 2 else error.strerror}"
        ) from None
    state.depth += 1
    try:
        if state.depth > DEPTH:
            raise ShellProblem("too many commands inside each other for this simulated shell")
        state.status = 0
        return await shell.script(text)
    except Return as end:
        return end.status
    finally:
        state.depth -= 1


async def exec_(shell: Shell, words: list[str]) -> int:
    """The built-in of that name."""
    if len(words) < 2:
        return 0
    status = await shell.execute(words[1:], {})
    raise Exit(status)


async def trap(shell: Shell, words: list[str]) -> int:
    """No signal is ever sent here: of traps only `EXIT` comes about."""
    if words[2:] and words[2] in ("EXIT", "0"):
        shell.state.at_exit = "" if words[1] == "-" else words[1]
    return 0


async def wait(shell: Shell, words: list[str]) -> int:
    """The built-in of that name."""
    return 0
