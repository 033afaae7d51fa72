"""What a process has once: made by one thread, and gone only where it is let go of."""

import threading

from app.ui.state.single import Single, single


def things() -> tuple[Single[object], list[object], list[object]]:
    made: list[object] = []
    released: list[object] = []

    @single(release=released.append)
    def thing() -> object:
        made.append(object())
        return made[-1]

    return thing, made, released


def test_threads_that_ask_at_once_get_the_same() -> None:
    thing, made, _ = things()
    begin, found = threading.Barrier(8), list[object]()

    def ask() -> None:
        begin.wait()
        found.append(thing())

    asking = [threading.Thread(target=ask) for _ in range(8)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert (len(made), found) == (1, made * 8)


def test_it_is_released_once_and_made_again_after_that() -> None:
    thing, made, released = things()
    thing.clear()
    first = thing()
    thing.clear()
    thing.clear()
    assert released == [first]
    assert thing() is made[1]
