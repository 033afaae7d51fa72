"""A film in the reader's language, as the JSON text that the map in the browser plays."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from html import unescape

from app.content import Content
from app.flow.film import Arrival, Beat, Claim, End, Film, Seen
from app.flow.json_access import get_str
from app.flow.model import JsonObject, JsonValue, Step, Subject, Walk
from app.flow.visible import is_visible_json, visible
from app.ui.map.geometry import EDGES
from app.ui.marks import NUMBERS
from app.ui.text import prose

_ENDS = {
    End.ARRIVED: "",
    End.STOPPED: "stop",
    End.NEVER: "not_reached",
    End.REFUSED: "refused",
    End.LET_IN: "let_in",
}
_SEEN = (Seen.HEARD, Seen.ASKED)
_ROWS = {
    "keys": (0, "keys"),
    "provider_url": (0, "url"),
    "provider_audience": (1, "audience"),
    "trust_sub": (0, "trust"),
    "trust_aud": (1, "trust"),
    "annotation": (0, "annotation"),
    "manifest": (0, "pod"),
    "role_variable": (0, "variable"),
    "file_variable": (1, "variable"),
    "volume": (2, "volume"),
    "token_file": (3, "token"),
    "credentials": (4, "credentials"),
    "buckets": (5, "bucket_list"),
    "presented": (0, "token"),
    "stolen_token": (0, "token_file"),
    "stolen_credentials": (1, "credentials"),
}
"""The row of its box in which an arrival stands, and its look (`geometry.BOXES`, `assets/scripts/map`)."""
_MARKS = {True: "match", False: "mismatch"}
"""The mark on a claim, by whether it is as asked."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def film_json(
    film: Film,
    content: Content,
    subject: Subject,
    names: JsonObject,
    *,
    ends_whole: bool = True,
    past: Sequence[Beat] = (),
    closing: str = "",
    ghosts: Sequence[str] = (),
    about: Sequence[str] = (),
    changes: Mapping[str, str] | None = None,
) -> str:
    """The film as JSON: beats with their sentence, and the state of the chain. `names` are the second lines of boxes.
    `ends_whole`: whether the last beat shows the whole map; `closing`, inline Markdown, is then what it says.
    `past` has happened before: it is not played, and what it left is in place. `ghosts` do not exist yet.
    `about`: the parties that a map which plays nothing shows first, where all of it does not fit.
    `changes`: what has to become of parties and edges (`flow.missions.picture`), by id.

    One text and not a nested object: Streamlit loads pandas to see whether an object is a table.
    """
    last = _whole(film, content, closing) if closing or (ends_whole and film.beats) else ()
    shows = next((beat.edge for beat in film.beats if beat.id == film.shows), "")
    document: JsonObject = {
        "names": names,
        "beats": [
            *({**beat_document(beat, content, subject), "past": True} for beat in past),
            *(beat_document(beat, content, subject) for beat in film.beats),
            *last,
        ],
        "guilty": film.guilty,
        "shows": shows,
        "path_label": path_label(film, content),
        "not_reached": film.not_reached,
        "ghosts": list(ghosts),
        "ghosts_said": changes_said(changes, content) if changes else _said(ghosts, content),
        "about": list(about),
        "unseen": sorted({beat.edge for beat in film.beats} - {beat.edge for beat in film.beats if beat.seen in _SEEN}),
    }
    if changes:
        document["changes"] = dict(changes)
    if film.longest:
        document["longest"] = film.longest
    text = json.dumps(document, ensure_ascii=False, sort_keys=True)
    shown = {"id": hashlib.sha256(text.encode()).hexdigest()[:16], **document}
    return json.dumps(shown if is_visible_json(text) else _visible(shown), ensure_ascii=False)


def _said(ghosts: Sequence[str], content: Content) -> str:
    """The names of the parties that are ghosts, for readers who do not see the picture."""
    boxes = (content.messages.get(f"map.boxes.{ghost}", "") for ghost in ghosts)
    named = [box.replace("|", " ") for box in boxes if box]
    return content.message("map.ghosts", named=_listed(named, content)) if named else ""


def changes_said(changes: Mapping[str, str], content: Content) -> str:
    """A text on what has to change, for readers who do not see the picture."""
    said = []
    for change in ("comes", "wrong", "goes"):
        named = [name_of(part, content) for part, wanted in changes.items() if wanted == change]
        if named:
            said.append(content.message(f"map.changes.{change}", named=_listed(named, content)))
    return content.facts.sentences(*said)


def name_of(part: str, content: Content) -> str:
    """The name of a party; for an edge the names of its two ends."""
    edge = next((it for it in EDGES if it.id == part), None)
    if edge is None:
        return content.message(f"map.boxes.{part}").replace("|", " ")
    return f"{name_of(edge.tail.box, content)} → {name_of(edge.head.box, content)}"


def _listed(named: Sequence[str], content: Content) -> str:
    return reduce(lambda first, second: content.message("map.pair", first=first, second=second), named)


def _visible(value: JsonValue) -> JsonValue:
    """The value, with every control character made visible: names are a cluster's, not ours."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {key: _visible(one) for key, one in value.items()}
    return [_visible(one) for one in value] if isinstance(value, list | tuple) else value


def names_of(walk: Walk) -> JsonObject:
    """The names in the boxes, as far as this walk has found them."""
    issuer = get_str(walk.report(Step.OIDC_PROVIDER).evidence, "cluster_discovery", "issuer").rpartition("/")[2]
    return {
        "service_account": f"{walk.subject.namespace}/{walk.subject.service_account}",
        "pod": walk.subject.pod,
        "issuer": f"…/id/{issuer}" if issuer else "",
        "role": get_str(walk.report(Step.SERVICE_ACCOUNT).evidence, "role", "RoleName"),
    }


def beat_document(beat: Beat, content: Content, subject: Subject) -> JsonObject:
    """One beat for the browser."""
    said = sentence(beat, content, subject)
    html = prose(said)
    seen = Seen.HEARD if beat.end is End.NEVER else beat.seen  # of what did not happen there is nothing to be seen
    return {
        "id": beat.id,
        "step": beat.step,
        "number": NUMBERS[beat.step],
        "edge": beat.edge,
        "back": beat.back,
        "from": beat.tail,
        "to": beat.head,
        "chip": {"kind": beat.carries, "label": content.message(f"film.chips.{beat.carries}"), "rows": beat.rows},
        "say": html,
        "plain": _plain(html),
        "adds": list(_arrivals(beat.arrivals, content)),
        "removes": ["presented"] if beat.cue == "credentials" else [],
        "seen": seen if seen in _SEEN else Seen.UNSEEN,
        "note": content.message(f"film.notes.{seen}") if seen is not Seen.HEARD else "",
        "milliseconds": round(beat.seconds * 1000, 1) if beat.seconds is not None else None,
        "end": _ENDS[beat.end],
        "verdict": _verdict(beat),
        "beside": {name: _MARKS[matches] for name, matches in beat.claim.beside} if beat.claim else {},
        "against": beat.claim.against if beat.claim and not (_is_unasked(beat.claim) or _has_no_rule(beat)) else "",
        "words": beat.words,
        "opens": beat.exchange is not None,
        "supposed": beat.seen is Seen.IMAGINED,
    }


def sentence(beat: Beat, content: Content, subject: Subject) -> str:
    """The beat's sentence, in content's inline Markdown."""
    said = _sentence(beat, content, subject)
    return _both(content.message("film.keys_kept"), said, content) if beat.keys_kept else said


def _sentence(beat: Beat, content: Content, subject: Subject) -> str:
    words = f"film.beats.{beat.cue}"
    if beat.seen is Seen.IMAGINED:
        return content.message(f"film.imagined.{beat.step}.{beat.id.removeprefix('imagined_')}")
    if beat.end is End.REFUSED or beat.end is End.LET_IN:
        tried = f"film.tried.{beat.cue}.{beat.end}"
        if tried not in content.messages:
            return content.message("film.refused", rule=content.message(f"{words}.rule"))
        return content.message(tried, **beat.values)
    check = content.check(beat.check.id).fill(beat.check, subject).title if beat.check else ""
    if beat.end is End.NEVER:
        return content.message("film.never", check=check)
    if beat.claim and beat.claim.refused:
        return content.message(f"{words}.refused.{beat.claim.refused}")
    if beat.claim and not beat.claim.matches and not _has_no_rule(beat):
        return content.message(f"{words}.differs", got=beat.claim.got, against=beat.claim.against)
    if beat.end is End.STOPPED:
        said = content.message("film.stopped", rule=content.message(f"{words}.rule"))
        return _both(said, content.message("film.failed", check=check), content) if check else said
    values = {**beat.values, **({"got": beat.claim.got, "against": beat.claim.against} if beat.claim else {})}
    say = f"{words}.{'unasked' if beat.claim and _is_unasked(beat.claim) else 'say'}"
    wanted = set(_PLACEHOLDER.findall(content.messages[say]))
    known = wanted <= values.keys() and (beat.exchange is not None)
    said = content.message(say, **values) if known else content.message(f"{words}.rule")
    return _both(said, content.message("film.lies", check=check), content) if check else said


def _both(first: str, second: str, content: Content) -> str:
    return f"{first}{content.facts.between_sentences}{second}"


def _is_unasked(claim: Claim) -> bool:
    """Whether the account accepts the claim with any value, because it has no condition on it."""
    return claim.matches and claim.against == "–"


def _has_no_rule(beat: Beat) -> bool:
    """Whether STS refused for another reason than the claim: the role does not exist, or its policy has no condition on
    it."""
    claim = beat.claim
    return beat.cue == "claim_sub" and claim is not None and not claim.matches and claim.against == "–"


def _verdict(beat: Beat) -> str:
    """The mark on the claim that was compared."""
    if beat.claim is None:
        return ""
    if _has_no_rule(beat):
        return "unknown"
    return _MARKS[beat.claim.matches]


def path_label(film: Film, content: Content) -> str:
    """The label of the path from the cause to where the break appears; empty where nothing is broken."""
    if not film.lies_in:
        return ""
    if not film.shows_in:
        return content.message("film.unseen", lies=NUMBERS[film.lies_in])
    lies, shows = NUMBERS[film.lies_in], NUMBERS[film.shows_in]
    if lies == shows:
        return content.message("film.here", shows=shows)
    return content.message("film.path", lies=lies, shows=shows)


def _whole(film: Film, content: Content, closing: str) -> Iterator[JsonObject]:
    """The last beat, which shows the whole map. In a broken film one path joins the cause and the place where the break
    appears."""
    step = film.beats[-1].step if film.beats else Step.TOKEN_MOUNT
    html = prose(closing or path_label(film, content) or content.message("film.whole"))
    yield {
        "id": "whole", "step": step, "number": NUMBERS[step], "edge": "", "back": False, "from": "", "to": "",
        "chip": None, "say": html, "plain": _plain(html), "adds": [], "removes": [], "seen": Seen.HEARD, "note": "",
        "milliseconds": None, "end": "", "verdict": "", "beside": {}, "against": "", "words": "", "opens": False,
        "supposed": False,
    }  # fmt: skip


def _plain(html: str) -> str:
    return unescape(re.sub(r"<[^<>]+>", "", html))


def _arrivals(arrivals: Iterable[Arrival], content: Content) -> Iterable[JsonObject]:
    for arrival in arrivals:
        row, kind = _ROWS[arrival.id]
        value = arrival.value if arrival.id != "annotation" else f"…/{arrival.value.rpartition('/')[2]}"
        label = content.message(f"film.arrivals.{arrival.id}", value=value)
        yield {
            "id": arrival.id, "at": arrival.at, "row": row, "kind": kind, "label": label, "key": arrival.claim,
        }  # fmt: skip
