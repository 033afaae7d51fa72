"""One line at work: its processes, what they print, and how they end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

from app.console.access import WorldAccess
from app.console.confinement import filtered, launched
from app.console.files import FILE_BYTES
from app.console.plain_text import PlainText
from app.console.plan import Plan

End = Literal["ended", "stopped", "time", "cut", "cpu"]
"""Why it ended: by itself, by the reader, by its time, by its output, by the time that it took of the processor."""
SECONDS = 300.0
"""For which a line may run: as long as a watch is looked at."""
_READ = 16 * 1024
_GRACE = 1.5
"""Seconds from Ctrl-C to the end."""
_INPUT_LIMIT = 256 * 1024
"""Bytes that may wait to be read by a program."""


class Run:
    """The processes of one line, each in a group of its own so that all of it can be ended."""

    def __init__(self, plan: Plan, access: WorldAccess, home: Path, take: Callable[[int], int]) -> None:
        """`take`: asked before text is passed on; returns how many of so many bytes may be."""
        self._plan = plan
        self._access = access
        self._home = home
        self._take = take
        self._processes: list[subprocess.Popen[bytes]] = []
        self._input: asyncio.WriteTransport | None = None
        self._end: End = "ended"
        self.to_file = bytearray()
        """What goes into the line's file."""

    async def __call__(self, show: Callable[[str], Awaitable[None]]) -> tuple[int, End]:
        """Runs it, and returns the exit status of the last process and why it ended. `show` gets the text."""
        try:
            shown, filed, given = await asyncio.to_thread(self._start)
            try:
                if given is not None:
                    await self._open_input(given)
                async with asyncio.timeout(SECONDS):
                    await asyncio.gather(self._read(shown, show), self._collect(filed))
            except TimeoutError:
                self._finish("time")
            if self._end in ("time", "cut"):
                self._signal(signal.SIGKILL)
            status = await asyncio.to_thread(self._wait)
        finally:
            self._signal(signal.SIGKILL)
            if self._input is not None:
                self._input.close()
        if status in (-signal.SIGXCPU, -signal.SIGKILL) and self._end == "ended":
            self._end = "cpu"
        return status, self._end

    def write(self, text: str, *, end: bool = False) -> None:
        """Passes on what the reader typed; `end`: no more comes. What no process reads is dropped."""
        if self._input is None or self._input.is_closing():
            return
        if self._input.get_write_buffer_size() < _INPUT_LIMIT:
            self._input.write(text.encode("utf-8", "replace"))
        if end:
            self._input.close()

    def stop(self) -> None:
        """Ctrl-C: asks each group to end, and ends it a moment later."""
        self._finish("stopped")
        self._signal(signal.SIGINT)
        asyncio.get_running_loop().call_later(_GRACE, self._signal, signal.SIGKILL)

    def _finish(self, end: End) -> None:
        if self._end == "ended":
            self._end = end

    def _signal(self, number: signal.Signals) -> None:
        for process in self._processes:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, number)

    # (1) Processes

    def _start(self) -> tuple[int, int | None, int | None]:
        """Starts all of them; the descriptors of what is shown, of what goes into the file, and of the input."""
        reach, environment = self._access.reach(self._home), self._access.environment(self._home)
        folder = str(self._access.files.folder)
        shown, shown_end = os.pipe()
        filed, filed_end = os.pipe() if self._plan.to_file else (None, shown_end)
        given, before = None, subprocess.DEVNULL
        if self._plan.given is not None or self._plan.reads_input:
            before, given = os.pipe()
        ours = [shown_end]
        try:
            for at, part in enumerate(self._plan.parts):
                is_last = at + 1 == len(self._plan.parts)
                after, output = (None, filed_end) if is_last else os.pipe()
                if part.program is None:
                    command = filtered(part.stages, reach)
                else:
                    command = launched((part.program.path, *part.stages[0]), part.program.reads, reach)
                ours += [one for one in (before, output) if one > 2]
                self._processes.append(
                    subprocess.Popen(  # noqa: S603 - our launcher, with arguments that were looked at
                        command,
                        cwd=folder,
                        env=environment,
                        stdin=before,
                        stdout=output,
                        stderr=shown_end,
                        start_new_session=True,
                    )
                )
                for one in {before, output} - {shown_end, subprocess.DEVNULL}:
                    os.close(one)
                    ours = [other for other in ours if other != one]
                before = after if after is not None else subprocess.DEVNULL
        finally:
            for one in set(ours):
                os.close(one)
        return shown, filed, given

    def _wait(self) -> int:
        for process in self._processes:
            try:
                process.wait(_GRACE * 2)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return self._processes[-1].returncode

    # (2) Their input and output

    async def _open_input(self, descriptor: int) -> None:
        loop = asyncio.get_running_loop()
        stream = os.fdopen(descriptor, "wb", 0)
        self._input, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, stream)
        if self._plan.given is not None:
            self._input.write(self._plan.given.encode())
            self._input.close()

    async def _read(self, descriptor: int, show: Callable[[str], Awaitable[None]]) -> None:
        text = PlainText()
        async for content in _pieces(descriptor):
            allowed = self._take(len(content))
            if shown := text.add(content[:allowed]):
                await show(shown)
            if allowed < len(content):
                self._finish("cut")
                self._signal(signal.SIGKILL)
                return
        if shown := text.add(b"", final=True):
            await show(shown)

    async def _collect(self, descriptor: int | None) -> None:
        if descriptor is None:
            return
        async for content in _pieces(descriptor):
            self.to_file += content
            if len(self.to_file) > FILE_BYTES:
                self._finish("cut")
                self._signal(signal.SIGKILL)
                return


async def _pieces(descriptor: int):  # type: ignore[no-untyped-def]
    """What comes out of a pipe, until its end."""
    reader = asyncio.StreamReader(limit=_READ)
    stream = os.fdopen(descriptor, "rb", 0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), stream
    )
    try:
        while content := await reader.read(_READ):
            yield content
    finally:
        transport.close()
