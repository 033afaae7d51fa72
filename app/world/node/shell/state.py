"""The state of a shell: its variables, options, functions, descriptors; and the copy of it for a subshell.

And the variables that are assigned for one command.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.world.node.shell.limits import FIELDS, TEXT
from app.world.node.shell.streams import Stream
from app.world.node.shell.syntax import Command

OPTIONS = {
    "a": "allexport",
    "C": "noclobber",
    "e": "errexit",
    "f": "noglob",
    "u": "nounset",
    "x": "xtrace",
    "n": "noexec",
    "v": "verbose",
    "h": "hashall",
}
"""The letters of `set`, with their long names."""


class ShellProblem(Exception):
    """An error that ends a shell which is not interactive (2.8.1). The text follows the shell's name."""

    status = 2


class Exit(Exception):
    """The shell ends, with a status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Return(Exit):
    """Ends a function, or a script that `.` runs."""


class Jump(Exception):
    """`break` or `continue`, with the number of loops."""

    def __init__(self, loops: int, *, goes_on: bool) -> None:
        super().__init__(loops)
        self.loops = loops
        self.goes_on = goes_on


@dataclass(kw_only=True)
class State:
    """The state of one shell or subshell."""

    name: str
    """`$0`."""
    directory: str
    variables: dict[str, str]
    descriptors: dict[int, Stream]
    exported: set[str]
    parameters: list[str] = field(default_factory=list)
    readonly: set[str] = field(default_factory=set)
    functions: dict[str, Command] = field(default_factory=dict)
    options: set[str] = field(default_factory=set)
    status: int = 0
    loops: int = 0
    """How many loops run, for `break` and `continue`."""
    depth: int = 0
    tested: int = 0
    """Above zero where a status is tested, so that `set -e` does not apply."""
    locals: list[dict[str, str | None]] = field(default_factory=list)
    """For each function that runs: the previous values of its `local` variables."""
    echo_escapes: bool = False
    """Whether `echo` reads escapes without `-e`, as dash's does."""
    at_exit: str = ""
    """The command of `trap … EXIT`."""
    substituted: int | None = None
    """The status of the last substitution in a command without a program's name."""

    def copy(self) -> State:
        """The state with which a subshell begins."""
        found = copy.copy(self)
        found.variables = dict(self.variables)
        found.descriptors = dict(self.descriptors)
        found.exported = set(self.exported)
        found.parameters = list(self.parameters)
        found.readonly = set(self.readonly)
        found.functions = dict(self.functions)
        found.options = set(self.options)
        found.locals = [dict(each) for each in self.locals]
        found.loops = 0
        found.at_exit = ""
        return found

    def set(self, name: str, value: str) -> None:
        """Sets a variable. Raises `ShellProblem` where it is read-only, or too long for this simulated shell."""
        if name in self.readonly:
            raise ShellProblem(f"{name}: is read only")
        old = self.variables.get(name, "")
        if len(value) > TEXT or sum(map(len, self.variables.values())) - len(old) + len(value) > 4 * TEXT:
            raise ShellProblem(f"{name}: too long for this simulated shell")
        if len(self.variables) >= FIELDS:
            raise ShellProblem(f"{name}: too many variables for this simulated shell")
        self.variables[name] = value
        if "a" in self.options:
            self.exported.add(name)

    def get(self, name: str) -> str | None:
        """A parameter's value, special and positional ones among them; None where it is not set. `@` is not here."""
        if name.isdigit():
            number = int(name[:9])
            if number == 0:
                return self.name
            return self.parameters[number - 1] if number <= len(self.parameters) else None
        match name:
            case "?":
                return str(self.status)
            case "#":
                return str(len(self.parameters))
            case "$":
                return "1"
            case "!":
                return None
            case "-":
                return "".join(sorted(self.options))
            case "*" | "@":
                separator = self.variables.get("IFS", " \t\n")[:1]
                return separator.join(self.parameters) if self.parameters else None
        return self.variables.get(name)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that a program gets."""
        return {name: value for name, value in self.variables.items() if name in self.exported}


class Assigned:
    """Inside, variables are assigned for one command and exported; afterwards they have their previous values."""

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
