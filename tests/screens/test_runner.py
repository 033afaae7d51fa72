"""Runs take turns by address: whose run begins when, however the one before ended, and who pays."""

import asyncio
import contextlib
import threading

import pytest
from streamlit.runtime import app_session
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner

from app import server, wiring
from app.ui import allowance, left_sessions, runner, session


class Runs:
    """Runs that begin when Streamlit's runner is asked to, and end when the test says so."""

    def __init__(self, monkeypatch):
        self.begun = []
        self.began = threading.Condition()
        self.may_end = {}
        self.threads = []
        monkeypatch.setattr(ScriptRunner, "__init__", lambda self, session_id: setattr(self, "_session_id", session_id))
        monkeypatch.setattr(ScriptRunner, "_run_script", lambda self, name: runs._run(name))
        monkeypatch.setattr(ScriptRunner, "request_stop", lambda self: None)
        monkeypatch.setattr(allowance, "address", lambda: threading.current_thread().name)
        runs = self

    def start(self, name, address):
        """A session of an address asks for a run."""
        made = runner.TurnTakingRunner(name)
        self.may_end[name] = threading.Event()
        lined_up = threading.Event()
        line_up = runner._turns.line_up

        def seen(of):
            turn = line_up(of)
            lined_up.set()
            return turn

        def work():
            with contextlib.suppress(ZeroDivisionError):
                made._run_script(name)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(runner._turns, "line_up", seen)
            thread = threading.Thread(target=work, name=address)
            thread.start()
            assert lined_up.wait(60)
        self.threads.append(thread)
        return made

    def _run(self, name):
        with self.began:
            self.begun.append(name)
            self.began.notify_all()
        assert self.may_end[name].wait(60)
        if "fails" in name:
            raise ZeroDivisionError

    def wait_for(self, *names):
        with self.began:
            assert self.began.wait_for(lambda: self.begun == list(names), 60), self.begun

    def end(self, *names):
        for name in names:
            self.may_end[name].set()


@pytest.fixture
def runs(monkeypatch):
    monkeypatch.setattr(runner, "_turns", runner.Turns(at_once=runner.AT_ONCE, seconds=3600))
    found = Runs(monkeypatch)
    yield found
    found.end(*found.may_end)
    for thread in found.threads:
        thread.join(60)


def test_a_crowd_behind_one_address_takes_turns_and_a_reader_elsewhere_does_not_wait(runs):
    for number in range(5):
        runs.start(f"crowd {number}", "192.0.2.1")
    runs.start("reader", "192.0.2.2")
    runs.wait_for("crowd 0", "reader")
    runs.end("crowd 0")
    runs.wait_for("crowd 0", "reader", "crowd 1")


def test_a_run_that_fails_makes_room(runs):
    runs.start("fails", "192.0.2.1")
    runs.start("next", "192.0.2.1")
    runs.end("fails")
    runs.wait_for("fails", "next")


def test_who_went_on_before_their_turn_is_not_run(runs):
    runs.start("first", "192.0.2.1")
    gone = runs.start("gone", "192.0.2.1")
    runs.start("last", "192.0.2.1")
    gone.request_stop()
    runs.end("first")
    runs.wait_for("first", "last")


def test_sessions_without_a_known_address_do_not_wait_for_each_other(runs, monkeypatch):
    monkeypatch.setattr(allowance, "address", lambda: None)
    runs.start("one", "")
    runs.start("two", "")
    with runs.began:
        assert runs.began.wait_for(lambda: set(runs.begun) == {"one", "two"}, 60)


def test_what_a_run_took_after_it_was_admitted_is_charged_however_it_ends(monkeypatch):
    taken = []
    quota = type("Quota", (), {"take": lambda self, seconds: taken.append(seconds)})()
    monkeypatch.setattr(ScriptRunner, "__init__", lambda self, session_id: setattr(self, "_session_id", session_id))

    def stopped(self, data):
        threads = allowance.budgets().threads
        threads.quota, threads.charged = quota, 0.0
        raise ZeroDivisionError

    monkeypatch.setattr(ScriptRunner, "_run_script", stopped)
    with pytest.raises(ZeroDivisionError):
        runner.TurnTakingRunner("one")._run_script(RerunData())
    del allowance.budgets().threads.quota
    assert len(taken) == 1
    assert taken[0] > 0


def test_the_application_runs_its_sessions_so(monkeypatch):
    monkeypatch.setattr(app_session, "ScriptRunner", ScriptRunner)
    monkeypatch.setattr(runner.sys, "setswitchinterval", lambda seconds: None)
    monkeypatch.setattr(left_sessions, "bound", lambda: None)
    monkeypatch.setattr(wiring, "warm_up", lambda: None)
    simulation = lambda: None  # noqa: E731
    simulation.clear = lambda: None
    monkeypatch.setattr(session, "simulation", simulation)

    async def lives():
        async with server.lifespan(server.app):
            return app_session.ScriptRunner

    assert asyncio.run(lives()) is runner.TurnTakingRunner
