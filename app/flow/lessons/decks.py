"""The slides of a talk as data: what each shows, which beats of the film it plays, and how long it takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.flow.model import Step

LENGTHS = (10, 20)
"""Minutes of the two decks."""
WHOLE = "whole"
"""In place of a beat: the whole map, as it is at the end of the film."""


class Shows(StrEnum):
    """What is on a slide beside the map."""

    TITLE = "title"
    POINTS = "points"
    """Up to three short sentences."""
    FILM = "film"
    """What the film says of the beat that plays."""
    QUESTION = "question"
    """The question about a step, and its options: no map, which would give the answer away."""
    ANSWER = "answer"
    """The same question with what the walk says to it."""
    WHAT_IF = "what_if"
    """The choices of the key that breaks the world."""
    END = "end"
    """Where the audience finds the page, or how they start the app where that is only on the speaker's machine."""


class Story(StrEnum):
    """A figure of the story that a slide shows instead of the map: two Pods on a node, and what they get."""

    EVERYDAY = "everyday"
    """Both Pods use the node's role."""
    NODE_ROLE = "node_role"
    """An attacker in Pod 1, where the node's role has all permissions."""
    IRSA = "irsa"
    """The same with a role for each ServiceAccount."""


@dataclass(frozen=True, kw_only=True)
class Slide:
    """A slide of a talk: one idea."""

    id: str
    """The key of its words and notes."""
    shows: Shows
    page: str
    """The page that says more about it. A reader who leaves the talk here gets there; a talk that is started there
    begins here."""
    long: float
    """Its minutes in the deck of 20."""
    short: float = 0
    """Its minutes in the deck of 10; 0 where that deck leaves it out."""
    beats: tuple[str, ...] = ()
    """The beats of the film that it plays, one after the other. `WHOLE` stands back at the end; without any the map is
    neutral."""
    story: Story | None = None
    """Its figure. Where there is none, or it cannot be drawn, the map is there."""

    def minutes(self, length: int) -> float:
        """How long it takes in the deck of that many minutes."""
        return self.short if length == min(LENGTHS) else self.long


def _step(step: Step, name: str, *parts: Slide, beat: str) -> tuple[Slide, ...]:
    """A step's slides: the question before them, and the answer after them, beside a beat that shows it."""
    question = Slide(id=f"{name}_question", shows=Shows.QUESTION, page=step, long=0.5)
    answer = Slide(id=f"{name}_answer", shows=Shows.ANSWER, page=step, long=0.5, beats=(beat,))
    return (question, *parts, answer)


def _film(id_: str, step: Step, *beats: str, long: float, short: float) -> Slide:
    return Slide(id=id_, shows=Shows.FILM, page=step, beats=beats, long=long, short=short)


SLIDES = (
    Slide(id="title", shows=Shows.TITLE, page="home", long=0.5, short=0.5),
    Slide(id="problem", shows=Shows.POINTS, page="why", long=1, short=0.75, story=Story.EVERYDAY),
    Slide(id="node_role", shows=Shows.POINTS, page="why", long=0.75, story=Story.NODE_ROLE),
    Slide(id="parties", shows=Shows.POINTS, page="home", long=0.75, short=0.5),
    Slide(id="passport", shows=Shows.POINTS, page="home", long=0.5),
    *_step(
        Step.OIDC_PROVIDER,
        "trust",
        _film("trust", Step.OIDC_PROVIDER, "publish", "register", long=0.75, short=0.75),
        beat="register",
    ),
    *_step(
        Step.SERVICE_ACCOUNT,
        "names",
        _film("names", Step.SERVICE_ACCOUNT, "grant", "annotate", long=0.75, short=0.75),
        beat="grant",
    ),
    *_step(
        Step.WEBHOOK,
        "webhook",
        _film("webhook", Step.WEBHOOK, "create", "review", "patch", long=0.75, short=0.75),
        beat="patch",
    ),
    *_step(
        Step.TOKEN_MOUNT,
        "token",
        _film("token", Step.TOKEN_MOUNT, "token_request", "token", "mount", long=1, short=1),
        Slide(id="claims", shows=Shows.POINTS, page=Step.TOKEN_MOUNT, long=0.75, short=0.75, beats=("token",)),
        beat="mount",
    ),
    *_step(
        Step.STS_ASSUME,
        "sts",
        _film("request", Step.STS_ASSUME, "assume", long=0.5, short=0.5),
        _film("checks", Step.STS_ASSUME, "claim_iss", "claim_aud", long=0.75, short=0.75),
        _film("keys", Step.STS_ASSUME, "discovery", "keys", long=0.75, short=0.75),
        _film("subject", Step.STS_ASSUME, "claim_sub", "credentials", long=0.75, short=0.75),
        beat="keys",
    ),
    *_step(
        Step.ACCESS,
        "access",
        _film("access", Step.ACCESS, "call", "buckets", long=0.75, short=0.5),
        beat="buckets",
    ),
    Slide(id="what_if", shows=Shows.WHAT_IF, page=Step.ACCESS, long=1, short=0.5, beats=(WHOLE,)),
    Slide(id="limits", shows=Shows.POINTS, page="why", long=0.75, beats=(WHOLE,), story=Story.IRSA),
    Slide(id="errors", shows=Shows.POINTS, page=Step.ACCESS, long=0.5, beats=(WHOLE,)),
    Slide(id="recap", shows=Shows.POINTS, page="home", long=0.5, short=0.25, beats=(WHOLE,)),
    Slide(id="end", shows=Shows.END, page="home", long=0.25, short=0.25, beats=(WHOLE,)),
)
"""Every slide, in order."""

DECKS = {length: tuple(slide for slide in SLIDES if slide.minutes(length)) for length in LENGTHS}
"""The slides of each deck, by its minutes."""
