"""What is kept of sessions whose browser is gone, by an injected clock and sessions that only know how they ended."""

from types import SimpleNamespace

import pytest

from app.ui.state.runs.left_sessions import OF_ALL, OF_AN_ADDRESS, SECONDS, LeftSessions


class Left:
    """A storage, and who has been shut down."""

    def __init__(self):
        self.now = 0.0
        self.ended = []
        self.due = []
        self.kept = LeftSessions(
            lambda name: name.partition("/")[0],
            call_later=lambda seconds, act: self.due.append((self.now + seconds, act)),
            now=lambda: self.now,
        )

    def leave(self, name):
        session = SimpleNamespace(id=name, shutdown=lambda: self.ended.append(name))
        self.kept.save(SimpleNamespace(session=session))

    @property
    def names(self):
        return [info.session.id for info in self.kept.list()]


@pytest.fixture
def left():
    return Left()


def test_of_two_hundred_that_one_visitor_leaves_the_last_few_are_kept_and_nobody_elses_goes(left):
    left.leave("reader/0")
    for number in range(200):
        left.leave(f"crowd/{number}")
    assert left.names == ["reader/0", *(f"crowd/{number}" for number in range(200 - OF_AN_ADDRESS, 200))]
    assert left.ended == [f"crowd/{number}" for number in range(200 - OF_AN_ADDRESS)]


def test_where_all_room_is_taken_who_has_the_most_loses_the_oldest(left):
    left.leave("reader/0")
    for number in range(OF_AN_ADDRESS):
        left.leave(f"crowd/{number}")
    for number in range(OF_ALL - OF_AN_ADDRESS):
        left.leave(f"visitor {number}/0")
    assert left.ended == ["crowd/0"]
    assert len(left.names) == OF_ALL


def test_who_comes_back_goes_on_and_who_does_not_is_forgotten(left):
    left.leave("reader/0")
    left.now = SECONDS / 2
    left.leave("reader/1")
    assert left.kept.get("reader/0").session.id == "reader/0"
    left.kept.delete("reader/0")
    left.kept.delete("reader/0")
    left.now = SECONDS * 1.4
    assert left.names == ["reader/1"]
    assert left.ended == []
    left.now = SECONDS * 1.5
    assert left.kept.get("reader/1") is None
    assert left.ended == ["reader/1"]


def test_a_session_is_forgotten_in_time_where_nobody_else_comes(left):
    left.leave("reader/0")
    left.now = SECONDS / 2
    left.leave("reader/1")
    for (at, act), ended in zip(left.due, (["reader/0"], ["reader/0", "reader/1"]), strict=True):
        left.now = at
        act()
        assert left.ended == ended
