"""From words to fields: parameters, substitutions, splitting, file names. Source: POSIX.1-2017, 2.6."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable, Sequence

from app.world.node.shell.arithmetic import ArithmeticProblem, evaluate
from app.world.node.shell.limits import FIELDS, TEXT, Limits
from app.world.node.shell.patterns import Characters, Pattern, has_pattern
from app.world.node.shell.state import ShellProblem, State
from app.world.node.shell.syntax import Arithmetic, Literal, Parameter, Substitution, Word
from app.world.node.volumes.filesystem import FileSystem

BLANKS = " \t\n"
Piece = tuple[str, bool]
"""Characters of a word, and whether they were quoted."""


class _Fields:
    """The fields of a word while it is expanded."""

    def __init__(self, separators: str) -> None:
        self.all: list[list[Piece]] = []
        self._now: list[Piece] | None = None
        self._separators = separators
        self._after_blank = False

    def add(self, text: str, quoted: bool) -> None:
        """Adds characters that are not split. Quoted ones make a field, even an empty one."""
        if text or quoted:
            self._now = self._now if self._now is not None else []
            self._now.append((text, quoted))
            self._after_blank = False

    def end(self) -> None:
        """Ends the present field, if one has begun."""
        if self._now is not None:
            self.all.append(self._now)
            self._now = None
            if len(self.all) > FIELDS:
                raise ShellProblem("too many words for this simulated shell")

    def split(self, text: str) -> None:
        """Adds the result of an expansion that was not quoted, split into fields (2.6.5)."""
        plain = ""
        for character in text:
            if character not in self._separators:
                plain += character
                continue
            self.add(plain, quoted=False)
            plain = ""
            if character in BLANKS:
                if self._now is not None:
                    self.end()
                    self._after_blank = True
            elif self._now is None and not self._after_blank:
                self.add("", quoted=True)
                self.end()
            else:
                self.end()
                self._after_blank = False
        self.add(plain, quoted=False)


class Expansion:
    """The expansions of one shell. `substitute` runs commands and returns their output."""

    def __init__(
        self,
        state: State,
        files: FileSystem,
        limits: Limits,
        substitute: Callable[[str], Awaitable[str]],
    ) -> None:
        self._state = state
        self._files = files
        self._limits = limits
        self._substitute = substitute

    async def fields(self, words: Sequence[Word]) -> list[str]:
        """The fields of these words, with file names for patterns. Raises `ShellProblem`."""
        found: list[str] = []
        for word in words:
            fields = _Fields(self._separators)
            await self._expand(word, fields, split=True)
            fields.end()
            for field in fields.all:
                names = await self._file_names(field) if "f" not in self._state.options else []
                found += names or ["".join(text for text, _ in field)]
                if len(found) > FIELDS:
                    raise ShellProblem("too many words for this simulated shell")
        return found

    async def text(self, word: Word) -> str:
        """The text of a word that is not split into fields. Raises `ShellProblem`."""
        return "".join(text for text, _ in await self._pieces(word))

    async def pattern(self, word: Word) -> Pattern:
        """The pattern of a word. Raises `ShellProblem`."""
        return Pattern(_characters(await self._pieces(word)), self._limits)

    @property
    def _separators(self) -> str:
        return self._state.variables.get("IFS", BLANKS)

    async def _pieces(self, word: Word) -> list[Piece]:
        fields = _Fields("")
        await self._expand(word, fields, split=False)
        fields.end()
        separator = self._separators[:1] or ""
        pieces: list[Piece] = []
        for number, field in enumerate(fields.all):
            pieces += [(separator or " ", True), *field] if number else field
        if sum(len(text) for text, _ in pieces) > TEXT:
            raise ShellProblem("word too long for this simulated shell")
        return pieces

    async def _expand(self, word: Word, fields: _Fields, *, split: bool) -> None:
        for number, part in enumerate(word):
            await self._limits.step(1 + (len(part.text) // 20 if isinstance(part, Literal) else 0))
            match part:
                case Literal(text=text, quoted=quoted):
                    if number == 0 and not quoted and text.startswith("~"):
                        text = self._home(text, alone=len(word) == 1)
                    fields.add(text, quoted)
                case Parameter():
                    await self._parameter(part, fields, split=split and not part.quoted)
                case Substitution(script=script, quoted=quoted):
                    self._give(await self._substitute(script), fields, quoted=quoted, split=split)
                case Arithmetic(word=inner, quoted=quoted):
                    self._give(str(self._calculate(await self.text(inner))), fields, quoted=quoted, split=split)

    def _give(self, text: str, fields: _Fields, *, quoted: bool, split: bool) -> None:
        self._limits.examine(len(text))
        if split and not quoted:
            fields.split(text)
        else:
            fields.add(text, quoted)

    def _home(self, text: str, *, alone: bool) -> str:
        """The text with `~` and `~/…` replaced. Other users have no home here."""
        home = self._state.variables.get("HOME")
        if home is None or not (text.startswith("~/") or (text == "~" and alone)):
            return text
        return home + text[1:]

    def _calculate(self, expression: str) -> int:
        self._limits.examine(len(expression), 10)

        def get(name: str) -> str:
            value = self._state.get(name)
            if value is None and "u" in self._state.options:
                raise ShellProblem(f"{name}: parameter not set")
            return value or ""

        try:
            return evaluate(expression, get, self._state.set)
        except ArithmeticProblem as problem:
            raise ShellProblem(str(problem)) from None

    async def _parameter(self, part: Parameter, fields: _Fields, *, split: bool) -> None:
        state = self._state
        if part.name in ("@", "*") and part.operator in ("", "-", ":-", "+", ":+"):
            has_some = bool(state.parameters) and (not part.operator.startswith(":") or state.parameters != [""])
            if (part.operator[-1:] == "+") == has_some and part.operator:
                await self._alternative(part, fields, split=split)
            elif has_some and part.operator[-1:] != "+":
                self._all_parameters(part, fields, split=split)
            return
        value = state.get(part.name)
        missing = value is None or (part.operator.startswith(":") and not value)
        match part.operator.removeprefix(":"):
            case "-" if missing:
                await self._alternative(part, fields, split=split)
                return
            case "=" if missing:
                value = await self.text(part.word)
                state.set(part.name, value)
            case "?" if missing:
                text = await self.text(part.word)
                raise ShellProblem(f"{part.name}: {text or 'parameter not set or null'}")
            case "+":
                if not missing:
                    await self._alternative(part, fields, split=split)
                return
        if value is None and "u" in state.options and part.name not in "@*!":
            raise ShellProblem(f"{part.name}: parameter not set")
        value = value or ""
        match part.operator:
            case "length":
                value = str(len(value))
            case "#" | "##" | "%" | "%%":
                value = await self._trimmed(value, part)
        self._give(value, fields, quoted=part.quoted, split=split)

    async def _alternative(self, part: Parameter, fields: _Fields, *, split: bool) -> None:
        if part.quoted:
            fields.add("", quoted=True)
        elif split:
            await self._expand_alternative(part.word, fields)
            return
        await self._expand(part.word, fields, split=split)

    async def _expand_alternative(self, word: Word, fields: _Fields) -> None:
        """Adds the word of `${x-word}`: its unquoted parts are split like the result of an expansion."""
        for number, part in enumerate(word):
            if isinstance(part, Literal) and not part.quoted:
                text = self._home(part.text, alone=len(word) == 1) if number == 0 else part.text
                self._give(text, fields, quoted=False, split=True)
            else:
                await self._expand((part,), fields, split=True)

    def _all_parameters(self, part: Parameter, fields: _Fields, *, split: bool) -> None:
        parameters = self._state.parameters
        if part.name == "*" and part.quoted:
            self._give(self._state.get("*") or "", fields, quoted=True, split=False)
            return
        for number, value in enumerate(parameters):
            if number:
                fields.end()
            self._give(value, fields, quoted=part.quoted, split=split)

    async def _trimmed(self, value: str, part: Parameter) -> str:
        pattern = await self.pattern(part.word)
        if part.operator[0] == "#":
            ends = pattern.ends(value, self._limits)
            cut = (ends[-1] if part.operator == "##" else ends[0]) if ends else 0
            return value[cut:]
        starts = pattern.starts(value, self._limits)
        cut = (starts[-1] if part.operator == "%%" else starts[0]) if starts else 0
        return value[: len(value) - cut]

    async def _file_names(self, field: list[Piece]) -> list[str]:
        """The paths that a pattern matches, sorted; none where the field is no pattern (2.13.3)."""
        characters = _characters(field)
        if not has_pattern(characters):
            return []
        segments: list[list[tuple[str, bool]]] = [[]]
        for character in characters:
            if character[0] == "/":
                segments.append([])
            else:
                segments[-1].append(character)
        found = [""]
        for number, segment in enumerate(segments):
            last = number == len(segments) - 1
            if not segment:
                found = [path + "/" for path in found] if not last else found
                continue
            bases, found = found, []
            for base in bases:
                await self._limits.step(1 + len(base) // 20)
                found += [path if last else f"{path}/" for path in await self._matching(base, segment)]
                if len(found) > FIELDS:
                    raise ShellProblem("too many words for this simulated shell")
        return sorted(found)

    async def _matching(self, base: str, segment: Characters) -> list[str]:
        directory = posixpath.join(self._state.directory, base)
        plain = "".join(character for character, _ in segment)
        try:
            self._limits.walk(directory)
            if not has_pattern(segment):
                self._files.stat(posixpath.join(directory, plain), follow=False)
                return [base + plain]
            names = self._files.listdir(directory)
        except OSError:
            return []
        pattern = Pattern(segment, self._limits)
        hidden = [*names, ".", ".."] if plain.startswith(".") else [name for name in names if not name.startswith(".")]
        found = []
        for name in hidden:
            await self._limits.step(0)
            if pattern.matches(name, self._limits):
                found.append(base + name)
        return found


def _characters(pieces: Sequence[Piece]) -> Characters:
    return [(character, quoted) for text, quoted in pieces for character in text]
