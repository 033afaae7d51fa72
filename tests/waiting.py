"""Waiting for what must come about, however slow the machine is; how long it took is not the question."""

import time
from collections.abc import Callable

import pytest

from app import wiring
from app.flow.port_wrappers import deadline

SECONDS = 60
"""No test is right or wrong by it: what has not come about by then is not coming."""


def eventually(holds: Callable[[], object], seen: Callable[[], str] = lambda: "it did not come about") -> None:
    """Waits until `holds()` is true, else fails with what is `seen`. What takes longer is asked for less often: most
    ask a server."""
    end, pause = time.monotonic() + SECONDS, 0.01
    while not holds():
        assert time.monotonic() < end, seen()
        time.sleep(pause)
        pause = min(1.5 * pause, 0.1)


def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Live mode waits for those who answer as long as the tests do; the clients still give up those who do not."""
    monkeypatch.setattr(deadline, "ANSWER_SECONDS", float(SECONDS))
    monkeypatch.setattr(deadline, "SILENCE_SECONDS", 4.0 * SECONDS)
    monkeypatch.setitem(wiring.live.__kwdefaults__, "seconds", 4.0 * SECONDS)
