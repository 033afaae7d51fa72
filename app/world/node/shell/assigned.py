"""Variables that are assigned for one command."""

from __future__ import annotations

from collections.abc import Sequence

from app.world.node.shell.state import State


class Assigned:
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
