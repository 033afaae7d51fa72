"""Our own clock may be off. What the servers say of the time counts then, and no verdict rests on our error."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from app.clients.clock_and_log import ServersClock
from app.flow.doctor import examine
from app.flow.errors import FlowError, NotPermitted, Refused
from app.flow.model import Exchange, Status, Step
from app.flow.steps.findings import OWN_CLOCK
from app.flow.verdict.judge import Outcome
from tests.unit.fake_ports import SUBJECT
from tests.unit.test_doctor import healthy

HOUR = 3600.0


def answered(ahead: float, header: str = "Date", **changes: float) -> Exchange:
    """An exchange of just now with a server; our clock is ahead of it by so many seconds."""
    now = time.time()
    said = format_datetime(datetime.fromtimestamp(now - ahead, UTC), usegmt=True)
    timed = {"started": now - 0.2, "seconds": 0.2, **changes}
    return Exchange(
        caller="explorer", callee="iam", method="GET", url="", status=200, response_headers=((header, said),), **timed
    )


def ahead(*ports: tuple[Exchange, ...]) -> float:
    """Seconds by which our clock is taken to be ahead."""
    return time.time() - ServersClock(*(lambda port=port: port for port in ports)).now()


@pytest.mark.parametrize("off", [HOUR, -HOUR])
def test_where_the_servers_show_that_our_clock_is_off_theirs_counts(off: float) -> None:
    assert ahead((answered(off),)) == pytest.approx(off, abs=5)
    assert ahead((), (answered(off, "date"),)) == pytest.approx(off, abs=5)
    assert ahead((answered(off),), (answered(0),)) == pytest.approx(off, abs=5), "the first port counts"
    assert ahead((answered(0), answered(off))) == pytest.approx(off, abs=5), "its newest answer counts"


def test_a_slow_or_silent_server_shows_nothing_of_the_kind() -> None:
    unsaid = answered(HOUR, "X-Date")
    assert ahead((answered(10), unsaid)) == pytest.approx(0, abs=5)
    assert ahead((unsaid, answered(HOUR, started=0.0))) == pytest.approx(0, abs=5)
    assert ahead() == pytest.approx(0, abs=5)


@pytest.mark.parametrize("year", ["99999999999999999999", "9999", "x"])
def test_a_time_that_no_clock_shows_counts_as_none(year: str) -> None:
    odd = replace(answered(0), response_headers=(("Date", f"Fri, 31 Dec {year} 23:59:59 GMT"),))
    assert ahead((odd,), (answered(HOUR),)) == pytest.approx(HOUR, abs=5)


@pytest.mark.parametrize(
    "error",
    [
        NotPermitted(code="SignatureDoesNotMatch", server_message="Signature expired: 1 is earlier than 2", status=403),
        Refused(code="RequestTimeTooSkewed", server_message="The difference is too large.", status=403),
    ],
)
def test_what_aws_refuses_for_our_clock_says_nothing_of_the_pod(error: FlowError) -> None:
    fakes = healthy()
    fakes.errors |= {"role": error, "caller_identity": error, "list_buckets": error}
    found = examine(fakes.ports(), SUBJECT)
    assert found.walk.report(Step.SERVICE_ACCOUNT).check("role.exists").reason == OWN_CLOCK
    listed = found.walk.report(Step.ACCESS).check("access.identity")
    assert (listed.status, listed.reason) == (Status.UNKNOWN, OWN_CLOCK)
    assert found.verdict.outcome is Outcome.WORKS, "STS issued credentials: it reads no signature of ours"
