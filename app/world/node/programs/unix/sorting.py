"""`sort` and `uniq`."""

from __future__ import annotations

import re

from app.world.node.programs.unix.inputs import lines, streams
from app.world.node.programs.unix.options import UsageProblem, options
from app.world.node.shell.process import Process
from app.world.node.shell.streams import encoded

SORTED_LINES = 20_000
"""Lines that `sort` keeps."""


def _numeric(text: str) -> float:
    found = re.match(r"\s*-?[0-9]{0,30}(\.[0-9]{0,30})?", text)
    try:
        return float(found[0]) if found and found[0].strip() else 0.0
    except ValueError:
        return 0.0


async def sort(process: Process) -> int:
    """Lines in order: of bytes, as in the C locale."""
    found, paths = options(process, "rnufbs", "kt", {"reverse": "r", "numeric-sort": "n", "unique": "u", "key": "k"})
    all_lines: list[str] = []
    status = 0
    async for _, stream in streams(process, paths):
        if stream is None:
            return 2
        async for line in lines(process, stream):
            all_lines.append(line.removesuffix("\n"))
            if len(all_lines) > SORTED_LINES:
                raise UsageProblem("too many lines for this simulated image")
    position = re.fullmatch(r"([0-9]{1,4})(?:\.[0-9]+)?([nr]*)(?:,([0-9]{1,4})([nr]*))?", found.get("k", "1"))
    if position is None or int(position[1]) < 1:
        raise UsageProblem(f"invalid number at field start: '{found.get('k')}'")
    modifiers = position[2] + (position[4] or "")
    numeric, reverse = "n" in found or "n" in modifiers, "r" in found or "r" in modifiers

    def part(line: str) -> str:
        if "k" not in found:
            return line
        fields = line.split(found["t"]) if found.get("t") else re.findall(r"\s*\S+", line)
        chosen = fields[int(position[1]) - 1 : int(position[3]) if position[3] else None]
        return (found.get("t") or "").join(chosen)

    def key(line: str) -> tuple[float, bytes]:
        text = part(line)
        text = text.upper() if "f" in found else text
        return (_numeric(text), b"") if numeric else (0.0, encoded(text.lstrip() if "b" in found else text))

    await process.limits.step(1 + len(all_lines) // 2)
    if "s" not in found and "u" not in found:
        all_lines.sort(key=encoded, reverse=reverse)
    all_lines.sort(key=key, reverse=reverse)
    if "u" in found:
        all_lines = [
            line for place, line in enumerate(all_lines) if not place or key(line) != key(all_lines[place - 1])
        ]
    await process.stdout.write("".join(f"{line}\n" for line in all_lines))
    return status


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
