"""Two thousand inputs of generated junk: each gets the protocol's own error, and others are served meanwhile."""

import asyncio

from tests.attack.junk import send_junk
from tests.attack.server import MEGABYTE, serving

INPUTS = 2000


def test_junk_gets_the_protocols_own_error(tmp_path):
    with serving(tmp_path) as target:
        before = target.taken()
        found = asyncio.run(send_junk(target, INPUTS))
        after = target.taken()
        assert target.lives
        assert found.wrong == []
        assert found.served == found.rounds >= INPUTS // 9
        assert (
            after.resident - before.resident <= 128 * MEGABYTE
        )  # the client libraries are loaded meanwhile, and left sessions kept
        assert after.log - before.log <= 64 * 1024
        assert "Traceback (most recent call last)" not in target.log
