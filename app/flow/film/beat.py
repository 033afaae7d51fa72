"""A film and its beats: one arrow, one thing that travels, and what stays where it arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.flow.model import Check, Exchange, Step


class Seen(StrEnum):
    """Who saw it happen."""

    HEARD = "heard"
    """The parties themselves: the exchange is theirs."""
    ASKED = "asked"
    """This app asked in the place of one of them."""
    READ = "read"
    """No one from here; what came of it was read."""
    UNSEEN = "unseen"
    """No one from here, and what came of it was not read, either."""
    IMAGINED = "imagined"
    """It never happened: a wrong prediction supposes it."""


class End(StrEnum):
    """How a beat ends."""

    ARRIVED = "arrived"
    STOPPED = "stopped"
    """It was refused, or got no answer: here the film ends."""
    NEVER = "never"
    """It did not happen. The cause lies here, and nobody has noticed yet."""
    REFUSED = "refused"
    """It was refused as it should be, and the film goes on: a token that is over, a thief."""
    LET_IN = "let_in"
    """It was accepted from someone who should not have it."""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """What stays where it arrived."""

    id: str
    """Such as `annotation`. An arrival takes the place of an earlier one of the same id."""
    at: str
    """The party (`links.PARTIES`) that has it now."""
    value: str
    """As its owner writes it, secrets masked."""
    claim: str = ""
    """`iss`, `sub` or `aud`, where it is what that claim is held against."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim of the token, held against what the account says."""

    name: str
    """`iss`, `sub` or `aud`."""
    got: str
    """What the token says."""
    against: str
    """What it was compared with."""
    matches: bool


@dataclass(frozen=True, kw_only=True)
class Beat:
    """One thing that happened."""

    id: str
    """Such as `token_request`, or `token_request.2` where it happens again; its name in an address."""
    step: Step
    edge: str
    """The arrow: a link of `links.LINKS`, or one that only the film has (`script.EDGES`)."""
    tail: str
    """The party that it leaves."""
    head: str
    """The party at which it arrives."""
    back: bool
    """Whether it is the answer, which goes along the arrow backwards."""
    carries: str
    """What travels, by name."""
    seen: Seen
    end: End = End.ARRIVED
    values: Mapping[str, str] = field(default_factory=dict)
    """What its sentence says of this exchange, by placeholder."""
    rows: tuple[tuple[str, str], ...] = ()
    """What is written on the thing that travels: the claims of a token, with `life` in hours."""
    arrivals: tuple[Arrival, ...] = ()
    claim: Claim | None = None
    keys_kept: bool = False
    """Whether STS verified the signature before this with public keys from an earlier fetch, which is no beat."""
    exchange: Exchange | None = None
    """What went over the wire; None only where nobody could listen and nothing was read."""
    words: str = ""
    """Why it stopped, in the product's own words."""
    check: Check | None = None
    """The broken check whose cause lies here."""

    @property
    def cue(self) -> str:
        """What happens, whichever time it is: the key of its words."""
        return self.id.partition(".")[0]

    @property
    def seconds(self) -> float | None:
        """How long the exchange took, by the wall clock; None where the exchange only shows what came of it."""
        return self.exchange.seconds if self.exchange and self.seen in (Seen.HEARD, Seen.ASKED) else None


@dataclass(frozen=True, kw_only=True)
class Film:
    """The beats of one walk, in order, and how the whole chain stands."""

    beats: tuple[Beat, ...]
    guilty: tuple[str, ...] = ()
    """Parties and links in which the cause lies, the verdict's first."""
    shows: str = ""
    """The beat at which it shows; empty where nothing is broken, or no program has got an error."""
    lies_in: Step | None = None
    shows_in: Step | None = None
    not_reached: tuple[str, ...] = ()
    """Parties and links whose turn never came."""
    longest: int | None = None
    """Seconds that it may take at most; None where each beat takes the time to read its sentence."""

    def beat(self, beat_id: str) -> Beat:
        """The beat of that id. Raises `KeyError` where the film has none."""
        for beat in self.beats:
            if beat.id == beat_id:
                return beat
        raise KeyError(beat_id)
