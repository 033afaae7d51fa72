"""`exit`, `return`, `break`, `continue`, `eval`, `.`, `exec`, `trap` and those built-ins that do nothing."""

from __future__ import annotations

import posixpath

from app.world.node.shell.builtins.common import number
from app.world.node.shell.interpreter import Shell
from app.world.node.shell.state import Exit, Jump, Return, ShellProblem
from app.world.node.shell.streams import decoded


async def true(shell: Shell, words: list[str]) -> int:
    """`:` and `true`: nothing, with status 0."""
    return 0


async def false(shell: Shell, words: list[str]) -> int:
    """Nothing, with status 1."""
    return 1


async def exit_(shell: Shell, words: list[str]) -> int:
    """`exit [N]`: leaves the shell with that status, or that of the last command."""
    raise Exit(number(words, shell.state.status) & 255)


async def return_(shell: Shell, words: list[str]) -> int:
    """`return [N]`: leaves a function or a script that `.` runs."""
    raise Return(number(words, shell.state.status) & 255)


async def jump(shell: Shell, words: list[str]) -> int:
    """`break [N]` leaves N loops, `continue [N]` goes on with the Nth, counted from the inside."""
    loops = number(words, 1)
    if loops < 1:
        raise ShellProblem(f"{words[0]}: Illegal number: {words[1]}")
    if shell.state.loops:
        raise Jump(min(loops, shell.state.loops), goes_on=words[0] == "continue")
    return 0


async def eval_(shell: Shell, words: list[str]) -> int:
    """`eval WORD…`: runs the words as a script."""
    text = " ".join(words[1:])
    if not text.strip():
        return 0
    async with shell.deeper():
        return await shell.script(text)


async def dot(shell: Shell, words: list[str]) -> int:
    """`. FILE`: runs a file's script in this shell."""
    if len(words) < 2:
        raise ShellProblem(".: filename argument required")
    state = shell.state
    try:
        text = decoded(shell.process.files.read(posixpath.join(state.directory, words[1])))
    except OSError as error:
        why = "No such file" if error.errno == 2 else error.strerror
        raise ShellProblem(f".: cannot open {words[1]}: {why}") from None
    try:
        async with shell.deeper():
            state.status = 0
            return await shell.script(text)
    except Return as end:
        return end.status


async def exec_(shell: Shell, words: list[str]) -> int:
    """`exec COMMAND…`: runs a program instead of the shell. Without words its redirections stay."""
    if len(words) < 2:
        return 0
    status = await shell.execute(words[1:], {})
    raise Exit(status)


async def trap(shell: Shell, words: list[str]) -> int:
    """`trap`: only the trap `EXIT` ever runs, because no signal is sent here."""
    if words[2:] and words[2] in ("EXIT", "0"):
        shell.state.at_exit = "" if words[1] == "-" else words[1]
    return 0


async def wait(shell: Shell, words: list[str]) -> int:
    """`wait`: returns at once, because no program runs in the background."""
    return 0
