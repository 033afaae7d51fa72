"""Whose script runs next: counted in order and number, never in seconds."""

import threading

import pytest

from app.serving.turns import HURRIED, KINDS, LATER, SHORT, Turns
from tests.waiting import eventually


class Scripts:
    """Scripts that wait for their turn and run until they are ended."""

    def __init__(self, turns):
        self.turns = turns
        self.started = []
        self._changed = threading.Condition()
        self._ends = {}
        self._threads = []

    def come(self, name, visitor, **asked):
        """A script comes; it is in the queue when this returns."""
        self._ends[name] = threading.Event()
        before = self._known()

        def run():
            with self.turns.turn(visitor, **asked):
                with self._changed:
                    self.started.append(name)
                    self._changed.notify_all()
                self._ends[name].wait(30)

        self._threads.append(threading.Thread(target=run, daemon=True))
        self._threads[-1].start()
        while self._known() == before:
            pass

    def _known(self):
        with self.turns._lock:
            return frozenset(self.turns._running), sum(len(line.runs) for line in self.turns._waiting.values())

    def end(self, *names):
        for name in names:
            self._ends[name].set()

    def wait_for(self, number):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.started) >= number, 30), self.started

    def end_all(self):
        for end in self._ends.values():
            end.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()


@pytest.fixture
def time_of():
    return [0.0]


@pytest.fixture
def scripts(time_of):
    made = Scripts(Turns(at_once=2, lease=0.01, clock=lambda: time_of[0]))
    yield made
    made.end_all()


def test_fifty_tabs_of_one_visitor_do_not_keep_another_waiting(scripts):
    for number in range(50):
        scripts.come(f"tab {number}", "greedy")
    scripts.come("reader", "honest")
    scripts.wait_for(2)
    assert sorted(scripts.started) == ["reader", "tab 0"]


def test_no_more_run_at_once_than_may(scripts):
    for number in range(5):
        scripts.come(f"{number}", f"visitor {number}")
    scripts.wait_for(2)
    assert len(scripts.turns._running) == 2
    assert sorted(scripts.started) == ["0", "1"]


def test_visitors_take_turns_whatever_number_of_scripts_each_has(scripts):
    for name, visitor in (("a1", "a"), ("b1", "b"), ("a2", "a"), ("a3", "a"), ("c1", "c"), ("c2", "c")):
        scripts.come(name, visitor)
    scripts.wait_for(2)
    scripts.end("a1", "a2", "a3", "c1", "c2")
    scripts.wait_for(6)
    assert scripts.started[2:] == ["a2", "c1", "a3", "c2"]


def test_a_run_that_waits_for_something_else_leaves_its_place(scripts, time_of):
    scripts.come("stuck", "a")
    scripts.come("waits", "a")
    scripts.wait_for(1)
    assert scripts.started == ["stuck"]
    time_of[0] = 1.0
    scripts.wait_for(2)
    assert scripts.started == ["stuck", "waits"]


def test_to_the_next_run_of_its_own_visitor_it_leaves_its_place_later(time_of):
    scripts = Scripts(Turns(at_once=1, lease=0.01, clock=lambda: time_of[0]))
    for name, visitor in (("stuck", "a"), ("next", "a"), ("other", "b")):
        scripts.come(name, visitor)
    time_of[0] = 0.015
    scripts.wait_for(2)
    scripts.end("other")
    time_of[0] = 0.025
    scripts.wait_for(3)
    assert scripts.started == ["stuck", "other", "next"]
    scripts.end_all()


LONG = 4 * SHORT


@pytest.fixture
def ordered(time_of):
    """Scripts in turns that know the kinds `page`, which takes no time, and `walk`, which is long; one runs."""
    turns = Turns(at_once=1, lease=30.0, clock=lambda: time_of[0])
    for kind, seconds in (("page", 0.0), ("walk", LONG)):
        with turns.turn("before", kind=kind):
            time_of[0] += seconds
    made = Scripts(turns)
    made.come("runs", "first")
    yield made
    made.end_all()


def test_a_short_run_goes_before_long_ones_that_were_asked_for_earlier(ordered):
    for name, kind in (("walk 1", "walk"), ("walk 2", "walk"), ("page", "page"), ("new", "never seen")):
        ordered.come(name, f"visitor of {name}", kind=kind)
    ordered.end("runs", "walk 1", "page", "new")
    ordered.wait_for(5)
    assert ordered.started == ["runs", "page", "new", "walk 1", "walk 2"]


@pytest.mark.parametrize(("later", "order"), [(0.9, ["page", "walk"]), (1.1, ["walk", "page"])])
def test_a_long_run_waits_for_shorter_ones_for_a_while(ordered, time_of, later, order):
    ordered.come("walk", "a", kind="walk")
    time_of[0] += later * LATER * LONG
    ordered.come("page", "b", kind="page")
    ordered.end("runs", *order)
    ordered.wait_for(3)
    assert ordered.started[1:] == order


def test_of_those_of_one_room_behind_one_address_the_short_ones_go_first(ordered):
    for name, kind in (("walk", "walk"), ("page 1", "page"), ("page 2", "page")):
        ordered.come(name, "a room", kind=kind)
    ordered.end("runs", "page 1", "page 2")
    ordered.wait_for(4)
    assert ordered.started == ["runs", "page 1", "page 2", "walk"]


def test_a_room_whose_runs_are_short_does_not_keep_the_long_one_of_another_visitor_waiting(ordered, time_of):
    for number in range(5):
        ordered.come(f"page {number}", "a room", kind="page")
    ordered.come("walk", "reader", kind="walk")
    ordered.end("runs")
    ordered.wait_for(2)
    time_of[0] += 2 * LATER * LONG
    ordered.end("page 0")
    ordered.wait_for(3)
    ordered.end("page 1", "walk")
    ordered.wait_for(5)
    assert ordered.started[1:] == ["page 0", "page 1", "walk", "page 2"]


def test_one_long_run_at_a_time_and_short_ones_beside_it(ordered):
    ordered.turns._at_once = 2
    for name, kind in (("walk 1", "walk"), ("walk 2", "walk"), ("page", "page")):
        ordered.come(name, f"visitor of {name}", kind=kind)
    ordered.wait_for(2)
    ordered.end("runs")
    ordered.wait_for(3)
    assert ordered.started == ["runs", "walk 1", "page"]
    ordered.end("page")
    while len(ordered._known()[0]) > 1:
        pass
    assert ordered.started == ["runs", "walk 1", "page"]
    ordered.end("walk 1")
    ordered.wait_for(4)
    assert ordered.started[3] == "walk 2"


def test_what_takes_longer_than_it_did_is_no_longer_short(time_of):
    turns = Turns(clock=lambda: time_of[0])
    for seconds in (0.0, *([LONG] * 4)):
        with turns.turn("a", kind="page"):
            time_of[0] += seconds
    assert SHORT < turns._took[hash("page")] < LONG


def test_a_run_that_was_stopped_before_it_began_says_nothing_of_its_kind(time_of):
    turns = Turns(clock=lambda: time_of[0])
    with turns.turn("a", kind="walk"):
        time_of[0] += LONG
    with turns.turn("a", rest=lambda: None, kind="walk"):
        pass
    assert turns._took[hash("walk")] == LONG


def test_kinds_that_browsers_name_without_end_are_not_kept_without_end():
    turns = Turns()
    for number in range(2 * KINDS):
        with turns.turn("a", kind=number):
            pass
    assert [*turns._took] == [*range(KINDS, 2 * KINDS)]
    with turns.turn("a", kind=("a name of a megabyte" * 50_000, "pressed")):
        pass
    assert {type(kind) for kind in turns._took} == {int}


def test_a_script_that_fails_ends_its_turn():
    turns = Turns(at_once=1)
    with pytest.raises(ValueError, match="of a page"), turns.turn("a"):
        raise ValueError("of a page")
    with turns.turn("b"):
        pass


@pytest.fixture
def restful():
    """Scripts of visitors who rest, until the test ends their rest."""
    rests = threading.Semaphore(0)
    asked = []
    turns = Turns(
        at_once=2, lease=30.0, clock=lambda: 0.0, sleep=lambda seconds: asked.append(seconds) or rests.acquire()
    )
    turn = turns.turn
    turns.turn = lambda visitor: turn(visitor, rest=lambda: 0.5)
    made = Scripts(turns)
    made.asked, made.rests = asked, rests
    yield made
    rests.release(100)
    made.end_all()


def test_a_visitor_without_a_pause_rests_while_there_are_others(restful):
    restful.come("greedy 1", "greedy")
    restful.come("greedy 2", "greedy")
    restful.come("reader 1", "honest")
    restful.wait_for(2)
    restful.end("greedy 1", "reader 1")
    restful.come("third 1", "third")
    restful.come("third 2", "third")
    restful.wait_for(3)
    assert sorted(restful.started) == ["greedy 1", "reader 1", "third 1"]
    restful.rests.release(2)
    restful.wait_for(4)
    assert restful.started[3] == "greedy 2"
    assert restful.asked[:2] == [0.5, 0.5]


def test_who_is_alone_never_rests(restful):
    restful.come("1", "only")
    restful.come("2", "only")
    restful.end("1")
    restful.wait_for(2)
    assert restful.asked == []


@pytest.fixture
def patience():
    return 300.0


@pytest.fixture
def hurried(time_of, patience):
    """Turns in which `greedy` has just rested, so that its runs give way."""
    turns = Turns(at_once=2, lease=30.0, patience=patience, clock=lambda: time_of[0], sleep=lambda seconds: None)
    with turns.turn("honest"), turns.turn("greedy", rest=lambda: 1.0):
        pass
    return turns


class Greedy:
    """A run of `greedy` in a thread, which asks to give way, and ends."""

    def __init__(self, turns):
        self.runs, self.goes_on = threading.Event(), threading.Event()

        def run():
            with turns.turn("greedy", kind="page") as give_way:
                self.runs.set()
                give_way()
                self.goes_on.set()

        threading.Thread(target=run, daemon=True).start()
        assert self.runs.wait(30)


def test_a_run_in_a_hurry_waits_while_another_goes_on(hurried):
    with hurried.turn("honest"):
        greedy = Greedy(hurried)
        while not hurried._lock._waiters:
            pass
        assert not greedy.goes_on.is_set()
    assert greedy.goes_on.wait(30)


def test_what_a_run_has_waited_for_others_does_not_count_as_what_it_takes(hurried, time_of):
    with hurried.turn("honest"):
        Greedy(hurried)
        while not hurried._lock._waiters:
            pass
        time_of[0] += LONG
    eventually(lambda: hash("page") in hurried._took)
    assert hurried._took[hash("page")] == pytest.approx(0.0, abs=1e-9)


def test_a_run_that_has_lost_its_place_is_still_given_way_to(time_of):
    turns = Turns(at_once=2, lease=1.0, patience=300.0, clock=lambda: time_of[0], sleep=lambda seconds: None)
    with turns.turn("honest"), turns.turn("greedy", rest=lambda: 1.0):
        pass
    with turns.turn("honest"):
        time_of[0] = 1.5
        greedy = Greedy(turns)
        while not (turns._lock._waiters or greedy.goes_on.is_set()):
            pass
        assert not greedy.goes_on.is_set()
    assert greedy.goes_on.wait(30)


def test_who_is_alone_but_for_a_run_that_has_lost_its_place_rests(time_of):
    rested = []
    turns = Turns(at_once=2, lease=1.0, clock=lambda: time_of[0], sleep=rested.append)
    with turns.turn("honest"):
        time_of[0] = 3.0
        with turns.turn("greedy", rest=lambda: 0.5):
            pass
    assert rested == [0.5]


@pytest.mark.parametrize("patience", [0.01])
def test_a_run_in_a_hurry_does_not_wait_for_ever(hurried):
    with hurried.turn("honest"):
        assert Greedy(hurried).goes_on.wait(30)


def test_who_has_stopped_hurrying_gives_way_no_more(hurried, time_of):
    time_of[0] += HURRIED
    with hurried.turn("honest"):
        assert Greedy(hurried).goes_on.wait(30)


def test_two_in_a_hurry_do_not_wait_for_each_other(hurried):
    with hurried.turn("third"), hurried.turn("honest", rest=lambda: 1.0):
        pass
    with hurried.turn("honest"):
        assert Greedy(hurried).goes_on.wait(30)


def test_a_rest_that_cannot_be_asked_for_keeps_no_place():
    turns = Turns(at_once=1, lease=30.0)

    def rest():
        raise ValueError("of the clock")

    with pytest.raises(ValueError, match="of the clock"), turns.turn("a", rest=rest):
        pass
    with turns.turn("b"):
        pass
