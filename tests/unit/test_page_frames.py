"""What may come over a page's websocket."""

import asyncio

import pytest

from app.serving import page_frames
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

    asyncio.run(
        PageFrames(application, may_be_kept=b"small".__eq__)({"type": "websocket", "headers": []}, receive, send)
    )
    assert sent == ([] if code is None else [{"type": "websocket.close", "code": code}])
    assert seen == [message if code is None else {"type": "websocket.disconnect", "code": code}]


@pytest.mark.parametrize("code", [1005, 1009])
def test_a_frame_for_which_uvicorn_closes_the_websocket_is_counted_as_well(code, monkeypatch):
    async def application(scope, receive, send):
        await receive()

    async def receive():
        return {"type": "websocket.disconnect", "code": code}

    refused = []
    monkeypatch.setattr(page_frames.log_events, "refuse", refused.append)
    asyncio.run(
        PageFrames(application, may_be_kept=lambda _: True)({"type": "websocket", "headers": []}, receive, None)
    )
    assert refused == (["message"] if code == 1009 else [])


@pytest.mark.parametrize("code", [1000, 1002, 1009])
def test_a_frame_for_which_streamlit_closes_the_websocket_is_counted_as_well(code, monkeypatch):
    async def application(scope, receive, send):
        await send({"type": "websocket.close", "code": code})

    async def ignore(*_):
        return {"type": "websocket.disconnect"}

    refused = []
    monkeypatch.setattr(page_frames.log_events, "refuse", refused.append)
    asyncio.run(
        PageFrames(application, may_be_kept=lambda _: True)({"type": "websocket", "headers": []}, ignore, ignore)
    )
    assert refused == (["message"] if code != 1000 else [])


def test_the_last_frames_of_an_address_take_so_much_together(monkeypatch):
    monkeypatch.setattr(page_frames, "OF_AN_ADDRESS", 10)
    monkeypatch.setattr(page_frames.request_facts, "visitor", lambda scope: scope["address"])

    async def opened():
        frames = PageFrames(application, may_be_kept=lambda _: True)
        tabs = {name: asyncio.Queue() for name in ("first", "second", "of another")}
        heard = asyncio.Queue()

        async def serve(name, address):
            await frames(
                {"type": "websocket", "address": address, "heard": heard, "name": name}, tabs[name].get, ignore
            )

        serving = [asyncio.create_task(serve(name, "a" if name != "of another" else "b")) for name in tabs]

        async def say(name, size):
            tabs[name].put_nowait({**SENT, "bytes": b"x" * size})
            return await heard.get()

        said = [await say(*one) for one in (("first", 6), ("first", 7), ("of another", 10), ("second", 3))]
        said.append(await say("second", 4))
        said.append(await say("first", 10))
        for tab in tabs.values():
            tab.put_nowait({"type": "websocket.disconnect"})
        await asyncio.gather(*serving)
        return said, frames._kept

    async def application(scope, receive, send):
        while True:
            message = await receive()
            scope["heard"].put_nowait(message["type"].removeprefix("websocket."))
            if message["type"] == "websocket.disconnect":
                return

    async def ignore(_):
        pass

    said, kept = asyncio.run(asyncio.wait_for(opened(), 60))
    assert said == ["receive"] * 4 + ["disconnect", "receive"]
    assert not kept
