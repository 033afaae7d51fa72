"""What a walk of a warm world takes, as far as it can be counted: requests, connections, clients, verifications."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import boto3
import pytest

from app import wiring
from app.flow.steps.walk import walk
from app.world.aws import authentication
from app.world.aws.sts import verification_keys, web_identity
from app.world.lifecycle.simulation import Simulation
from app.world.servers.metered_connections import MeteredHttp
from app.world.world import World
from tests.contracts.conftest import SUBJECT

REQUESTS = {"kube-apiserver": 9, "issuer": 2, "iam": 8, "sts": 2, "s3": 1}
EXECS = 3
SIGNED = REQUESTS["iam"] + REQUESTS["s3"] + 1
"""All that AWS is asked but AssumeRoleWithWebIdentity."""


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each of a few things was done."""
    found: Counter[str] = Counter()

    def count(what: str, place: Any, name: str) -> None:
        done = getattr(place, name)

        def counting(*arguments: Any, **options: Any) -> Any:
            found[what] += 1
            return done(*arguments, **options)

        monkeypatch.setattr(place, name, counting)

    count("connections", MeteredHttp, "connection_made")
    count("clients", boto3.Session, "client")
    count("signatures", authentication, "verify")
    count("tokens", web_identity, "is_signed_by")
    count("key sets", verification_keys, "_fetch")
    return found


def test_a_warm_walk_asks_each_thing_once_over_connections_that_are_there(
    simulation: Simulation, world: World, counted: Counter[str]
) -> None:
    walk(wiring.simulated(simulation, world), SUBJECT)
    counted.clear()
    found = walk(wiring.simulated(simulation, world), SUBJECT)
    sent = [each for report in found for each in report.exchanges if each.caller == "explorer"]
    assert Counter(each.callee for each in sent) == REQUESTS
    assert len({(each.method, each.url, each.request_body) for each in sent}) == len(sent)
    # Before Python 3.13 the issuer's certificates take a connection of their own.
    assert counted["connections"] == EXECS + (sys.version_info < (3, 13))
    assert (counted["signatures"], counted["tokens"]) == (SIGNED, 1)
    assert (counted["clients"], counted["key sets"]) == (0, 0)
