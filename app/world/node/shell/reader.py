"""Reads the words of a script: quoting, `$…`, backquotes. Source: POSIX.1-2017, Shell Command Language, 2.2, 2.3."""

from __future__ import annotations

import re

from app.world.node.shell.limits import NESTING
from app.world.node.shell.syntax import Arithmetic, Literal, Parameter, Part, Substitution, Word

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]", re.ASCII)
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]", re.ASCII)
_OPERATOR = re.compile(r":?[-=?+]|##?|%%?")
_PLAIN = re.compile(r"[^\\'\"$`|&;<>()\s}]+")
_META = "|&;<>() \t\n"
PART_SIZE, COMMAND_SIZE = 150, 300
"""Bytes of memory that a part of a word, and a command, take once they are read."""


class SyntaxProblem(Exception):
    """The text is no script. The message is the shell's."""


class Incomplete(SyntaxProblem):
    """The script is not complete: an interactive shell waits for another line.

    `end`: the line for which it waits, where it reads a here-document; None where any may complete it.
    """

    def __init__(self, message: str, end: str | None = None) -> None:
        super().__init__(message)
        self.end = end


class Reader:
    """A script, and the position up to which it has been read."""

    def __init__(self, text: str, position: int = 0) -> None:
        self.text = text
        self.position = position
        self._depth = 0
        self.size = 0
        """About how many bytes of memory what was read takes; of a script, its last line."""

    def peek(self, count: int = 1) -> str:
        """The next characters."""
        return self.text[self.position : self.position + count]

    def deeper(self) -> None:
        """Counts a construct inside another one. Raises `SyntaxProblem` where there are too many."""
        self._depth += 1
        if self._depth > NESTING:
            raise SyntaxProblem("too many constructs inside each other for this simulated shell")

    def shallower(self) -> None:
        """Ends the construct that `deeper` counted."""
        self._depth -= 1

    def word(self, end: str = "") -> Word:
        """A word, empty where none begins here. With `end` (`}`) it goes on to that character, blanks included."""
        parts: list[Part] = []
        while (character := self.peek()) and character != end and (end or character not in _META):
            if character == "\\":
                self.position += 2
                escaped = self.text[self.position - 1 : self.position]
                if escaped != "\n":
                    parts.append(Literal(escaped or "\\", quoted=True))
            elif character == "'":
                parts.append(Literal(self._until("'", 1), quoted=True))
            elif character == '"':
                self.position += 1
                parts += _without_marks(self.quoted('"'))
            elif character in "$`":
                parts.append(self._dollar(quoted=False))
            else:
                plain = _PLAIN.match(self.text, self.position)
                text = plain[0] if plain else character
                self.position += len(text)
                parts.append(Literal(text))
        if end and not self.peek():
            raise Incomplete(f'Syntax error: Missing "{end}"')
        self.size += PART_SIZE * len(parts)
        return tuple(parts)

    def quoted(self, end: str) -> list[Part]:
        """The parts in double quotes, up to `end`, which is skipped; without `end` the whole text, for a
        here-document."""
        parts: list[Part] = []
        text = ""
        while (character := self.peek()) != end:
            if not character:
                raise Incomplete("Syntax error: Unterminated quoted string")
            if character == "\\":
                following = self.peek(2)[1:]
                if following in ("$", "`", "\\", "\n") or (following == '"' and end):
                    text += "" if following == "\n" else following
                    self.position += 2
                else:
                    text += character
                    self.position += 1
            elif character in "$`":
                parts += [Literal(text, quoted=True), self._dollar(quoted=True)]
                text = ""
            else:
                text += character
                self.position += 1
        self.position += len(end)
        self.size += PART_SIZE * len(parts)
        return [*parts, Literal(text, quoted=True)]

    def _dollar(self, *, quoted: bool) -> Part:
        self.deeper()
        try:
            if self.peek() == "`":
                return self._backquotes(quoted)
            if self.peek(3) == "$((":
                return self._arithmetic(quoted)
            if self.peek(2) == "$(":
                return Substitution(self._parenthesized(), quoted)
            if self.peek(2) == "${":
                return self._braces(quoted)
            if bare := _BARE.match(self.text, self.position + 1):
                self.position = bare.end()
                return Parameter(bare[0], quoted)
            self.position += 1
            return Literal("$", quoted=True)
        finally:
            self.shallower()

    def _braces(self, quoted: bool) -> Part:
        start = self.position
        self.position += 2
        if self.peek() == "#" and (name := _PARAMETER.match(self.text, self.position + 1)):
            if self.text[name.end() : name.end() + 1] == "}":
                self.position = name.end() + 1
                return Parameter(name[0], quoted, "length")
        found = _PARAMETER.match(self.text, self.position)
        if found is None:
            if not self.peek():
                raise Incomplete("Syntax error: Missing '}'")
            raise SyntaxProblem("Bad substitution")
        self.position = found.end()
        operator = _OPERATOR.match(self.text, self.position)
        if operator is None:
            if self.peek() == "}":
                self.position += 1
                return Parameter(found[0], quoted)
            if "}" not in self.text[start:]:
                raise Incomplete("Syntax error: Missing '}'")
            raise SyntaxProblem("Bad substitution")
        self.position = operator.end()
        pattern = operator[0][0] in "#%"
        word = self.word("}") if pattern or not quoted else tuple(self._in_quotes())
        self.position += 1
        return Parameter(found[0], quoted, operator[0], word)

    def _in_quotes(self) -> list[Part]:
        """The word of `"${name-word}"`: as in double quotes, up to the brace."""
        parts: list[Part] = []
        while (character := self.peek()) != "}":
            if not character:
                raise Incomplete("Syntax error: Unterminated quoted string")
            if character == '"':
                self.position += 1
                parts += self.quoted('"')
            elif character in "$`":
                parts.append(self._dollar(quoted=True))
            elif character == "\\" and self.peek(2)[1:] in ("$", "`", "\\", '"', "}", "\n"):
                parts.append(Literal(self.peek(2)[1:].replace("\n", ""), quoted=True))
                self.position += 2
            else:
                parts.append(Literal(character, quoted=True))
                self.position += 1
        self.size += PART_SIZE * len(parts)
        return parts

    def _arithmetic(self, quoted: bool) -> Arithmetic:
        self.position += 3
        parts: list[Part] = []
        depth = 0
        while (character := self.peek()) and not (character == ")" and depth == 0):
            if character in "$`":
                parts.append(self._dollar(quoted=True))
                continue
            depth += (character == "(") - (character == ")")
            if character not in '"\\':
                parts.append(Literal(character, quoted=True))
            self.position += 1
        self.size += PART_SIZE * len(parts)
        if self.peek(2) == "))":
            self.position += 2
            return Arithmetic(tuple(parts), quoted)
        raise SyntaxProblem("Syntax error: Missing '))'") if self.peek() else Incomplete("Syntax error: Missing '))'")

    def _parenthesized(self) -> str:
        """The text of `$(…)`: to find its end, the commands in it are read."""
        from app.world.node.shell.parser import Parser  # the two modules import each other

        inner = Parser(self.text, self.position + 2)
        inner._depth = self._depth
        inner.block((")",), may_be_empty=True)
        if inner.peek() != ")":
            raise Incomplete('Syntax error: end of file unexpected (expecting ")")')
        script = self.text[self.position + 2 : inner.position]
        self.position = inner.position + 1
        return script

    def _backquotes(self, quoted: bool) -> Part:
        script = ""
        self.position += 1
        while (character := self.peek()) != "`":
            if not character:
                raise Incomplete("Syntax error: EOF in backquote substitution")
            if character == "\\":
                following = self.peek(2)[1:]
                script += (
                    following if following in ("$", "`", "\\") or (quoted and following == '"') else f"\\{following}"
                )
                self.position += 2
            else:
                script += character
                self.position += 1
        self.position += 1
        return Substitution(script, quoted)

    def _until(self, end: str, skip: int) -> str:
        found = self.text.find(end, self.position + skip)
        if found < 0:
            raise Incomplete("Syntax error: Unterminated quoted string")
        text = self.text[self.position + skip : found]
        self.position = found + len(end)
        return text


def _without_marks(parts: list[Part]) -> list[Part]:
    """The parts. Beside `$@`, which may be no field, without quoted empty texts, which would be one."""
    if any(isinstance(part, Parameter) and part.name == "@" for part in parts):
        return [part for part in parts if part != Literal("", quoted=True)]
    return parts
