"""One line at work: its processes, what they print, and how they end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Literal

from app.console.confinement import filtered, launched
from app.console.files import FILE_BYTES
from app.console.plain_text import PlainText
from app.console.plan import Part, Plan
from app.console.world_access import WorldAccess
from app.one_core import everywhere

End = Literal["ended", "stopped", "time", "cut", "cpu"]
"""Why it ended: by itself, by the reader, by its time, by its output, by the time that it took of the processor."""
SECONDS = 300.0
"""For which a line may run: long enough to follow what `kubectl get --watch` prints."""
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
        self._early = b"" if plan.given is None else plan.given.encode("utf-8", "replace")
        self._is_early_end = plan.given is not None
        """What is written to the first process once it can be."""
        self._end: End = "ended"
        self.cpu_seconds = 0.0
        """What the processes took of the processor, once they have ended."""
        self.to_file = bytearray()
        """What goes into the line's file."""

    async def __call__(self, show: Callable[[str], Awaitable[None]]) -> tuple[int, End]:
        """Runs it, and returns the exit status of the last process and why it ended. `show` gets the text.

        It is not to be cancelled: `stop` and `close` end it. Raises `OSError` where no process can be started, and what
        `show` raises. Then, too, all processes have ended, and what they took is in `cpu_seconds`.
        """
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
            if any(process.returncode is None for process in self._processes):
                await asyncio.to_thread(self._wait)
        if any(process.returncode in (-signal.SIGXCPU, -signal.SIGKILL) for process in self._processes):
            self._finish("cpu")
        return status, self._end

    def write(self, text: str, *, end: bool = False) -> None:
        """Passes on what the reader typed; `end`: no more comes. What no process reads is dropped."""
        content = text.encode("utf-8", "replace")
        if self._input is None:
            if len(self._early) < _INPUT_LIMIT:
                self._early += content
            self._is_early_end |= end
        elif not self._input.is_closing():
            if self._input.get_write_buffer_size() < _INPUT_LIMIT:
                self._input.write(content)
            if end:
                self._input.close()

    def stop(self) -> None:
        """Ctrl-C: asks each group to end, and ends it a moment later."""
        self._finish("stopped")
        self._signal(signal.SIGINT)
        asyncio.get_running_loop().call_later(_GRACE, self._signal, signal.SIGKILL)

    def close(self) -> None:
        """Ends it at once: its reader is gone."""
        self._finish("stopped")
        self._signal(signal.SIGKILL)

    def _finish(self, end: End) -> None:
        if self._end == "ended":
            self._end = end

    def _signal(self, number: signal.Signals) -> None:
        for process in self._processes:
            if process.returncode is None:  # only `_wait` asks the system, so the number is still that of our process
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, number)

    # (1) Processes

    def _start(self) -> tuple[int, int | None, int | None]:
        """Starts all of them; the descriptors of what is shown, of what goes into the file, and of the input."""
        opened: set[int] = set()
        kept: set[int | None] = set()

        def pipe() -> tuple[int, int]:
            ends = os.pipe()
            opened.update(ends)
            return ends

        try:
            shown, shown_end = pipe()
            filed, filed_end = pipe() if self._plan.to_file else (None, shown_end)
            reads = self._plan.given is not None or self._plan.reads_input
            before, given = pipe() if reads else (None, None)
            for part in self._plan.parts:
                after, output = (None, filed_end) if part is self._plan.parts[-1] else pipe()
                with everywhere():
                    self._processes.append(self._process(part, before, output, shown_end))
                before = after
            kept = {shown, filed, given}
        finally:
            for descriptor in opened - kept:
                os.close(descriptor)
        if self._end == "stopped":  # meanwhile: the signal has reached none, or only some of them
            self._signal(signal.SIGKILL)
        return shown, filed, given

    def _process(self, part: Part, given: int | None, output: int, errors: int) -> subprocess.Popen[bytes]:
        reach = self._access.reach(self._home)
        if part.program is None:
            command, more = filtered(part.stages, reach), {}
        else:
            command = launched((part.program.path, *part.stages[0]), part.program.reads, reach)
            more = dict(part.program.variables)
        # Without `preexec_fn` this is vfork and exec, which is safe in a process with threads.
        return subprocess.Popen(  # noqa: S603 - our launcher, with arguments that were looked at
            command,
            cwd=self._access.files.folder,
            env=self._access.environment(self._home) | more,
            stdin=subprocess.DEVNULL if given is None else given,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )

    def _wait(self) -> int:
        """Waits for all of them, a moment for each. The exit status of the last; negative for a signal."""
        for process in self._processes:
            process.returncode = self._status(process.pid)
        return self._processes[-1].returncode

    def _status(self, pid: int) -> int:
        until, pause = time.monotonic() + 2 * _GRACE, 0.001
        while True:
            ended, status, usage = os.wait4(pid, os.WNOHANG)
            if ended:
                self.cpu_seconds += usage.ru_utime + usage.ru_stime
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > until:
                os.killpg(pid, signal.SIGKILL)
            time.sleep(pause)
            pause = min(2 * pause, 0.05)

    # (2) Their input and output

    async def _open_input(self, descriptor: int) -> None:
        loop = asyncio.get_running_loop()
        stream = os.fdopen(descriptor, "wb", 0)
        self._input, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, stream)
        self._input.write(self._early)
        if self._is_early_end:
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


async def _pieces(descriptor: int) -> AsyncIterator[bytes]:
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
