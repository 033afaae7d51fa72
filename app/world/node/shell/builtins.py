"""What the shell does itself. Source: POSIX.1-2017, Shell Command Language, 2.14, and Utilities; dash."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable
from dataclasses import replace

from app.world.node.shell.conditions import ConditionProblem, holds
from app.world.node.shell.expansion import BLANKS
from app.world.node.shell.formatting import FormatProblem, escaped, formatted
from app.world.node.shell.interpreter import Shell
from app.world.node.shell.limits import DEPTH
from app.world.node.shell.process import Process
from app.world.node.shell.reader import NAME
from app.world.node.shell.state import Exit, Jump, Return, ShellProblem
from app.world.node.shell.streams import decoded

Builtin = Callable[[Shell, list[str]], Awaitable[int]]
OPTIONS = {
    "a": "allexport",
    "C": "noclobber",
    "e": "errexit",
    "f": "noglob",
    "u": "nounset",
    "x": "xtrace",
    "n": "noexec",
    "v": "verbose",
    "h": "hashall",
}


async def _out(shell: Shell, text: str) -> int:
    if 1 not in shell.state.descriptors:
        await shell.complain("write error: Bad file descriptor")
        return 1
    await shell.state.descriptors[1].write(text)
    return 0


async def _complain(shell: Shell, words: list[str], text: str, status: int = 2) -> int:
    await shell.complain(f"{words[0]}: {text}")
    return status


def _number(words: list[str], default: int) -> int:
    if len(words) < 2:
        return default
    if not words[1].isdigit() or len(words[1]) > 9:
        raise ShellProblem(f"{words[0]}: Illegal number: {words[1]}")
    return int(words[1])


async def _true(shell: Shell, words: list[str]) -> int:
    return 0


async def _false(shell: Shell, words: list[str]) -> int:
    return 1


async def _echo(shell: Shell, words: list[str]) -> int:
    """dash's, which knows `-n` and reads escapes; bash's and busybox's, which read them with `-e` alone."""
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
    return await _out(shell, text + end)


async def _printf(shell: Shell, words: list[str]) -> int:
    arguments = words[2:] if words[1:2] == ["--"] else words[1:]
    if not arguments:
        return await _complain(shell, words, "usage: printf format [arg ...]")
    shell.limits.examine(sum(map(len, arguments)), 5)
    try:
        text, problems = formatted(arguments[0], arguments[1:])
    except FormatProblem as error:
        return await _complain(shell, words, str(error))
    status = await _out(shell, text)
    for problem in problems:
        status = await _complain(shell, words, problem, 1)
    return status


async def _test(shell: Shell, words: list[str]) -> int:
    arguments = words[1:]
    if words[0] == "[":
        if not arguments or arguments[-1] != "]":
            return await _complain(shell, words, "missing ]")
        arguments = arguments[:-1]
    try:
        return 0 if holds(arguments, shell) else 1
    except ConditionProblem as problem:
        return await _complain(shell, words, str(problem))


async def _cd(shell: Shell, words: list[str]) -> int:
    state = shell.state
    arguments = [word for word in words[1:] if word not in ("-P", "-L", "--")]
    target = arguments[0] if arguments else state.variables.get("HOME", "")
    if target == "-":
        target = state.variables.get("OLDPWD", "")
        await _out(shell, f"{target}\n")
    path = posixpath.normpath(posixpath.join(state.directory, target or "."))
    try:
        if not shell.process.files.stat(path).is_directory:
            raise NotADirectoryError
        shell.process.files.stat(f"{path}/.")
    except OSError:
        return await _complain(shell, words, f"can't cd to {target}")
    state.set("OLDPWD", state.directory)
    state.directory = path
    state.set("PWD", path)
    return 0


async def _pwd(shell: Shell, words: list[str]) -> int:
    return await _out(shell, f"{shell.state.directory}\n")


async def _export(shell: Shell, words: list[str]) -> int:
    state = shell.state
    marked = state.exported if words[0] == "export" else state.readonly
    names = [word for word in words[1:] if word not in ("-p", "--")]
    if not names:
        lines = [f"{words[0]} {_assignment(shell, name)}\n" for name in sorted(marked)]
        return await _out(shell, "".join(lines))
    for word in names:
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


async def _local(shell: Shell, words: list[str]) -> int:
    state = shell.state
    if not state.locals:
        raise ShellProblem("local: not in a function")
    for word in words[1:]:
        name, given, value = word.partition("=")
        if not NAME.fullmatch(name):
            raise ShellProblem(f"local: {name}: bad variable name")
        state.locals[-1].setdefault(name, state.variables.get(name))
        if given:
            state.set(name, value)
    return 0


async def _unset(shell: Shell, words: list[str]) -> int:
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


async def _set(shell: Shell, words: list[str]) -> int:
    state = shell.state
    arguments = words[1:]
    if not arguments:
        names = sorted(name for name in state.variables if NAME.fullmatch(name))
        return await _out(shell, "".join(f"{_assignment(shell, name)}\n" for name in names))
    while arguments and arguments[0][:1] in "+-" and len(arguments[0]) > 1:
        word, arguments = arguments[0], arguments[1:]
        if word == "--":
            state.parameters = arguments
            return 0
        letters = set(word[1:])
        if word[1:] == "o" and arguments:
            long, arguments = arguments[0], arguments[1:]
            letters = {letter for letter, name in OPTIONS.items() if name == long} or ({"pipefail"} - {long}) or {long}
            if letters == {"pipefail"} and long != "pipefail":
                raise ShellProblem(f"set: Illegal option -o {long}")
        if unknown := letters - OPTIONS.keys():
            raise ShellProblem(f"set: Illegal option -{sorted(unknown)[0]}")
        state.options = state.options | letters if word[0] == "-" else state.options - letters
    if arguments:
        state.parameters = arguments
    return 0


async def _shift(shell: Shell, words: list[str]) -> int:
    count = _number(words, 1)
    if count > len(shell.state.parameters):
        raise ShellProblem("shift: can't shift that many")
    shell.state.parameters = shell.state.parameters[count:]
    return 0


async def _exit(shell: Shell, words: list[str]) -> int:
    raise Exit(_number(words, shell.state.status) & 255)


async def _return(shell: Shell, words: list[str]) -> int:
    raise Return(_number(words, shell.state.status) & 255)


async def _jump(shell: Shell, words: list[str]) -> int:
    loops = _number(words, 1)
    if loops < 1:
        raise ShellProblem(f"{words[0]}: Illegal number: {words[1]}")
    if shell.state.loops:
        raise Jump(min(loops, shell.state.loops), goes_on=words[0] == "continue")
    return 0


async def _eval(shell: Shell, words: list[str]) -> int:
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


async def _dot(shell: Shell, words: list[str]) -> int:
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


async def _exec(shell: Shell, words: list[str]) -> int:
    if len(words) < 2:
        return 0
    status = await shell.execute(words[1:], {})
    raise Exit(status)


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
            found = f"/usr/local/bin/{name}" if name == "aws" else name if "/" in name else f"/usr/bin/{name}"
            kind = f"is {found}"
        else:
            status = 127
            if verbose:
                await _out(shell, f"{name}: not found\n")
            continue
        await _out(shell, f"{name} {kind}\n" if verbose else f"{found}\n")
    return status


async def _read(shell: Shell, words: list[str]) -> int:
    raw, arguments = False, words[1:]
    while arguments[:1] and arguments[0].startswith("-") and len(arguments[0]) > 1:
        option, arguments = arguments[0], arguments[1:]
        if option == "-p" and arguments:
            if shell.process.terminal:
                await shell.state.descriptors[2].write(arguments[0])
            arguments = arguments[1:]
        elif option == "-r":
            raw = True
        else:
            return await _complain(shell, words, f"Illegal option {option}")
    if not arguments:
        return await _complain(shell, words, "arg count")
    source = shell.state.descriptors.get(0)
    if source is None:
        return await _complain(shell, words, "read error: 0: Bad file descriptor", 1)
    characters: list[tuple[str, bool]] = []
    status = 1
    while line := await source.readline():
        await shell.limits.step(1 + len(line) // 100)
        goes_on = False
        text = line.removesuffix("\n")
        position = 0
        while position < len(text):
            if text[position] == "\\" and not raw:
                position += 1
                if position >= len(text):
                    goes_on = line.endswith("\n")
                    break
                characters.append((text[position], True))
            else:
                characters.append((text[position], False))
            position += 1
        status = 0 if line.endswith("\n") else 1
        if not goes_on:
            break
    for name, value in zip(arguments, _split(characters, shell, len(arguments)), strict=True):
        if not NAME.fullmatch(name):
            raise ShellProblem(f"read: {name}: bad variable name")
        shell.state.set(name, value)
    return status


def _split(characters: list[tuple[str, bool]], shell: Shell, count: int) -> list[str]:
    """The values of `read`'s variables: the last gets all that is left."""
    separators = shell.state.variables.get("IFS", BLANKS)
    blanks = [character for character in separators if character in BLANKS]

    def separates(position: int, among: str | list[str]) -> bool:
        character, quoted = characters[position]
        return not quoted and character in among

    values: list[str] = []
    position, end = 0, len(characters)
    while position < end and separates(position, blanks):
        position += 1
    while end > position and separates(end - 1, blanks):
        end -= 1
    for number in range(count):
        start = position
        if number == count - 1:
            ends = [place for place in range(start, end) if separates(place, separators)]
            if len(ends) == 1 and ends[0] == end - 1:  # one separator at the end alone ends the last field
                end -= 1
            values.append("".join(character for character, _ in characters[start:end]))
            break
        while position < end and not separates(position, separators):
            position += 1
        values.append("".join(character for character, _ in characters[start:position]))
        while position < end and separates(position, blanks):
            position += 1
        if position < end and separates(position, separators) and not separates(position, blanks):
            position += 1
            while position < end and separates(position, blanks):
                position += 1
    return values


async def _trap(shell: Shell, words: list[str]) -> int:
    """No signal is ever sent here: of traps only `EXIT` comes about."""
    if words[2:] and words[2] in ("EXIT", "0"):
        shell.state.at_exit = "" if words[1] == "-" else words[1]
    return 0


async def _wait(shell: Shell, words: list[str]) -> int:
    return 0


async def _umask(shell: Shell, words: list[str]) -> int:
    return await _out(shell, "0022\n") if len(words) < 2 else 0


async def run_file(shell: Shell, process: Process) -> int:
    """Runs a script that was written into the container, by the shell that it names or by `sh`."""
    path = process.path(process.arguments[0])
    first = decoded(process.files.read(path)).partition("\n")[0]
    words = first[2:].split() if first.startswith("#!") else ["/bin/sh"]
    name = words[0].rpartition("/")[2] if words else "sh"
    if name == "env" and len(words) > 1:
        name = words[1]
    if name not in ("sh", "bash", "dash", "ash"):
        await shell.complain(f"{process.arguments[0]}: not found")
        return 127
    return await process.system.launch(replace(process, arguments=["sh", *process.arguments]))


SPECIAL = frozenset(
    [
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
        "unset",
    ]
)
"""Special built-ins (2.14): an error in one ends the shell, and assignments before one stay."""
BUILTINS: dict[str, Builtin] = {
    ":": _true,
    "true": _true,
    "false": _false,
    "echo": _echo,
    "printf": _printf,
    "test": _test,
    "[": _test,
    "cd": _cd,
    "pwd": _pwd,
    "export": _export,
    "readonly": _export,
    "local": _local,
    "unset": _unset,
    "set": _set,
    "shift": _shift,
    "exit": _exit,
    "return": _return,
    "break": _jump,
    "continue": _jump,
    "eval": _eval,
    ".": _dot,
    "exec": _exec,
    "command": _command,
    "type": _type,
    "read": _read,
    "trap": _trap,
    "wait": _wait,
    "umask": _umask,
}
