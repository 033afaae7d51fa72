"""The requests and responses of a step: a picture of which party called which, then a line for each exchange, with
headers and bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from urllib.parse import unquote_plus

from app.content import Content
from app.flow.model import Exchange
from app.ui.draw.documents import document, json_lines
from app.ui.figures.sequence import answer, party, sequence
from app.ui.text import breakable, copy_button, escape, shorten

_LONGEST = 40_000
"""Characters of a body that are drawn; a page with more would be slow to read and to scroll."""
_DEEPEST = 20
"""Levels by which XML is indented at most; AWS's has ten. A body of thousands would become hundreds of megabytes."""


def wire(exchanges: Sequence[Exchange], content: Content) -> str:
    """The exchanges of a step in the order in which they began, as a picture and as a folded list."""
    if not exchanges:
        return f'<p class="quiet">{escape(content.message("ui.wire_empty"))}</p>'
    ordered = sorted(exchanges, key=lambda exchange: exchange.started)
    note = f'<p class="quiet">{escape(content.message("ui.wire_note"))}</p>'
    rows = "".join(_exchange(number, exchange, content) for number, exchange in enumerate(ordered, 1))
    return f"{note}{sequence(ordered, content)}{rows}"


def opened(exchange: Exchange, content: Content) -> str:
    """One exchange, unfolded."""
    return _exchange(1, exchange, content, unfolded=True)


def _exchange(number: int, exchange: Exchange, content: Content, *, unfolded: bool = False) -> str:
    parties = content.message(
        "ui.wire_parties", caller=party(exchange.caller, content), callee=party(exchange.callee, content)
    )
    kind = "good" if exchange.succeeded else "bad"
    answered = ""
    if exchange.status:
        answered = _message(content, "response", exchange.response_headers, exchange.response_body)
    elif exchange.error:
        answered = f"<pre>{escape(exchange.error)}</pre>"
    return (
        f'<details class="exchange"{" open" if unfolded else ""}><summary>'
        f'<span class="parties"><b>{number}</b> {escape(parties)}</span>'
        f'<span class="call"><b>{escape(exchange.method)}</b> {breakable(shorten(exchange.url))}</span>'
        f'<span class="{kind}">{escape(answer(exchange, content))}</span>'
        f'<span class="time">{exchange.seconds * 1000:.1f} ms</span></summary>'
        f'<p class="address"><code>{breakable(exchange.url)}</code>{copy_button(content, exchange.url)}</p>'
        f"{_message(content, 'request', exchange.request_headers, exchange.request_body)}{answered}</details>"
    )


def _message(content: Content, key: str, headers: Sequence[tuple[str, str]], body: str) -> str:
    lines = "".join(f"<div><b>{escape(name)}:</b> {breakable(text)}</div>" for name, text in headers)
    shown = f'<p class="quiet">{escape(content.message("ui.body_empty"))}</p>'
    if body:
        shown = f'<div class="body">{copy_button(content, body)}{_body(body, content)}</div>'
    return f'<h3>{escape(content.message(f"ui.{key}"))}</h3><div class="headers">{lines}</div>{shown}'


def _body(body: str, content: Content) -> str:
    """A body for reading: JSON and XML indented, a form with one field in each line, anything else unchanged."""
    if len(body) <= _LONGEST:
        try:
            return document(content, json_lines(json.loads(body)), {})
        except (ValueError, RecursionError):
            pass
    body = body[:_LONGEST]
    if body.lstrip().startswith("<"):
        return f"<pre>{escape(indented(body))}</pre>"
    if re.fullmatch(r"[\w.%+*-]+=[^\s]*", body):
        fields = (field.partition("=") for field in body.split("&"))
        lines = (f"<b>{escape(unquote_plus(name))}</b>={breakable(unquote_plus(text))}" for name, _, text in fields)
        return f'<pre class="wraps">{"<br>".join(lines)}</pre>'
    return f"<pre>{escape(body)}</pre>"


def indented(xml: str) -> str:
    """XML with one element a line. For reading only: nothing is parsed, so nothing can go wrong."""
    depth, lines = 0, []
    for piece in re.sub(r">\s*<", ">\n<", xml.strip()).split("\n"):
        if piece.startswith("</"):
            depth = max(depth - 1, 0)
        lines.append("  " * min(depth, _DEEPEST) + piece)
        end = piece.rfind("</")  # a search for what closes would begin at each of them
        closed = piece.endswith("/>") or (end >= 0 and piece.find(">", end) == len(piece) - 1)
        if re.match(r"<[^/?!]", piece) and not closed:
            depth += 1
    return "\n".join(lines)
