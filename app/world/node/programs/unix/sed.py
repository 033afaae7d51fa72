"""`sed`: `s`, `y`, `p`, `d`, `q`, `=`, each with addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from app.world.node.programs.unix.expressions import Expression
from app.world.node.programs.unix.inputs import lines, streams
from app.world.node.programs.unix.options import UsageProblem, options
from app.world.node.shell.limits import TEXT, Killed
from app.world.node.shell.process import Process
from app.world.node.shell.streams import Sink, Stream, encoded

Address = int | str | Expression
"""A line's number, `$`, or what the line matches."""
COMMANDS_LIMIT = 50
_BRACKETS = re.compile(r"\[\^?\]?(?:\[:[a-z]+:\]|[^\]])*+\]")


@dataclass(kw_only=True)
class _Command:
    addresses: list[Address]
    negated: bool
    name: str
    expression: Expression | None = None
    replacement: str = ""
    flags: str = ""
    inside: bool = False
    """Whether its range of lines has begun."""


async def sed(process: Process) -> int:
    """Runs a script over the lines of files, or of standard input."""
    long = {"quiet": "n", "regexp-extended": "E", "expression": "e", "in-place": "i"}
    found, arguments = options(process, "nErsi", "e", long, repeated="e")
    if "e" not in found and not arguments:
        await process.stderr.write("Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...\n")
        return 1
    script = found["e"] if "e" in found else arguments[0]
    paths = arguments if "e" in found else arguments[1:]
    process.limits.examine(len(script), 10)
    commands = _Reader(script, extended=bool(found.keys() & {"E", "r"})).commands()
    run = _Run(process, commands, quiet="n" in found)
    status = 0
    async for path, stream in streams(process, paths):
        if stream is None:
            status = 2
            continue
        if "i" not in found:
            if await run.over(stream, process.stdout):
                return status
            continue
        pieces: list[str] = []
        alone = _Run(process, [replace(command) for command in commands], quiet="n" in found)
        await alone.over(stream, Sink(pieces.append, process.limits))
        await alone.end()
        try:
            process.files.write(process.path(path), encoded("".join(pieces)))
        except OSError as error:
            return await process.complain(f"couldn't open temporary file: {error.strerror}", 4)
    await run.end()
    return status


class _Run:
    """One run over lines. Each waits until it is known whether it is the last one."""

    def __init__(self, process: Process, commands: list[_Command], *, quiet: bool) -> None:
        self._process = process
        self._commands = commands
        self._quiet = quiet
        self._number = 0
        self._waiting: tuple[str, Stream] | None = None
        self._needs_last = any("$" in command.addresses for command in commands)

    async def over(self, stream: Stream, out: Stream) -> bool:
        """Goes over a stream's lines; whether `q` has ended it all."""
        async for line in lines(self._process, stream):
            waiting, self._waiting = self._waiting, (line, out)
            if not self._needs_last:
                waiting, self._waiting = self._waiting, None
            if waiting is not None and await self._line(*waiting, last=False):
                self._waiting = None
                return True
        return False

    async def end(self) -> None:
        """What waits is the last line."""
        if self._waiting is not None:
            await self._line(*self._waiting, last=True)

    async def _line(self, line: str, out: Stream, *, last: bool) -> bool:
        self._number += 1
        process = self._process
        await process.limits.step(1 + len(self._commands))
        end = "\n" if line.endswith("\n") else ""
        space = line.removesuffix("\n")
        printed: list[str] = []
        deleted = stops = False
        for command in self._commands:
            await process.limits.step(0)
            if not _applies(command, process, self._number, space, last=last):
                continue
            match command.name:
                case "s":
                    space, changed = await _substituted(command, process, space)
                    if changed and "p" in command.flags:
                        printed.append(f"{space}\n")
                case "y":
                    space = space.translate(str.maketrans(command.flags, command.replacement))
                case "p":
                    printed.append(f"{space}\n")
                case "=":
                    printed.append(f"{self._number}\n")
                case "d":
                    deleted = True
                case "q":
                    stops = True
            if deleted or stops:
                break
        if not self._quiet and not deleted:
            printed.append(space + end)
        await out.write("".join(printed))
        return stops


def _applies(command: _Command, process: Process, number: int, space: str, *, last: bool) -> bool:
    def at(address: Address) -> bool:
        if isinstance(address, Expression):
            return address.search(space, process.limits) is not None
        return last if address == "$" else address == number

    match command.addresses:
        case []:
            hit = True
        case [address]:
            hit = at(address)
        case [first, second]:
            if command.inside:
                hit = True
                command.inside = not (at(second) or (isinstance(second, int) and number >= second))
                if isinstance(second, int) and number > second:
                    hit = at(first)
            else:
                hit = at(first)
                command.inside = hit and not (isinstance(second, int) and second <= number)
    return hit != command.negated


async def _substituted(command: _Command, process: Process, space: str) -> tuple[str, bool]:
    expression = command.expression
    if expression is None:
        return space, False
    wanted = int(re.sub(r"\D", "", command.flags) or "1")
    pieces: list[str] = []
    start = count = 0
    changed, last_end = False, -1
    while start <= len(space) and (match := expression.search(space, process.limits, start)):
        await process.limits.step()
        begin, end = match[0], match[1]
        if begin == end == last_end:  # an empty match right after another match is none
            pieces.append(space[start : start + 1])
            start += 1
            last_end = -1
            continue
        count += 1
        pieces.append(space[start:begin])
        if count >= wanted and (count == wanted or "g" in command.flags):
            pieces.append(_filled(command.replacement, space, match))
            changed = True
        else:
            pieces.append(space[begin:end])
        last_end = end
        start = end
        if begin == end:
            pieces.append(space[end : end + 1])
            start += 1
        if changed and "g" not in command.flags:
            break
        if sum(map(len, pieces)) > TEXT:
            raise Killed
    return "".join(pieces) + space[start:], changed


def _filled(replacement: str, space: str, match: list[int]) -> str:
    if (replacement.count("&") + replacement.count("\\")) * (match[1] - match[0]) > TEXT:
        raise Killed

    def part(found: re.Match[str]) -> str:
        letter = "0" if found[0] == "&" else found[0][1]
        if letter.isdigit():
            begin, end = match[2 * int(letter)], match[2 * int(letter) + 1]
            return space[begin:end] if begin >= 0 else ""
        return {"n": "\n", "t": "\t"}.get(letter, letter)

    return re.sub(r"&|\\(?:.|\n)", part, replacement)


class _Reader:
    """Reads a script."""

    def __init__(self, script: str, *, extended: bool) -> None:
        self._script, self._extended = script, extended
        self._position = 0

    def commands(self) -> list[_Command]:
        """All of them. Raises `UsageProblem`."""
        found: list[_Command] = []
        while True:
            self._skip(" \t\n;")
            if self._position >= len(self._script):
                return found
            if len(found) >= COMMANDS_LIMIT:
                raise UsageProblem("too many commands for this simulated image")
            found.append(self._command())

    def _problem(self, text: str) -> UsageProblem:
        return UsageProblem(f"-e expression #1, char {min(self._position, len(self._script))}: {text}")

    def _skip(self, among: str) -> None:
        while self._position < len(self._script) and self._script[self._position] in among:
            self._position += 1

    def _next(self) -> str:
        character = self._script[self._position : self._position + 1]
        self._position += 1
        return character

    def _command(self) -> _Command:
        addresses: list[Address] = []
        if (first := self._address()) is not None:
            addresses.append(first)
            if self._script[self._position : self._position + 1] == ",":
                self._position += 1
                second = self._address()
                if second is None:
                    raise self._problem("unexpected `,'")
                addresses.append(second)
        self._skip(" ")
        negated = self._script[self._position : self._position + 1] == "!"
        self._position += negated
        self._skip(" ")
        name = self._next()
        command = _Command(addresses=addresses, negated=negated, name=name, inside=addresses[:1] == [0])
        if command.inside and not isinstance(addresses[-1], Expression):
            raise self._problem("invalid usage of line address 0")
        if name == "s":
            delimiter = self._next()
            pattern = self._until(delimiter, brackets=True)
            command.replacement = self._until(delimiter, keep=True)
            while (flag := self._script[self._position : self._position + 1]) and flag in "gpiI0123456789":
                command.flags += flag
                self._position += 1
            ignore = "i" in command.flags.lower()
            command.expression = Expression(pattern, extended=self._extended, ignore_case=ignore)
            used = [int(digit) for digit in re.findall(r"\\([0-9])", command.replacement.replace("\\\\", ""))]
            if cases := re.search(r"\\[ULEul]", command.replacement.replace("\\\\", "")):
                raise self._problem(f"{cases[0]} is not in this simulated image")
            if used and max(used) > command.expression.groups:
                raise self._problem(f"invalid reference \\{max(used)} on `s' command's RHS")
        elif name == "y":
            delimiter = self._next()
            command.flags, command.replacement = self._until(delimiter), self._until(delimiter)
            if len(command.flags) != len(command.replacement):
                raise self._problem("strings for `y' command are different lengths")
        elif name not in ("p", "d", "q", "="):
            raise self._problem("missing command" if not name else f"unknown command: `{name}' in this simulated image")
        self._skip(" \t")
        if self._script[self._position : self._position + 1] not in ("", ";", "\n", "}"):
            raise self._problem("unknown option to `s'" if name == "s" else "extra characters after command")
        return command

    def _address(self) -> Address | None:
        if number := re.compile(r"[0-9]{1,9}").match(self._script, self._position):
            self._position = number.end()
            return int(number[0])
        character = self._script[self._position : self._position + 1]
        if not character or character not in "$/":
            return None
        self._position += 1
        return "$" if character == "$" else Expression(self._until("/", brackets=True), extended=self._extended)

    def _until(self, delimiter: str, *, keep: bool = False, brackets: bool = False) -> str:
        """Up to the delimiter, which is an ordinary character after a backslash, and in the brackets of a pattern."""
        text = ""
        while True:
            while brackets and delimiter not in ("", "[") and (found := _BRACKETS.match(self._script, self._position)):
                text, self._position = text + found[0], found.end()
            character = self._next()
            if not character or not delimiter:
                raise self._problem("unterminated `s' command")
            if character == delimiter:
                return text
            if character == "\\":
                following = self._next()
                is_ordinary = following == delimiter and not (keep and following in "&\\")
                text += following if is_ordinary else f"\\{following}"
            else:
                text += character
