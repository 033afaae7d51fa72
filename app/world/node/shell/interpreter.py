"""Runs commands. Source: POSIX.1-2017, Shell Command Language, 2.8 to 2.11; where that leaves a choice, dash."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from app.world.node.shell.compound import run_case, run_for, run_if, run_loop, run_pipeline
from app.world.node.shell.expansion import Expansion
from app.world.node.shell.limits import DEPTH, TEXT
from app.world.node.shell.parser import Parser
from app.world.node.shell.process import Process
from app.world.node.shell.reader import SyntaxProblem
from app.world.node.shell.redirections import redirected
from app.world.node.shell.script_files import run_unknown
from app.world.node.shell.state import Assigned, Exit, Jump, Return, ShellProblem, State
from app.world.node.shell.streams import Sink, Stream, Text
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
        await self.limits.step(1 + len(text) // 8)
        parser = Parser(text)
        try:
            while (block := parser.line()) is not None:
                with self.process.memory.kept(parser.size):
                    await self.block(block)
        except SyntaxProblem as problem:
            raise ShellProblem(str(problem)) from None
        return self.state.status

    async def _substitute(self, script: str) -> str:
        """The output of commands, without the newlines at its end."""
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

    def subshell(self, descriptors: dict[int, Stream] | None = None) -> Shell:
        """A copy of this shell, with some descriptors of its own. Raises `ShellProblem`."""
        state = self.state.copy()
        state.depth += 1
        _check_depth(state.depth)
        state.descriptors |= descriptors or {}
        return Shell(self.process, state)

    async def to_its_end(self, work: Awaitable[object]) -> int:
        """The status of a subshell, however it ends."""
        try:
            await work
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
        """Prints an error message of this shell."""
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
                status = await run_pipeline(self, pipeline.commands)
        finally:
            state.tested -= tested or pipeline.negated
        if pipeline.negated:
            status = int(not status)
        state.status = status
        if status and "e" in state.options and not state.tested and not tested and not pipeline.negated:
            raise Exit(status)
        return status

    async def run(self, command: Command) -> int:
        """Runs a command whose status becomes the shell's, and returns it."""
        self.state.status = await self.command(command)
        return self.state.status

    # (3) Commands

    async def command(self, command: Command) -> int:
        """Runs one command, and returns its status. Raises `Exit`, `Jump`, `ShellProblem`."""
        match command:
            case Simple():
                return await self._simple(command)
            case Group(body=body, subshell=True):
                inner = self.subshell()
                return await inner.to_its_end(inner.block(body))
            case Function(name=name, body=body, size=size):
                self.process.memory.take(size)  # as long as the shell runs
                self.state.functions[name] = body
                return 0
            case Redirected(command=inner_command, redirections=redirections):
                try:
                    async with self.redirected(redirections):
                        return await self.command(inner_command)
                except OSError as error:
                    return await self._cannot(error)
        async with self.deeper():
            match command:
                case Group(body=body):
                    return await self.block(body)
                case If():
                    return await run_if(self, command)
                case Loop():
                    return await run_loop(self, command)
                case For():
                    return await run_for(self, command)
                case Case():
                    return await run_case(self, command)
        raise AssertionError(command)

    @asynccontextmanager
    async def deeper(self) -> AsyncIterator[None]:
        """Inside, a command runs within another one. Raises `ShellProblem` where there are too many."""
        self.state.depth += 1
        try:
            _check_depth(self.state.depth)
            yield
        finally:
            self.state.depth -= 1

    # (4) Simple commands

    async def _simple(self, command: Simple) -> int:
        from app.world.node.shell.builtins.builtin_table import BUILTINS, SPECIAL  # they import this module in turn

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
                    with Assigned(state, values):
                        return await self.call(name, words[1:])
                if name in BUILTINS:
                    with Assigned(state, values):
                        return await BUILTINS[name](self, words)
                return await self.execute(words, dict(values))
        except BrokenPipeError:
            raise
        except OSError as error:
            if name in SPECIAL:
                raise ShellProblem(error.strerror or "") from None
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
        await self.complain(error.strerror or "")
        return 2

    async def _trace(self, words: list[str]) -> None:
        if "x" in self.state.options and words:
            await self.state.descriptors[2].write("+ " + " ".join(words) + "\n")

    @asynccontextmanager
    async def redirected(self, redirections: Sequence[Redirection], *, keep: bool = False) -> AsyncIterator[None]:
        """Inside, the descriptors are redirected; with `keep` for good. Raises `OSError`, `ShellProblem`."""
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
            async with self.deeper():
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
        """Runs a program. Raises `Exit` where it is killed with all programs that it started."""
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
        _check_depth(process.depth)
        await self.limits.step(5)
        if not process.container.program(words):
            return await run_unknown(self, process)
        return await process.system.launch(process)


def _check_depth(depth: int) -> None:
    if depth > DEPTH:
        raise ShellProblem("too many commands inside each other for this simulated shell")
