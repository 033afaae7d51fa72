"""A room that comes at once: each visitor is served, and takes one or two file descriptors."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.attack.client import TALKS, Page, cookies
from tests.attack.server import Target, serving

VISITORS, DESCRIPTORS = 40, 256


def test_a_room_that_comes_at_once_fits_into_few_descriptors(tmp_path: Path) -> None:
    with serving(tmp_path, descriptors=DESCRIPTORS) as target:
        before = target.taken().descriptors
        shown, during = asyncio.run(come(target))
        assert shown == VISITORS
        # Their walks keep connections to the worlds for a few seconds; an event loop for each would be 120 more.
        assert during - before <= 3 * VISITORS
        assert "Traceback" not in target.log


async def come(target: Target) -> tuple[int, int]:
    """How many of the visitors saw the page, and the server's descriptors while all of them are there."""

    async def walk_view(number: int) -> Page:
        source = f"127.0.3.{number + 1}"
        return await Page(target, cookies=await cookies(target, source=source), source=source).open()

    pages = await asyncio.gather(*map(walk_view, range(VISITORS)))
    descriptors = target.taken().descriptors
    still = await asyncio.gather(*(page.alive() for page in pages))
    drawn = sum(bool(page.drawn) and answer.status == TALKS for page, answer in zip(pages, still, strict=True))
    await asyncio.gather(*(page.close() for page in pages))
    return drawn, descriptors
