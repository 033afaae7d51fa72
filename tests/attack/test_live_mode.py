"""No byte of live mode for anybody but the browser that opened the printed address."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.attack.live import CONTEXT, OWNER, SIMULATED, STRANGERS, Request, cluster, shown
from tests.attack.server import Target


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with cluster(tmp_path_factory.mktemp("live")) as started:
        yield started


def test_its_owner_sees_the_cluster(target: Target) -> None:
    seen = asyncio.run(shown(target, OWNER))
    assert CONTEXT.encode() in seen
    assert SIMULATED not in seen


@pytest.mark.parametrize("request_", STRANGERS, ids=[one.name for one in STRANGERS])
def test_a_stranger_sees_nothing_of_the_cluster(target: Target, request_: Request) -> None:
    seen = asyncio.run(shown(target, request_))
    assert CONTEXT.encode() not in seen
    assert (SIMULATED in seen, seen == b"") == (not request_.refused, request_.refused)
