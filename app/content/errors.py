"""What is wrong with the texts: always the file (or language), the key, and the problem."""

from __future__ import annotations


class ContentError(Exception):
    """A text is missing, empty, malformed, or lacks a value for one of its placeholders."""

    def __init__(self, source: str, key: str, problem: str) -> None:
        super().__init__(f"{source}: {key}: {problem}")
        self.source = source
        """The file, with a line number where there is one, or the language once the files are loaded."""
        self.key = key
        """The key, anchor or placeholder."""
        self.problem = problem
