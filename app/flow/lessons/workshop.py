"""A workshop of 45 minutes as data: its parts, the page that each takes place on, and how long a rehearsal took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.flow.build.tasks import TaskId
from app.flow.model import Step

MINUTES = 45


@dataclass(frozen=True, kw_only=True)
class Part:
    """What the room does together, on one page after the other."""

    id: str
    """Its section of the page's lesson is `part-<id>`."""
    minutes: int
    """As planned: they add up to `MINUTES`."""
    page: str
    """Where its participants begin."""
    params: dict[str, str] = field(default_factory=dict)
    """The parameters of that page's address."""
    rehearsed: float
    """Minutes that the slower of both languages took in `bench.workshop`: a script that reads, types and clicks at a
    person's speed, alone, without an instructor and without a question from the room."""
    world: TaskId | None = None
    """The task of the exercise up to which the world of a participant has to be built; None where any world will do."""


PARTS = (
    Part(id="opening", minutes=4, page="home", rehearsed=1.0),
    Part(id="steps", minutes=12, page=Step.OIDC_PROVIDER, params={"depth": "1"}, rehearsed=7.0),
    Part(id="trust", minutes=8, page="build", rehearsed=2.5, world=TaskId.LOOK_AROUND),
    Part(id="pod", minutes=7, page="build", rehearsed=1.5, world=TaskId.SERVICE_ACCOUNT),
    Part(id="break", minutes=7, page="break_it", params={"fault": "F21"}, rehearsed=2.7, world=TaskId.LOOK_INSIDE),
    Part(id="doctor", minutes=4, page="break_it", rehearsed=1.0, world=TaskId.LOOK_INSIDE),
    Part(id="close", minutes=3, page="one_page", rehearsed=0.5),
)
"""In order."""


def schedule() -> Iterator[tuple[Part, int, int]]:
    """Each part with the minutes at which it begins and ends."""
    begins = 0
    for part in PARTS:
        yield part, begins, begins + part.minutes
        begins += part.minutes
