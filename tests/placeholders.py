"""The placeholders of a text, for the tests of the texts."""

from app.content.template import _PLACEHOLDER


def placeholders(text: str) -> frozenset[str]:
    """The names of the placeholders in `text`."""
    return frozenset(_PLACEHOLDER.findall(text))
