"""Every screen as Streamlit's own test harness runs it: the real script over a real simulated world, no browser."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from html import unescape
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.types import Message, Receive
from streamlit.components.v2.bidi_component import serialization
from streamlit.testing.v1 import AppTest

from app.flow.model import Step
from app.serving.kept_texts import KEPT_TEXTS, PREFIX
from app.ui.state import own_world, session
from app.world.lifecycle.simulation import Simulation
from app.world.world import World
from tests.screens import cheaper_runs
from tests.screens.cheaper_runs import FRAME
from tests.screens.worlds import Worlds

ROOT = Path(__file__).resolve().parents[2]

cheaper_runs.install()


def _is_table(value: object) -> bool:
    """As Streamlit decides for what a component is sent; where it would load pandas, 100 MB and a second, to decide."""
    if value is not None and not isinstance(value, str | int | float):
        raise TypeError(f"a component was sent a {type(value).__name__}; expected a text, as JSON, or a number")
    return False


serialization.is_dataframe_like = _is_table


class Screen:
    """One reader's session, in words of what a reader sees and does."""

    def __init__(
        self,
        *,
        lang: str | None = None,
        locale: str = "ja-JP",
        asked: bool = False,
        live: str = "",
        new_id: Callable[[], str] = own_world.new_id,
        **query: str,
    ) -> None:
        """`asked`: whether the steps ask for a prediction; without it this reader has seen every answer.

        `new_id`: gives the browser its id, and with it perhaps a world.

        `live`: the page of live mode with which the session begins, as by a link with that `query`; it then has no
        simulated world yet.
        """
        self._test = AppTest.from_file(FRAME, default_timeout=60)
        self._is_begun = False
        self._test.context["locale"] = locale
        if lang is not None:
            self._test.query_params["lang"] = lang
        if live:
            self.open(live, mode="live", **query)
            return
        browser = self._test.session_state["browser"] = new_id()
        if not asked:
            world = session.simulation().world(browser)
            seen = {step.value: "" for step in Step}
            session.simulation().page_state(world)["predictions"] = {"world": world.path, "made": seen}

    @property
    def test(self) -> AppTest:
        """The session; where no page was opened, it begins with the first one."""
        if not self._is_begun:
            self._is_begun = True
            self._test.run()
        return self._test

    def open(self, page: str, **query: str) -> Screen:
        self._is_begun = True
        for name, text in query.items():
            self._test.query_params[name] = text
        self._test.switch_page(str(ROOT / "pages" / f"{page}.py")).run()
        return self

    def click(self, key: str) -> Screen:
        self.test.button(key=key).click().run()
        return self

    @property
    def title(self) -> str:
        return self.test.title[0].value

    @property
    def language(self) -> str:
        return self.data("page")["language"]

    def data(self, key: str) -> dict[str, str]:
        """What the component of that key was given to draw."""
        for component in self.test.get("bidi_component"):
            if component.proto.id.endswith(f"-{key}"):
                return json.loads(component.proto.json or component.proto.mixed.json)
        raise KeyError(key)

    def html(self, key: str) -> str:
        """What the block of that key shows, with ordinary spaces: where a line may not break, `test_text` asks."""
        return fetched(self.data(key)["html"]).replace("\u00a0", " ")

    @property
    def notes(self) -> dict[str, str]:
        """What the speaker's window shows, by language: the key `l` changes it without the server."""
        return json.loads(self.data("notes")["notes"])

    @property
    def keys(self) -> set[str]:
        """The keys of what the components draw."""
        return {component.proto.id.split("-", 2)[-1] for component in self.test.get("bidi_component")}

    @property
    def stands_out(self) -> list[str]:
        """The keys of the buttons that stand out, of which a page has one."""
        return [button.key for button in self.test.button if button.proto.type == "primary"]

    @property
    def everything(self) -> str:
        """All HTML and all Markdown of the page, with what it fetches."""
        drawn = [component.proto.json or component.proto.mixed.json for component in self.test.get("bidi_component")]
        apart = [text for found in drawn for text in map(fetched, re.findall(r'"html": ?"(/[^"]+)"', found))]
        return "\n".join([*drawn, *map(json.dumps, apart), *(element.value for element in self.test.markdown)])

    @property
    def sent(self) -> str:
        """Every element as it goes over the websocket, whatever its kind."""
        return "\n".join(str(node.proto) for node in self.test._tree if getattr(node, "proto", None) is not None)

    @property
    def claims(self) -> dict[str, Any]:
        """Those of the mounted token, as the walk has found them."""
        return self.test.session_state["walk_view"].walk.report(Step.TOKEN_MOUNT).evidence["token"]["claims"]

    @property
    def world(self) -> World:
        """The world of this session."""
        return session.simulation().world(self._test.session_state["browser"])


def plain(html: str) -> str:
    """The text of HTML."""
    return unescape(re.sub("<[^>]*>", "", html))


def spaced(html: str) -> str:
    """The text of HTML, with one space where there are tags or white space."""
    return unescape(re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", html.replace("<wbr>", ""))))


def fetched(html: str) -> str:
    """What a browser draws for the HTML that a component was given, or for its address."""
    if not html.startswith(PREFIX):
        return html
    return str(json.loads(kept_text(html)))


def kept_text(address: str) -> bytes:
    """What our own server has at an address. Raises `LookupError` where that is nothing."""
    scope = {"type": "http", "method": "GET", "path": address, "headers": []}
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    answer = KEPT_TEXTS.answer(scope)
    asyncio.run(answer(scope, cast(Receive, None), send))  # which it does not read
    if answer.status_code != 200:
        raise LookupError(address)
    return b"".join(message.get("body", b"") for message in sent)


@pytest.fixture(scope="session")
def simulation() -> Iterator[Simulation]:
    """The process's simulation, stopped after the last test."""
    yield session.simulation()
    session.simulation.clear()


@pytest.fixture(scope="module")
def worlds(simulation: Simulation) -> Iterator[Worlds]:
    """Those that the sessions of `screen` have by turns. Of a file alone: a world's tokens age as time goes by."""
    kept = Worlds()
    yield kept
    kept.discard()


@pytest.fixture
def screen(worlds: Worlds) -> Iterator[Callable[..., Screen]]:
    """Opens a session: `screen(lang="en").open("webhook")`."""
    yield partial(Screen, new_id=worlds.take)
    worlds.set_back()


@pytest.fixture(scope="session")
def reader(simulation: Simulation) -> Callable[[str], Screen]:
    """The session of a reader of that language, shared by the tests that only read."""
    return cache(lambda language: Screen(lang=language))
