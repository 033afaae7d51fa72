"""Runs of the script take turns: of one address few at once, so that nobody else waits for a crowd there.

Python runs one thread at a time. Where fifty sessions run at once, each of them, and everybody else, has a
fiftieth of a core. Streamlit has no hook that surrounds a whole run with its callbacks and its fragments, so
`take_turns` puts our runner in the place of its own.
"""

from __future__ import annotations

import sys
from typing import Any

from streamlit.runtime import app_session
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner

from app.flow.turns import Turn, Turns
from app.ui import allowance

AT_ONCE = 1
"""Runs of one address at a time. With two, an honest reader's p95 is six times what it is alone; with one, twice."""
SECONDS = 2.0
"""After which a run counts no more. What takes longer waits for a cluster, which takes no CPU time; or it hangs."""
SWITCH_SECONDS = 0.001
"""After which Python takes the processor from a thread that others wait for. A page goes through three threads (the
pages' loop, the script's, the worlds'), and at Python's own 0.005 waits so long at each change between them."""

_turns = Turns(at_once=AT_ONCE, seconds=SECONDS)


class TurnTakingRunner(ScriptRunner):
    """Streamlit's runner of one session, one thread at a time."""

    def __init__(self, session_id: str, *arguments: Any, **options: Any) -> None:
        super().__init__(session_id, *arguments, **options)
        self._turn: Turn | None = None

    def _run_script(self, rerun_data: RerunData) -> None:
        """Waits for its turn, runs, and pays. A session without a known address is a line of its own."""
        self._turn = turn = _turns.line_up(allowance.address() or self._session_id)
        try:
            if turn.wait():
                super()._run_script(rerun_data)
        finally:
            allowance.settle()
            turn.end()

    def request_stop(self) -> None:
        """As Streamlit's. What has not begun yet, because the reader went on or left, need not begin."""
        super().request_stop()
        if self._turn is not None:
            self._turn.give_up()


def take_turns() -> None:
    """From now on sessions run so."""
    sys.setswitchinterval(SWITCH_SECONDS)
    app_session.ScriptRunner = TurnTakingRunner  # type: ignore[attr-defined]
