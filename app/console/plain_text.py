"""What programs print, as text that can be selected and copied: without what would steer a terminal."""

from __future__ import annotations

import codecs
import re

from app.flow.visible import visible

_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-OQ-WYZ\\`-~])"
)
"""Control sequences, system commands and strings (ECMA-48, 5.4 and 5.6), and single characters after ESC."""
_OPEN_LIMIT = 256
"""Characters after an ESC that are waited for: longer sequences are shown as what they are made of."""


class PlainText:
    """Of one output, whose bytes come in pieces."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""

    def add(self, content: bytes, *, final: bool = False) -> str:
        """The text that is certain by now; `final`: no more comes."""
        text = self._held + self._decoder.decode(content, final)
        text = _SEQUENCE.sub("", text)
        open_at = text.find("\x1b")
        hold = len(text) if final else open_at if 0 <= open_at and len(text) - open_at < _OPEN_LIMIT else len(text)
        if not final and text[:hold].endswith("\r"):
            hold -= 1  # a line feed may follow
        self._held = text[hold:]
        return visible(text[:hold].replace("\r\n", "\n").replace("\r", "\n"))
