"""One token in four views: as base64url, as bytes, as JSON, and by the meaning of each part.

Every piece of every view names the parts that it belongs to in `data-of`, innermost last; `anatomy.js` lights them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.content import Content
from app.flow.tokens.claim_sources import TIMES
from app.flow.tokens.pasted import DOT
from app.flow.tokens.token_anatomy import TokenField, TokenPart
from app.ui.marks import claim
from app.ui.text import breakable, escape, prose, utc

_ROW = 8
"""Bytes in a row of the bytes' view."""

_DECODER = json.JSONDecoder()


@dataclass(frozen=True, kw_only=True)
class Place:
    """A header field, claim or member of one, or the signature, with its number in all four views."""

    number: int
    part: TokenPart
    field: TokenField | None
    depth: int

    @property
    def name(self) -> str:
        """The dotted name; for the signature the name of the part."""
        return self.field.name if self.field else self.part.name


def places(parts: Sequence[TokenPart]) -> tuple[Place, ...]:
    """The places of all parts, each before the places inside it."""
    found = (item for part in parts for item in _inside(part, part.fields if part.fields else (None,), 0))
    return tuple(
        Place(number=number, part=part, field=field, depth=depth)
        for number, (part, field, depth) in enumerate(found)
        if field or part.name == "signature"
    )


def _inside(
    part: TokenPart, fields: Iterable[TokenField | None], depth: int
) -> Iterator[tuple[TokenPart, TokenField | None, int]]:
    for field in fields:
        yield part, field, depth
        if field:
            yield from _inside(part, field.fields, depth + 1)


def four_views(parts: Sequence[TokenPart], content: Content) -> str:
    """The four views beside each other."""
    known = places(parts)
    bodies = {
        "base64url": f'<div class="compact">{compact(parts, known)}</div>',
        "bytes": "".join(_bytes(part, known, content) for part in parts),
        "json": "".join(_json(part, known, content) for part in parts),
    }
    views = "".join(_view(name, body, content) for name, body in bodies.items())
    options = "".join(_meaning(place, parts, content) for place in known)
    label = escape(content.message("anatomy.views.meaning"))
    return (
        f'<div class="views">{views}<section><h3>{label}</h3><ul class="view meanings" role="listbox" tabindex="0" '
        f'aria-label="{label}">{options}</ul></section></div>'
    )


def _view(name: str, body: str, content: Content) -> str:
    label = escape(content.message(f"anatomy.views.{name}"))
    return (
        f'<section><h3>{label}</h3><div class="view {name}" role="group" tabindex="0" aria-label="{label}">'
        f"{body}</div></section>"
    )


def compact(parts: Sequence[TokenPart], known: Sequence[Place]) -> str:
    """The compact token, cut where a part of it begins or ends; each character of the signature is a `•`."""
    shown = []
    for part in parts:
        text = part.base64url if part.name != "signature" else DOT * (part.stop - part.start)
        ranges = [(place.number, *_compact_range(place)) for place in known if place.part is part]
        shown.append(f'<span class="{escape(part.name)}">{_pieces(text, part.start, ranges)}</span>')
    return '<span class="dot">.</span>'.join(shown)


def _compact_range(place: Place) -> tuple[int, int]:
    if place.field is None:
        return place.part.start, place.part.stop
    return place.field.compact_start, place.field.compact_stop


def _bytes(part: TokenPart, known: Sequence[Place], content: Content) -> str:
    """The decoded bytes in hex, and beside them the ASCII that they are."""
    mine = [place for place in known if place.part is part]
    if part.name == "signature":
        sentence = escape(content.message("anatomy.signature_bytes", count=_signature_bytes(part)))
        return f'<p class="signature" data-of="{mine[0].number}">{sentence}</p>'
    data = part.json.encode()
    ranges = [(place.number, place.field.start, place.field.stop) for place in mine if place.field]
    rows = []
    for start in range(0, len(data), _ROW):
        row = data[start : start + _ROW]
        hexed = _pieces([f"{byte:02x} " for byte in row], start, ranges)
        plain = _pieces([chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in row], start, ranges)
        rows.append(f'<div class="row"><span>{hexed}</span><span class="ascii">{plain}</span></div>')
    return f'<div class="{escape(part.name)}">{"".join(rows)}</div>'


def _signature_bytes(part: TokenPart) -> int:
    return (part.stop - part.start) * 6 // 8


def _pieces(text: Sequence[str], offset: int, ranges: Sequence[tuple[int, int, int]]) -> str:
    """`text`, which begins at `offset`, cut at the ends of `ranges`, each piece with the numbers of its ranges."""
    end = offset + len(text)
    cuts = {offset, end, *(cut for _, *both in ranges for cut in both if offset < cut < end)}
    ordered = sorted(cuts)
    drawn = []
    for start, stop in pairwise(ordered):
        words = escape("".join(text[start - offset : stop - offset]))
        of = " ".join(str(number) for number, first, last in ranges if first <= start < last)
        drawn.append(f'<span data-of="{of}">{words}</span>' if of else words)
    return "".join(drawn)


def _json(part: TokenPart, known: Sequence[Place], content: Content) -> str:
    """The JSON with a line for each member; for the signature, a text that it has none."""
    mine = {id(place.field): place.number for place in known if place.part is part}
    if part.name == "signature":
        sentence = escape(content.message("anatomy.signature_json"))
        return f'<p class="signature" data-of="{mine[id(None)]}">{sentence}</p>'
    return f'<div class="{escape(part.name)}">{_object(part.fields, "", mine, 0)}</div>'


def _object(fields: Sequence[TokenField], prefix: str, numbers: dict[int, int], depth: int) -> str:
    lines = []
    for index, field in enumerate(fields):
        comma = "," if index < len(fields) - 1 else ""
        if field.fields:
            key = json.dumps(field.name.removeprefix(prefix), ensure_ascii=False)
            body = f"<b>{escape(key)}</b>:{_object(field.fields, f'{field.name}.', numbers, depth + 1)}"
        else:
            _, end = _DECODER.raw_decode(field.json)
            body = f"<b>{escape(field.json[:end])}</b>{breakable(field.json[end:])}"
        kind = f' class="{claim(field.name)}"' if claim(field.name) else ""
        lines.append(f'<div class="member"><span data-of="{numbers[id(field)]}"{kind}>{body}</span>{comma}</div>')
    return f"{{{''.join(lines)}}}"


def _meaning(place: Place, parts: Sequence[TokenPart], content: Content) -> str:
    if place.field is None:
        sentence = content.message(
            "anatomy.signature_meaning",
            characters=place.part.stop - place.part.start,
            bytes=_signature_bytes(place.part),
            signed=parts[1].stop,
        )
        name = content.message("ui.token_signature")
    else:
        sentence, name = content.claim(place.name), place.name
    kinds = f"{escape(place.part.name)} {claim(name)}"
    number, value = place.number, _value(place)
    # Without a name of its own Orca reads an option's first line alone, and no description.
    named = f"name-{number} value-{number}" if value else f"name-{number}"
    return (
        f'<li role="option" aria-selected="false" id="part-{number}" aria-labelledby="{named}" '
        f'aria-describedby="meaning-{number}" class="{kinds}" data-of="{number}" style="--depth:{place.depth}">'
        f'<code role="none" id="name-{number}">{breakable(name)}</code> {value}'
        f'<span class="meaning" id="meaning-{number}">{prose(sentence)}</span></li>'
    )


def _value(place: Place) -> str:
    """The value of a leaf; beside Unix seconds the time that they mean."""
    if place.field is None or place.field.fields:
        return ""
    value = json.loads(f"{{{place.field.json}}}").popitem()[1]
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    is_time = place.name in TIMES and isinstance(value, int | float)
    when = f" {escape(utc(value))}" if is_time else ""
    return f'<span class="value" id="value-{place.number}">{breakable(shown)}{when}</span>'
