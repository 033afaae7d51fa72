"""A film and its beats. A beat is one arrow, one thing that travels along it, and what stays where that arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.flow.model import Check, Exchange, Step


class Seen(StrEnum):
    """Who saw that it happened."""

    HEARD = "heard"
    """The parties themselves: the exchange is theirs, and was recorded."""
    ASKED = "asked"
    """This app: it sent the request instead of one of the parties."""
    READ = "read"
    """No one saw it happen; its result was read."""
    UNSEEN = "unseen"
    """No one saw it happen, and its result was not read either."""
    IMAGINED = "imagined"
    """It never happened: a reader's wrong prediction supposes it."""


class End(StrEnum):
    """How a beat ends."""

    ARRIVED = "arrived"
    STOPPED = "stopped"
    """It was refused, or got no response: the film ends here."""
    NEVER = "never"
    """It did not happen. The cause lies here, and no program has noticed it yet."""
    REFUSED = "refused"
    """It was refused as it should be, and the film goes on: an expired token, a thief."""
    LET_IN = "let_in"
    """It was accepted from someone who should not have it."""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A value that stays at the party where it arrived."""

    id: str
    """Such as `annotation`. An arrival replaces an earlier one of the same id."""
    at: str
    """The party (`links.PARTIES`) that has it now."""
    value: str
    """As its owner writes it, secrets masked."""
    claim: str = ""
    """`iss`, `sub` or `aud`, where STS compares that claim with this value; else empty."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim of the token, and the value in the account that STS compares it with."""

    name: str
    """`iss`, `sub` or `aud`."""
    got: str
    """The claim's value in the token."""
    against: str
    """What it was compared with."""
    matches: bool
    """Whether it is as that value asks, whatever else STS refuses the token for."""
    refused: str = ""
    """Why the trust policy refuses the token although this claim matches: `implicit-deny` or `explicit-deny`."""
    beside: tuple[tuple[str, bool], ...] = ()
    """The other claims that the same policy asks for, each with whether it is as asked."""


@dataclass(frozen=True, kw_only=True)
class Beat:
    """One thing that happened."""

    id: str
    """Such as `token_request`, or `token_request.2` where it happens again. An address contains it."""
    step: Step
    edge: str
    """The arrow: a link of `links.LINKS`, or one that only the film has (`script.EDGES`)."""
    tail: str
    """The party that it leaves."""
    head: str
    """The party at which it arrives."""
    back: bool
    """Whether it is the response, which travels along the arrow from its head to its tail."""
    carries: str
    """The name of what travels."""
    seen: Seen
    end: End = End.ARRIVED
    values: Mapping[str, str] = field(default_factory=dict)
    """The values of this exchange in the beat's sentence, by placeholder."""
    rows: tuple[tuple[str, str], ...] = ()
    """The text on what travels, in rows: the claims of a token, with `life` in hours."""
    arrivals: tuple[Arrival, ...] = ()
    claim: Claim | None = None
    keys_kept: bool = False
    """Whether STS had verified the signature with public keys from an earlier fetch, so that no beat shows a fetch."""
    exchange: Exchange | None = None
    """The recorded request and response; None only where no one could listen and nothing was read."""
    words: str = ""
    """The product's error message where the beat was stopped."""
    check: Check | None = None
    """The broken check whose cause lies here."""

    @property
    def cue(self) -> str:
        """The id without a number: the key of the beat's texts."""
        return self.id.partition(".")[0]

    @property
    def seconds(self) -> float | None:
        """How long the exchange took, by the wall clock; None where the exchange shows only the result of the beat."""
        return self.exchange.seconds if self.exchange and self.seen in (Seen.HEARD, Seen.ASKED) else None


@dataclass(frozen=True, kw_only=True)
class Film:
    """The beats of one walk, in order, and the state of the whole chain."""

    beats: tuple[Beat, ...]
    guilty: tuple[str, ...] = ()
    """The parties and links in which a cause lies, that of the verdict first."""
    shows: str = ""
    """The id of the beat at which the break appears; empty where nothing is broken, or no program has got an error."""
    lies_in: Step | None = None
    shows_in: Step | None = None
    not_reached: tuple[str, ...] = ()
    """The parties and links that the walk did not reach."""
    longest: int | None = None
    """Seconds that the film may take at most; None where each beat takes the time to read its sentence."""

    def beat(self, beat_id: str) -> Beat:
        """The beat of that id. Raises `KeyError` where the film has none."""
        for beat in self.beats:
            if beat.id == beat_id:
                return beat
        raise KeyError(beat_id)
