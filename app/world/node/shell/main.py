"""`sh` and `bash`: with `-c`, with a script's file, or line by line from standard input."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from app.world.node.shell.builtins.builtin_table import BUILTINS
from app.world.node.shell.interpreter import Shell
from app.world.node.shell.limits import TEXT
from app.world.node.shell.parser import Parser
from app.world.node.shell.process import Process
from app.world.node.shell.reader import NAME, Incomplete, SyntaxProblem
from app.world.node.shell.script_files import NOT_EXECUTABLE, NOT_FOUND
from app.world.node.shell.state import OPTIONS, Exit, Jump, ShellProblem, State
from app.world.node.shell.streams import decoded


async def sh(process: Process) -> int:
    """Runs the shell. Source: POSIX.1-2017, Utilities, sh."""
    # (1) The command line.
    arguments = process.arguments[1:]
    options: set[str] = set()
    command = interactive = from_stdin = False
    while arguments and arguments[0][:1] in ("-", "+") and len(arguments[0]) > 1:
        word, arguments = arguments[0], arguments[1:]
        if word == "--":
            break
        if word == "--version" and process.name == "bash":
            await process.stdout.write("GNU bash, version 4.2.46(2)-release (this simulated image's shell)\n")
            return 0
        if word[1:] == "o" and arguments:
            options |= {letter for letter, name in OPTIONS.items() if name == arguments[0]}
            arguments = arguments[1:]
            continue
        letters = set() if word.startswith("--") else set(word[1:])
        if unknown := letters - set(OPTIONS) - set("cils"):
            return await process.complain(f"0: Illegal option -{sorted(unknown)[0]}", 2)
        command |= "c" in letters
        interactive |= "i" in letters
        from_stdin |= "s" in letters
        options |= letters - set("cils")
    if command and not arguments:
        return await process.complain("0: -c requires an argument", 2)
    # (2) The shell's state.
    variables = {name: value for name, value in process.environment.items() if NAME.fullmatch(name)}
    state = State(
        name=process.name,
        directory=process.directory,
        variables=variables,
        descriptors={0: process.stdin, 1: process.stdout, 2: process.stderr},
        exported={*variables, "PWD"},
        options=options,
        depth=process.depth,
        echo_escapes=process.container.echo_escapes,
    )
    variables.pop("IFS", None)
    variables |= {"PWD": process.directory, "OPTIND": "1"}
    shell = Shell(process, state)
    # (3) The script.
    if command:
        state.name, state.parameters = (arguments[1] if arguments[1:] else process.name), arguments[2:]
        return await _to_its_end(shell, arguments[0])
    if from_stdin:
        state.parameters = arguments
    elif arguments:
        state.name, state.parameters = arguments[0], arguments[1:]
        try:
            text = decoded(process.files.read(process.path(arguments[0])))
        except OSError as error:
            why = "No such file" if error.errno == 2 else error.strerror
            status = NOT_FOUND if error.errno == 2 else NOT_EXECUTABLE
            return await process.complain(f"0: cannot open {arguments[0]}: {why}", status)
        return await _to_its_end(shell, text)
    return await _line_by_line(shell, interactive=interactive or process.terminal)


async def _to_its_end(shell: Shell, text: str) -> int:
    status = await shell.to_its_end(shell.script(text))
    return await _leave(shell, status)


async def _leave(shell: Shell, status: int) -> int:
    """Runs the command of `trap … EXIT`, and returns the status."""
    if not shell.state.at_exit:
        return status
    text, shell.state.at_exit = shell.state.at_exit, ""
    shell.state.status = status
    try:
        await shell.script(text)
    except Exit as end:
        return end.status
    except (ShellProblem, Jump):
        pass
    return status


async def _line_by_line(shell: Shell, *, interactive: bool) -> int:
    """Reads commands from standard input until its end. An interactive shell goes on after an error."""
    process, state = shell.process, shell.state
    state.variables.setdefault("PS1", "# " if process.files.user.uid == 0 else "$ ")
    pending, awaited = "", None
    while True:
        await _prompt(process, "> " if pending else state.variables.get("PS1", ""))
        line = await process.stdin.readline()
        pending += line
        if not line and not pending:
            break
        if len(pending) > TEXT:
            return await process.complain("the script is too long for this simulated shell", 2)
        if line and awaited not in (None, line.strip("\t\n")):  # more of a here-document
            await process.limits.step()
            continue
        await process.limits.step(1 + len(pending) // 8)
        try:
            try:
                block = Parser(pending).line()
            except Incomplete as unfinished:
                if not line:
                    raise
                awaited = unfinished.end
                continue
            if block is not None:
                await _interruptible(shell, shell.block(block))
        except Exit as end:
            return await _leave(shell, end.status)
        except Jump:
            pass
        except (ShellProblem, SyntaxProblem) as problem:
            await shell.complain(str(problem))
            state.status = 2
            if not interactive:
                return await _leave(shell, 2)
        pending, awaited = "", None
        if not line:
            break
    if process.terminal:
        await process.stderr.write("\n")
    return await _leave(shell, state.status)


async def _prompt(process: Process, text: str) -> None:
    """Prints the prompt for a line; again after Ctrl-C."""
    session = process.session
    if not process.terminal or session is None:
        return

    def again() -> None:
        asking.append(asyncio.ensure_future(process.stderr.write(text)))

    asking: list[asyncio.Future[None]] = []
    session.on_interrupt = again
    await process.stderr.write(text)


async def _interruptible(shell: Shell, work: Coroutine[Any, Any, object]) -> None:
    """Runs commands, which Ctrl-C ends if there is a terminal. Raises what they raise."""
    session = shell.process.session
    if not shell.process.terminal or session is None:
        await work
        return
    task = asyncio.ensure_future(work)
    session.on_interrupt = task.cancel
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled() or (own := asyncio.current_task()) is None or own.cancelling():
            raise
        shell.state.status = 130
    finally:
        task.cancel()


async def builtin(process: Process) -> int:
    """`echo`, `printf`, `test`, `[` and `pwd` as programs of their own."""
    state = State(
        name=process.name,
        directory=process.directory,
        variables={},
        descriptors={0: process.stdin, 1: process.stdout, 2: process.stderr},
        exported=set(),
    )
    return await BUILTINS[process.name](Shell(process, state), process.arguments)
