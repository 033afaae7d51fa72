"""The timer of a kubelet, with a loop and a clock of the test's own."""

from types import SimpleNamespace

import pytest

from app.world.node import wake_up
from app.world.node.wake_up import LONGEST_SECONDS, WakeUp


@pytest.fixture
def timers(monkeypatch):
    """What the loop was asked for: [seconds, function], the newest last; cancelled ones go."""
    asked = []

    def call_later(seconds, function, *, context):
        timer = [seconds, function]
        asked.append(timer)
        assert len(context) == 0, "nothing of whoever set it is kept"
        return SimpleNamespace(cancel=lambda: asked.remove(timer))

    monkeypatch.setattr(wake_up.asyncio, "get_running_loop", lambda: SimpleNamespace(call_later=call_later))
    return asked


@pytest.mark.parametrize(("due", "seconds"), [(130.0, 30.0), (90.0, 0.0), (1e9, LONGEST_SECONDS)])
def test_it_goes_off_when_it_is_due(timers, due, seconds):
    worked = []
    timer = WakeUp(lambda: 100.0, lambda: worked.append(True))
    timer.set(due)
    [(asked, fire)] = timers
    assert asked == seconds
    fire()
    assert worked == [True]


def test_a_world_has_one_timer_or_none(timers):
    timer = WakeUp(lambda: 100.0, lambda: None)
    timer.set(200.0)
    timer.set(150.0)
    assert [seconds for seconds, _ in timers] == [50.0]
    timer.set(None)
    assert timers == []
    timer.set(150.0)
    timer.close()
    timer.set(150.0)
    assert timers == []
