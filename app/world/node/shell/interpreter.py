"""Runs commands. Source: POSIX.1-2017, Shell Command Language, 2.8 to 2.11; where that leaves a choice, dash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from app.world.node.shell.expansion import Expansion
from app.world.node.shell.limits import CONCURRENT, DEPTH, TEXT
from app.world.node.shell.parser import Parser
from app.world.node.shell.process import Process
from app.world.node.shell.reader import SyntaxProblem
from app.world.node.shell.redirections import redirected
from app.world.node.shell.state import Exit, Jump, Return, ShellProblem, State
from app.world.node.shell.streams import Pipe, Sink, Text
from app.world.node.shell.syntax import (
    AndOr,
    Block,
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Loop,
    Pipeline,
    Redirected,
    Redirection,
    Simple,
)

NOT_FOUND = 127


class Shell:
    """One shell, or a subshell of it."""

    def __init__(self, process: Process, state: State) -> None:
        self.process = process
        self.state = state
        self.limits = process.limits
        self.expansion = Expansion(state, process.files, process.limits, self._substitute)

    # (1) Scripts

    async def script(self, text: str) -> int:
        """Runs a script, one line after the other. Raises `ShellProblem`, `Exit`."""
        if len(text) > TEXT:
            raise ShellProblem("the script is too long for this simulated shell")
        await self.limits.step(1 + len(text) // 20)
        parser = Parser(text)
        try:
            while (block := parser.line()) is not None:
                await self.block(block)
        except SyntaxProblem as problem:
            raise ShellProblem(str(problem)) from None
        return self.state.status

    async def _substitute(self, script: str) -> str:
        """What commands print, without the newlines at its end."""
        printed: list[str] = []
        size = 0

        def take(text: str) -> None:
            nonlocal size
            printed.append(text)
            size += len(text)
            if size > TEXT:
                raise ShellProblem("a substitution's output is too long for this simulated shell")

        inner = self.subshell({1: Sink(take, self.limits)})
        self.state.substituted = await inner.to_its_end(inner.script(script))
        return "".join(printed).rstrip("\n")

    def subshell(self, descriptors: dict[int, Sink | Pipe | Text] | None = None) -> Shell:
        """A copy of this shell, with some descriptors of its own. Raises `ShellProblem`."""
        state = self.state.copy()
        state.depth += 1
        if state.depth > DEPTH:
            raise ShellProblem("too many commands inside each other for this simulated shell")
        state.descriptors |= descriptors or {}
        return Shell(self.process, state)

    async def to_its_end(self, work: AsyncIterator[None] | object) -> int:
        """A subshell's status, whatever ends it."""
        try:
            await work  # type: ignore[misc]
        except Exit as end:
            return end.status
        except Jump:
            pass
        except ShellProblem as problem:
            await self.complain(str(problem))
            return problem.status
        except BrokenPipeError:
            return 141
        return self.state.status

    async def complain(self, text: str) -> None:
        """Says what is wrong, as this shell."""
        await self.state.descriptors[2].write(f"{self.state.name}: {text}\n")

    # (2) Lists and pipelines

    async def block(self, block: Block) -> int:
        """Runs commands one after the other. Raises `Exit`, `Jump`, `ShellProblem`."""
        status = 0
        for commands in block:
            status = await self._and_or(commands)
        return status

    async def _and_or(self, commands: AndOr) -> int:
        tested = bool(commands.rest)
        status = await self._pipeline(commands.first, tested=tested)
        for number, (operator, pipeline) in enumerate(commands.rest, 1):
            if (status == 0) == (operator == "&&"):
                status = await self._pipeline(pipeline, tested=number < len(commands.rest))
        return status

    async def _pipeline(self, pipeline: Pipeline, *, tested: bool) -> int:
        await self.limits.step()
        state = self.state
        state.tested += tested or pipeline.negated
        try:
            if len(pipeline.commands) == 1:
                status = await self.command(pipeline.commands[0])
            else:
                status = await self._connected(pipeline.commands)
        finally:
            state.tested -= tested or pipeline.negated
        if pipeline.negated:
            status = int(not status)
        state.status = status
        if status and "e" in state.options and not state.tested and not tested and not pipeline.negated:
            raise Exit(status)
        return status

    async def _connected(self, commands: Sequence[Command]) -> int:
        """Runs the parts of a pipeline at once, each in a subshell; the last one's status is that of all."""
        limits = self.limits
        if limits.running + len(commands) > CONCURRENT:
            raise ShellProblem("Cannot fork: this simulated container runs no more programs at once")
        pipes = [Pipe() for _ in commands[1:]]

        async def part(number: int) -> int:
            descriptors: dict[int, Sink | Pipe | Text] = {}
            if number > 0:
                descriptors[0] = pipes[number - 1]
            if number < len(pipes):
                descriptors[1] = pipes[number]
            shell = self.subshell(descriptors)
            try:
                return await shell.to_its_end(shell.run(commands[number]))
            finally:
                if number > 0:
                    pipes[number - 1].close_reader()
                if number < len(pipes):
                    pipes[number].close_writer()

        limits.running += len(commands)
        parts = [asyncio.ensure_future(part(number)) for number in range(len(commands))]
        try:
            return (await asyncio.gather(*parts))[-1]
        finally:
            limits.running -= len(commands)
            for each in parts:
                each.cancel()

    async def run(self, command: Command) -> int:
        """A command whose status becomes the shell's."""
        self.state.status = await self.command(command)
        return self.state.status

    # (3) Commands

    async def command(self, command: Command) -> int:
        """One command's status. Raises `Exit`, `Jump`, `ShellProblem`."""
        match command:
            case Simple():
                return await self._simple(command)
            case Group(body=body, subshell=True):
                inner = self.subshell()
                return await inner.to_its_end(inner.block(body))
            case Function(name=name, body=body):
                self.state.functions[name] = body
                return 0
            case Redirected(command=inner_command, redirections=redirections):
                try:
                    async with self.redirected(redirections):
                        return await self.command(inner_command)
                except OSError as error:
                    return await self._cannot(error)
        async with self._deeper():
            match command:
                case Group(body=body):
                    return await self.block(body)
                case If():
                    return await self._if(command)
                case Loop():
                    return await self._loop(command)
                case For():
                    return await self._for(command)
                case Case():
                    return await self._case(command)
        raise AssertionError(command)

    @asynccontextmanager
    async def _deeper(self) -> AsyncIterator[None]:
        self.state.depth += 1
        if self.state.depth > DEPTH:
            self.state.depth -= 1
            raise ShellProblem("too many commands inside each other for this simulated shell")
        try:
            yield
        finally:
            self.state.depth -= 1

    async def _tested(self, block: Block) -> int:
        self.state.tested += 1
        try:
            return await self.block(block)
        finally:
            self.state.tested -= 1

    async def _if(self, command: If) -> int:
        for condition, body in command.branches:
            if await self._tested(condition) == 0:
                return await self.block(body)
        return await self.block(command.otherwise)

    async def _loop(self, command: Loop) -> int:
        status = 0
        self.state.loops += 1
        try:
            while ((await self._tested(command.condition)) == 0) != command.until:
                await self.limits.step()
                status, ends = await self._round(command.body)
                if ends:
                    break
        except Jump as jump:  # in the condition
            if jump.loops > 1:
                raise Jump(jump.loops - 1, goes_on=jump.goes_on) from None
        finally:
            self.state.loops -= 1
        return status

    async def _for(self, command: For) -> int:
        values = self.state.parameters if command.words is None else await self.expansion.fields(command.words)
        status = 0
        self.state.loops += 1
        try:
            for value in list(values):
                await self.limits.step()
                self.state.set(command.name, value)
                status, ends = await self._round(command.body)
                if ends:
                    break
        finally:
            self.state.loops -= 1
        return status

    async def _round(self, body: Block) -> tuple[int, bool]:
        """A loop's body once: its status, and whether the loop ends."""
        try:
            return await self.block(body), False
        except Jump as jump:
            if jump.loops > 1:
                raise Jump(jump.loops - 1, goes_on=jump.goes_on) from None
            return 0, not jump.goes_on

    async def _case(self, command: Case) -> int:
        text = await self.expansion.text(command.word)
        for patterns, body in command.items:
            for word in patterns:
                if (await self.expansion.pattern(word)).matches(text, self.limits):
                    return await self.block(body)
        return 0

    # (4) Simple commands

    async def _simple(self, command: Simple) -> int:
        from app.world.node.shell.builtins import BUILTINS, SPECIAL  # they run commands, commands run them

        state = self.state
        state.substituted = None
        words = await self.expansion.fields(command.words)
        name = words[0] if words else ""
        if not words:
            return await self._assign(command)
        values = [(variable, await self.expansion.text(word)) for variable, word in command.assignments]
        await self._trace([f"{variable}={value}" for variable, value in values] + words)
        try:
            async with self.redirected(command.redirections, keep=words == ["exec"]):
                if name in SPECIAL:
                    for variable, value in values:
                        state.set(variable, value)
                    return await BUILTINS[name](self, words)
                if name in state.functions:
                    with _variables(state, values):
                        return await self.call(name, words[1:])
                if name in BUILTINS:
                    with _variables(state, values):
                        return await BUILTINS[name](self, words)
                return await self.execute(words, dict(values))
        except BrokenPipeError:
            raise
        except OSError as error:
            if name in SPECIAL:
                raise ShellProblem(_words_of(error)) from None
            return await self._cannot(error)

    async def _assign(self, command: Simple) -> int:
        for variable, word in command.assignments:
            self.state.set(variable, await self.expansion.text(word))
            await self._trace([f"{variable}={self.state.variables[variable]}"])
        try:
            async with self.redirected(command.redirections):
                return self.state.substituted or 0
        except OSError as error:
            return await self._cannot(error)

    async def _cannot(self, error: OSError) -> int:
        await self.complain(_words_of(error))
        return 2

    async def _trace(self, words: list[str]) -> None:
        if "x" in self.state.options and words:
            await self.state.descriptors[2].write("+ " + " ".join(words) + "\n")

    @asynccontextmanager
    async def redirected(self, redirections: Sequence[Redirection], *, keep: bool = False) -> AsyncIterator[None]:
        """Descriptors as the redirections say; with `keep` for good. Raises `OSError`, `ShellProblem`."""
        before = self.state.descriptors
        self.state.descriptors = await redirected(self, redirections) if redirections else dict(before)
        try:
            yield
        finally:
            if not keep:
                self.state.descriptors = before

    async def call(self, name: str, parameters: list[str]) -> int:
        """Calls a function."""
        state = self.state
        before, loops = state.parameters, state.loops
        state.parameters, state.loops = parameters, 0
        state.locals.append({})
        try:
            async with self._deeper():
                return await self.command(state.functions[name])
        except Return as end:
            return end.status
        finally:
            state.parameters, state.loops = before, loops
            for variable, value in state.locals.pop().items():
                if value is None:
                    state.variables.pop(variable, None)
                else:
                    state.variables[variable] = value

    async def execute(self, words: list[str], assignments: dict[str, str]) -> int:
        """Runs a program. Raises `Exit` where it is killed with all that belongs to it."""
        state = self.state
        descriptors = state.descriptors
        process = replace(
            self.process,
            arguments=words,
            environment=state.environment | assignments,
            directory=state.directory,
            stdin=descriptors.get(0, Text()),
            stdout=descriptors.get(1, Text()),
            stderr=descriptors.get(2, Text()),
            depth=state.depth + 2,
        )
        if process.depth > DEPTH:
            raise ShellProblem("too many commands inside each other for this simulated shell")
        await self.limits.step(5)
        if not process.container.program(words):
            return await self._script_file(process)
        return await process.system.launch(process)

    async def _script_file(self, process: Process) -> int:
        """A program that no image has: a script that somebody has written into the container, or nothing."""
        from app.world.node.shell.builtins import run_file

        name = process.arguments[0]
        if "/" not in name:
            await self.complain(f"{name}: not found")
            await self.state.descriptors[2].write(f"({name} is not in this simulated image)\n")
            return NOT_FOUND
        try:
            node = process.files.stat(process.path(name))
        except OSError:
            await self.complain(f"{name}: not found")
            return NOT_FOUND
        if node.is_directory or not node.mode & 0o111:
            await self.complain(f"{name}: Permission denied")
            return 126
        return await run_file(self, process)


def _words_of(error: OSError) -> str:
    """dash's words for a redirection that fails."""
    what = {2: "No such file"}.get(error.errno or 0, error.strerror or "")
    return f"cannot open {error.filename}: {what}" if error.filename else what


class _variables:
    """Variables for one command, set back after it; exported meanwhile."""

    def __init__(self, state: State, values: Sequence[tuple[str, str]]) -> None:
        self._state = state
        self._values = values

    def __enter__(self) -> None:
        state = self._state
        self._before = {name: state.variables.get(name) for name, _ in self._values}
        self._exported = set(state.exported)
        for name, value in self._values:
            state.set(name, value)
            state.exported.add(name)

    def __exit__(self, *_: object) -> None:
        state = self._state
        if not self._values:
            return
        state.exported = self._exported
        for name, value in self._before.items():
            if value is None:
                state.variables.pop(name, None)
            else:
                state.variables[name] = value
