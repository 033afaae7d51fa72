"""Turns of several names, by an injected clock: who begins when."""

import threading

import pytest

from app.flow.turns import Turns


class Clock:
    time = 0.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


def begun(turns):
    return [turn.ends_at is not None for turn in turns]


def test_those_of_one_name_begin_in_the_order_in_which_they_came(clock):
    turns = Turns(at_once=2, seconds=10, now=clock)
    line = [turns.line_up("room") for _ in range(5)]
    assert begun(line) == [True, True, False, False, False]
    line[1].end()
    assert begun(line) == [True, True, True, False, False]
    line[1].end()
    line[0].end()
    assert begun(line) == [True, True, True, True, False]


def test_nobody_waits_for_another_name(clock):
    turns = Turns(at_once=1, seconds=10, now=clock)
    crowd = [turns.line_up("crowd") for _ in range(50)]
    assert begun([turns.line_up("reader")]) == [True]
    assert sum(begun(crowd)) == 1


def test_who_gives_up_makes_room_and_never_begins(clock):
    turns = Turns(at_once=1, seconds=10, now=clock)
    first, second, third = (turns.line_up("room") for _ in range(3))
    second.give_up()
    assert second.wait() is False
    first.give_up()
    assert begun([first, third]) == [True, False], "what has begun goes on"
    first.end()
    assert third.wait() is True


def test_what_never_ends_counts_no_more_after_its_time(clock):
    turns = Turns(at_once=1, seconds=10, now=clock)
    lost, waiting, last = (turns.line_up("room") for _ in range(3))
    clock.time = 9.9
    turns.call("room")
    assert begun([waiting]) == [False]
    clock.time = 10.0
    turns.call("room")
    assert begun([waiting, last]) == [True, False]
    lost.end()
    assert begun([last]) == [False], "its room was given away already"


def test_a_waiting_thread_finds_out_by_itself_that_the_one_before_is_lost():
    turns = Turns(at_once=1, seconds=0.01)
    turns.line_up("room")
    assert turns.line_up("room").wait() is True


def test_a_waiting_thread_goes_on_when_it_is_its_turn(clock):
    turns = Turns(at_once=1, seconds=3600, now=clock)
    first, second = turns.line_up("room"), turns.line_up("room")
    found = []
    thread = threading.Thread(target=lambda: found.append(second.wait()))
    thread.start()
    first.end()
    thread.join(60)
    assert found == [True]


def test_nothing_is_remembered_of_who_has_gone(clock):
    turns = Turns(at_once=1, seconds=10, now=clock)
    line = [turns.line_up(f"visitor {number % 3}") for number in range(9)]
    for turn in reversed(line):
        turn.end()
    assert not turns._lines
