"""`sort` and `uniq`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.world.node.programs.unix.inputs import lines, streams
from app.world.node.programs.unix.options import UsageProblem, options
from app.world.node.shell.process import Process
from app.world.node.shell.streams import encoded

SORTED_LINES = 20_000
"""Lines that `sort` keeps."""
KEYS_LIMIT = 10
_FIELD = re.compile(r"(?<!\s)\s*+\S++")
"""A field with the blanks before it, which are looked at once."""
_LINE_COST = 100
"""Bytes that a line takes beside its characters."""


@dataclass(frozen=True)
class _Key:
    """By what lines are compared: the whole line, or some of its fields."""

    letters: str
    """`n`umbers, `f`or both cases alike, `b`lanks before it ignored, `r`eversed."""
    first: int = 0
    """The number of its first field, from 1; 0 for the whole line."""
    last: int | None = None
    separator: str = ""
    """Between fields; where it is empty, a field begins with the blanks before it."""

    def of(self, line: str) -> tuple[float, bytes]:
        """What is compared of a line."""
        text = line
        if self.first:
            fields = line.split(self.separator) if self.separator else _FIELD.findall(line)
            text = self.separator.join(fields[self.first - 1 : self.last])
        if "n" in self.letters:
            return _numeric(text), b""
        text = text.lstrip() if "b" in self.letters else text
        return 0.0, encoded(text.upper() if "f" in self.letters else text)


def _numeric(text: str) -> float:
    found = re.match(r"\s*-?[0-9]{0,30}(\.[0-9]{0,30})?", text)
    try:
        return float(found[0]) if found and found[0].strip() else 0.0
    except ValueError:
        return 0.0


def _key(text: str, letters: str, separator: str) -> _Key:
    """A key as `-k` names it. Letters of its own take the place of those of all keys. Raises `UsageProblem`."""
    found = re.fullmatch(r"([0-9]{1,4})([nrfb]*)(?:,([0-9]{1,4})([nrfb]*))?", text)
    if found is None or int(found[1]) < 1:
        raise UsageProblem(f"only whole fields are keys in this simulated image: '{text}'")
    last = int(found[3]) if found[3] else None
    return _Key(found[2] + (found[4] or "") or letters, int(found[1]), last, separator)


async def sort(process: Process) -> int:
    """Lines in order: of bytes, as in the C locale."""
    long = {"reverse": "r", "numeric-sort": "n", "unique": "u", "key": "k", "field-separator": "t"}
    found, paths = options(process, "rnufbs", "kt", long, repeated="k")
    letters = "".join(letter for letter in "nfbr" if letter in found)
    keys = [_key(text, letters, found.get("t", "")) for text in found["k"].split("\n")] if "k" in found else []
    if len(keys) > KEYS_LIMIT:
        raise UsageProblem("too many keys for this simulated image")
    all_lines: list[str] = []
    async for _, stream in streams(process, paths):
        if stream is None:
            return 2
        async for line in lines(process, stream):
            process.memory.take(len(line) + _LINE_COST)
            all_lines.append(line.removesuffix("\n"))
            if len(all_lines) > SORTED_LINES:
                raise UsageProblem("too many lines for this simulated image")
    keys = keys or [_Key(letters)]
    whole = _Key("r" if "r" in found else "")
    for key in reversed(keys if found.keys() & {"s", "u"} or keys == [whole] else [*keys, whole]):
        compared = [await _compared(process, line, [key]) for line in all_lines]
        order = sorted(range(len(all_lines)), key=compared.__getitem__, reverse="r" in key.letters)
        all_lines = [all_lines[place] for place in order]
    if "u" in found:
        last, repeated, all_lines = None, all_lines, []
        for line in repeated:
            if (now := await _compared(process, line, keys)) != last:
                all_lines.append(line)
            last = now
    await process.stdout.write("".join(f"{line}\n" for line in all_lines))
    return 0


async def _compared(process: Process, line: str, keys: list[_Key]) -> list[tuple[float, bytes]]:
    """What is compared of a line: for each key the whole line is looked at."""
    await process.limits.step(1 + len(line) * len(keys) // 100)
    return [key.of(line) for key in keys]


async def uniq(process: Process) -> int:
    """Lines that follow each other once."""
    found, paths = options(process, "cdui", long={"count": "c", "repeated": "d", "unique": "u"})
    status, runs = 0, 0
    last: str | None = None

    async def give() -> None:
        if last is not None and not ("d" in found and runs < 2) and not ("u" in found and runs > 1):
            await process.stdout.write((f"{runs:7} " if "c" in found else "") + f"{last}\n")

    async for _, stream in streams(process, paths[:1]):
        if stream is None:
            return 1
        async for line in lines(process, stream):
            text = line.removesuffix("\n")
            if last is not None and (text == last or ("i" in found and text.lower() == last.lower())):
                runs += 1
                continue
            await give()
            last, runs = text, 1
    await give()
    return status
