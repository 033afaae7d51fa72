"""What is set aside is not looked through again, and goes once there is much more."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from app.serving.operations import garbage


class Circle:
    """One that only a search for garbage finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_circles_that_were_set_aside_go_once_there_is_half_more_and_what_no_circle_holds_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(garbage, "LEAST", 0)
    kept = garbage.Garbage()
    kept.set_aside()  # all that the tests have loaded
    circle, alone = Circle(), weakref.WeakSet([lonely := garbage.Garbage()])
    gone = weakref.ref(circle)
    kept.set_aside()
    del circle, lonely
    gc.collect()
    assert gone() is not None
    assert not alone

    kept.set_aside()
    assert gone() is not None, "there is hardly more than before"
    more = [[] for _ in range(gc.get_freeze_count())]
    kept.set_aside()
    assert gone() is None
    del more


def test_what_is_new_and_garbage_goes_before_the_rest_is_set_aside() -> None:
    circle = Circle()
    gone = weakref.ref(circle)
    del circle
    garbage.Garbage().set_aside()
    assert gone() is None
