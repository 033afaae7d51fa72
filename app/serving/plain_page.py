"""A page without Streamlit: a heading and a sentence, in every language at once."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from app.content import Content


def plain_page(key: str, contents: Sequence[Content], **values: object) -> str:
    """HTML with the messages `<key>.title` and `<key>.text` of each language. Nothing in it needs a script."""
    sections = "".join(
        f'<section lang="{words.language}"><h1>{escape(words.message(f"{key}.title"))}</h1>'
        f"<p>{escape(words.message(f'{key}.text', **values))}</p></section>"
        for words in contents
    )
    title = escape(" / ".join(words.message(f"{key}.title") for words in contents))
    return (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style><body>{sections}</body></html>"
    )


_STYLE = ":root{color-scheme:light dark}body{font:1rem/1.6 sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}"
