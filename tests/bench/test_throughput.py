"""Runs a second of sessions that never pause: what counts, and what does not."""

import asyncio

import pytest

from bench.throughput import runs_a_second


class Tab:
    """Its runs take so many seconds, by a clock that the test moves."""

    def __init__(self, clock, takes):
        self.clock, self.takes, self.at, self.turned = clock, takes, 0.0, []

    async def run(self, *, page):
        self.turned.append(page)
        self.at += self.takes
        self.clock[0] = self.at
        await asyncio.sleep(0)


@pytest.mark.parametrize(("takes", "expected"), [(1.0, 1.0), (0.5, 2.0), (4.0, 0.25)])
def test_runs_count_that_end_after_the_warm_up_and_before_the_end(monkeypatch, takes, expected):
    clock = [0.0]
    monkeypatch.setattr("bench.throughput.time.monotonic", lambda: clock[0])
    tab = Tab(clock, takes)
    found = asyncio.run(runs_a_second([tab], ("a", "b"), seconds=8.0, warm_up=2.0))
    assert found == (expected, len(tab.turned))
    assert tab.turned[:3] == ["a", "b", "a"]


def test_each_tab_begins_with_a_page_of_its_own(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("bench.throughput.time.monotonic", lambda: clock[0])
    tabs = [Tab(clock, 3.0) for _ in range(3)]
    assert asyncio.run(runs_a_second(tabs, ("a", "b"), seconds=2.0, warm_up=0.0)) == (0, 3)
    assert [tab.turned for tab in tabs] == [["a"], ["b"], ["a"]]
