"""The life of the mounted token on a line: issued, renewed, expired, and where the world's clock stands."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from app.content import Content
from app.flow.model import Step
from app.flow.steps.documents import dig, seconds
from app.ui import components, controls, session
from app.ui.text import escape, prose

ROTATE_AT = 0.8
"""The part of a token's life after which kubelet replaces it (pkg/kubelet/token)."""


def timeline(visit: session.Visit, content: Content) -> None:
    """The line, what the last move of the clock did to the token, and the buttons that move it."""
    claims = dig(visit.walk.report(Step.TOKEN_MOUNT).evidence, "token", "claims")
    begins, expires = seconds(claims, "iat"), seconds(claims, "exp")
    if begins is None or expires is None or expires <= begins:
        return
    with st.container(border=True, key="timeline"):
        now = session.world().clock.now()
        components.block(_line(begins, expires, now, content) + _moved(visit, begins, content), key="timeline_line")
        controls.clock(content, key="page")


def _line(begins: float, expires: float, now: float, content: Content) -> str:
    place = min(max((now - begins) / (expires - begins), 0.0), 1.0)
    refresh = begins + ROTATE_AT * (expires - begins)
    points = (
        (0.0, "start", content.message("ui.issued_at"), _at(begins)),
        (ROTATE_AT, "middle", content.message("ui.refresh_at"), _after(begins, refresh)),
        (1.0, "end", content.message("ui.expires_at"), _after(refresh, expires)),
    )
    marks = "".join(
        f'<li class="{kind}" style="left:{at * 100:.2f}%"><b>{escape(name)}</b> <span>{escape(when)}</span></li>'
        for at, kind, name, when in points
    )
    return (
        f'<h2 class="heading">{escape(content.message("screens.timeline"))}</h2><div class="timeline">'
        f'<div class="lived" style="width:{place * 100:.2f}%"></div><div class="now" style="left:{place * 100:.2f}%">'
        f"<span>{escape(content.message('screens.now'))}</span></div><ul>{marks}</ul></div>"
    )


def _moved(visit: session.Visit, begins: float, content: Content) -> str:
    before = seconds(visit.replaced, "iat")
    if before is None:
        return ""
    key = "rotated" if before != begins else "not_rotated"
    return f"<p>{prose(content.message(f'screens.{key}', before=_at(before), after=_at(begins)))}</p>"


def _after(earlier: float, moment: float) -> str:
    """The time of `moment`, with its date where that is another one than that of `earlier`."""
    day, _, clock = _at(moment).rpartition(" ")
    return clock if _at(earlier).startswith(f"{day} ") else _at(moment)


def _at(moment: float) -> str:
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return "–"
