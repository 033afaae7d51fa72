"""One attack on one server, in rounds: an input is in flight, an honest visitor is answered, the input is answered."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests import canaries
from tests.attack.client import HONEST, Answer, ask, visitor
from tests.attack.row import Attack, attacker
from tests.attack.server import PATIENCE, Taken, Target


@dataclass(kw_only=True)
class Measured:
    """What an attack did."""

    answers: Counter[int] = field(default_factory=Counter)
    """How many inputs were answered with which status."""
    served: int = 0
    """How often the honest visitor was answered while an input was in flight."""
    slowest: float = 0.0
    """Seconds of the input that was answered last, from when it was sent."""
    secrets: list[str] = field(default_factory=list)
    """The names of secrets that an answer or the log held."""
    wrong: str = ""
    """What the row's own look found."""
    before: Taken
    after: Taken
    peak: int = 0
    """The highest RSS meanwhile, in bytes."""

    @property
    def inputs(self) -> int:
        """How many were sent."""
        return self.answers.total()

    @property
    def grown(self) -> int:
        """Bytes of memory at the peak, more than before."""
        return max(0, self.peak - self.before.resident)


async def attack(
    target: Target, row: Attack, *, go_on: Callable[[int], bool] | None = None, judge: bool = True
) -> Measured:
    """Sends inputs as long as `go_on(number)`, at least one; by default as many as the row wants."""
    by = attacker(target)
    bystander = visitor(target, HONEST)
    secrets = known_secrets(target)
    try:
        await honest(bystander)
        if row.prepare:
            await row.prepare(by)
        target.forget_peak()
        outcome = Measured(before=target.taken(), after=target.taken())
        number = 0
        while number < row.inputs if go_on is None else number == 0 or go_on(number):
            begin = time.monotonic()
            sent = asyncio.create_task(row.send(by, number))
            await asyncio.sleep(0)  # the input is on its way
            outcome.served += await honest(bystander)
            answer = await sent
            outcome.slowest = max(outcome.slowest, time.monotonic() - begin)
            outcome.answers[answer.status] += 1
            outcome.secrets += canaries.found(secrets, answer.body.decode("latin-1"))
            number += 1
        if row.wrong and judge:
            outcome.wrong = await row.wrong(by)
        outcome.peak, outcome.after = target.peak, target.taken()
        outcome.secrets += canaries.found(secrets, target.log)
        return outcome
    finally:
        await by.close()
        await bystander.aclose()


async def honest(bystander: object) -> bool:
    """Whether an honest visitor gets the page."""
    try:
        answer: Answer = await asyncio.wait_for(ask(bystander, "GET", "/"), PATIENCE)  # type: ignore[arg-type]
    except TimeoutError:
        return False
    return answer.status == 200


def known_secrets(target: Target) -> dict[str, str]:
    """What no answer and no log may hold: the keys to another learner's world, and what lets the owner in."""
    keys = target.keys("somebody-else")
    launch = target.url.partition("?")[2].rpartition("=")[2]
    return {
        "another world's token": keys.token,
        "another world's secret access key": keys.secret_access_key,
        **({"the launch secret": launch} if launch else {}),
    }
