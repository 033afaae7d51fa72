"""What a process has once: made by one thread, and gone only where it is let go of."""

import threading

import pytest

from app.world.lifecycle.single import single


@pytest.fixture
def made():
    return []


@pytest.fixture
def thing(made):
    released = []

    @single(release=released.append)
    def thing():
        made.append(object())
        return made[-1]

    thing.released = released
    return thing


def test_threads_that_ask_at_once_get_the_same(thing, made):
    begin, found = threading.Barrier(8), []
    threads = [threading.Thread(target=lambda: (begin.wait(), found.append(thing()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), found) == (1, made * 8)


def test_it_is_released_once_and_made_again_after_that(thing, made):
    thing.clear()
    first = thing()
    thing.clear()
    thing.clear()
    assert thing.released == [first]
    assert thing() is made[1]
