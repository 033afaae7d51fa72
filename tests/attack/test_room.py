"""A room that comes at once: each visitor is served, and takes one or two file descriptors."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from tests.attack.client import TALKS, Page, cookies
from tests.attack.server import Target, serving

DESCRIPTORS = 256


@pytest.mark.parametrize("visitors", [20, pytest.param(40, marks=pytest.mark.large)])
def test_a_room_that_comes_at_once_fits_into_few_descriptors(tmp_path: Path, visitors: int) -> None:
    with serving(tmp_path, descriptors=DESCRIPTORS) as target:
        before = descriptors(target)
        shown, during = asyncio.run(come(target, visitors))
        assert shown == visitors
        # An event loop for each would be three more for each.
        assert during - before <= 2 * visitors
        assert "Traceback" not in target.log


async def come(target: Target, visitors: int) -> tuple[int, int]:
    """How many of the visitors saw the page, and the server's descriptors while all of them are there."""

    async def visit(number: int) -> Page:
        source = f"127.0.3.{number + 1}"
        return await Page(target, cookies=await cookies(target, source=source), source=source).open()

    pages = await asyncio.gather(*map(visit, range(visitors)))
    during = descriptors(target)
    still = await asyncio.gather(*(page.alive() for page in pages))
    drawn = sum(bool(page.drawn) and answer.status == TALKS for page, answer in zip(pages, still, strict=True))
    await asyncio.gather(*(page.close() for page in pages))
    return drawn, during


def descriptors(target: Target) -> int:
    """The server's file descriptors without those of the connections from itself to its worlds.

    Walks keep those for a few seconds, up to the size of the clients' pools: 30 to 45 by how many walks the machine had
    under way at a time. Both ends are in the process.
    """
    process = psutil.Process(target.process.pid)
    count = process.num_fds()
    ends = {(end.laddr, end.raddr) for end in process.net_connections("tcp") if end.status != psutil.CONN_LISTEN}
    return count - sum((far, near) in ends for near, far in ends)
