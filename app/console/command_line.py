"""A line as a person types it, taken apart into argument lists: POSIX quoting, pipes, `>`, and here-documents.

The rules are those of the POSIX shell command language (IEEE Std 1003.1, 2.2 Quoting, 2.7 Redirection), as far as they
need no shell. What would need one (variables, substitutions, `&&`) is refused with a reason, and nothing has run then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LINE_LIMIT = 32 * 1024
"""Characters of what is typed or pasted at once."""
LINES = 20
"""Commands that are pasted at once."""
WORDS = 500
"""Words of one command, at most."""
STAGES = 8
"""Commands that a pipe connects."""
_OPERATORS = re.compile(r"[|&;()<>]+")
_EXPANDS = re.compile(r"\$[A-Za-z_0-9@*#?!${(-]")
_NAMED = re.compile(r"\$\{?\w*\}?")
UNWRITABLE = re.compile("[\0\ud800-\udfff]")
"""What no argument of a process can hold."""
_BLANK = " \t\r"
_PLAIN = re.compile(r"[^\s'\"\\|&;()<>$`]*")
"""Characters within a word that mean nothing but themselves."""
_PLAIN_IN_QUOTES = re.compile(r"[^\"\\$`]*")


class LineRefused(Exception):
    """A line that is not run."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(code, values)
        self.code = code
        """The key of the reason's words."""
        self.values = values
        """What those words mention."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One command line: what runs, from left to right, and where its output goes."""

    stages: tuple[tuple[str, ...], ...]
    """The argument lists that pipes connect."""
    given: str | None = None
    """The standard input of the first one, from a here-document; None where there is none."""
    to_file: str = ""
    """The file that gets the output of the last one; empty for the page."""
    appends: bool = False
    """Whether that file keeps what is in it."""


def parse(text: str) -> list[Line]:
    """The lines of what was typed, none for nothing but blanks and comments. Raises `LineRefused`."""
    if len(text) > LINE_LIMIT:
        raise LineRefused("too_long", got=str(len(text)), expected=str(LINE_LIMIT))
    if UNWRITABLE.search(text):
        raise LineRefused("unwritable")
    lines = _Parser(text.replace("\r\n", "\n")).lines()
    if len(lines) > LINES:
        raise LineRefused("too_many_lines", got=str(len(lines)), expected=str(LINES))
    return lines


class _Parser:
    """Goes through the text once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._stages: list[tuple[str, ...]] = []
        self._words: list[str] = []
        self._word: list[str] | None = None
        """The parts of the word that is being read, None between two words: an empty one may be quoted."""
        self._is_quoted = False
        """Whether a part of it is."""
        self._target: str | None = None
        self._appends = False
        self._expects = ""
        """The operator whose word comes next: `>`, `>>` or `<<`."""
        self._delimiters: list[tuple[str, bool]] = []
        """The delimiters of the here-documents that follow, each with whether it is quoted."""
        self._given: str | None = None
        self._lines: list[Line] = []

    def lines(self) -> list[Line]:
        while self._at < len(self._text):
            self._step(self._text[self._at])
        self._end_line()
        return self._lines

    def _step(self, char: str) -> None:
        if char == "'":
            self._single_quoted()
        elif char == '"':
            self._double_quoted()
        elif char == "\\":
            self._escaped()
        elif char in _BLANK:
            self._at += 1
            self._end_word()
        elif char == "\n":
            self._at += 1
            self._end_line()
        elif char == "#" and self._word is None:
            end = self._text.find("\n", self._at)
            self._at = len(self._text) if end < 0 else end
        elif char in "|&;()<>":
            self._operator()
        elif char.isspace():  # a shell takes the full-width one of an input method as a letter
            raise LineRefused("odd_space", got=f"U+{ord(char):04X}")
        else:
            self._refuse_expansion(self._at)
            if self._text[self._at : self._at + 2] in ("$'", '$"'):
                raise LineRefused("variable", got=self._text[self._at : self._at + 2])
            plain = _PLAIN.match(self._text, self._at + 1)
            end = plain.end() if plain else self._at + 1
            self._add(self._text[self._at : end])
            self._at = end

    # (1) Words

    def _add(self, text: str) -> None:
        if self._word is None:
            self._word = []
        self._word.append(text)

    def _single_quoted(self) -> None:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise LineRefused("open_quote", got="'")
        self._add(self._text[self._at + 1 : end])
        self._is_quoted = True
        self._at = end + 1

    def _double_quoted(self) -> None:
        self._add("")
        self._is_quoted = True
        at = self._at + 1
        while at < len(self._text) and (char := self._text[at]) != '"':
            plain = _PLAIN_IN_QUOTES.match(self._text, at)
            if plain and plain.end() > at:
                self._add(plain[0])
                at = plain.end()
                continue
            self._refuse_expansion(at)
            if char == "\\" and self._text[at + 1 : at + 2] in ("$", "`", '"', "\\", "\n"):
                at += 1
                char = self._text[at].replace("\n", "")
            self._add(char)
            at += 1
        if at >= len(self._text):
            raise LineRefused("open_quote", got='"')
        self._at = at + 1

    def _escaped(self) -> None:
        following = self._text[self._at + 1 : self._at + 2]
        if not following:
            raise LineRefused("open_backslash")
        if following != "\n":
            self._add(following)
            self._is_quoted = True
        self._at += 2

    def _refuse_expansion(self, at: int) -> None:
        if self._text[at] == "`" or self._text.startswith("$(", at):
            raise LineRefused("substitution")
        if _EXPANDS.match(self._text, at) and (found := _NAMED.match(self._text, at)):
            raise LineRefused("variable", got=found[0])

    # (2) Operators

    def _operator(self) -> None:
        found = _OPERATORS.match(self._text, self._at)
        operator = found[0] if found else ""
        following = self._text[self._at + len(operator) : self._at + len(operator) + 1]
        word = "".join(self._word or [])
        is_stream = word.isdecimal() and not self._is_quoted
        if operator == "|":
            self._end_stage()
        elif not is_stream and (operator == "<<" or (operator in (">", ">>") and following != "&")):
            self._end_word()
            self._expects = operator
        else:
            got = f"{word}{operator}" if is_stream and operator[0] in "<>" else operator
            raise LineRefused("stream" if "<" in got or ">" in got else "operator", got=got)
        self._at += len(operator)

    def _end_word(self) -> None:
        parts, quoted = self._word, self._is_quoted
        self._word, self._is_quoted = None, False
        if parts is None:
            return
        word = "".join(parts)
        if not self._expects:
            if self._target is not None:
                raise LineRefused("after_target", got=word)
            self._words.append(word)
            if len(self._words) > WORDS:
                raise LineRefused("too_many_words", expected=str(WORDS))
        elif self._expects == "<<":
            if self._stages or self._delimiters:
                raise LineRefused("stream", got="<<")
            self._delimiters.append((word, quoted))
        else:
            if self._target is not None:
                raise LineRefused("after_target", got=word)
            self._target, self._appends = word, self._expects == ">>"
        self._expects = ""

    def _end_stage(self) -> None:
        self._end_word()
        if not self._words or self._expects or self._target is not None:
            raise LineRefused("empty_command")
        self._stages.append(tuple(self._words))
        self._words = []
        if len(self._stages) > STAGES:
            raise LineRefused("too_many_stages", expected=str(STAGES))

    def _end_line(self) -> None:
        self._end_word()
        if not (self._words or self._stages or self._expects or self._target is not None or self._delimiters):
            return
        if self._delimiters:
            self._given = self._here_document(*self._delimiters.pop())
        target = self._target
        self._target = None
        self._end_stage()
        self._lines.append(
            Line(stages=tuple(self._stages), given=self._given, to_file=target or "", appends=self._appends)
        )
        self._stages, self._given, self._appends = [], None, False

    def _here_document(self, delimiter: str, quoted: bool) -> str:
        body: list[str] = []
        while self._at < len(self._text):
            end = self._text.find("\n", self._at)
            end = len(self._text) if end < 0 else end
            line, self._at = self._text[self._at : end], end + 1
            if line == delimiter:
                text = "".join(body)
                if not quoted and (_EXPANDS.search(text) or "`" in text):
                    raise LineRefused("expands", got=delimiter)
                return text
            body.append(f"{line}\n")
        raise LineRefused("open_document", got=delimiter)
