"""Attacks on connections and sessions: half a request, a header without end, more visitors than there is room for."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from pathlib import Path

from websockets.exceptions import InvalidHandshake, InvalidStatus

from app.serving import descriptors
from app.ui.draw.browser_files import streamlits
from tests.attack.client import ATTACKER, CUT_OFF, READER, TALKS, Answer, Page, ask, cookies, raw, visitor
from tests.attack.row import Attack, Attacker
from tests.attack.server import MEGABYTE, PATIENCE

FEW = descriptors.LEAST
"""Descriptors of a server with room for a dozen visitors: it has 25 of its own, 50 once it has walked."""


async def endless_header(by: Attacker, number: int) -> Answer:
    host = f"127.0.0.1:{by.target.port}"
    part = b"x" * 65536
    head = f"GET / HTTP/1.1\r\nHost: {host}\r\nX-Endless: ".encode()
    return await raw(by.target.port, (head, *[part] * 512), patience=10)


async def half_request(by: Attacker, number: int) -> Answer:
    """Half a request, of a header or of a body by turns; its connection is left open."""
    opened = socket.create_connection(("127.0.0.1", by.target.port), PATIENCE, (ATTACKER, 0))
    body = "PUT /_stcore/upload_file/a/b HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc"
    opened.sendall((body if number % 4 == 3 else "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ").encode())
    opened.setblocking(False)
    by.kept.append(opened)
    return Answer(status=TALKS)


async def are_closed(by: Attacker) -> str:
    """Whether the server has closed what never became a request."""
    loop = asyncio.get_running_loop()

    async def ended(opened: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):
            while await loop.sock_recv(opened, 65536):
                pass

    waiting = [asyncio.create_task(ended(opened)) for opened in by.kept]
    _, alive = await asyncio.wait(waiting, timeout=45)
    for one in alive:
        one.cancel()
    return f"{len(alive)} of {len(waiting)} half-sent requests are alive after 45 s" if alive else ""


async def reads_nothing(by: Attacker, number: int) -> Answer:
    """Asks for the largest script, unpacked, and reads its first bytes. Its connection is left open."""
    largest = max(streamlits().items(), key=lambda it: it[1].stat().st_size)[0]
    loop = asyncio.get_running_loop()
    opened = socket.socket()
    by.kept.append(opened)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    opened.bind((ATTACKER, 0))
    opened.setblocking(False)
    await loop.sock_connect(opened, ("127.0.0.1", by.target.port))
    await loop.sock_sendall(opened, f"GET {largest} HTTP/1.1\r\nHost: 127.0.0.1:{by.target.port}\r\n\r\n".encode())
    return Answer(status=int((await loop.sock_recv(opened, 12))[-3:]))


async def the_kernel_waits_as_well(by: Attacker) -> str:
    """What it has taken from the server for a client that does not read (proc_net_tcp(5), `tx_queue`)."""
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    of_server = (columns for columns in sockets if int(columns[1].partition(":")[2], 16) == by.target.port)
    most = max((int(columns[4].partition(":")[0], 16) for columns in of_server), default=0)
    return f"{most} bytes wait in the kernel for one client" if most > MEGABYTE else ""


async def visit(by: Attacker, number: int) -> Answer:
    """A visitor who opens a page and stays, as honest as any."""
    source = f"127.0.1.{number % 250 + 1}"
    async with visitor(by.target, source) as client:
        first = await ask(client, "GET", "/", headers={"accept": "text/html"})
        if first.status != 200:
            return first
        kept = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    page = Page(by.target, source=source, cookies=kept)
    try:
        await page.open()
    except InvalidStatus as refused:
        return Answer(status=refused.response.status_code)
    except (InvalidHandshake, OSError, TimeoutError):
        return Answer(status=CUT_OFF)
    by.kept.append(page)
    return Answer(status=500 if page.failed else TALKS, body=page.received)


async def the_limit_was_reached(by: Attacker) -> str:
    """Whether those who stay are fewer than came, as they are where the last ones were refused."""
    return "" if len(by.kept) < FEW // 4 else f"{len(by.kept)} visitors have room: the limit was not reached"


async def reader_with_a_world(by: Attacker) -> None:
    """An honest reader, and what the page says of their world."""
    kept = await cookies(by.target, source=READER)
    by.tab = await Page(by.target, "home", source=READER, cookies=kept).open()
    by.kept.append(world_of(by.tab))


async def open_session(by: Attacker, number: int) -> Answer:
    """A session without cookies: the world that it gets is never used again."""
    page = Page(by.target, "home", source=ATTACKER)
    try:
        await page.open()
    except InvalidStatus as refused:
        return Answer(status=refused.response.status_code)
    except (InvalidHandshake, OSError):
        return Answer(status=CUT_OFF)
    await page.close()
    return Answer(status=TALKS, body=page.received)


async def crowd(by: Attacker) -> None:
    """Fifty readers with a world each, all behind the attacker's address."""
    for _ in range(50):
        kept = await cookies(by.target, source=ATTACKER)
        by.kept.append(await Page(by.target, source=ATTACKER, cookies=kept).open())


async def crowd_turns_pages(by: Attacker, number: int) -> Answer:
    """Each of them turns a page at once, and nobody pauses: the slowest has the answer."""
    page = ("access", "break_it", "doctor", "token_mount")[number % 4]
    answers = await asyncio.gather(*(tab.run(page=page) for tab in by.kept))
    return next((answer for answer in answers if answer.status != TALKS), answers[-1])


async def leave_session(by: Attacker, number: int) -> Answer:
    """A session that is left as soon as it is there."""
    page = Page(by.target, source=ATTACKER)
    try:
        await page.connect()
    except (InvalidHandshake, OSError):
        return Answer(status=CUT_OFF)
    await page.close()
    return Answer(status=TALKS)


async def is_another_world(by: Attacker) -> str:
    """Whether the reader lost their world."""
    assert by.tab is not None
    await by.tab.run()
    return "" if world_of(by.tab) == by.kept[0] else "the honest reader's world was dropped"


def world_of(tab: Page) -> str:
    """What the sidebar says of the world: its account, which no other world has."""
    shown = next(
        element.bidi_component
        for element in tab.drawn
        if element.WhichOneof("type") == "bidi_component" and element.bidi_component.id.endswith("-world")
    )
    found = re.search(r"\b\d{12}\b", shown.json or shown.mixed.json)
    assert found, "the sidebar shows the account"
    return found[0]


ON_CONNECTIONS = (
    Attack(
        name="endless_header",
        says="a header of 32 MB without end",
        send=endless_header,
        right=frozenset({CUT_OFF, 400, 431}),
        inputs=2,
    ),
    Attack(
        name="half_sent_requests",
        says="half a request",
        send=half_request,
        wrong=are_closed,
        right=frozenset({TALKS}),
        inputs=200,
        most=1000,
    ),
    Attack(
        name="clients_that_do_not_read",
        says="a script of 4.7 MB, of which nothing is read",
        send=reads_nothing,
        wrong=the_kernel_waits_as_well,
        right=frozenset({200}),
        inputs=60,
        most=1000,
        memory=60 * MEGABYTE,
    ),
    Attack(
        name="visitors_and_few_descriptors",
        says=f"a visitor who stays, at `ulimit -n {FEW}`",
        send=visit,
        wrong=the_limit_was_reached,
        right=frozenset({TALKS, 503}),
        inputs=FEW // 4,
        most=300,
        descriptors=FEW,
    ),
    Attack(
        name="strangers_evict",
        says="a session without cookies, where 8 worlds are kept",
        prepare=reader_with_a_world,
        send=open_session,
        wrong=is_another_world,
        right=frozenset({TALKS, 429, 503}),
        inputs=12,
        settings={"IRSA_WORLDS": "8"},
    ),
    Attack(
        name="left_sessions",
        says="a session of one address that is left at once",
        send=leave_session,
        right=frozenset({TALKS, CUT_OFF}),
        inputs=200,
    ),
    Attack(
        name="crowd_at_one_address",
        says="50 sessions of one address turn a page, all at once and without a pause",
        prepare=crowd,
        send=crowd_turns_pages,
        right=frozenset({TALKS}),
        inputs=1,
    ),
)
