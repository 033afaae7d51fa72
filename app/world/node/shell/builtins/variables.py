"""`export`, `readonly`, `local`, `unset`, `set`, `shift`."""

from __future__ import annotations

from app.world.node.shell.builtins.common import number, out
from app.world.node.shell.interpreter import Shell
from app.world.node.shell.reader import NAME
from app.world.node.shell.state import OPTIONS, ShellProblem


async def export(shell: Shell, words: list[str]) -> int:
    """`export` and `readonly`, with `NAME[=VALUE]…`: marks variables; without names, prints those that are marked."""
    state = shell.state
    marked = state.exported if words[0] == "export" else state.readonly
    names = [word for word in words[1:] if word not in ("-p", "--")]
    if not names:
        lines = [f"{words[0]} {_assignment(shell, name)}\n" for name in sorted(marked)]
        return await out(shell, "".join(lines))
    for word in names:
        await shell.limits.step(1 + len(state.variables) // 200)
        name, given, value = word.partition("=")
        if not NAME.fullmatch(name):
            raise ShellProblem(f"{words[0]}: {name}: bad variable name")
        if given:
            state.set(name, value)
        marked.add(name)
    return 0


def _assignment(shell: Shell, name: str) -> str:
    value = shell.state.variables.get(name)
    return name if value is None else f"{name}='" + value.replace("'", "'\"'\"'") + "'"


async def local(shell: Shell, words: list[str]) -> int:
    """`local NAME[=VALUE]…`: variables that get their previous values at the end of the function."""
    state = shell.state
    if not state.locals:
        raise ShellProblem("local: not in a function")
    for word in words[1:]:
        await shell.limits.step(1 + len(state.variables) // 200)
        name, given, value = word.partition("=")
        if not NAME.fullmatch(name):
            raise ShellProblem(f"local: {name}: bad variable name")
        state.locals[-1].setdefault(name, state.variables.get(name))
        if given:
            state.set(name, value)
    return 0


async def unset(shell: Shell, words: list[str]) -> int:
    """`unset [-f|-v] NAME…`: removes variables, or functions."""
    state = shell.state
    functions = "-f" in words[1:2]
    for name in words[2:] if words[1:2] in (["-f"], ["-v"]) else words[1:]:
        if functions:
            state.functions.pop(name, None)
        elif name in state.readonly:
            raise ShellProblem(f"unset: {name}: is read only")
        else:
            state.variables.pop(name, None)
            state.exported.discard(name)
    return 0


async def set_(shell: Shell, words: list[str]) -> int:
    """`set [-LETTERS|+LETTERS|-o NAME…] [WORD…]`: options and parameters; without words, prints the variables."""
    state = shell.state
    arguments = words[1:]
    if not arguments:
        names = sorted(name for name in state.variables if NAME.fullmatch(name))
        return await out(shell, "".join(f"{_assignment(shell, name)}\n" for name in names))
    while arguments and arguments[0][:1] in "+-" and len(arguments[0]) > 1:
        word, arguments = arguments[0], arguments[1:]
        if word == "--":
            state.parameters = arguments
            return 0
        letters = set(word[1:])
        if word[1:] == "o" and arguments:
            long, arguments = arguments[0], arguments[1:]
            letters = {letter for letter, name in OPTIONS.items() if name == long}
            if not letters:
                raise ShellProblem(f"set: Illegal option -o {long}")
        if unknown := letters - OPTIONS.keys():
            raise ShellProblem(f"set: Illegal option -{sorted(unknown)[0]}")
        state.options = state.options | letters if word[0] == "-" else state.options - letters
    if arguments:
        state.parameters = arguments
    return 0


async def shift(shell: Shell, words: list[str]) -> int:
    """`shift [N]`: drops the first N parameters."""
    count = number(words, 1)
    if count > len(shell.state.parameters):
        raise ShellProblem("shift: can't shift that many")
    shell.state.parameters = shell.state.parameters[count:]
    return 0
