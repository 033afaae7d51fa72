"""One learner: reads every page in order, predicts, builds, breaks and fixes, moves the clock, and begins again.

What a browser does beside that is done as well: the first page over HTTP with its cookie, the texts that a page names,
and the open connection of the feed. Only the files that a browser keeps for a year are not asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin

from app.content.page_specs import JOURNEY
from app.flow.build.tasks import TaskId
from app.flow.model import Step
from app.serving.kept_texts import PREFIX
from app.world.faults import FAULTS
from bench.room.record import Kind, Record, Took
from tests.attack.client import TALKS, Answer, Page, visitor
from tests.attack.server import Target

THINKS = (3.0, 8.0)
"""Seconds between a page and the next click: the least and the most."""
AGAIN_SECONDS = 1.0
"""After which the feed's connection is opened again, where the server ended it."""
_NAMED = re.compile(rf"{PREFIX}[0-9a-f]{{32}}".encode())
_WRONG = "page_error_"
"""How the key of the sentence about an error of ours begins."""
_BREAKS = tuple(fault.id for fault in FAULTS.values() if not fault.harmless)


class OverError(Exception):
    """The time is over."""


class NotThereError(Exception):
    """The page has not what the learner looks for."""


class Learner:
    """One person with one browser."""

    def __init__(self, target: Target, number: int, seed: int, source: str, until: float, record: Record) -> None:
        """`source`: the address of loopback from which they come; `until`: when they leave, by `time.monotonic`."""
        self._random = random.Random(f"{seed} {number}")  # noqa: S311 - a run can be repeated
        self._target, self._source, self._until, self._record = target, source, until, record
        self._language = ("ja", "en")[number % 2]
        self._browser = visitor(target, source)
        self._tab = Page(target, query=f"lang={self._language}", source=source)
        self._page = JOURNEY[0]
        self._known: set[str] = set()
        self._acts: dict[str, Callable[[], Awaitable[None]]] = {
            **dict.fromkeys((step.value for step in Step), self._predict),
            "build": self._build,
            "break_it": self._break,
            "missions": self._begin_mission,
            "time_machine": self._travel,
        }

    async def learn(self, arrives: float) -> None:
        """Comes so many seconds after the others, and reads until the time is over. Errors are in the record."""
        await asyncio.sleep(arrives)
        feed: asyncio.Task[None] | None = None
        try:
            while True:
                try:
                    await self.arrive()
                    feed = feed or asyncio.create_task(self._listen())
                    while True:
                        await self.read_all()
                except (NotThereError, OSError, TimeoutError, WebSocketException, httpx.HTTPError) as error:
                    self._record.errors[f"{self._page}: {str(error) or type(error).__name__}"] += 1
                    await self._tab.close()
                    await self._think()
        except OverError:
            pass
        finally:
            if feed:
                feed.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await feed
            await self.leave()

    async def leave(self) -> None:
        """Closes the browser."""
        await self._tab.close()
        await self._browser.aclose()

    async def arrive(self) -> None:
        """Opens the first page, as a browser that has the static files."""
        self._page = JOURNEY[0]
        answer = await self._browser.get("/", params={"lang": self._language}, headers={"accept": "text/html"})
        if answer.status_code != 200:
            raise NotThereError(f"HTTP {answer.status_code}")
        cookies = "; ".join(f"{name}={value}" for name, value in self._browser.cookies.items())
        self._tab = Page(self._target, query=f"lang={self._language}", source=self._source, cookies=cookies)
        await self._tab.connect()
        await self._take("turn", self._tab.run())

    async def read_all(self) -> None:
        """Every page once, and what there is to do on it. Raises `NotThereError`, and what connections do."""
        for page in JOURNEY:
            if page != self._page:
                raise NotThereError(f"not on {page}")
            if act := self._acts.get(page):
                await act()
            await self._turn("back_home" if page == JOURNEY[-1] else "next", page)
        self._record.rounds += 1

    async def _turn(self, key: str, page: str) -> None:
        widget = self._find(key)
        await self._think()
        self._page = JOURNEY[(JOURNEY.index(page) + 1) % len(JOURNEY)]
        await self._take("turn", self._tab.run({"id": widget.id, "trigger_value": True}))

    # What they do on a page.

    async def _predict(self) -> None:
        if self._has("predict_answer"):
            await self._press("predict_answer", self._choice(f"predict_{self._page}_option"))

    async def _build(self) -> None:
        if self._has("build_begin"):
            await self._press("build_begin")
        for _ in TaskId:
            if self._has("build_do"):
                await self._press("build_do")
            if self._has("build_next"):
                await self._press("build_next")

    async def _break(self) -> None:
        fault = self._random.choice(_BREAKS)
        await self._think()
        self._tab.query = f"lang={self._language}&fault={fault}"
        await self._take("button", self._tab.run(page="break_it"))
        await self._press("lab_run", self._choice(f"lab_step_{fault}"), self._choice(f"lab_text_{fault}"))
        await self._press("lab_revert")
        await self._press("lab_leave")

    async def _begin_mission(self) -> None:
        """Begins one in a world with IRSA in it, and gives it up: what comes after it wants a chain that works."""
        await self._press("mission_start")
        await self._press("reset")

    async def _travel(self) -> None:
        page, fragments = self._tab.drawn, self._tab.fragments
        for key in ("moment_later", "moment_later", "act_delete_pod", "act_undo"):
            await self._press(key)
        self._tab.drawn, self._tab.fragments = page, fragments  # around the fragment all is as it was

    # How they do it.

    async def _press(self, key: str, *chosen: dict[str, str]) -> None:
        """Thinks, and presses the button; one in a fragment runs the fragment alone."""
        widget, fragment = self._find(key), self._tab.fragments.get(self._places()[key], "")
        if widget.disabled:
            raise NotThereError(f"{key} is disabled")
        await self._think()
        run = self._tab.run(*chosen, {"id": widget.id, "trigger_value": True}, fragment=fragment)
        await self._take("button", run, whole=not fragment)

    def _choice(self, key: str) -> dict[str, str]:
        """The state of a radio of which they choose something."""
        widget = self._find(key)
        return {"id": widget.id, "string_value": self._random.choice(widget.options)}

    async def _think(self) -> None:
        await asyncio.sleep(self._random.uniform(*THINKS))
        if time.monotonic() >= self._until:
            raise OverError

    async def _take(self, kind: Kind, run: Awaitable[Answer], *, whole: bool = True) -> None:
        """Sends it, takes its time, and looks whether all is there. Raises `NotThereError` and what connections do."""
        begin = time.perf_counter()
        answer = await run
        self._record.took.append(Took(kind=kind, page=self._page, seconds=time.perf_counter() - begin))
        if answer.status != TALKS:
            raise NotThereError(f"disconnected, {answer.status}")
        drawn = self._places()
        if self._tab.failed or any(key.startswith(_WRONG) for key in drawn):
            raise NotThereError("an exception")
        if whole and not {"next", "back_home"} & {*drawn}:
            raise NotThereError("refused, or not a whole page")
        await self._fetch(answer.body)

    async def _fetch(self, page: bytes) -> None:
        """The texts that a page names and that this browser does not have yet, one beside the other."""
        named = {found.decode() for found in _NAMED.findall(page)} - self._known
        self._known |= named
        await asyncio.gather(*map(self._fetch_one, named))

    async def _fetch_one(self, address: str) -> None:
        begin = time.perf_counter()
        answer = await self._browser.get(address)
        self._record.took.append(Took(kind="fetch", page=self._page, seconds=time.perf_counter() - begin))
        if answer.status_code != 200:
            raise NotThereError(f"a text of the page: HTTP {answer.status_code}")

    async def _listen(self) -> None:
        """The feed: hears what happens in the world of this browser, whichever it is."""
        while True:
            with contextlib.suppress(OSError, WebSocketException):
                async with connect(
                    f"ws://127.0.0.1:{self._target.port}/events",
                    origin=Origin(self._target.address),
                    additional_headers={"Cookie": self._tab.cookies},
                    local_addr=(self._source, 0),
                    compression=None,
                    proxy=None,
                ) as events:
                    async for _ in events:
                        pass
            await asyncio.sleep(AGAIN_SECONDS)

    def _places(self) -> dict[str, int]:
        """Where in what was drawn a key is."""
        return {key: place for place, element in enumerate(self._tab.drawn) if (key := _key(element))}

    def _has(self, key: str) -> bool:
        return key in self._places()

    def _find(self, key: str) -> Any:
        place = self._places().get(key)
        if place is None:
            raise NotThereError(f"no {key}")
        return _widget(self._tab.drawn[place])


def _widget(element: Any) -> Any:
    """What an element draws."""
    kind = element.WhichOneof("type")
    return getattr(element, kind) if kind else None


def _key(element: Any) -> str:
    """The key that the page gave it: Streamlit's ids end with it; empty where there is none."""
    _, _, key = getattr(_widget(element), "id", "").removeprefix("$$ID-").partition("-")
    return key
