"""`grep`, `egrep`, `fgrep`."""

from __future__ import annotations

import posixpath
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from app.world.node.programs.unix.expressions import Expression
from app.world.node.programs.unix.inputs import lines, streams
from app.world.node.programs.unix.options import UsageProblem, count, options
from app.world.node.shell.process import Process
from app.world.node.shell.streams import Stream

Found = Callable[[str, int], Awaitable[list[int] | None]]
_LONG = {
    **{"ignore-case": "i", "invert-match": "v", "count": "c", "only-matching": "o", "extended-regexp": "E"},
    **{"fixed-strings": "F", "quiet": "q", "silent": "q", "line-number": "n", "word-regexp": "w", "line-regexp": "x"},
    **{"files-with-matches": "l", "no-filename": "h", "regexp": "e", "max-count": "m", "color": "a"},
    **{"files-without-match": "L", "recursive": "r", "dereference-recursive": "R", "no-messages": "s"},
    **{"with-filename": "H", "after-context": "A", "before-context": "B", "context": "C"},
}


async def grep(process: Process) -> int:
    """Prints the lines that match. The status is 0 where there is one, 1 where there is none, 2 after an error."""
    found, arguments = options(process, "ivcoEFqnwxlLhHsaGIUrR", "emABC", _LONG, repeated="e")
    if "e" not in found and not arguments:
        await process.stderr.write("Usage: grep [OPTION]... PATTERNS [FILE]...\n")
        return 2
    texts = (found["e"] if "e" in found else arguments[0]).split("\n")
    paths = arguments if "e" in found else arguments[1:]
    try:
        search = _search(process, texts, found)
        run = _Run(process, found, search)
    except UsageProblem as problem:
        return await process.complain(str(problem), 2)
    searched = [path async for path in _below(process, paths, found)]
    run.named = ("H" in found or len(paths) > 1 or searched != paths) and "h" not in found
    failed = False
    async for path, stream in streams(process, searched, complains="s" not in found):
        if stream is None:
            failed = True
            continue
        await run.file("(standard input)" if path == "-" else path, stream)
        if "q" in found and run.matched:
            return 0
    return 2 if failed else 0 if run.matched else 1


async def _below(process: Process, paths: list[str], found: dict[str, str]) -> AsyncIterator[str]:
    """The paths themselves; with `-r` the files below directories instead of these. Links are followed where they were
    named, or with `-R`."""
    recursive = bool(found.keys() & {"r", "R"})
    pending = deque((path, True) for path in paths)
    if recursive and not paths:
        pending.append((".", True))
    while pending:
        path, named = pending.popleft()
        await process.limits.step()
        if recursive and path != "-":
            try:
                inode = process.files.stat(process.path(path), follow=named or "R" in found)
                if inode.is_link:
                    continue
                if inode.is_directory:
                    names = process.files.listdir(process.path(path))
                    pending.extendleft((posixpath.join(path, name), False) for name in reversed(names))
                    continue
            except OSError:
                pass  # who reads the file complains
        yield path if paths else path.removeprefix("./")


def _search(process: Process, texts: list[str], found: dict[str, str]) -> Found:
    """A function that finds the first match in a line after a position."""
    extended = "E" in found or process.name == "egrep"
    fixed = "F" in found or process.name == "fgrep"

    def escaped(text: str) -> str:
        return "".join(f"\\{c}" if c in "\\[].*^$+?(){}|" else c for c in text)

    if len(texts) > 20:
        raise UsageProblem("too many patterns for this simulated image")
    process.limits.examine(sum(map(len, texts)), 10)
    expressions = []
    for text in texts:
        inner = escaped(text) if fixed else text
        is_extended = extended or (fixed and inner != text)
        if "x" in found:
            inner = f"^({inner})$" if is_extended else f"^\\({inner}\\)$"
        expressions.append(Expression(inner, extended=is_extended, ignore_case="i" in found))

    async def first(expression: Expression, line: str, start: int) -> list[int] | None:
        await process.limits.step(0)
        while (match := expression.search(line, process.limits, start)) and "w" in found and not _is_whole(line, match):
            start = match[0] + 1
            await process.limits.step(0)
        return match

    async def search(line: str, start: int) -> list[int] | None:
        matches = [match for each in expressions if (match := await first(each, line, start))]
        return min(matches, key=lambda match: (match[0], -match[1])) if matches else None

    return search


def _is_whole(line: str, match: list[int]) -> bool:
    around = line[max(match[0] - 1, 0) : match[0]] + line[match[1] : match[1] + 1]
    return not any(character.isalnum() or character == "_" for character in around)


class _Run:
    """One run over its files."""

    def __init__(self, process: Process, found: dict[str, str], search: Found) -> None:
        self._process = process
        self._found = found
        self._search = search
        self._most = count(found["m"], "lines") if "m" in found else None
        self._after = count(found.get("A", found.get("C", "0")), "lines")
        self._before = min(count(found.get("B", found.get("C", "0")), "lines"), 1_000)
        self.matched = False
        self.named = False

    async def file(self, path: str, stream: Stream) -> None:
        found = self._found
        matching = following = number = 0
        gap = False
        before: deque[tuple[int, str]] = deque(maxlen=self._before)
        async for line in lines(self._process, stream):
            if self._most is not None and matching >= self._most and not following:
                break
            number += 1
            text = line.removesuffix("\n")
            match = await self._search(text, 0)
            if (match is None) == ("v" not in found) or (self._most is not None and matching >= self._most):
                if following:
                    following -= 1
                    await self._print(path, number, text, "-")
                else:
                    gap = gap or (len(before) == self._before)
                    if self._before:
                        self._process.memory.take(len(text))
                    if before and len(before) == self._before:
                        self._process.memory.free(len(before[0][1]))
                    before.append((number, text))
                continue
            matching += 1
            self.matched = True
            if found.keys() & {"q", "l", "L"}:
                break
            if "c" in found:
                continue
            if gap and (self._before or self._after) and matching > 1:
                await self._process.stdout.write("--\n")
            for earlier, its_text in before:
                await self._print(path, earlier, its_text, "-")
            before.clear()
            gap, following = False, self._after
            if "o" not in found:
                await self._print(path, number, text, ":")
            elif "v" not in found:
                await self._matches(path, number, text)
        if ("l" in found and matching) or ("L" in found and not matching):
            await self._process.stdout.write(f"{path}\n")
        elif "c" in found and "q" not in found:
            await self._process.stdout.write((f"{path}:" if self.named else "") + f"{matching}\n")

    async def _matches(self, path: str, number: int, text: str) -> None:
        start = 0
        while start <= len(text) and (match := await self._search(text, start)):
            if match[1] > match[0]:
                await self._print(path, number, text[match[0] : match[1]], ":")
            start = max(match[1], match[0] + 1)
            await self._process.limits.step()

    async def _print(self, path: str, number: int, text: str, mark: str) -> None:
        front = (f"{path}{mark}" if self.named else "") + (f"{number}{mark}" if "n" in self._found else "")
        await self._process.stdout.write(f"{front}{text}\n")
