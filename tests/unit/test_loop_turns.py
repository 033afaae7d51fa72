"""In each pass of the pages' loop one request or message of every address is taken up. Counted in passes, never in
seconds."""

import asyncio

import pytest

from app.serving.loop_turns import WAITING, LoopTurns

ATTACKER, READER = "192.0.2.1", "192.0.2.2"
PASS = "the next pass"


def from_(address, kind="http"):
    return {"type": kind, "client": (address, 4711), "headers": []}


def order_of(come, application):
    """What `application` notes, with a mark at each pass of the loop. `come` makes requests of the middleware."""
    noted = []

    async def serve():
        turns, loop = (
            LoopTurns(lambda *asked: application(noted, *asked), trusted_proxies=()),
            asyncio.get_running_loop(),
        )

        def mark():
            noted.append(PASS)
            loop.call_soon(mark)

        tasks = [asyncio.create_task(work) for work in come(turns)]
        mark()
        await asyncio.gather(*tasks)

    asyncio.run(serve())
    return noted


async def at_its_turn(noted, scope, receive, send):
    noted.append(scope["client"][0])


def test_three_hundred_requests_of_one_address_do_not_keep_another_waiting():
    def come(turns):
        return [turns(from_(address), None, None) for address in (*[ATTACKER] * 300, READER)]

    noted = order_of(come, at_its_turn)
    assert noted.count(ATTACKER) == 300
    assert noted.index(READER) <= 2
    passes = " ".join(noted).split(PASS)
    assert all(each.split().count(ATTACKER) <= 1 for each in passes), "one in each pass"
    assert noted.count(PASS) < 310, "and no pass without one"


def test_addresses_have_their_turns_in_the_order_in_which_they_came():
    addresses = [f"192.0.2.{number}" for number in range(1, 9)]
    noted = order_of(lambda turns: [turns(from_(one), None, None) for _ in range(3) for one in addresses], at_its_turn)
    assert [it for it in noted if it != PASS] == 3 * addresses


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_others_have_their_turn_before_each_message_of_those_that_came_at_once(kind):
    message = {"type": "http.request" if kind == "http" else "websocket.receive"}

    async def receive():
        return message

    async def read(noted, scope, receive, send):
        for _ in range(20):
            assert await receive() is message
            noted.append(scope["client"][0])

    noted = order_of(lambda turns: [turns(from_(ATTACKER, kind), receive, None)], read)
    passes = " ".join(noted).split(PASS)
    assert all(each.split().count(ATTACKER) <= 1 for each in passes)


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_what_waits_of_one_address_is_bounded_and_others_come_in(kind):
    async def serve():
        served, sent = [], []

        async def send(message):
            sent.append(message)

        turns = LoopTurns(lambda scope, receive, send: at_its_turn(served, scope, receive, send), trusted_proxies=())
        first = [asyncio.create_task(turns(from_(ATTACKER), None, send)) for _ in range(WAITING + 1)]
        await asyncio.sleep(0)
        await turns(from_(ATTACKER, kind), None, send)
        await turns(from_(READER, kind), None, send)
        await asyncio.gather(*first)
        return served, sent

    served, sent = asyncio.run(serve())
    assert served.count(ATTACKER) == WAITING + 1
    assert READER in served[:3]
    assert sent[0].get("status", sent[0]["type"]) == (503 if kind == "http" else "websocket.close")
