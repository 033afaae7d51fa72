"""Inputs of generated junk: each gets the protocol's own error, and others are served meanwhile."""

import asyncio

import pytest

from tests.attack.junk import send_junk
from tests.attack.server import MEGABYTE, serving


@pytest.mark.parametrize("inputs", [400, pytest.param(2000, marks=pytest.mark.large)])
def test_junk_gets_the_protocols_own_error(tmp_path, inputs):
    with serving(tmp_path) as target:
        before = target.taken()
        found = asyncio.run(send_junk(target, inputs))
        after = target.taken()
        assert target.lives
        assert found.wrong == []
        assert found.served == found.rounds >= inputs // 9
        # The client libraries are loaded meanwhile, and left sessions are kept.
        assert after.resident - before.resident <= 128 * MEGABYTE
        assert after.log - before.log <= 64 * 1024
        assert "Traceback (most recent call last)" not in target.log
