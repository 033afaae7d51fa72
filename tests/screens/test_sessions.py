"""What our server changes in Streamlit's sessions: an event loop only where a script uses it."""

import asyncio
import os

import pytest

from app.ui.streamlit_sessions import DeferredLoop


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def test_an_unused_loop_takes_no_descriptor():
    before = descriptors()
    loops = [DeferredLoop() for _ in range(20)]
    for loop in loops:
        asyncio.set_event_loop(loop)
        assert not loop.is_running()
        assert not loop.is_closed()
        assert descriptors() == before
        loop.close()
        assert loop.is_closed()
    asyncio.set_event_loop(None)
    assert descriptors() == before


def test_a_script_that_uses_it_has_a_whole_loop():
    loop = DeferredLoop()
    asyncio.set_event_loop(loop)
    try:
        assert asyncio.get_event_loop() is loop
        assert loop.run_until_complete(asyncio.sleep(0, "done")) == "done"
        task = loop.create_task(asyncio.sleep(0, "again"))
        assert loop.run_until_complete(task) == "again"
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    assert loop.is_closed()


def test_a_closed_loop_runs_nothing():
    loop = DeferredLoop()
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_soon(print)
