"""The log of what servers said to each other: bounded in number and in bytes."""

import pytest

from app.flow.model import Exchange
from app.world.exchange_log import LOG_BYTES, LOG_LIMIT, ExchangeLog
from app.world.servers.network import MASKED_BODY, RECORDED_BODY, recorded


def exchange(number, body="", headers=()):
    return Exchange(
        caller="a",
        callee="b",
        method="GET",
        url=f"https://x/{number}",
        request_headers=headers,
        request_body=body,
        status=200,
        response_headers=(),
        response_body="",
        seconds=0.1,
    )


def test_the_newest_are_kept():
    log = ExchangeLog()
    for number in range(LOG_LIMIT + 2):
        log.record(exchange(number))
    assert [kept.url for kept in log.exchanges()] == [f"https://x/{number}" for number in range(2, LOG_LIMIT + 2)]


@pytest.mark.parametrize("letter", ["x", "\U0001f600"])
def test_long_texts_leave_room_for_fewer(letter):
    log = ExchangeLog()
    for number in range(100):
        log.record(exchange(number, body=letter * 60_000, headers=(("a", letter * 1000),)))
    width = len(letter.encode())
    kept = log.exchanges()
    assert LOG_BYTES // (62_000 * width) <= len(kept) <= LOG_BYTES // (60_000 * width)
    assert kept[-1].url == "https://x/99"


def test_the_newest_is_kept_whatever_it_takes():
    log = ExchangeLog()
    for number in range(2):
        log.record(exchange(number, body="x" * (LOG_BYTES + 1)))
    assert [kept.url for kept in log.exchanges()] == ["https://x/1"]


def test_of_a_body_that_is_too_long_to_look_for_secrets_nothing_is_kept():
    assert recorded("a" * MASKED_BODY) == "a" * RECORDED_BODY
    assert recorded("a" * (MASKED_BODY + 1)) == "…"
