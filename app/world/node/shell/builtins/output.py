"""`echo`, `printf`, `test`, `cd`, `pwd`, `umask`."""

from __future__ import annotations

import posixpath

from app.world.node.shell.builtins.common import complain, out
from app.world.node.shell.conditions import ConditionProblem, holds
from app.world.node.shell.formatting import FormatProblem, escaped, formatted
from app.world.node.shell.interpreter import Shell

_UMASK = "0022"


async def echo(shell: Shell, words: list[str]) -> int:
    """`echo`: dash's knows `-n` and reads escapes; bash's and busybox's read escapes only with `-e`."""
    arguments, end, escapes = words[1:], "\n", shell.state.echo_escapes
    letters = "n" if escapes else "neE"
    while arguments and len(arguments[0]) > 1 and arguments[0][0] == "-" and set(arguments[0][1:]) <= set(letters):
        if "n" in arguments[0]:
            end = ""
        if not shell.state.echo_escapes:
            escapes = "e" in arguments[0]
        elif arguments[0] != "-n":
            break
        arguments = arguments[1:]
        if shell.state.echo_escapes:
            break
    text = " ".join(arguments)
    if escapes:
        text, stops = escaped(text, octal_zero=True)
        end = "" if stops else end
    return await out(shell, text + end)


async def printf(shell: Shell, words: list[str]) -> int:
    """`printf FORMAT [WORD…]`: prints by a format, which is used again while words are left."""
    arguments = words[2:] if words[1:2] == ["--"] else words[1:]
    if not arguments:
        return await complain(shell, words, "usage: printf format [arg ...]")
    shell.limits.examine(sum(map(len, arguments)), 5)
    try:
        text, problems = formatted(arguments[0], arguments[1:])
    except FormatProblem as error:
        return await complain(shell, words, str(error))
    status = await out(shell, text)
    for problem in problems:
        status = await complain(shell, words, problem, 1)
    return status


async def test(shell: Shell, words: list[str]) -> int:
    """`test CONDITION` and `[ CONDITION ]`: 0 where it is true, 1 where it is false, 2 where it is no condition."""
    arguments = words[1:]
    if words[0] == "[":
        if not arguments or arguments[-1] != "]":
            return await complain(shell, words, "missing ]")
        arguments = arguments[:-1]
    try:
        return 0 if holds(arguments, shell) else 1
    except ConditionProblem as problem:
        return await complain(shell, words, str(problem))


async def pwd(shell: Shell, words: list[str]) -> int:
    """Prints the current directory."""
    return await out(shell, f"{shell.state.directory}\n")


async def cd(shell: Shell, words: list[str]) -> int:
    """`cd [DIRECTORY]`: changes the directory, without an argument to `HOME`, with `-` to the previous one."""
    state = shell.state
    arguments = [word for word in words[1:] if word not in ("-P", "-L", "--")]
    target = arguments[0] if arguments else state.variables.get("HOME", "")
    if target == "-":
        target = state.variables.get("OLDPWD", "")
        await out(shell, f"{target}\n")
    path = posixpath.normpath(posixpath.join(state.directory, target or "."))
    try:
        inode = shell.process.files.stat(path)
        if not (inode.is_directory and shell.process.files.may(inode, 1)):
            raise NotADirectoryError
    except OSError:
        return await complain(shell, words, f"can't cd to {target}")
    state.set("OLDPWD", state.directory)
    state.directory = path
    state.set("PWD", path)
    return 0


async def umask(shell: Shell, words: list[str]) -> int:
    """Prints the mask of new files. It is the same in every shell here; for another mask it prints an error."""
    if len(words) < 2:
        return await out(shell, f"{_UMASK}\n")
    if words[1].lstrip("0") == _UMASK.lstrip("0"):
        return 0
    return await complain(shell, words, f"the mask of new files is always {_UMASK} in this simulated shell", 1)
