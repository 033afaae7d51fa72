"""The film as one animated SVG, for a README or a slide, without a script or a network.

CSS alone moves it. A reader who wants less motion sees the end of the film, and both colour schemes are in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any

from app.flow.model import JsonObject
from app.locations import ASSETS
from app.ui.map.geometry import Rectangle
from app.ui.map.picture_ways import HEIGHT, Point, Shares, way
from app.ui.map.render_map import FILE

_TEXT, _LINE = 40, 50
"""The type size of the sentence and the height of its lines below the map, in the map's units."""
_LETTER = 16
"""The approximate width of a letter of a name or a chip; a Japanese character has twice this width."""
_TRAVEL, _READING = 1.6, 0.05
"""Seconds for which a thing travels, and seconds to read one column of text."""
_SHORTEST = 3.4
_PIECE = re.compile(r"(?=.)[「（(]*(?:\d+ )?[^\sぁ-ん、。）」「（]*(?: ?[ぁ-ん]+)?[、。）」]*\s*")
"""Matches a piece of text that is not broken: a word with its particle and its punctuation, a number with its unit."""
_STYLE = ASSETS / "film_picture.css"
_TIP = (
    '<defs><marker id="tip" viewBox="0 0 10 10" refX="7" refY="5" markerWidth="4" markerHeight="4" '
    'orient="auto-start-reverse"><path d="M0 0L10 5L0 10Z" fill="context-stroke"/></marker></defs>'
)


@cache
def _geometry() -> JsonObject:
    found: JsonObject = json.loads(FILE.read_text(encoding="utf-8").partition("=")[2])
    return found


def film_svg(film: str, words: dict[str, str]) -> str:
    """The SVG of a film (`film_json`'s text), which begins again when it ends. `words` are those of the map."""
    played, geometry = json.loads(film), _geometry()
    width, height = geometry["size"]
    times = list(_times(played["beats"]))
    total = times[-1][1]
    parts, rules = [*_ground(geometry, words)], [_STYLE.read_text(encoding="utf-8")]
    paths = {edge["id"]: edge["path"] for edge in geometry["edges"]}
    rows = {box["id"]: box["rows"] for box in geometry["boxes"]}
    names = list(_names(geometry, words))
    last = len(times) - 1
    sentences = [_wrapped(beat["plain"], width - 150) for beat in played["beats"]]
    caption = _LINE * (1 + max(2, *map(len, sentences)))
    for number, (beat, (start, end)) in enumerate(zip(played["beats"], times, strict=True)):
        stop = " stop" if beat["end"] == "stop" else ""
        shown = _window(number, "on", start, end, total, rules)
        ends = " end" if number == last else ""
        # (1) The sentence.
        said = "".join(
            f'<text class="say{stop}" x="110" y="{height + 56 + at * _LINE}">{escape(line)}</text>'
            for at, line in enumerate(sentences[number])
        )
        sign = f'<text class="number{stop}" x="40" y="{height + 56}">{escape(str(beat["number"]))}</text>'
        parts.append(f'<g class="once {shown}{ends}">{sign}{said}</g>')
        # (2) The arrow, and what travels on it.
        if (path := paths.get(beat["edge"])) and beat["end"] != "not_reached":
            tip = "start" if beat["back"] else "end"
            parts.append(f'<path class="lit once {shown}{stop}{ends}" d="{path}" marker-{tip}="url(#tip)"/>')
            claim = beat["chip"]["rows"][0][0] if beat["chip"]["kind"] == "claim" else ""
            label = claim or beat["chip"]["label"]
            (low, high), aside = way(path, _wide(label), names)
            shares = (high, low) if beat["back"] else (low, high)
            moving = _travel(number, path, shares, start, end, total, rules)
            parts.append(_chip(label, f"{claim}{stop}", f"{moving} {shown}", aside))
        # (3) What stays.
        stays = _window(number, "stay", min(start + _TRAVEL + 0.6, end - 0.3), total, total, rules)
        for add in beat["adds"]:
            left, top, wide, tall = rows[add["at"]][add["row"]]
            label = escape(_short(add["label"], wide - 24))
            parts.append(
                f'<g class="once end {stays}"><rect class="add {add["key"]}" x="{left}" y="{top}" width="{wide}" '
                f'height="{min(tall, 36)}" rx="6"/><text class="row" x="{left + 12}" y="{top + 25}">{label}</text></g>'
            )
    style = "".join(rules)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + caption}" role="img">'
        f"<title>{escape(words['title'])}</title><style>{style}</style>"
        f'{_TIP}<rect class="paper" width="{width}" height="{height + caption}"/>{"".join(parts)}</svg>'
    )


def _times(beats: list[Any]) -> Iterator[tuple[float, float]]:
    at = 0.0
    for beat in beats:
        lasts = max(_SHORTEST, 1.4 + _READING * _columns(beat["plain"]))
        yield at, at + lasts
        at += lasts


def _ground(geometry: JsonObject, words: dict[str, str]) -> Iterator[str]:
    for zone in geometry["zones"]:
        left, top, wide, tall = zone["box"]
        x, y = zone["name"]
        yield (
            f'<rect class="zone {zone["id"]}" x="{left}" y="{top}" width="{wide}" height="{tall}" rx="18"/>'
            f'<text class="name {zone["id"]}" x="{x}" y="{y}">{escape(words["zones." + zone["id"]])}</text>'
        )
    for edge in geometry["edges"]:
        if edge["id"] not in ("fallback", "knock") and "thief" not in (edge["from"], edge["to"]):
            yield f'<path class="edge" d="{edge["path"]}"/>'
    for box in geometry["boxes"]:
        if box["id"] == "thief":
            continue
        left, top, wide, tall = box["box"]
        lines = words[f"boxes.{box['id']}"].split("|")
        zone = box["zone"] or "outside"
        yield f'<rect class="body {zone}" x="{left}" y="{top}" width="{wide}" height="{tall}" rx="12"/>'
        for at, line in enumerate(lines):
            yield f'<text class="name" x="{left + 14}" y="{top + 38 + 36 * at}">{escape(line)}</text>'


def _names(geometry: JsonObject, words: dict[str, str]) -> Iterator[Rectangle]:
    """The approximate rectangles of the names of zones and boxes: no browser measures them here."""
    for zone in geometry["zones"]:
        x, y = zone["name"]
        yield x, y - 28, _LETTER * _columns(words[f"zones.{zone['id']}"]), 36
    for box in geometry["boxes"]:
        left, top, _, _ = box["box"]
        for at, line in enumerate(words[f"boxes.{box['id']}"].split("|")):
            if box["id"] != "thief":
                yield left + 14, top + 10 + 36 * at, _LETTER * _columns(line), 36


def _wide(label: str) -> int:
    return 30 + _LETTER * _columns(label)


def _chip(label: str, classes: str, motion: str, aside: Point) -> str:
    wide, (x, y) = _wide(label), aside
    return (
        f'<g class="chip moving {classes} once {motion}">'
        f'<rect x="{x - wide / 2:g}" y="{y - HEIGHT / 2:g}" width="{wide}" height="{HEIGHT}" rx="{HEIGHT / 2:g}"/>'
        f'<text x="{x:g}" y="{y + 10:g}">{escape(label)}</text></g>'
    )


def _window(number: int, name: str, start: float, end: float, total: float, rules: list[str]) -> str:
    """The name of a new class that is visible from `start` to `end`; adds its rule to `rules`."""
    ident, (a, b) = f"{name}{number}", (100 * start / total, 100 * end / total)
    before, after = max(a - 0.01, 0), min(b + 0.01, 100)
    ends = "" if b >= 100 else f"{b:.2f}%{{opacity:1}}{after:.2f}%,100%{{opacity:0}}"
    begins = "0%{opacity:1}" if a <= 0 else f"0%,{before:.2f}%{{opacity:0}}{min(a + 0.4, b):.2f}%{{opacity:1}}"
    rules.append(f"@keyframes {ident}{{{begins}{ends or '100%{opacity:1}'}}}")
    rules.append(f".{ident}{{animation:{ident} {total:.1f}s linear infinite}}")
    return ident


def _travel(number: int, path: str, shares: Shares, start: float, end: float, total: float, rules: list[str]) -> str:
    """The name of a new class that moves along the arrow and stops clear of both boxes; adds its rule to `rules`."""
    ident = f"go{number}"
    first, then = (f"{100 * share:g}" for share in shares)
    a, b = (100 * moment / total for moment in (start + 0.3, min(start + 0.3 + _TRAVEL, end)))
    rules.append(
        f"@keyframes {ident}{{0%,{a:.2f}%{{offset-distance:{first}%}}{b:.2f}%,100%{{offset-distance:{then}%}}}}"
        f'.{ident}{{offset-path:path("{path}");offset-rotate:0deg;offset-distance:{then}%;'
        f"animation:{ident} {total:.1f}s ease-in-out infinite,on{number} {total:.1f}s linear infinite}}"
    )
    return ident


def _columns(text: str) -> int:
    return sum(2 if sign > "\u2e80" else 1 for sign in text)


def _short(text: str, room: float) -> str:
    most = int(room / 12.4)
    return text if _columns(text) <= most else f"…{text[-(most - 1) :]}"


def _wrapped(text: str, room: float) -> list[str]:
    """Lines of about `room` units, broken at blanks and, in Japanese, before a word."""
    most, lines, line = int(room / (_TEXT * 0.5)), [], ""
    for piece in _PIECE.findall(text):
        if line and _columns(line + piece.rstrip()) > most:
            lines.append(line.strip())
            line = ""
        line += piece
    return [*lines, line.strip()]
