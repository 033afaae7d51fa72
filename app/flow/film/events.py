"""What happened in a period, as beats that are made of its exchanges alone: without a walk, a cause or an end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from app.flow.film.beat import Beat, End, Seen
from app.flow.film.contents import contents, refusal
from app.flow.film.script import SCRIPT, Cue, beat_of
from app.flow.json_access import get, get_str, strings
from app.flow.model import Exchange, JsonValue
from app.flow.names import DEFAULT_AUDIENCE
from app.flow.strict_json import loads_or_none

_FILE = "mount"
"""The beat whose party acts without an exchange, so that only a later request of this app shows it."""


def events(exchanges: Iterable[Exchange], pod: JsonValue) -> tuple[Beat, ...]:
    """The beats of these exchanges, in the order in which the exchanges began.

    Of the kubelet's and the Pods' requests, only those count that are by or for `pod` (as the API server returns it)
    and about tokens that STS accepts. What a server asks while it answers comes between the request and its response.
    """
    ordered = sorted(exchanges, key=lambda exchange: exchange.started)
    seen: Counter[str] = Counter()
    beats = []
    for exchange in ordered:
        if _is_about(pod, exchange):
            for beat in _beats(exchange, ordered):
                seen[beat.id] += 1
                number = seen[beat.id]
                beats.append(beat if number == 1 else replace(beat, id=f"{beat.id}.{number}"))
    return tuple(beats)


def _is_about(pod: JsonValue, exchange: Exchange) -> bool:
    if exchange.caller == "pod":
        return bool(exchange.source) and exchange.source == get_str(pod, "status", "podIP")
    if exchange.caller == "kubelet":
        spec = get(loads_or_none(exchange.request_body), "spec")
        bound = get_str(spec, "boundObjectRef", "uid") == get_str(pod, "metadata", "uid")
        return bound and DEFAULT_AUDIENCE in strings(get(spec, "audiences"))
    return exchange.caller != "sts"


def _beats(exchange: Exchange, others: Sequence[Exchange]) -> Iterator[Beat]:
    cues = [(cue, seen) for cue in SCRIPT if (seen := _seen(cue, exchange))]
    if not cues:
        return
    (request, seen), *answers = cues
    first = _beat(request, exchange, seen)
    if words := refusal(exchange):
        yield replace(first, end=End.REFUSED, words=words, arrivals=())
        return
    yield first
    ends = exchange.started + exchange.seconds
    for other in others:
        if other.caller == exchange.callee and exchange.started <= other.started <= ends:
            yield from _beats(other, others)
    for cue, how in answers:
        yield _beat(cue, exchange, how)


def _seen(cue: Cue, exchange: Exchange) -> Seen | None:
    """Who saw that beat in this exchange; None where the exchange does not show the beat."""
    if cue.carries == "claim":  # no exchange shows with what STS compared the claim
        return None
    if cue.own and cue.own.matches(exchange) and cue.caller == exchange.caller:
        return Seen.HEARD
    if exchange.caller != "explorer":
        return None
    if cue.asked and cue.asked.matches(exchange):
        return Seen.ASKED
    return Seen.READ if cue.id == _FILE and cue.read and cue.read.matches(exchange) else None


def _beat(cue: Cue, exchange: Exchange, seen: Seen) -> Beat:
    found = contents(cue.id, exchange)
    return replace(beat_of(cue, exchange, seen), values=found.values, rows=found.rows, arrivals=found.arrivals)
