"""The table of the built-ins, and the built-ins that search it. Source: POSIX.1-2017, Shell Command Language, 2.14;
dash."""

from __future__ import annotations

from app.world.node.programs.installed import path_of
from app.world.node.shell.builtins import control, output, reading, variables
from app.world.node.shell.builtins.common import Builtin, out
from app.world.node.shell.interpreter import Shell


async def _command(shell: Shell, words: list[str]) -> int:
    arguments = words[1:]
    if arguments[:1] in (["-v"], ["-V"]):
        return await _find(shell, arguments[1:], verbose=arguments[0] == "-V")
    if arguments[:1] == ["-p"]:
        arguments = arguments[1:]
    if not arguments:
        return 0
    if arguments[0] in BUILTINS:
        return await BUILTINS[arguments[0]](shell, arguments)
    return await shell.execute(arguments, {})


async def _type(shell: Shell, words: list[str]) -> int:
    return await _find(shell, words[1:], verbose=True)


async def _find(shell: Shell, names: list[str], *, verbose: bool) -> int:
    status = 0
    for name in names:
        if name in shell.state.functions:
            kind, found = "is a shell function", name
        elif name in BUILTINS:
            kind, found = "is a special shell builtin" if name in SPECIAL else "is a shell builtin", name
        elif shell.process.container.program([name]):
            found = path_of(name)
            kind = f"is {found}"
        else:
            status = 127
            if verbose:
                await out(shell, f"{name}: not found\n")
            continue
        await out(shell, f"{name} {kind}\n" if verbose else f"{found}\n")
    return status


SPECIAL = frozenset(
    [
        *(
            "break",
            ":",
            "continue",
            ".",
            "eval",
            "exec",
            "exit",
            "export",
            "readonly",
            "return",
            "set",
            "shift",
            "trap",
        ),
        "unset",
    ]
)
"""Special built-ins (2.14): an error in one ends the shell, and assignments before one stay."""
BUILTINS: dict[str, Builtin] = {
    ":": control.true,
    "true": control.true,
    "false": control.false,
    "echo": output.echo,
    "printf": output.printf,
    "test": output.test,
    "[": output.test,
    "cd": output.cd,
    "pwd": output.pwd,
    "export": variables.export,
    "readonly": variables.export,
    "local": variables.local,
    "unset": variables.unset,
    "set": variables.set_,
    "shift": variables.shift,
    "exit": control.exit_,
    "return": control.return_,
    "break": control.jump,
    "continue": control.jump,
    "eval": control.eval_,
    ".": control.dot,
    "exec": control.exec_,
    "command": _command,
    "type": _type,
    "read": reading.read,
    "trap": control.trap,
    "wait": control.wait,
    "umask": output.umask,
}
