"""No byte of live mode for anybody but the browser that opened the printed address."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.attack.live import CONTEXT, OWNER, STRANGERS, Request, cluster, shown
from tests.attack.server import Target


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with cluster(tmp_path_factory.mktemp("live")) as started:
        yield started


def test_its_owner_sees_the_cluster(target: Target) -> None:
    assert CONTEXT.encode() in asyncio.run(shown(target, OWNER))


@pytest.mark.parametrize("request_", STRANGERS, ids=[one.name for one in STRANGERS])
def test_a_stranger_sees_nothing_of_the_cluster(target: Target, request_: Request) -> None:
    assert CONTEXT.encode() not in asyncio.run(shown(target, request_))
