"""The two tokens of the Pod, member by member: for STS on the left, for the API server on the right."""

from __future__ import annotations

from app.content import Content
from app.flow.json_access import get, seconds, shown
from app.flow.model import JsonValue
from app.ui.text import escape, prose, utc, value

_HOUR, _DAY = 3600, 86_400
_ROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("aud", ("aud",)),
    ("lifetime", ()),
    ("warnafter", ("kubernetes.io", "warnafter")),
    ("iss", ("iss",)),
    ("sub", ("sub",)),
    ("pod", ("kubernetes.io", "pod", "name")),
)
_ALIKE = ("iss", "sub", "pod")
"""Members that are the same in both; for all others the table explains the difference."""
_NAMES = {"lifetime": "exp − iat", "warnafter": "kubernetes.io.warnafter", "pod": "kubernetes.io.pod.name"}


def token_pair(ours: JsonValue, other: JsonValue, content: Content) -> str:
    """Both tokens' claims beside each other, those that differ first, each with what the difference means."""
    rows = "".join(_row(key, path, ours, other, content) for key, path in _ROWS)
    head = "".join(f"<th>{escape(content.message(f'anatomy.pair.{key}'))}</th>" for key in ("member", "sts", "api"))
    return f'<table class="pair"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _row(key: str, path: tuple[str, ...], ours: JsonValue, other: JsonValue, content: Content) -> str:
    left, right = (_value(path, claims, content) for claims in (ours, other))
    same = left == right
    sign, word = ("=", "ui.matches") if same else ("≠", "ui.does_not_match")
    kind, word = ("same" if same else "differs"), escape(content.message(word))
    meaning = ""
    if same is (key in _ALIKE):
        words = prose(content.message(f"anatomy.pair.{key}"))
        meaning = f'<tr class="meaning-row"><td colspan="3"><span class="meaning">{words}</span></td></tr>'
    found = f'<td colspan="2">{value(left)}</td>' if same else f"<td>{value(left)}</td><td>{value(right)}</td>"
    return (
        f'<tr class="{kind}"><th scope="row"><code>{escape(_NAMES.get(key, key))}</code> '
        f'<span class="sign" aria-hidden="true">{sign}</span><span class="unseen">{word}</span>'
        f"</th>{found}</tr>{meaning}"
    )


def _value(path: tuple[str, ...], claims: JsonValue, content: Content) -> str:
    if path:
        found = get(claims, *path)
        if found is None:
            return "–"
        is_time = path[-1] == "warnafter" and isinstance(found, int)
        return f"{shown(found)} · {utc(found)}" if is_time else shown(found)
    begins, expires = seconds(claims, "iat"), seconds(claims, "exp")
    if begins is None or expires is None:
        return "–"
    lived = expires - begins
    unit, size = ("days", _DAY) if lived > 2 * _DAY else ("hours", _HOUR)
    return content.message(f"anatomy.{unit}", seconds=f"{lived:.0f}", count=f"{lived / size:.3g}")
