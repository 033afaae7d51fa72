"""The lifetimes of the mounted token and of the previous one on one axis: issued, renewal due, expired, and now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from app.content import Content
from app.flow.json_access import get_str, seconds
from app.flow.model import JsonValue
from app.ui.text import breakable, escape, prose

ROTATE_AT = 0.8
"""The share of a token's lifetime after which the kubelet replaces the token (pkg/kubelet/token)."""


@dataclass(frozen=True, kw_only=True)
class Life:
    """The period in which a token is valid, in Unix seconds."""

    begins: float
    expires: float
    id: str = ""
    """`jti`."""

    @property
    def due(self) -> float:
        """When the kubelet begins to ask for the next one."""
        return self.begins + ROTATE_AT * (self.expires - self.begins)


def life(claims: JsonValue) -> Life | None:
    """The lifetime in `claims`; None where they contain none."""
    begins, expires = seconds(claims, "iat"), seconds(claims, "exp")
    if begins is None or expires is None or not begins < expires:
        return None
    return Life(begins=begins, expires=expires, id=get_str(claims, "jti"))


def timeline(current: Life, before: Life | None, now: float, content: Content) -> str:
    """Both lifetimes with `now` across them, and a text on what the last move of the clock has done."""
    replaced = before if before and before != current else None
    lives = [life for life in (replaced, current) if life]
    first = min(life.begins for life in lives)
    last = max(*(life.expires for life in lives), now)
    names = ("anatomy.life_before", "anatomy.life_now") if replaced else ("anatomy.life_now",)
    rows = "".join(
        _life(life, first, last, now, content.message(name), content) for life, name in zip(lives, names, strict=True)
    )
    place = _percent(now, first, last)
    side = "right" if place > 50 else "left"
    paragraphs = "".join(f"<p>{prose(sentence)}</p>" for sentence in _sentences(current, before, now, content))
    return (
        f'<div class="timeline"><div class="at {side}" style="--at:{place:.2f}%"><span>'
        f"{escape(content.message('screens.now'))} {_at(now)}</span></div>{rows}</div>{paragraphs}"
    )


def _life(life: Life, first: float, last: float, now: float, name: str, content: Content) -> str:
    start, due, stop = (_percent(moment, first, last) for moment in (life.begins, life.due, life.expires))
    lived = min(max(_percent(now, first, last), start), stop)
    marks = (
        ("iat", "ui.issued_at", life.begins),
        (f"{ROTATE_AT * 100:.0f} %", "ui.refresh_at", life.due),
        ("exp", "ui.expires_at", life.expires),
    )
    words = "".join(
        f"<li><b>{escape(sign)}</b> {escape(content.message(key))} <code>{_at(moment)}</code></li>"
        for sign, key, moment in marks
    )
    jti = f"<li><b>jti</b> <code>{breakable(life.id)}</code></li>" if life.id else ""
    over = " over" if now >= life.expires else ""
    return (
        f'<div class="life{over}"><b>{escape(name)}</b><div class="bar">'
        f'<i class="whole" style="left:{start:.2f}%;right:{100 - stop:.2f}%"></i>'
        f'<i class="lived" style="left:{start:.2f}%;right:{100 - lived:.2f}%"></i>'
        f'<i class="due" style="left:{due:.2f}%"></i><i class="now" style="left:{_percent(now, first, last):.2f}%"></i>'
        f"</div><ul>{words}{jti}</ul></div>"
    )


def _sentences(current: Life, before: Life | None, now: float, content: Content) -> Iterable[str]:
    if before and before != current:
        yield content.message("screens.rotated", before=_at(before.begins), after=_at(current.begins))
        key = "anatomy.old_expired" if now >= before.expires else "anatomy.old_alive"
        yield content.message(key, expires=_at(before.expires))
    elif before:
        yield content.message("screens.not_rotated")
    if now >= current.expires:
        yield content.message("anatomy.expired")
    elif now < current.begins:
        yield content.message("anatomy.not_yet")


def _percent(moment: float, first: float, last: float) -> float:
    return min(max((moment - first) / (last - first), 0.0), 1.0) * 100


def _at(moment: float) -> str:
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return "–"
