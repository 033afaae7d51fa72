"""The line of time: the places at which something happens, by the first token and its session, and what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.content import Content
from app.flow.model import JsonValue
from app.flow.token import LEEWAY
from app.ui.figures.lifetimes import ADVISORY, MANDATORY, session_of
from app.ui.figures.timeline import Life, life
from app.ui.text import escape, prose, utc
from app.ui.time_machine.probes import First
from app.world.apiserver.auth.authentication import LEEWAY_SECONDS
from app.world.lifecycle.history import History

HOUR = 3600.0
SPAN = 36 * HOUR
"""Seconds from the beginning to the end of the line: the 24 hours of a token, and half of the next token's."""
_CLOSE = 2 * HOUR
"""Seconds between two landmarks from which on each has room for a number below it, even on the narrowest line."""
_AFTER = 1.0
"""Seconds after a landmark at which the clock stops, so that the event has happened."""


@dataclass(frozen=True, kw_only=True)
class Landmark:
    """A place on the line at which something happens."""

    name: str
    """The key of its text in `time_machine.marks`, and of its meaning in `lives`."""
    place: float
    """Seconds after the beginning."""


def landmarks(first: First, start: float) -> tuple[Landmark, ...]:
    """The landmarks that lie on the line, in order. `start` is the beginning of the line, Unix seconds."""
    found: dict[str, float] = {}
    if session := session_of(first.credentials.expiration if first.credentials else ""):
        found["advisory"] = session.expires - ADVISORY
        found["mandatory"] = session.expires - MANDATORY
        found["ends"] = session.expires
    if token := life(first.claims):
        found |= {"due": token.due, "refused": token.expires + LEEWAY_SECONDS, "grace": token.expires + LEEWAY}
    places = ((name, at - start + _AFTER) for name, at in found.items())
    on_the_line = (Landmark(name=name, place=place) for name, place in places if 0 < place < SPAN)
    return tuple(sorted(on_the_line, key=lambda mark: mark.place))


def places(history: History, marks: Sequence[Landmark]) -> list[float]:
    """The possible stops: each hour, each landmark, and each earlier stop."""
    known = {*(mark.place for mark in marks), *(stop.place for stop in history.stops)}
    hours = (hour * HOUR for hour in range(int(SPAN // HOUR) + 1))
    return sorted({*known, *(hour for hour in hours if all(clock(hour) != clock(place) for place in known))})


def clock(place: float) -> str:
    """A place as hours and minutes after the beginning: `+19:12`."""
    minutes = round(place / 60)
    return f"+{minutes // 60}:{minutes % 60:02}"


def line(history: History, first: First, mounted: JsonValue, marks: Sequence[Landmark], content: Content) -> str:
    """The lifetimes of the tokens and of the session, the landmarks on them, and the present place. `listed` has the
    same in words."""
    start, now = history.start, history.current.at
    token, current = life(first.claims), life(mounted)
    session = session_of(first.credentials.expiration if first.credentials else "")
    lanes = [("token", "time_machine.lanes.first", token)]
    if current and token and current.id != token.id:
        lanes.append(("token", "time_machine.lanes.current", current))
    lanes.append(("session", "time_machine.lanes.session", session))
    rows = "".join(
        _lane(kind, content.message(key), lived, start, LEEWAY if kind == "token" else 0.0)
        for kind, key, lived in lanes
        if lived
    )
    ticks = "".join(f'<i class="tick" style="left:{_percent(mark.place):.2f}%"></i>' for mark in marks)
    numbers = "".join(_numbers(group, marks) for group in _side_by_side(marks))
    dots = "".join(
        f'<i class="stop {"later" if stop in history.later else ""}" style="left:{_percent(stop.place):.2f}%"></i>'
        for stop in history.stops
    )
    named = {key: escape(content.message(f"time_machine.legend.{key}")) for key in ("drawn", "stop", "later")}
    here = _percent(history.current.place)
    side = "right" if here > 50 else "left"
    return (
        f'<div class="moments"><div class="drawing" aria-hidden="true"><div class="at {side}" style="--at:{here:.2f}%">'
        f"<span>{escape(utc(now))}</span></div>{rows}"
        f'<div class="scale">{ticks}{numbers}</div><div class="stops">{dots}</div></div>'
        f'<p class="legend">{named["drawn"]} <span><i class="stop"></i> {named["stop"]}</span> '
        f'<span><i class="stop later"></i> {named["later"]}</span></p></div>'
    )


def _side_by_side(marks: Sequence[Landmark]) -> list[list[Landmark]]:
    """The landmarks in groups: those that are too close for a number below each share one place."""
    groups: list[list[Landmark]] = []
    for mark in marks:
        if groups and mark.place - groups[-1][-1].place < _CLOSE:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    return groups


def _numbers(group: Sequence[Landmark], marks: Sequence[Landmark]) -> str:
    """The numbers of a group, each as in the list below, side by side under the middle of their ticks."""
    middle = (group[0].place + group[-1].place) / 2
    shown = "".join(f"<b>{marks.index(mark) + 1}</b>" for mark in group)
    return f'<span class="numbers" style="left:max({len(group) * 0.55:.2f}em, {_percent(middle):.2f}%)">{shown}</span>'


def listed(history: History, marks: Sequence[Landmark], gone: str, content: Content) -> str:
    """The landmarks in order, each with its time; a future one is quiet, one that was just passed is marked. `gone`:
    the name of the Pod where it has been deleted, else empty."""
    here = history.current.place
    note = f'<p class="caption">{prose(content.message("time_machine.gone_marks", pod=gone))}</p>' if gone else ""
    lines = []
    for mark in marks:
        state = "here" if mark.place == here else ("past" if mark.place < here else "ahead")
        word = escape(content.message(f"time_machine.{state}"))
        lines.append(
            f'<li class="{state}"><code>{clock(mark.place)}</code> '
            f"<b>{escape(content.message(f'time_machine.marks.{mark.name}'))}</b>"
            f'<p><code class="quiet">{escape(utc(history.start + mark.place - _AFTER))}</code> '
            f'<span class="when">{word}</span></p>'
            f"<p>{prose(content.message(f'lives.{mark.name}.meaning'))}</p></li>"
        )
    return f'{note}<ol class="landmarks">{"".join(lines)}</ol>'


def _lane(kind: str, name: str, lived: Life, start: float, grace: float) -> str:
    begins, due, expires = (_percent(at - start) for at in (lived.begins, lived.due, lived.expires))
    end = _percent(lived.expires + grace - start)
    fresh = due if kind == "token" else expires
    stretches = [("fresh", begins, fresh), ("old", fresh, expires), ("grace", expires, end)]
    drawn = "".join(
        f'<i class="{name}" style="left:{left:.2f}%;width:{right - left:.2f}%"></i>'
        for name, left, right in stretches
        if right > left
    )
    return f'<div class="lane {kind}"><b>{escape(name)}</b><div class="track">{drawn}</div></div>'


def _percent(place: float) -> float:
    return min(max(place / SPAN, 0.0), 1.0) * 100
