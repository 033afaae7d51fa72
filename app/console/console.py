"""The console of one open page: its commands, its files, and what it answers, as plain values."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.console import aws_completion, completion
from app.console.command_line import LineRefused, parse
from app.console.limits import CommandLimits
from app.console.plan import Plan, plan
from app.console.programs import Program
from app.console.run import Run
from app.console.world_access import WorldAccess

COMPLETION_BYTES = 64 * 1024
_COMPLETION_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    status: int
    """The exit status; negative for the signal that ended it."""
    why: str
    """`app.console.run.End`."""
    removed: tuple[str, ...] = ()
    """Files that it left and that may not stay."""
    forgets_context: bool = False
    """Whether it wrote a context, which is gone with its HOME."""


@dataclass(eq=False)
class _Line:
    """What is under way of one line."""

    number: int
    """That the page gave it: a page may give one number to several."""
    run: Run | None = None
    """What runs of it now."""
    is_stopped: bool = False


@dataclass(kw_only=True)
class Console:
    """Used on one event loop. Each method raises `LineRefused` for what is not done."""

    access: Callable[[], Awaitable[WorldAccess | None]]
    """Asks for the visitor's world as it is now; None where there is none."""
    programs: Mapping[str, Program]
    limits: CommandLimits
    browser: str
    """The visitor, whose limits count."""
    address: str
    """The visitor's address: all who share it have limits together."""
    _lines: list[_Line] = field(default_factory=list)
    """What was asked for and has not ended."""
    _is_completing: bool = False
    _is_closed: bool = False

    async def run(
        self,
        number: int,
        text: str,
        show: Callable[[str], Awaitable[None]],
        begin: Callable[[bool], Awaitable[None]],
    ) -> Ended:
        """Runs what was typed, one line after the other. `number` is a name for `stop` and `write`.

        `show` gets what is printed; `begin` hears of each line whether it reads what is written to it.
        """
        line = _Line(number)
        self._lines.append(line)
        try:
            access = await self._world()
            plans = [plan(each, self.programs, access.context) for each in parse(text)]
            ended = Ended(status=0, why="ended")
            with self.limits.running(self.browser, self.address) as take:
                for one in plans:
                    access = await self._world()
                    if self._is_closed or line.is_stopped:
                        return Ended(status=-signal.SIGINT, why="stopped")
                    self.limits.look(self.browser, self.address)
                    if one.own:
                        await show(_own(one.own, access))
                        continue
                    ended = await self._run(line, one, access, take, show, begin)
                    if ended.why != "ended":
                        break
            return ended
        finally:
            self._lines.remove(line)

    async def _run(
        self,
        line: _Line,
        one: Plan,
        access: WorldAccess,
        take: Callable[[int], int],
        show: Callable[[str], Awaitable[None]],
        begin: Callable[[bool], Awaitable[None]],
    ) -> Ended:
        with access.home() as home:
            run = Run(one, access, home, take)
            line.run = run
            try:
                await begin(one.reads_input)
                status, why = await run(show)
            finally:
                line.run = None
                self.limits.charge(self.browser, self.address, run.cpu_seconds)
        removed = access.files.tidy()
        if one.to_file and why == "ended":
            access.files.write(one.to_file, bytes(run.to_file), appends=one.appends)
        forgets_context = one.writes_kubeconfig and (status, why) == (0, "ended")
        return Ended(status=status, why=why, removed=tuple(removed), forgets_context=forgets_context)

    def write(self, number: int, text: str, *, end: bool) -> None:
        """Passes on what was typed for a running command."""
        for line in self._numbered(number):
            if line.run:
                line.run.write(text, end=end)

    def stop(self, number: int) -> None:
        """Interrupts a line, as Ctrl-C does: the command that runs, and those that have not begun."""
        for line in self._numbered(number):
            line.is_stopped = True
            if line.run:
                line.run.stop()

    def _numbered(self, number: int) -> list[_Line]:
        return [line for line in self._lines if line.number == number]

    def close(self) -> None:
        """Ends all that runs, and begins nothing more: the page is gone."""
        self._is_closed = True
        for line in self._lines:
            if line.run:
                line.run.close()

    async def complete(self, text: str) -> tuple[int, list[completion.Candidate]]:
        """What the Tab key offers: how many characters before the cursor are to be replaced, and by which words."""
        access = await self._world()
        found = completion.asked(text)
        if found is None or self._is_completing or self._is_closed:
            return 0, []
        files = list(access.files.sizes())
        candidates = completion.by_name(found, self.programs, files)
        if candidates is None:
            candidates = await (self._look_up(found) if found.words[0] == "aws" else self._ask(found, access, files))
        return len(found.part), candidates

    async def _look_up(self, found: completion.Asked) -> list[completion.Candidate]:
        program = self.programs.get("aws")
        if program is None:
            return []

        def look_up() -> list[completion.Candidate]:
            began = time.thread_time()
            try:
                return aws_completion.candidates(program.index, found)
            finally:
                self.limits.charge(self.browser, self.address, time.thread_time() - began)

        with self._completing():
            return await asyncio.to_thread(look_up)

    async def _ask(self, found: completion.Asked, access: WorldAccess, files: list[str]) -> list[completion.Candidate]:
        question = completion.question(found, self.programs, access.context)
        if question is None:
            return []
        said: list[str] = []

        async def keep(text: str) -> None:
            said.append(text)

        left = COMPLETION_BYTES

        def take(count: int) -> int:
            nonlocal left
            allowed = min(count, left)
            left -= allowed
            return allowed

        with self._completing(), access.home() as home:
            run = Run(question, access, home, take)
            loop = asyncio.get_running_loop()
            timer = loop.call_later(_COMPLETION_SECONDS, run.close)
            try:
                await run(keep)
            finally:
                timer.cancel()
                self.limits.charge(self.browser, self.address, run.cpu_seconds)
        return completion.answer("".join(said), files, found.part)

    @contextmanager
    def _completing(self) -> Iterator[None]:
        """One at a time for this page, in a place of this visitor's."""
        with self.limits.running(self.browser, self.address):
            self._is_completing = True
            try:
                yield
            finally:
                self._is_completing = False

    # Files

    async def files(self) -> dict[str, int]:
        """The visitor's files: the bytes of each by name."""
        return (await self._world()).files.sizes()

    async def read(self, name: str) -> str:
        """The text of a file."""
        return (await self._world()).files.read(name)

    async def save(self, name: str, text: str) -> None:
        """Writes a file."""
        (await self._world()).files.write(name, text.encode("utf-8", "replace"))

    async def remove(self, name: str) -> None:
        """Removes a file."""
        (await self._world()).files.remove(name)

    async def _world(self) -> WorldAccess:
        if access := await self.access():
            return access
        raise LineRefused("no_world")


def _own(words: tuple[str, ...], access: WorldAccess) -> str:
    files = access.files
    if words[0] == "ls":
        return "".join(f"{name}\n" for name in files.sizes())
    for name in words[1:]:
        files.read(name)  # refuses what is not there
        files.remove(name)
    return ""
