"""The documents that programs write from the texts of `assets/content`, one in each language that has one."""

from __future__ import annotations

from collections.abc import Callable

import click

from app.content import LANGUAGES, Content, load
from tools.pins import ROOT

DOCS = ROOT / "docs"


def pages(file_key: str, document: Callable[[Content], str]) -> dict[str, str]:
    """What is in each file, by its name: the message `file_key` of each language.

    Languages may share a file, as one does whose documents nobody has translated; it is then in the first of them.
    """
    written = {words.message(file_key): words for words in map(load, reversed(LANGUAGES))}
    return {name: document(words) for name, words in written.items()}


def write(file_key: str, document: Callable[[Content], str]) -> None:
    """Writes them into `docs`, and says which."""
    for name, text in pages(file_key, document).items():
        (DOCS / name).write_text(text, encoding="utf-8")
        click.echo(f"docs/{name}")
