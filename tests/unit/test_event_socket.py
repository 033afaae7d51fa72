"""`/events`: each tab of a browser follows its world, no other browser hears of it, and no other page gets in."""

import asyncio
import json

import pytest
from starlette.responses import PlainTextResponse

from app.serving import event_socket, request_facts
from app.serving.event_socket import PATH, TABS, EventSocket
from app.serving.gate import Gate
from app.serving.launch import Launch
from app.world.events.stream import KEPT, EventStream

HERE = "127.0.0.1:8501"
PATIENCE = 5.0


class Tab:
    """The browser's end of one websocket."""

    def __init__(self, app, browser="mine", *, query="", origin=f"http://{HERE}", client="127.0.0.1"):
        self.sent, self._to_come = asyncio.Queue(), asyncio.Queue()
        self._to_come.put_nowait({"type": "websocket.connect"})
        headers = {"host": HERE, "origin": origin, "cookie": browser}
        scope = {
            "type": "websocket",
            "path": PATH,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "server": ("127.0.0.1", 8501),
            "client": (client, 1),
            "subprotocols": [],
        }
        self.task = asyncio.ensure_future(app(scope, self._to_come.get, self.sent.put))

    async def next(self):
        """What comes next: a document, or the name of another message of ASGI."""
        message = await asyncio.wait_for(self.sent.get(), PATIENCE)
        return json.loads(message["text"]) if "text" in message else message["type"].removeprefix("websocket.")

    async def numbers(self):
        return [event["number"] for event in (await self.next())["events"]]

    async def leave(self, text=None):
        said = {"type": "websocket.receive", "text": text} if text else {"type": "websocket.disconnect", "code": 1001}
        self._to_come.put_nowait(said)
        await asyncio.wait_for(self.task, PATIENCE)


@pytest.fixture
def streams():
    return {"mine": EventStream(), "theirs": EventStream()}


@pytest.fixture
def app(streams, monkeypatch):
    monkeypatch.setattr(event_socket, "BURST_SECONDS", 0)
    cookie = {name: name for name in streams}
    browser = lambda scope: cookie.get(dict(scope["headers"]).get(b"cookie", b"").decode(), "")  # noqa: E731
    socket = EventSocket(PlainTextResponse("a page"), browser=browser, stream=streams.get)
    return Gate(socket, launch=Launch(), trusted_proxies=(), used=PlainTextResponse)


def asked(stream, times=1, **facts):
    for _ in range(times):
        stream.record(tool="kubectl", verb="patch", status=200, changes=True, learners=True, **facts)


def test_both_tabs_of_a_browser_follow_and_another_browser_hears_nothing(app, streams):
    async def follow():
        tabs = [Tab(app), Tab(app)]
        other = Tab(app, "theirs")
        assert [await tab.next() for tab in (*tabs, other)] == ["accept"] * 3
        asked(streams["mine"], kind="ServiceAccount", namespace="default", name="my-sa")
        for tab in tabs:
            (event,) = (await tab.next())["events"]
            assert (event["number"], event["tool"], event["name"]) == (1, "kubectl", "my-sa")
        asked(streams["theirs"], name="theirs")
        assert [event["name"] for event in (await other.next())["events"]] == ["theirs"]
        assert all(tab.sent.empty() for tab in tabs)
        for tab in (*tabs, other):
            await tab.leave()

    asyncio.run(follow())


def test_what_happens_at_once_comes_in_one_message(app, streams):
    async def follow():
        tab = Tab(app)
        await tab.next()
        asked(streams["mine"], 50)
        assert await tab.numbers() == list(range(1, 51))
        await tab.leave()

    asyncio.run(follow())


def test_a_connection_that_was_lost_goes_on_where_it_was(app, streams):
    async def follow():
        asked(streams["mine"], 5)
        tab = Tab(app, query=f"of={streams['mine'].name}&after=3")
        assert await tab.next() == "accept"
        assert await tab.numbers() == [4, 5]
        asked(streams["mine"])
        assert await tab.numbers() == [6]
        await tab.leave()

    asyncio.run(follow())


def test_who_missed_too_much_reads_the_page_again_and_goes_on_from_there(app, streams):
    async def follow():
        asked(streams["mine"], KEPT + 2)
        tab = Tab(app, query="after=1")
        assert [await tab.next(), await tab.next()] == ["accept", {"reload": KEPT + 2}]
        asked(streams["mine"])
        assert await tab.numbers() == [KEPT + 3]
        await tab.leave()

    asyncio.run(follow())


@pytest.mark.parametrize("query", ["of=another&after=0", ""])
def test_after_a_reset_the_page_reads_the_new_world(app, streams, query):
    async def follow():
        tab = Tab(app, query=query)
        assert await tab.next() == "accept"
        before, streams["mine"] = streams["mine"], EventStream()
        before.close()
        assert [await tab.next(), await tab.next()] == [{"reload": 0}, "close"]

    asyncio.run(follow())


def test_a_world_that_is_gone_calls_no_page_back(app, streams):
    async def follow():
        tab = Tab(app)
        assert await tab.next() == "accept"
        streams.pop("mine").close()
        assert await tab.next() == "close"

    asyncio.run(follow())


@pytest.mark.parametrize(
    "who",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:8502"},
        {"browser": "made up"},
        {"browser": ""},
    ],
)
def test_another_page_and_a_browser_without_a_world_are_refused(app, who):
    async def follow():
        tab = Tab(app, **who)
        assert await tab.next() == "close"
        await asyncio.wait_for(tab.task, PATIENCE)

    asyncio.run(follow())


def test_one_tab_too_many_is_refused_until_another_is_closed(app, streams):
    async def follow():
        tabs = [Tab(app) for _ in range(TABS)]
        assert {await tab.next() for tab in tabs} == {"accept"}
        assert await Tab(app).next() == "close"
        assert await Tab(app, "theirs").next() == "accept"
        await tabs[0].leave()
        again = Tab(app)
        assert await again.next() == "accept"
        for tab in (*tabs[1:], again):
            await tab.leave()

    asyncio.run(follow())


def test_one_address_takes_a_share_of_the_connections(app, streams, monkeypatch):
    limits = event_socket.page_limits(96)
    monkeypatch.setattr(event_socket.descriptors, "limit", lambda: 96)

    async def follow():
        allowed = limits.per_address // event_socket.SHARE
        assert 0 < allowed < TABS
        tabs = [Tab(app, client="10.0.0.1") for _ in range(allowed + 1)]
        assert [await tab.next() for tab in tabs] == ["accept"] * allowed + ["close"]
        address[0] = "10.0.0.2"
        others = [Tab(app, client="10.0.0.2") for _ in range(allowed)]
        assert "close" in [await tab.next() for tab in others], "beside others it is less"
        for tab in (*tabs, *others):
            await tab.leave()

    def read(_):
        return request_facts.RequestFacts(served_on="", forwarded_by="", launched=False, visitor=address[0])

    address = ["10.0.0.1"]
    with monkeypatch.context() as patched:
        patched.setattr(request_facts, "read", read)
        asyncio.run(follow())


def test_a_browser_has_nothing_to_say_there(app, streams):
    async def follow():
        tab = Tab(app)
        assert await tab.next() == "accept"
        await tab.leave("hello")
        assert await tab.next() == "close"

    asyncio.run(follow())


def test_nobody_listens_any_more_to_a_stream_whose_tabs_are_closed(app, streams):
    async def follow():
        tab = Tab(app)
        await tab.next()
        assert len(streams["mine"]._listeners) == 1
        await tab.leave()
        assert streams["mine"]._listeners == []

    asyncio.run(follow())
