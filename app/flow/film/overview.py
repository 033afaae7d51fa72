"""The short form of a film: one beat for each step."""

from __future__ import annotations

from dataclasses import replace

from app.flow.film.beat import Beat, End, Film
from app.flow.model import Step

_KEY = {
    Step.OIDC_PROVIDER: "register",
    Step.SERVICE_ACCOUNT: "annotate",
    Step.WEBHOOK: "patch",
    Step.TOKEN_MOUNT: "token",
    Step.STS_ASSUME: "assume",
    Step.ACCESS: "buckets",
}
"""By step: the beat that represents it."""
_LONGEST = 40
"""Seconds. The overview plays by itself, for readers who have not asked for it."""


def overview(film: Film) -> Film:
    """At most six beats, each with everything that the beats of its step left behind. A broken step is represented by
    the broken beat."""
    beats = []
    for step in Step:
        own = [beat for beat in film.beats if beat.step is step]
        if own:
            left = tuple(arrival for beat in own for arrival in beat.arrivals)
            beats.append(replace(_chosen(step, own), arrivals=left))
    return replace(film, beats=tuple(beats), longest=_LONGEST)


def _chosen(step: Step, own: list[Beat]) -> Beat:
    broken = [beat for beat in own if beat.end is not End.ARRIVED or beat.check]
    named = [beat for beat in own if beat.id == _KEY[step]]
    return (broken[-1:] or named or own[-1:])[0]
