"""How many pages may be open."""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from app.serving import request_facts
from app.serving.operations import control_groups, log_events, open_pages
from app.serving.operations.open_pages import BASE_BYTES, LEAST, PAGE_BYTES, OpenPages, RoomForPages, room


@pytest.mark.parametrize(
    ("limit", "pages"), [(None, sys.maxsize), (BASE_BYTES, LEAST), (BASE_BYTES + 400 * PAGE_BYTES, 400)]
)
def test_there_is_room_for_as_many_as_fit_into_memory(limit: int | None, pages: int) -> None:
    assert room(limit) == pages


def test_without_a_control_group_it_is_the_memory_of_the_machine(tmp_path: Path) -> None:
    found = control_groups.memory_limit(tmp_path, tmp_path / "none")
    assert found is None or found > 10**8


def test_one_address_takes_three_quarters_of_the_room_and_gives_it_back() -> None:
    pages = OpenPages(8)
    with ExitStack() as opened:
        found = [opened.enter_context(pages.one_more("a")) for _ in range(7)]
        found += [opened.enter_context(pages.one_more(other)) for other in ("b", "c", "d")]
        assert found == [True] * 6 + [False] + [True] * 2 + [False]
        assert len(pages) == 8
    assert len(pages) == 0
    with pages.one_more("a") as has_room:
        assert has_room


def test_two_addresses_leave_a_third_room() -> None:
    pages = OpenPages(16)
    with ExitStack() as opened:
        found = [opened.enter_context(pages.one_more(name)) for name in [*["a"] * 13, *["b"] * 4, "c"]]
        assert found == [True] * 12 + [False] + [True] * 3 + [False, True]


def test_a_page_that_comes_back_takes_its_own_place_in_a_full_room_and_no_other() -> None:
    pages = OpenPages(4)
    with ExitStack() as opened:
        for page in ("one", "two", "three"):
            assert opened.enter_context(pages.one_more("a", page))
        assert opened.enter_context(pages.one_more("b", "four"))
        assert not pages.has_room("c")
        assert not pages.has_room("b", "of nobody")
        assert not pages.has_room("a", "four"), "its address has its share, and this place is of another one"
        assert opened.enter_context(pages.one_more("a", "again", "two"))
        assert ("two" in pages, "again" in pages, len(pages)) == (False, True, 4)
        assert not pages.has_room("a", "two"), "a place is taken once"
    assert len(pages) == 0


def test_where_memory_is_short_no_new_page_opens_and_one_comes_back() -> None:
    short = [True]
    pages = OpenPages(2 * LEAST, lambda: short[0])
    with ExitStack() as opened:
        for number in range(LEAST):
            assert opened.enter_context(pages.one_more("a", number)), "these may always be open"
        assert not opened.enter_context(pages.one_more("b", "new"))
        assert opened.enter_context(pages.one_more("a", "again", 0))
        short[0] = False
        assert opened.enter_context(pages.one_more("b", "new"))


def test_the_connection_that_a_page_had_before_ends_when_it_comes_back() -> None:
    happened: list[str] = []
    back = asyncio.Event()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        happened.append(f"{log_events.request_id.get()} opens")
        try:
            await back.wait()
        finally:
            happened.append(f"{log_events.request_id.get()} ends")

    async def ask() -> None:
        known = {("session-1", "browser"): "request-1"}
        pages = OpenPages(2)  # one for each address
        app = RoomForPages(application, pages=pages, busy=PlainTextResponse, connected=lambda *of: known.get(of, ""))
        unused: Any = None

        async def come(request: str, *said: str) -> None:
            log_events.request_id.set(request)
            headers = [
                (b"sec-websocket-protocol", ", ".join(("streamlit", "token", *said)).encode()),
                (request_facts.BROWSER.encode(), b"browser"),
            ]
            await app({"type": "websocket", "path": open_pages.STREAM, "headers": headers}, unused, unused)

        first = asyncio.create_task(come("request-1"))
        await asyncio.sleep(0)
        second = asyncio.create_task(come("request-2", "session-1"))
        await first
        while len(happened) < 3:
            await asyncio.sleep(0)
        assert happened == ["request-1 opens", "request-1 ends", "request-2 opens"]
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second

    asyncio.run(ask())


def test_a_page_without_room_is_refused_and_all_else_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_facts, "visitor", lambda _: "192.0.2.1")
    refused: list[str] = []
    monkeypatch.setattr(open_pages.log_events, "refuse", refused.append)
    passed: list[str] = []
    sent: list[Message] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope["path"])

    async def send(message: Message) -> None:
        sent.append(message)

    async def ask(limit: int) -> None:
        app = RoomForPages(
            application, pages=OpenPages(limit), busy=lambda: PlainTextResponse("busy", 503), connected=lambda *_: ""
        )
        unused: Any = None
        page, script = [(b"accept", b"text/html,*/*")], [(b"accept", b"*/*")]
        for kind, path, headers in (
            ("websocket", open_pages.STREAM, []),
            ("websocket", "/events", []),
            ("http", "/why", page),
            ("http", "/a.js", script),
        ):
            await app({"type": kind, "path": path, "headers": headers}, unused, send)

    asyncio.run(ask(2))
    assert (passed, refused) == ([open_pages.STREAM, "/events", "/why", "/a.js"], [])
    asyncio.run(ask(0))
    assert (passed[4:], refused) == (["/events", "/a.js"], ["pages", "pages"])
    assert [message["type"] for message in sent] == ["websocket.close", "http.response.start", "http.response.body"]
    assert sent[1]["status"] == 503
