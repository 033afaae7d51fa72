"""The input of a program: the files that it names, or its standard input."""

from __future__ import annotations

from collections.abc import AsyncIterator

from app.world.node.shell.limits import OUTPUT, Killed
from app.world.node.shell.process import Process
from app.world.node.shell.streams import Stream, Text, decoded


async def streams(
    process: Process, paths: list[str], *, complains: bool = True
) -> AsyncIterator[tuple[str, Stream | None]]:
    """Yields each file's path with its content as a stream; None, after a complaint, where it cannot be read. `-`:
    standard input."""
    for path in paths or ["-"]:
        await process.limits.step()
        if path in ("-", "/dev/stdin"):
            yield path, process.stdin
        elif path == "/dev/null":
            yield path, Text()
        else:
            try:
                yield path, Text(decoded(process.files.read(process.path(path))))
            except OSError as error:
                if complains:
                    await process.complain(f"{path}: {error.strerror}")
                yield path, None


async def lines(process: Process, stream: Stream) -> AsyncIterator[str]:
    """A stream's lines, each with its end; the last one maybe without."""
    while line := await stream.readline():
        await process.limits.step(1 + len(line) // 500)
        yield line


async def whole(process: Process, stream: Stream) -> str:
    """The whole content of a stream. Raises `Killed` for more than the memory of this simulated container."""
    pieces: list[str] = []
    size = 0
    while piece := await stream.read():
        process.memory.take(len(piece))
        pieces.append(piece)
        size += len(piece)
        await process.limits.step(1 + len(piece) // 500)
        if size > OUTPUT:
            raise Killed
    return "".join(pieces)
