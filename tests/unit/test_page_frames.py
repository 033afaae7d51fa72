"""What may come over a page's websocket."""

import asyncio

import pytest

from app.serving.page_frames import PageFrames

SENT = {"type": "websocket.receive"}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({**SENT, "bytes": b"small"}, None),
        ({**SENT, "text": "hello"}, 1003),
        ({**SENT, "text": "hello", "bytes": None}, 1003),
        ({**SENT, "bytes": b"too much"}, 1009),
        ({"type": "websocket.connect"}, None),
        ({"type": "websocket.disconnect", "code": 1005}, None),
    ],
)
def test_what_no_page_sends_closes_the_websocket(message, code):
    sent, seen = [], []

    async def receive():
        return message

    async def send(answer):
        sent.append(answer)

    async def application(scope, receive, send):
        seen.append(await receive())

    asyncio.run(PageFrames(application, may_be_kept=b"small".__eq__)({"type": "websocket"}, receive, send))
    assert sent == ([] if code is None else [{"type": "websocket.close", "code": code}])
    assert seen == [message if code is None else {"type": "websocket.disconnect", "code": code}]
