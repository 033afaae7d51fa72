"""What our servers send together is one write to the socket."""

import asyncio

import pytest

from app.serving.transport.joined_writes import SIZE_LIMIT, JoinedWrites


class Transport:
    """Takes down what is asked of it."""

    def __init__(self):
        self.done = []
        self.closing = False

    def write(self, data):
        self.done.append(data)

    def close(self):
        self.done.append("close")

    def abort(self):
        self.closing = True

    def is_closing(self):
        return self.closing

    def get_write_buffer_size(self):
        return 1

    def get_extra_info(self, name):
        return name


@pytest.fixture
def transport():
    return Transport()


def written(transport, act):
    """What was asked of the transport, as far as that was at once, and in the end."""

    async def run():
        act(JoinedWrites(transport, asyncio.get_running_loop()))
        at_once = list(transport.done)
        await asyncio.sleep(0)
        return at_once, transport.done

    return asyncio.run(run())


def test_head_and_body_are_one_write_in_their_order(transport):
    def act(joined):
        joined.write(b"head ")
        joined.write(b"body")
        assert joined.get_write_buffer_size() == 10
        assert joined.get_extra_info("peername") == "peername"

    assert written(transport, act) == ([], [b"head body"])


def test_what_waits_is_sent_before_the_end(transport):
    def act(joined):
        joined.write(b"last")
        joined.close()

    assert written(transport, act) == ([b"last", "close"], [b"last", "close"])


def test_much_does_not_wait(transport):
    assert written(transport, lambda joined: joined.write(b"a" * (SIZE_LIMIT + 1)))[0] == [b"a" * (SIZE_LIMIT + 1)]


def test_nothing_is_sent_on_a_connection_that_was_cut(transport):
    def act(joined):
        joined.write(b"late")
        joined.abort()

    assert written(transport, act) == ([], [])


def test_one_that_joins_no_more_sends_what_waits_and_then_each_by_itself(transport):
    def act(joined):
        joined.write(b"head")
        joined.join_no_more()
        joined.write(b"one")
        joined.write(b"two")

    assert written(transport, act) == ([b"head", b"one", b"two"], [b"head", b"one", b"two"])
