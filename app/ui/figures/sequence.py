"""Which party called which, in order: one lane for each party, one arrow for each exchange."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from app.content import Content
from app.flow.model import Exchange
from app.ui.text import escape, shorten

_AWS = frozenset({"iam", "sts", "s3", "cloudtrail", "instance-metadata"})
_NEUTRAL = frozenset({"explorer"})
_LONGEST = 40
"""Characters of a call's name in the picture; the list below the picture has the whole name."""


def sequence(exchanges: Sequence[Exchange], content: Content) -> str:
    """The exchanges as arrows between lanes, as HTML; read out, it is a list of which party called which."""
    lanes = list(dict.fromkeys(name for exchange in exchanges for name in (exchange.caller, exchange.callee)))
    count = len(lanes)
    heads = "".join(f'<span class="{_world(name)}">{escape(party(name, content))}</span>' for name in lanes)
    lines = "".join(f'<i style="left:{(index + 0.5) / count:.4%}"></i>' for index in range(count))
    arrows = "".join(_arrow(number, exchange, lanes, content) for number, exchange in enumerate(exchanges, 1))
    return (
        f'<div class="sequence"><div class="heads" aria-hidden="true" style="--lanes:{count}">{heads}</div>'
        f'<div class="lanes"><div aria-hidden="true">{lines}</div><ol>{arrows}</ol></div></div>'
    )


def party(name: str, content: Content) -> str:
    """The party's name in the reader's language; a party without a text keeps its own name."""
    return content.messages.get(f"parties.{name}", name)


def called(exchange: Exchange) -> str:
    """What was called, in a few characters: the action of an AWS call, else the method and the end of the path."""
    try:
        action = parse_qs(exchange.request_body).get("Action", [""])[0]
        address = urlsplit(exchange.url)
    except ValueError:
        return exchange.method
    if action:
        return _cut(action)
    command = " ".join(parse_qs(address.query).get("command", []))
    end = address.path.rstrip("/").rpartition("/")[2] or "/"
    query = f" {command}" if command else f"?{address.query}" if address.query else ""
    return _cut(f"{exchange.method} {end}{query}")


def _cut(name: str) -> str:
    short = shorten(name)
    return short if len(short) <= _LONGEST else f"{short[: _LONGEST - 1]}…"


def _world(name: str) -> str:
    return "aws" if name in _AWS else "" if name in _NEUTRAL else "kubernetes"


def _arrow(number: int, exchange: Exchange, lanes: Sequence[str], content: Content) -> str:
    start, end = lanes.index(exchange.caller), lanes.index(exchange.callee)
    left, right = sorted((start, end))
    count = len(lanes)
    place = f"left:{(left + 0.5) / count:.4%};width:{(right - left) / count:.4%}"
    # The text begins at the arrow's left end, or ends at its right end where there is more room.
    from_right = left + right >= count
    side = "from_right" if from_right else ""
    room = (0.0, 1 - (right + 0.5) / count) if from_right else ((left + 0.5) / count, 0.0)
    parties = content.message(
        "ui.wire_parties", caller=party(exchange.caller, content), callee=party(exchange.callee, content)
    )
    return (
        f'<li class="{"" if exchange.succeeded else "failed"}"><span class="unseen">{escape(parties)}: </span>'
        f'<span class="words {side}" style="left:{room[0]:.4%};right:{room[1]:.4%}">'
        f"<b>{number}</b> <span>{escape(called(exchange))}</span> "
        f"<small>{escape(answer(exchange, content))} · {exchange.seconds * 1000:.1f} ms</small></span>"
        f'<span class="arrow {"back" if end < start else ""}" style="{place}" aria-hidden="true"></span></li>'
    )


def answer(exchange: Exchange, content: Content) -> str:
    """The response's status, with a cross where it is no success; or a text that no response came."""
    if not exchange.status:
        return f"✕ {content.message('ui.wire_no_answer')}"
    return str(exchange.status) if exchange.succeeded else f"✕ {exchange.status}"
