"""What is answered without Streamlit: a page of a heading and a sentence, and the refusal of a method."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from starlette.responses import PlainTextResponse

from app.content import Content

READING = ("GET", "HEAD")
"""The methods of an address that is only read."""


def method_not_allowed(*allowed: str) -> PlainTextResponse:
    """405 with the methods that the address takes (RFC 9110, 15.5.6)."""
    return PlainTextResponse("Method Not Allowed\n", 405, {"allow": ", ".join(allowed)})


def plain_page(key: str, contents: Sequence[Content], **values: object) -> str:
    """HTML with the messages `<key>.title` and `<key>.text` of each language, and where there is a `<key>.open`, a link
    of that name to the first page. Nothing in it needs a script."""
    sections = "".join(
        f'<section lang="{words.language}"><h1>{escape(words.message(f"{key}.title"))}</h1>'
        f"<p>{escape(words.message(f'{key}.text', **values))}</p>{_link(f'{key}.open', words)}</section>"
        for words in contents
    )
    title = escape(" / ".join(words.message(f"{key}.title") for words in contents))
    return (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style><body>{sections}</body></html>"
    )


def _link(key: str, words: Content) -> str:
    if key not in words.messages:
        return ""
    return f'<p><a href="/?lang={words.language}">{escape(words.message(key))}</a></p>'


_STYLE = ":root{color-scheme:light dark}body{font:1rem/1.6 sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}"
