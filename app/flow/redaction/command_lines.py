r"""Secrets in the command lines of containers, which show anyone who may read the Pod what a variable would hide.

A program's own options say what is a secret: `--password=…`, `--password …`, `token=…`, `-p…` of MySQL's clients,
`user:password@` in a URL. References (`$(DB_PASSWORD)`), paths and switches are none, and stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import partial

MASK = "…masked…"
QUOTES = (('"', r'(?:[^"\\]|\\.)*+'), (r'\\"', r'(?:[^"\\]|\\\\(?:\\.|[^"\\]))*+'))
"""How JSON quotes a text, and what such a text is made of: as it is, and within another text of JSON."""
SPACE = r"(?:\s|\\[nrt])*+"

_NAME = (
    r"(?:password|passwd|passphrase|(?<![a-z])pass|(?<![a-z])pwd|secret|(?<!identity[-_])token"
    r"|(?:api|secret(?:[-_.]?access)?|private|auth|account|encryption|licen[cs]e)[-_.]?key)"
)
"""How the name of a secret ends. The token for STS has a mask of its own, which shows its claims."""
_VALUE = r"(?:'[^']*'|\"[^\"]*\"|[^\s&;|'\"<>]+)"
_HARMLESS = re.compile(
    r"(?i:true|false|yes|no|none|null)?|\$(?:[({].*|[A-Z_][A-Z0-9_]*)|(?:file:/?/?|@)?\.{0,2}/[\w.-]+(?:/[\w.-]*)*"
)
"""A switch, a reference to a variable, a file."""
_OPTION = rf"(?!-+(?:no|ask)-)--?[\w.-]*?{_NAME}"
_EXPECTS = re.compile(_OPTION, re.IGNORECASE)
_WHOLE = (
    re.compile(rf"({_OPTION}=)(.+)", re.IGNORECASE | re.DOTALL),
    re.compile(rf"(?=\S+\Z)((?:[\w.-]+=)*?[\w.-]*?{_NAME}=)(.+)", re.IGNORECASE | re.DOTALL),
)
"""A word that names a secret and is no line for a shell: the rest of it is the value, whatever signs are in it. Whether
there are blanks is found out first: after each name, a long word with one at its end took quadratic time."""
_ALWAYS = (
    re.compile(rf"({_NAME}=)({_VALUE})", re.IGNORECASE),
    re.compile(rf"((?<!\S){_OPTION}\s+)(?!-)({_VALUE})", re.IGNORECASE),
    re.compile(rf"((?<![\w-])(?:[\w-]*?[_-])?{_NAME}:[ \t]++)({_VALUE})", re.IGNORECASE),  # a header
    re.compile(rf"((?<!\w)pass:)({_VALUE})"),  # openssl
    re.compile(r"((?<=[\w+.-])://[^\s/:@'\"]*:)([^\s/@'\"]+)(?=@)"),
)
"""A URL is looked for by its colon: from each letter on, a long word took quadratic time, and Python's lock with it."""
_SHORT = tuple(
    (re.compile(rf"(?:^|[\s/;|&(])(?:{programs})(?=\s|$)"), re.compile(rf"((?<!\S){option})({_VALUE})"))
    for programs, option in (
        (r"mysql\w*|mariadb[\w-]*|sshpass", r"-p(?=\S)"),
        (r"sshpass|mongo\w*", r"-p\s+"),
        (r"redis-cli", r"-a\s+"),
        (r"ldap\w+", r"-w\s+"),
        (r"curl", r"(?:-\w*u|--user)[\s=]++[^\s:'\"]+:"),
    )
)
"""Programs and their short options with a secret; to most other programs `-p` is a port."""
_LOGS_IN, _OWN_PASSWORD = re.compile(r"(?<!\S)-u(?!ser)\s*\w"), re.compile(r"(-p)(?![\d:]+$|/)(\S+)")
"""Arguments alone do not say which program they are for, since an image may: a user and such a word are MySQL's."""

_ARRAYS = tuple(
    (
        re.compile(rf"({q}(?:args|command){q}{SPACE}:{SPACE}\[)((?:{SPACE}{q}{text}{q}{SPACE},?)++)(?={SPACE}\])"),
        re.compile(rf"{q}({text}){q}"),
    )
    for q, text in QUOTES
)
"""A container's command line as the Kubernetes API writes it, also inside an annotation's quoted JSON; and a word."""


def mask_arrays(text: str) -> str:
    """JSON in which the secrets within every `command` and `args` are replaced by `MASK`."""
    for level, (array, word) in enumerate(_ARRAYS):
        text = array.sub(partial(_in_layout, word=word, level=level), text)
    return text


def _in_layout(array: re.Match[str], word: re.Pattern[str], level: int) -> str:
    """The array with its words masked, in the layout that they have. `level`: how often they are quoted again."""
    try:
        words = [_decoded(found[1], level) for found in word.finditer(array[2])]
    except ValueError:
        return array[0]
    changes = iter(zip(words, mask_words(words), strict=True))

    def written(found: re.Match[str]) -> str:
        before, after = next(changes)
        return found[0] if before == after else _encoded(after, level)

    return array[1] + word.sub(written, array[2])


def _decoded(text: str, level: int) -> str:
    for _ in range(level + 1):
        text = json.loads(f'"{text}"')
    return text


def _encoded(text: str, level: int) -> str:
    """In quotes, as they are at that level; characters that UTF-8 cannot hold stay JSON's escapes."""
    plain = text == text.encode("utf-8", "replace").decode("utf-8")
    written = json.dumps(text, ensure_ascii=not plain)
    return json.dumps(written, ensure_ascii=False)[1:-1] if level else written


def mask_words(words: Sequence[str]) -> list[str]:
    """A command line, word by word, with its secrets replaced by `MASK`. A word may be a line for a shell."""
    return list(_each(words))


def _each(words: Sequence[str]) -> Iterator[str]:
    line = " ".join(words)
    short = [option for runs, option in _SHORT if runs.search(line)]
    logs_in, before = _LOGS_IN.search(line) is not None, ""
    for word in words:
        if _EXPECTS.fullmatch(before) and not word.startswith("-"):
            yield _value(word)
        else:
            yield _line(word, before, short, logs_in=logs_in)
        before = word


def _line(word: str, before: str, short: Sequence[re.Pattern[str]], *, logs_in: bool) -> str:
    if logs_in and (own := _OWN_PASSWORD.fullmatch(word)):
        return own[1] + _value(own[2])
    for assignment in _WHOLE:
        if pair := assignment.fullmatch(word):
            return pair[1] + _value(pair[2])
    for option in short:  # in this word, or in the one before it; what follows is the value as a whole
        for start, text in ((0, word), (len(before) + 1, f"{before} {word}")):
            if (pair := option.match(text)) and pair.end(1) >= start:
                return text[start : pair.end(1)] + _value(text[pair.end(1) :])
    for expression in (*_ALWAYS, *short):
        word = expression.sub(lambda found: found[1] + _value(found[2]), word)
    return word


def _value(text: str) -> str:
    """The mask in a value's own quotes, unless it is no secret, or masked already."""
    quote = text[0] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else ""
    if MASK in text or _HARMLESS.fullmatch(text.strip(quote) if quote else text):
        return text
    return f"{quote}{MASK}{quote}"
