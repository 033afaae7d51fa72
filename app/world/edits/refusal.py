"""Why an edit was not taken: a code and values, no sentences."""

from __future__ import annotations

from app.flow.visible import visible

SHOWN = 300
"""Characters of the typed text that a refusal quotes."""


class EditRefused(Exception):
    """What was typed cannot be taken. Nothing has changed."""

    def __init__(self, code: str, *, got: str = "", expected: str = "", where: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.got = _shown(got)
        """What was found: a type, a name, a number of bytes, or a product's own words."""
        self.expected = _shown(expected)
        """What belongs there: a type, a name, a number, names separated by commas."""
        self.where = _shown(where)
        """A path such as `metadata.labels`, or `line:column`, both from 1; empty for the whole."""

    @property
    def words(self) -> str:
        """The code of the words, among those for errors."""
        return f"edit_{self.code}"

    @property
    def values(self) -> dict[str, str]:
        """The values for the placeholders of the words."""
        line, _, column = self.where.partition(":")
        return {"got": self.got, "expected": self.expected, "where": self.where, "line": line, "column": column}


def _shown(text: str) -> str:
    """The beginning, on one line."""
    return visible(text[:SHOWN], keep="") + ("…" if len(text) > SHOWN else "")
