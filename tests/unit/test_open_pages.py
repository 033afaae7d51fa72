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
from app.serving.operations import memory, open_pages
from app.serving.operations.open_pages import BASE_BYTES, LEAST, PAGE_BYTES, OpenPages, RoomForPages, room


@pytest.mark.parametrize(
    ("limit", "pages"), [(None, sys.maxsize), (BASE_BYTES, LEAST), (BASE_BYTES + 400 * PAGE_BYTES, 400)]
)
def test_there_is_room_for_as_many_as_fit_into_memory(limit: int | None, pages: int) -> None:
    assert room(limit) == pages


def test_without_a_control_group_it_is_the_memory_of_the_machine(tmp_path: Path) -> None:
    found = memory.limit(tmp_path, tmp_path / "none")
    assert found is None or found > 10**8


def test_one_address_takes_three_quarters_of_the_room_and_gives_it_back() -> None:
    pages = OpenPages(8)
    with ExitStack() as opened:
        found = []
        for address in ("a",) * 7 + ("b", "c", "d"):
            found.append(pages.has_room(address))
            if found[-1]:
                opened.enter_context(pages.by_address.one_more(address))
        assert found == [True] * 6 + [False] + [True] * 2 + [False]
        assert len(pages) == 8
    assert len(pages) == 0
    assert pages.has_room("a")


def test_a_page_without_room_is_refused_and_all_else_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_facts, "visitor", lambda _: "192.0.2.1")
    refused: list[str] = []
    monkeypatch.setattr(open_pages.events, "refuse", refused.append)
    passed: list[str] = []
    sent: list[Message] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope["path"])

    async def send(message: Message) -> None:
        sent.append(message)

    async def ask(limit: int) -> None:
        app = RoomForPages(application, pages=OpenPages(limit), busy=lambda: PlainTextResponse("busy", 503))
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
