"""The film of a walk on a page: the beats that it plays, and the exchange of the beat that the reader opened."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.film import Beat, End, Film, Seen, film, supposing
from app.flow.film.ghosts import ABOUT
from app.flow.model import Exchange, JsonObject, Status, Step, Subject, Walk
from app.flow.verdict.link_states import ChainState
from app.serving.kept_texts import KeptText
from app.ui.draw import cached_parts, components, page_errors
from app.ui.figures.wire import opened
from app.ui.map import player
from app.ui.map.film_json import film_json, names_of
from app.ui.map.geometry import EDGES
from app.ui.map.player import Plays
from app.ui.state import shared_walks, under_construction
from app.ui.state.runs import mounted

_DRAWN = "drawn_film"
"""In the session, by the map's key: the walk whose film a page showed last, and that film."""
_FILMS = "shown_films"
"""In the session: `_Films`. No widget has that key: Streamlit would put its value there, and copy in every run what it
finds there."""
_TEXTS = 8
"""How many texts of one diagnosis are kept: for two languages, a part of the film and all of it, wrong predictions."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    film: Film
    supposed: Beat | None
    ends_whole: bool
    language: str


@dataclass(frozen=True, kw_only=True)
class Lead:
    """What the map shows on the page of another step, as in `draw`."""

    step: Step
    answered: bool
    supposed: Beat | None


@dataclass(kw_only=True)
class _Films:
    """The films that the pages have shown of one diagnosis."""

    found: Diagnosis
    made: Film | None = None
    texts: tuple[tuple[_Asked, KeptText], ...] = ()
    """The newest last."""


def _films(found: Diagnosis) -> _Films:
    kept = st.session_state.get(_FILMS)
    if not isinstance(kept, _Films) or kept.found is not found:
        kept = st.session_state[_FILMS] = _Films(found=found)
    return kept


def film_of(found: Diagnosis, heard: tuple[Exchange, ...]) -> Film:
    """The film of a diagnosed walk; made once for each. `heard` as in `WalkView`."""
    films = _films(found)
    films.made = films.made or film(found.walk, found.chain, heard)
    return films.made


@page_errors.fragment
def draw(
    shown: Film,
    found: Diagnosis,
    content: Content,
    *,
    part: Step | None = None,
    answered: bool = True,
    supposed: Beat | None = None,
    plays: Plays = "",
    opens_at: str = "",
    ends_whole: bool = True,
    about: Sequence[str] = (),
    leads: Sequence[tuple[str, Lead]] = (),
    key: str = "film",
) -> None:
    """Draws the map with its player, and below it the exchange of the beat whose chip was clicked.

    `part` plays that step alone, with what came before in place. Before a question about the step is answered nothing
    of it is shown. `supposed` is a wrong prediction, which is played before the truth. `leads`: the keys of buttons
    of the page with the steps to which they lead. For `plays` and `opens_at` see `player.draw`, for `ends_whole`
    `film_json`. Of a chain that is being built there is no film: the map shows what there is of it, and where it does
    not fit the parties that the page is `about`, by default those of the `part`.
    """
    if ghosts := under_construction.ghosts(found):
        _draw_growing(shown, found, ghosts, about or (ABOUT[part] if part else ()), content, key)
        return
    played = supposing(shown, supposed) if supposed else shown
    if changed := _changed_beat(played, found, part, key):
        plays, opens_at = "on", changed
    text = _text(shown, found, content, supposed, ends_whole=ends_whole)
    beside = []
    for button, lead in leads if components.is_ours() else ():  # otherwise a film comes with its page
        # Before an answer all films look the same.
        film_there = _text(shown, found, content, lead.supposed, ends_whole=ends_whole) if lead.answered else text
        beside.append((button, f"{lead.step} {'shows' if lead.answered else 'asks'} {film_there}"))
    beat_id = player.draw(
        text, content, part=part, answered=answered, plays=plays, opens_at=opens_at, leads=beside, key=key
    )
    _draw_exchange(shown.beats, beat_id, content, key)


def _text(
    shown: Film, found: Diagnosis, content: Content, supposed: Beat | None = None, *, ends_whole: bool = True
) -> str:
    """The film for the browser: from our own server its address, which is the same on every page of a walk."""
    films = _films(found)
    asked = _Asked(film=shown, supposed=supposed, ends_whole=ends_whole, language=content.language)
    kept = next((text for known, text in films.texts if known == asked), None)
    if kept is None:
        played = supposing(shown, supposed) if supposed else shown
        text = film_json(played, content, found.walk.subject, names_of(found.walk), ends_whole=ends_whole)
        if not components.is_ours():
            return text
        kept = cached_parts.keep_text(text)
        films.texts = (*films.texts, (asked, kept))[-_TEXTS:]
    return kept.address


def _changed_beat(shown: Film, found: Diagnosis, part: Step | None, key: str) -> str:
    """The id of the first beat that differs from the film on the previous page, where the page followed its world; else
    empty."""
    before: tuple[Walk, Film] | None = st.session_state.get(f"{_DRAWN}_{key}")
    st.session_state[f"{_DRAWN}_{key}"] = (found.walk, shown)
    if not before or before[0] is found.walk or not shared_walks.has_followed(found.walk):
        return ""
    known, now = (  # times and ids differ in each exchange
        {beat.id: replace(beat, exchange=None) for beat in it.beats} for it in (before[1], shown)
    )
    changed = (beat for id_, beat in now.items() if known.get(id_) != beat)
    return next((beat.id for beat in changed if part in (None, beat.step)), "")


def standing(beats: Iterable[Beat]) -> tuple[Beat, ...]:
    """What has happened so far, for a film that plays after it: of each thing the last time, without its exchange.

    What STS did with one token is over when the next one comes.
    """
    kept = {}
    for beat in beats:
        if beat.end in (End.ARRIVED, End.LET_IN) and not beat.claim:
            left = tuple(arrival for arrival in beat.arrivals if arrival.at != "sts")
            kept[beat.cue] = replace(beat, exchange=None, arrivals=left)
    return tuple(kept.values())


def without(party: str) -> tuple[str, ...]:
    """What a map draws as a ghost where that party does not exist: its box, and the edges that begin or end there."""
    return (party, *(edge.id for edge in EDGES if party in (edge.tail.box, edge.head.box)))


def draw_events(
    beats: Sequence[Beat],
    past: Sequence[Beat],
    names: JsonObject,
    subject: Subject,
    content: Content,
    *,
    closing: str = "",
    ghosts: Sequence[str] = (),
    about: Sequence[str] = (),
    plays: Plays = "",
    runs: str = "",
    on_end: Callable[[], None] = components.nothing,
    key: str,
) -> None:
    """Draws beats that are no walk, on a map on which the `past` is in place; the exchange of a clicked chip below it.

    `closing`: what the whole map says at the end. `ghosts`: what is not there, as of `without`. For `about` see
    `film_json`, for `plays`, `runs` and `on_end` see `player.draw`.
    """
    film_of_these = Film(beats=tuple(beats))
    text = film_json(
        film_of_these,
        content,
        subject,
        names,
        ends_whole=False,
        past=past,
        closing=closing,
        ghosts=ghosts,
        about=about,
    )
    beat_id = player.draw(text, content, plays=plays, runs=runs, on_end=on_end, key=key)
    _draw_exchange(beats, beat_id, content, key)


def _draw_growing(
    shown: Film, found: Diagnosis, ghosts: Sequence[str], about: Sequence[str], content: Content, key: str
) -> None:
    draw_events(
        (),
        tuple(_there(standing(shown.beats), ghosts, found.walk)),
        names_of(found.walk),
        found.walk.subject,
        content,
        closing=content.message("map.growing"),
        ghosts=ghosts,
        about=about,
        key=key,
    )


def draw_changes(
    walk: Walk,
    chain: ChainState,
    ghosts: Collection[str],
    changes: Mapping[str, str],
    role: str,
    content: Content,
    key: str,
) -> None:
    """Draws what there is of a chain, and what has to become of its parts (`flow.missions.picture`). `role`: its name,
    where no annotation says it.
    """
    names = names_of(walk)
    names = {**names, "role": names["role"] or role, "pod": "" if "pod" in ghosts else names["pod"]}
    ends = {edge.id: (edge.tail.box, edge.head.box) for edge in EDGES}
    asks = [part for wanted in ("wrong", "goes", "comes") for part, change in changes.items() if change == wanted]
    # A wrong edge says more than its boxes; of what is missing the boxes come first.
    asks.sort(key=lambda part: 2 if changes[part] == "comes" else part not in ends)
    about = dict.fromkeys(box for part in asks for box in ends.get(part, (part,)))
    closing = content.message("map.changing_dashed" if ghosts else "map.changing", name=names["service_account"])
    text = film_json(
        Film(beats=()),
        content,
        walk.subject,
        names,
        ends_whole=False,
        past=tuple(_there(standing(film(walk, chain).beats), ghosts, walk)),
        closing=closing,
        ghosts=sorted(ghosts),
        about=tuple(about),
        changes=changes,
    )
    player.draw(text, content, key=key)


def _there(beats: Iterable[Beat], ghosts: Collection[str], walk: Walk) -> Iterator[Beat]:
    """The beats, without what a dry run alone has brought: to a party that does not exist, or to a Pod that the webhook
    did not edit when it was made."""
    is_unedited = any(check.id == "pod.injected" and check.status is Status.FAILED for check in walk.checks)
    for beat in beats:
        if beat.edge not in ghosts:
            nowhere = {*ghosts, "pod"} if is_unedited and beat.seen is Seen.ASKED else ghosts
            yield replace(beat, arrivals=tuple(it for it in beat.arrivals if it.at not in nowhere))


def _draw_exchange(beats: Iterable[Beat], beat_id: str, content: Content, key: str) -> None:
    beat = next((it for it in beats if it.id == beat_id), None)
    if beat and beat.exchange:
        with mounted.gone_with_its_page():
            components.block(opened(beat.exchange, content), key=f"{key}_exchange")


def compare(before: Film, after: Film, found: Diagnosis, content: Content) -> None:
    """Two half maps that play in step: the broken walk, and the one after the fix. They open where these part."""
    first, second = (_text(it, found, content) for it in (before, after))
    known = {beat.id: (beat.end, beat.check) for beat in before.beats}
    parted = (beat.id for beat in after.beats if known.get(beat.id) != (beat.end, beat.check))
    player.draw(second, content, before=first, opens_at=next(parted, ""), key="films")


def still(content: Content) -> None:
    """The map without a film: where there is no walk, or where the film would give away what a reader is to find."""
    player.draw(film_json(Film(beats=()), content, Subject(namespace="", service_account=""), {}), content, key="film")
