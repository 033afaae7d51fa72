"""Two lifetimes on one axis: that of the token that STS was shown, and that of the session which STS issued for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from app.content import Content
from app.flow.json_access import get, get_str
from app.flow.model import Step, Walk
from app.flow.token import LEEWAY
from app.ui.figures.timeline import Life, life
from app.ui.text import escape, prose, utc

DEFAULT_DURATION = 3600
"""Seconds that a session lasts where the request names no `DurationSeconds` (AssumeRoleWithWebIdentity)."""
ADVISORY, MANDATORY = 900, 600
"""Seconds before the session's end at which botocore begins to try to renew the credentials, and from which on it
requires new ones (credentials.py)."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A point of a lifetime: the key of its text, and its time in Unix seconds."""

    name: str
    at: float


def lives(walk: Walk, now: float, content: Content) -> str:
    """The axis with its text beside it; empty where there is no token. `now` is the world's clock in Unix seconds."""
    token = life(get(walk.report(Step.TOKEN_MOUNT).evidence.get("token"), "claims"))
    if token is None:
        return ""
    session = session_of(get_str(walk.report(Step.STS_ASSUME).evidence.get("answer"), "Credentials", "Expiration"))
    of_token = [
        Moment(name="issued", at=token.begins),
        Moment(name="due", at=token.due),
        Moment(name="expires", at=token.expires),
        Moment(name="grace", at=token.expires + LEEWAY),
    ]
    of_session = (
        [
            Moment(name="begins", at=session.begins),
            Moment(name="advisory", at=session.expires - ADVISORY),
            Moment(name="mandatory", at=session.expires - MANDATORY),
            Moment(name="ends", at=session.expires),
        ]
        if session
        else []
    )
    axis = _Axis(of_token, of_session, now)
    sentence = content.message("lives.with_session" if session else "lives.without_session")
    lead = escape(content.message("lives.lead"))
    return (
        f'<section class="lives"><p class="lead">{lead}</p>'
        f"{_drawing(axis, content)}"
        f'<div class="lists">{_list("token", of_token, content)}{_list("session", of_session, content)}</div>'
        f"<p>{prose(sentence)}</p></section>"
    )


def session_of(expiration: str) -> Life | None:
    """The session that ends at this RFC 3339 time and has the default duration; None for another text."""
    try:
        ends = datetime.fromisoformat(expiration).timestamp()
    except ValueError:
        return None
    return Life(begins=ends - DEFAULT_DURATION, expires=ends)


class _Axis:
    """Places in percent of the period that contains both lifetimes and now."""

    def __init__(self, token: Sequence[Moment], session: Sequence[Moment], now: float) -> None:
        self.token, self.session, self.now = token, session, now
        moments = [moment.at for moment in (*token, *session)] + [now]
        self._first, self._last = min(moments), max(moments)

    def place(self, at: float) -> float:
        return 100 * (at - self._first) / (self._last - self._first)


def _drawing(axis: _Axis, content: Content) -> str:
    """The bars. They repeat the lists below them, so they are hidden from screen readers."""
    now = axis.place(axis.now)
    side = "right" if now > 50 else "left"
    label = escape(content.message("screens.now"))
    rows = _bar("token", content.message("lives.token"), axis.token, axis.place)
    enlarged = ""
    if axis.session:
        start, stop = axis.session[0].at, axis.session[-1].at
        rows += _bar("session small", content.message("lives.session"), axis.session, axis.place)
        left, right = axis.place(start), axis.place(stop)
        enlarged = (
            f'<svg class="funnel" viewBox="0 0 100 10" preserveAspectRatio="none">'
            f'<polygon points="{left:.2f},0 {right:.2f},0 100,10 0,10"/></svg>'
        ) + _bar(
            "session",
            content.message("lives.enlarged"),
            axis.session,
            lambda at: 100 * (at - start) / (stop - start),
        )
    return (
        f'<div class="drawing" aria-hidden="true"><div class="axis"><div class="at {side}" style="--at:{now:.2f}%">'
        f"<span>{label}</span></div>{rows}</div>{enlarged}</div>"
    )


def _bar(kind: str, name: str, moments: Sequence[Moment], place: Callable[[float], float]) -> str:
    """One life: a stretch from each moment to the next, and a numbered mark at each."""
    places = [place(moment.at) for moment in moments]
    stretches = "".join(
        f'<i class="stretch {moment.name}" style="left:{left:.2f}%;width:{right - left:.2f}%"></i>'
        for moment, (left, right) in zip(moments, pairwise(places), strict=False)
    )
    marks = "".join(
        f'<i class="number {moment.name}" style="left:{left:.2f}%"></i>'
        for moment, left in zip(moments, places, strict=True)
    )
    return f'<div class="bar {kind}"><b>{escape(name)}</b><div class="track">{stretches}{marks}</div></div>'


def _list(kind: str, moments: Sequence[Moment], content: Content) -> str:
    if not moments:
        return ""
    lines = "".join(
        f"<li><b>{escape(content.message(f'lives.{moment.name}.name'))}</b> <code>{escape(utc(moment.at))}</code>"
        f"<p>{prose(content.message(f'lives.{moment.name}.meaning'))}</p></li>"
        for moment in moments
    )
    heading = escape(content.message(f"lives.{kind}"))
    return f'<div><h3>{heading}</h3><ol class="{kind}">{lines}</ol></div>'
