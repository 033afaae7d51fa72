"""The threads that run scripts one after another."""

import threading
from contextvars import ContextVar
from functools import partial
from queue import SimpleQueue

import pytest

from app.ui.state.runs import script_threads
from app.ui.state.runs.script_threads import ScriptThreads

_of_a_run = ContextVar("of_a_run", default="")


def run(threads, *works):
    """Where each of the works ran, and what it found of the ones before; they run one after another."""
    found = []
    for number in range(len(works) or 1):
        ended = threading.Event()

        def work(number=number, ended=ended):
            found.append((threading.current_thread(), _of_a_run.get()))
            _of_a_run.set(f"run {number}")
            ended.set()

        threads.run(work, "visitor", "session")
        assert ended.wait(10)
        while not threads._idle:  # it becomes idle a moment after
            pass
    return found


def test_runs_that_follow_each_other_have_one_thread_and_nothing_of_each_other():
    (first, nothing), (second, nothing_either) = run(ScriptThreads(), "one", "two")
    assert first is second
    assert first.daemon
    assert (nothing, nothing_either) == ("", "")


def test_runs_at_once_have_a_thread_each():
    threads, together = ScriptThreads(), threading.Barrier(3, timeout=10)
    found = []
    for session in ("one", "other"):
        threads.run(lambda: found.append(threading.current_thread()) or together.wait(), "visitor", session)
    together.wait()
    assert len({*found}) == 2


def test_what_waits_of_a_visitor_beyond_the_limit_has_no_thread_and_keeps_nobody_else_waiting(monkeypatch):
    monkeypatch.setattr(script_threads, "OF_A_VISITOR", 2)
    threads, go, ended, ran = ScriptThreads(), threading.Event(), threading.Semaphore(0), []

    def work(number):
        go.wait(10)
        ran.append((number, threading.current_thread()))
        ended.release()
        if number in (3, 4):
            raise (ZeroDivisionError, SystemExit)[number - 3]  # those that wait are run even so

    for number in range(6):
        threads.run(lambda number=number: work(number), "one", f"tab {number}")
    another = threading.Event()
    threads.run(another.set, "another", "tab")
    assert another.wait(10)
    assert threads._busy.of("one") == 2
    go.set()
    assert all(ended.acquire(timeout=10) for _ in range(6))
    assert sorted(number for number, _ in ran) == list(range(6))
    while threads._busy.total:  # a moment after
        pass
    assert not threads._waiting


def test_a_visitor_whose_thread_has_ended_may_have_one_more_and_not_two(monkeypatch):
    monkeypatch.setattr(script_threads, "OF_A_VISITOR", 3)
    threads, ends = ScriptThreads(), [threading.Event() for _ in range(3)]
    for number, end in enumerate(ends):
        threads.run(partial(end.wait, 10), "one", f"tab {number}")
    ends[0].set()
    while threads._busy.of("one") == 3:
        pass
    assert threads._busy.of("one") == 2
    for end in ends:
        end.set()


def test_what_waits_is_run_though_the_system_had_no_thread_for_another(monkeypatch):
    monkeypatch.setattr(script_threads, "OF_A_VISITOR", 2)
    threads, go, waited = ScriptThreads(), threading.Event(), threading.Event()
    threads.run(lambda: go.wait(10), "visitor", "first")

    def no_thread(_work):
        threads.run(waited.set, "visitor", "third")  # meanwhile, in another thread
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threads, "_start", no_thread)
        with pytest.raises(RuntimeError):
            threads.run(lambda: None, "visitor", "second")
    go.set()
    assert waited.wait(10)


def test_who_asks_again_keeps_their_place_in_the_line(monkeypatch):
    monkeypatch.setattr(script_threads, "OF_A_VISITOR", 1)
    threads, go, ran = ScriptThreads(), threading.Event(), SimpleQueue()
    threads.run(lambda: go.wait(10), "room", "the one that runs")
    for clicks in range(3):
        for reader in ("impatient", *(("second", "third") if clicks == 0 else ())):
            threads.run(lambda what=(reader, clicks): ran.put(what), "room", reader)
    go.set()
    assert [ran.get(timeout=10) for _ in range(3)] == [("impatient", 2), ("second", 0), ("third", 0)]
    while threads._busy.total:
        pass
    assert ran.empty()


def test_a_thread_ends_that_has_nothing_to_run():
    threads = ScriptThreads(idle_seconds=0.01)
    ((thread, _),) = run(threads)
    thread.join(10)
    assert not thread.is_alive()
    assert not threads._idle
    assert run(threads)[0][0] is not thread


def test_what_a_thread_is_given_while_it_gives_up_is_run():
    threads, ran = ScriptThreads(idle_seconds=0.01), threading.Event()
    ((thread, _),) = run(threads)
    inbox = threads._idle.pop()  # as `run` does, before it puts
    thread.join(0.1)
    assert thread.is_alive()
    inbox.put(ran.set)
    assert ran.wait(10)
