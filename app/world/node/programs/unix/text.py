"""`cat`, `head`, `tail`, `wc`, `cut`, `tr`, `tee`, `rev`."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from app.world.node.programs.unix.inputs import lines, streams, whole
from app.world.node.programs.unix.options import UsageProblem, count, options
from app.world.node.shell.formatting import escaped
from app.world.node.shell.limits import TEXT
from app.world.node.shell.patterns import CLASSES
from app.world.node.shell.process import Process
from app.world.node.shell.redirections import open_to_write
from app.world.node.shell.streams import Stream, encoded


async def cat(process: Process) -> int:
    """Its own options are those of coreutils that change lines."""
    found, paths = options(process, "nbETvAetu")
    shows = "".join(found).replace("A", "vET").replace("e", "vE").replace("t", "vT")
    if paths and "-" not in paths and not found and not any(path.startswith("/dev/") for path in paths):
        status = 0
        for path in paths:
            await process.limits.step()
            done = process.own_container.run(["cat", path], process.limits.spend)
            await process.stdout.write(done.stdout)
            await process.stderr.write(done.stderr)
            status = status or done.exit_code
        return status
    status = number = 0
    async for _, stream in streams(process, paths):
        if stream is None:
            status = 1
            continue
        if not found:
            while text := await stream.read():
                await process.stdout.write(text)
            continue
        async for line in lines(process, stream):
            counted = "n" in found or ("b" in found and line != "\n")
            number += counted
            await process.stdout.write((f"{number:6}\t" if counted else "") + _shown(line, shows))
    return status


def _shown(line: str, shows: str) -> str:
    """A line with what cannot be seen: `v` for control characters and other bytes, `T` for tabs, `E` for the end."""
    if "v" in shows:
        line = "".join(map(_written, encoded(line)))
    line = line.replace("\t", "^I") if "T" in shows else line
    return line.replace("\n", "$\n") if "E" in shows else line


def _written(byte: int) -> str:
    """As coreutils' `cat -v` writes it: `^X` for a control character, `M-` before one above 127."""
    if byte >= 128:
        low = byte - 128
        return "M-" + (_written(low) if chr(low) not in "\t\n" else f"^{chr(low + 64)}")
    return chr(byte) if byte in b"\t\n" or 32 <= byte < 127 else f"^{chr(byte ^ 64)}"


async def _headed(process: Process, paths: list[str], found: dict[str, str]) -> AsyncIterator[Stream | None]:
    """Each file's content, of several below its name unless the options say otherwise; None, after a complaint, where
    it cannot be read."""
    first = True
    async for path, stream in streams(process, paths):
        if stream is not None and ("v" in found or (len(paths) > 1 and "q" not in found)):
            path = "standard input" if path == "-" else path
            await process.stdout.write(("" if first else "\n") + f"==> {path} <==\n")
        first = first and stream is None
        yield stream


async def head(process: Process) -> int:
    """The first lines (10), or characters; with a minus before their number all but so many of the last ones."""
    found, paths = options(process, "qv", "nc", {"lines": "n", "bytes": "c", "verbose": "v"}, number="n")
    text = found.get("c", found.get("n", "10"))
    wanted = count(text.removeprefix("-").removeprefix("+"), "bytes" if "c" in found else "lines")
    status = 0
    async for stream in _headed(process, paths, found):
        if stream is None:
            status = 1
            continue
        if text.startswith("-"):
            content = await whole(process, stream)
            if "c" in found:
                await process.stdout.write(encoded(content)[: -wanted or None].decode("utf-8", "surrogateescape"))
            else:
                await process.stdout.write("".join(_lines_of(content)[: -wanted or None]))
            continue
        left = wanted
        while left and (piece := await stream.read() if "c" in found else await stream.readline()):
            if "c" in found:
                data = encoded(piece)[:left]
                piece, left = data.decode("utf-8", "surrogateescape"), left - len(data)
            else:
                left -= 1
            await process.stdout.write(piece)
    return status


def _lines_of(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


async def tail(process: Process) -> int:
    """The last lines (10), or those from `+N` on; characters with `-c`. Before at most one file `+N` alone will do."""
    if len(process.arguments) in (2, 3) and re.fullmatch(r"\+[0-9]+", process.arguments[1]):
        process = replace(process, arguments=["tail", "-n", *process.arguments[1:]])
    found, paths = options(process, "qv", "nc", {"lines": "n", "bytes": "c", "verbose": "v"}, number="n")
    text = found.get("n", found.get("c", "10"))
    number = count(text.removeprefix("+").removeprefix("-"), "lines")
    status = 0
    async for stream in _headed(process, paths, found):
        if stream is None:
            status = 1
            continue
        content = await whole(process, stream)
        if "c" in found:
            data = encoded(content)
            data = data[max(number - 1, 0) :] if text.startswith("+") else data[max(0, len(data) - number) :]
            await process.stdout.write(data.decode("utf-8", "surrogateescape"))
            continue
        all_lines = _lines_of(content)
        shown = (
            all_lines[max(number - 1, 0) :] if text.startswith("+") else all_lines[max(0, len(all_lines) - number) :]
        )
        await process.stdout.write("".join(shown))
    return status


async def wc(process: Process) -> int:
    """Lines, words, bytes."""
    found, paths = options(process, "lwcm", long={"lines": "l", "words": "w", "bytes": "c", "chars": "m"})
    chosen = [letter for letter in "lwmc" if letter in found] or ["l", "w", "c"]
    rows: list[tuple[list[int], str]] = []
    status = size = 0
    async for path, stream in streams(process, paths):
        if stream is None:
            status = 1
            continue
        text = await whole(process, stream)
        size += len(encoded(text))
        numbers = {"l": text.count("\n"), "w": len(text.split()), "c": len(encoded(text)), "m": len(text)}
        rows.append(([numbers[letter] for letter in chosen], path if paths else ""))
    if len(paths) > 1:
        rows.append(
            ([sum(column) for column in zip(*(row for row, _ in rows), strict=True)] or [0] * len(chosen), "total")
        )
    # The columns are as wide as the size of all files, for no number is larger (coreutils, `compute_number_width`).
    width = 1 if len(chosen) == 1 and len(paths) <= 1 else len(str(size)) if paths else 7
    for row, name in rows:
        await process.stdout.write(" ".join(f"{n:{width}}" for n in row) + (f" {name}" if name else "") + "\n")
    return status


def ranges(text: str) -> Callable[[int], bool]:
    """Whether a position, from 1, is in a list such as `1,3-5,7-`. Raises `UsageProblem`."""
    pairs: list[tuple[int, int]] = []
    for part in text.split(","):
        found = re.fullmatch(r"([0-9]{0,9})(-?)([0-9]{0,9})", part)
        if found is None or not (found[1] or found[3]):
            raise UsageProblem(f"invalid field value '{part}'")
        low = int(found[1] or "1")
        high = int(found[3]) if found[3] else (10**9 if found[2] else low)
        if low < 1 or high < low:
            raise UsageProblem("invalid decreasing range" if high < low else "fields are numbered from 1")
        pairs.append((low, high))
    if len(pairs) > 100:
        raise UsageProblem("too many ranges for this simulated image")
    return lambda position: any(low <= position <= high for low, high in pairs)


async def cut(process: Process) -> int:
    """Fields, or characters."""
    found, paths = options(
        process, "s", "dfcb", {"delimiter": "d", "fields": "f", "characters": "c", "bytes": "b", "only-delimited": "s"}
    )
    if len(found.keys() & {"f", "c", "b"}) != 1:
        raise UsageProblem("you must specify a list of bytes, characters, or fields")
    delimiter = found.get("d", "\t")
    if len(delimiter) != 1:
        raise UsageProblem("the delimiter must be a single character")
    listed = found.get("f") or found.get("c") or found.get("b") or ""
    chosen = ranges(listed)
    status = 0
    async for _, stream in streams(process, paths):
        if stream is None:
            status = 1
            continue
        async for line in lines(process, stream):
            text = line.removesuffix("\n")
            process.limits.examine(len(text), 1 + listed.count(","))
            if "f" not in found:
                shown = "".join(character for number, character in enumerate(text, 1) if chosen(number))
            elif delimiter not in text:
                if "s" in found:
                    continue
                shown = text
            else:
                shown = delimiter.join(part for number, part in enumerate(text.split(delimiter), 1) if chosen(number))
            await process.stdout.write(f"{shown}\n")
    return status


def characters(text: str) -> str:
    """The characters that a set of `tr` names. Raises `UsageProblem`."""
    text = escaped(text, octal_zero=False)[0]
    last_class = text.rfind(":]")
    found: list[str] = []
    position = size = 0
    while position < len(text):
        low, middle, high = text[position], text[position + 1 : position + 2], text[position + 2 : position + 3]
        if low == "[" and middle == ":" and position + 2 <= last_class:
            end = text.find(":]", position + 2)
            test = CLASSES.get(text[position + 2 : end])
            if test is None:
                raise UsageProblem(f"invalid character class '{text[position + 2 : end]}'")
            found.append("".join(chr(code) for code in range(128) if test(chr(code))))
            position = end + 2
        elif high and middle == "-":
            if low > high:
                raise UsageProblem(f"range-endpoints of '{low}-{high}' are in reverse collating sequence order")
            found.append("".join(map(chr, range(ord(low), min(ord(high), ord(low) + 4_096) + 1))))
            position += 3
        else:
            found.append(low)
            position += 1
        size += len(found[-1])
        if size > TEXT:
            raise UsageProblem("too many characters for this simulated image")
    return "".join(found)


async def tr(process: Process) -> int:
    """Translates, deletes, squeezes."""
    found, sets = options(process, "dscC", come_first=True)
    if not sets or (len(sets) < 2 and not found.keys() & {"d", "s"}):
        raise UsageProblem(f"missing operand after '{sets[-1]}'" if sets else "missing operand")
    first = characters(sets[0])
    complement = bool(found.keys() & {"c", "C"})
    second = characters(sets[1]) if len(sets) > 1 else ""
    if len(sets) > 1 and not second and "d" not in found:
        raise UsageProblem("when not truncating set1, string2 must be non-empty")
    mapped = {c: second[min(place, len(second) - 1)] for place, c in enumerate(first)} if second else {}
    members, squeezed = set(first), set(second if second else first)
    last = ""
    while text := await process.stdin.read():
        await process.limits.step(1 + len(text) // 100)
        pieces: list[str] = []
        for character in text:
            named = (character in members) != complement
            if "d" in found and named:
                continue
            if second and "d" not in found and named:
                character = second[-1] if complement else mapped[character]
            if "s" in found and character == last and (character in squeezed) != (complement and not second):
                continue
            last = character
            pieces.append(character)
        await process.stdout.write("".join(pieces))
    return 0


async def tee(process: Process) -> int:
    """Standard input to standard output and into files."""
    found, paths = options(process, "ai")
    status = 0
    files = []
    for path in paths:
        await process.limits.step()
        try:
            files.append(open_to_write(process.files, process.path(path), process.limits, append="a" in found))
        except OSError as error:
            status = await process.complain(f"{path}: {error.strerror}")
    while text := await process.stdin.read():
        await process.stdout.write(text)
        for file in files:
            await process.limits.step(1 + len(text) // 500)
            await file.write(text)
    return status


async def rev(process: Process) -> int:
    """Lines from their end to their beginning."""
    async for _, stream in streams(process, options(process, "")[1]):
        if stream is not None:
            async for line in lines(process, stream):
                await process.stdout.write(line.removesuffix("\n")[::-1] + "\n")
    return 0
