"""Reads blanks, comments, reserved words, here-documents. Source: POSIX.1-2017, Shell Command Language, 2.3, 2.7.4."""

from __future__ import annotations

import re

from app.world.node.shell.reader import Incomplete, Reader, SyntaxProblem
from app.world.node.shell.syntax import Literal, Redirection

_OPERATOR = re.compile(r"&&|\|\||;;|[|&;<>()]|[^\s|&;<>()]+")


class Tokens(Reader):
    """Reads what is between the words of a script."""

    def __init__(self, text: str, position: int = 0) -> None:
        super().__init__(text, position)
        self.documents: list[tuple[Redirection, str, bool, bool]] = []
        """The here-documents that begin after this line, each with its redirection, its delimiter, and whether tabs are
        stripped and the delimiter is quoted."""

    def blanks(self, *, newlines: bool = False) -> None:
        while True:
            character = self.peek()
            if character in (" ", "\t"):
                self.position += 1
            elif self.peek(2) == "\\\n":
                self.position += 2
            elif character == "#":
                end = self.text.find("\n", self.position)
                self.position = len(self.text) if end < 0 else end
            elif character == "\n" and newlines:
                self.newline()
            else:
                return

    def newline(self) -> None:
        """Skips the end of a line, and reads the here-documents that follow it."""
        self.position += 1
        for redirection, delimiter, tabs, quoted in self.documents:
            lines = []
            while True:
                if self.position >= len(self.text):
                    raise Incomplete("Syntax error: here-document without an end", end=delimiter)
                end = self.text.find("\n", self.position)
                end = len(self.text) if end < 0 else end
                line = self.text[self.position : end]
                self.position = min(end + 1, len(self.text))
                line = line.lstrip("\t") if tabs else line
                if line == delimiter:
                    break
                lines.append(line + "\n")
            body = "".join(lines)
            inner = Reader(body)
            redirection.word = (Literal(body, quoted=True),) if quoted else tuple(inner.quoted(""))
            self.size += inner.size
        self.documents.clear()

    def at(self, ends: tuple[str, ...]) -> bool:
        return any(self.word_here(end) for end in ends)

    def word_here(self, word: str) -> bool:
        """Whether a reserved word, or an operator, is next."""
        if not word or self.peek(len(word)) != word:
            return False
        if word in (")", ";;"):
            return True
        following = self.text[self.position + len(word) : self.position + len(word) + 1]
        return not following or following in "|&;<>() \t\n"

    def take(self, word: str) -> bool:
        found = self.word_here(word)
        if found:
            self.position += len(word)
        return found

    def expect(self, word: str) -> None:
        self.blanks(newlines=word not in (")", "}"))
        if not self.take(word):
            raise self.unexpected(word)

    def unexpected(self, expected: str = "") -> SyntaxProblem:
        wanted = f' (expecting "{expected}")' if expected else ""
        if not self.peek():
            return Incomplete(f"Syntax error: end of file unexpected{wanted}")
        if self.peek() == "\n":
            return SyntaxProblem(f"Syntax error: newline unexpected{wanted}")
        operator = _OPERATOR.match(self.text, self.position)
        return SyntaxProblem(f"Syntax error: {operator and chr(34) + operator[0] + chr(34)} unexpected{wanted}")
