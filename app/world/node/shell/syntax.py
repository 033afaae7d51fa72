"""The syntax tree of a script. Source: POSIX.1-2017, Shell Command Language, 2.10."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Literal:
    """Ordinary characters."""

    text: str
    quoted: bool = False
    """Whether they were quoted: then they contain no pattern and no tilde."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """`$name`, `${name}` and its forms (2.6.2)."""

    name: str
    quoted: bool
    operator: str = ""
    """`-` `=` `?` `+`, with a colon or without; `#` `##` `%` `%%`; `length` for `${#name}`."""
    word: Word = ()


@dataclass(frozen=True, slots=True)
class Substitution:
    """`$(commands)` or backquotes: the text is parsed when it is run."""

    script: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`$((expression))`."""

    word: Word
    quoted: bool


Part = Literal | Parameter | Substitution | Arithmetic
Word = tuple[Part, ...]


@dataclass(slots=True)
class Redirection:
    """`2>file` and the like. A here-document's `word` is read after the line that it begins in."""

    descriptor: int
    operator: str
    """`<` `>` `>|` `>>` `<>` `<&` `>&`, and `<<`."""
    word: Word = ()


@dataclass(frozen=True, slots=True)
class Simple:
    """Assignments, a program with its arguments, redirections: at least one of these."""

    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...]


@dataclass(frozen=True, slots=True)
class If:
    branches: tuple[tuple[Block, Block], ...]
    """Condition and body."""
    otherwise: Block


@dataclass(frozen=True, slots=True)
class Loop:
    """`while` and `until`."""

    until: bool
    condition: Block
    body: Block


@dataclass(frozen=True, slots=True)
class For:
    name: str
    words: tuple[Word, ...] | None
    """None: the positional parameters."""
    body: Block


@dataclass(frozen=True, slots=True)
class Case:
    word: Word
    items: tuple[tuple[tuple[Word, ...], Block], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """`{ …; }`, and `( … )` where it is a subshell."""

    body: Block
    subshell: bool


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    body: Command
    size: int
    """About how many bytes of memory it takes."""


@dataclass(frozen=True, slots=True)
class Redirected:
    """A compound command with redirections of its own."""

    command: Command
    redirections: tuple[Redirection, ...]


Command = Simple | If | Loop | For | Case | Group | Function | Redirected


@dataclass(frozen=True, slots=True)
class Pipeline:
    commands: tuple[Command, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class AndOr:
    """Pipelines, each but the first with the operator in front of it."""

    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...] = field(default=())


Block = tuple[AndOr, ...]
