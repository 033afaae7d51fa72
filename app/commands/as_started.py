"""Commands of ours in a text, named as this program was started: once installed, it is no `python -m app`."""

from __future__ import annotations

import re

import click

_INSTALLED = ("irsa-explorer", "kubectl irsa")
_OF_PLUGIN = ("doctor", "check", "token")
_OURS = re.compile(r"(^[ \t]*|[`\"]|\| )python -m app (?=(doctor|check|token|faults|walk|aws)\b)", re.MULTILINE)
"""Where a text of ours has one: at the beginning of a line, quoted, or behind a pipe."""


def as_started(text: str) -> str:
    """The same text, with the name that the reader's shell knows."""
    context = click.get_current_context(silent=True)
    program = context.find_root().info_name if context else ""
    if program not in _INSTALLED or "python -m app " not in text:
        return text
    explorer, _ = _INSTALLED
    return _OURS.sub(lambda found: f"{found[1]}{program if found[2] in _OF_PLUGIN else explorer} ", text)
