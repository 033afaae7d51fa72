"""Writes what may be set from outside into `docs/settings*.md`: `python -m tools.settings_page`.

Variables, defaults and values are those of `app/settings.py`, the words those of `assets/content`. The anchor of a
setting is the name of its variable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.content import Content
from app.settings import Variable, variables
from tools.written_pages import write


def document(words: Content) -> str:
    """The page, in the language of `words`."""
    return "\n".join(_lines(words)) + "\n"


def _lines(words: Content) -> Iterator[str]:
    page = words.messages.below("settings_page")
    yield from (f"# {page['title']}", "", page["lead"], "")
    yield f"| {page['variable']} | {page['default']} | {page['values']} |"
    yield "|---|---|---|"
    for it in variables():
        names = " / ".join(f"[`{name}`](#{it.names[0].lower()})" for name in it.names)
        yield f"| {names} | {_default(it.default, page)} | {_values(it, page)} |"
    for it in variables():
        yield from ("", f'<a id="{it.names[0].lower()}"></a>', "", f"## {' / '.join(f'`{name}`' for name in it.names)}")
        yield from ("", words.message(f"settings.{it.field}.what"), "")
        about = {
            "unit": words.message(f"settings.{it.field}.unit"),
            "default": _default(it.default, page),
            "values": _values(it, page),
            "read": words.message(f"settings.{it.field}.read"),
            "secret": page["yes" if it.is_secret else "no"],
        }
        yield from (words.message("settings_page.item", name=page[key], text=text) for key, text in about.items())
    yield from ("", f"## {page['others']}", "", page["others_lead"], "", page["others_list"])


def _default(value: Any, page: Mapping[str, str]) -> str:
    return page["unset"] if value in (None, "", ()) else f"`{value}`"


def _values(variable: Variable, page: Mapping[str, str]) -> str:
    return f"`{variable.kind.expected}`" if variable.kind.expected else page["any"]


if __name__ == "__main__":
    write("settings_page.file", document)
