"""`read`."""

from __future__ import annotations

from app.world.node.shell.builtins.common import complain
from app.world.node.shell.expansion import BLANKS
from app.world.node.shell.interpreter import Shell
from app.world.node.shell.limits import TEXT
from app.world.node.shell.reader import NAME
from app.world.node.shell.state import ShellProblem


async def read(shell: Shell, words: list[str]) -> int:
    """`read [-r] [-p PROMPT] NAME…`: splits a line into variables; 1 at the end of the input."""
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
            return await complain(shell, words, f"Illegal option {option}")
    if not arguments:
        return await complain(shell, words, "arg count")
    source = shell.state.descriptors.get(0)
    if source is None:
        return await complain(shell, words, "read error: 0: Bad file descriptor", 1)
    characters: list[tuple[str, bool]] = []
    status = 1
    while line := await source.readline():
        await shell.limits.step(1 + len(line) // 100)
        if len(characters) + len(line) > 2 * TEXT:
            raise ShellProblem("read: line too long for this simulated shell")
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
        await shell.limits.step(1 + len(shell.state.variables) // 200)
        shell.state.set(name, value)
    return status


def _split(characters: list[tuple[str, bool]], shell: Shell, count: int) -> list[str]:
    """The values of `read`'s variables: the last one gets the rest of the line."""
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
            if len(ends) == 1 and ends[0] == end - 1:  # a single separator at the end ends the last field
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
