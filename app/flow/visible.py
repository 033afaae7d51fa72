r"""Characters that a terminal or a browser would obey or hide, written out: ESC as `\x1b`, U+202E as `\u202e`.

They are those of Unicode's categories Cc, Cs, Zl and Zp, and of Cf those that turn a line's direction or leave no mark.
Not among them are the joiners U+200C and U+200D, of which Persian, Indic text and emoji are made, nor the signs of Cf
that have a shape of their own, such as U+0600.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.flow.model import JsonValue

_CONTROLS = "".join(map(chr, range(0x20)))
_BEYOND = (
    "\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    "\ud800-\udfff"
)
"""The signs after U+001F, with those that Unicode keeps free for invisible ones (`Default_Ignorable_Code_Point`)."""
_ESCAPED = re.compile(r'\\[^nt"\\]')
"""In JSON, what may be the escape of another character than a line end, a tab, a quotation mark or a backslash."""
_UNSEEN = re.compile(f"[{_CONTROLS}{_BEYOND}\\s\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]")


_ENDS = re.compile(r"^\s+|(?<!\s)\s+\Z|(?<![^\S\n])[^\S\n]+(?=, )|(?<=, )[^\S\n]+")
"""Each run of blanks is looked at from its first one: from each of them on, a long one took quadratic time."""


def visible(text: str, keep: str = "\n\t") -> str:
    """`text` with every such character written out, but for those in `keep`, which are of the layout. Twice is once."""
    if text.isprintable():  # then there are none, and no layout either
        return text
    return _steering(keep).sub(lambda found: _written(found[0]), text)


def visible_each(text: str) -> str:
    """`text` where each character is what matters: spaces, joiners and variation selectors are written out as well."""
    return _UNSEEN.sub(lambda found: _written(found[0]), text)


def visible_ends(text: str) -> str:
    """`text` with the blanks at its ends written out, and those at the ends of each of several values (`a , b`)."""
    return _ENDS.sub(lambda found: "".join(map(_written, found[0])), text)


def visible_json(text: str) -> str:
    """A JSON text with them as JSON's own escapes (RFC 8259 §7), so that it says the same."""
    return _steering("\t\n\r").sub(lambda found: _json_escape(found[0]), text)


def is_visible_json(text: str) -> bool:
    """Whether no text in a JSON text, as `json.dumps` writes it, has any such character but line ends and tabs. False
    also where it cannot be known at a glance."""
    return not _ESCAPED.search(text) and not _steering("").search(text)


def pretty_json(document: JsonValue) -> str:
    """A document to be edited: over several lines, letters of every language as they are, the characters as escapes."""
    return visible_json(json.dumps(document, indent=2, ensure_ascii=False))


@cache
def _steering(keep: str) -> re.Pattern[str]:
    return re.compile(f"[{''.join(sign for sign in _CONTROLS if sign not in keep)}{_BEYOND}]")


def _written(character: str) -> str:
    return r"\x20" if character == " " else character.encode("unicode_escape", "surrogatepass").decode()


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
