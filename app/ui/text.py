"""Values from outside as HTML: escaped, breakable where a reader would break them, long ids shortened."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.report.escaping import escape as escape

if TYPE_CHECKING:
    from app.content import Content

_BREAK = re.compile(r"(?<=[^\s/:-])[/:-]+(?=.)")
_OPAQUE = re.compile(r"[A-Za-z0-9_+-]{24,}")
"""Matches long runs in which an id may be: those with digits that are neither words nor UUIDs."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_NAMED = 40
"""Characters of a text in the name of the button that copies it."""


def copy_button(content: Content, text: str) -> str:
    """A button that copies `text`. To who listens its name has how that begins: a page has several."""
    ask, done, refused = (escape(content.message(f"screens.{key}")) for key in ("copy", "copied", "not_copied"))
    begins = escape(text.strip().partition("\n")[0][:_NAMED])
    return (
        f'<button type="button" class="copy" data-copy="{escape(text)}"><span class="ask">{ask}</span>'
        f'<span class="done" role="status">{done}</span><span class="refused" role="status">{refused}</span>'
        f'<span class="unseen"> {begins}</span></button>'
    )


_WHOLE = 20
"""How many characters fit on a line: `s3:ListAllMyBuckets`, `pod-after`."""


def breakable(text: str) -> str:
    """`text` escaped, with a place to break after each separator and nowhere else. What is short stays whole, and a
    host name or the name of a field is only broken at its dots where it is long."""
    if len(text) <= _WHOLE:
        return escape(text)
    ends = [match.end() for match in _BREAK.finditer(text)]
    pieces = (text[start:stop] for start, stop in zip([0, *ends], [*ends, len(text)], strict=True))
    return "<wbr>".join(_at_dots(piece) if len(piece) > _WHOLE else escape(piece) for piece in pieces)


def _at_dots(piece: str) -> str:
    return "<wbr>".join(escape(part) for part in re.split(r"(?<=[^\s.]\.)(?=[^\s.])", piece))


_WORD = re.compile(r"(?<!\S)\S+")
_LONG_OPTION = re.compile(r"^(-[\w-]+=)(?=\S{20})")
"""Matches the name of an option whose value may not fit on the same line of a phone: `--for=jsonpath=…`."""
_NAME = r'<span class="untorn">\1</span>'


def whole_words(escaped: str) -> str:
    """HTML of a command in which a word is broken only where it is longer than a line, and an option's name never.

    An ARN, a URL or a path that is longer than a line is broken after its separators.
    """
    return _WORD.sub(lambda found: _whole_word(found[0]), escaped)


def _whole_word(word: str) -> str:
    if _ADDRESS.fullmatch(word):
        return _untorn(word)
    if "-" not in word[:-1]:  # at no hyphen would a browser break the line, as it would in `--name=my-sa`
        return word
    return f'<span class="untorn">{_LONG_OPTION.sub(_NAME, word)}</span>'


def shorten(text: str) -> str:
    """`text` with every long id shortened in its middle: `https://…/id/0A1B2C…E8F9`."""
    return _OPAQUE.sub(_cut, text)


def _cut(match: re.Match[str]) -> str:
    run = match[0]
    if _UUID.fullmatch(run) or _is_words(run) or not any(character.isdigit() for character in run):
        return run
    return f"{run[:6]}…{run[-4:]}"


def _is_words(run: str) -> bool:
    """Whether a run is a name of words, such as `botocore-session-1795559699`: most of its parts are, or it is one."""
    parts = re.split(r"[-_]", run)
    plain = sum(part.isalpha() or part.isdigit() for part in parts)
    return bool(plain * 2 > len(parts))


_ADDRESS = re.compile(r"(?:arn:|https?://|(?<![^\s=])/)[^\s,]+")
_SUBJECT = re.compile(r"system:serviceaccount:(?=\S)")
_END = 16
"""How many characters the end of an address may have."""
_ROOM = 25
"""How many characters stand beside a check's title."""


def distinguishing_part(text: str) -> str:
    """What distinguishes `text` from others like it, in a few characters: the end of an ARN, URL or subject, not `{}`.

    Of several values that need more room the first stands for all: `iat 11-25 00:35 UTC, …`.
    """
    if text in ("{}", "[]"):
        return ""
    short = shorten(_SUBJECT.sub("…:", _ADDRESS.sub(_end, _to_the_minute(text))))
    first, comma, _ = short.partition(", ")
    return f"{first}, …" if comma and len(short) > _ROOM else short


def _end(match: re.Match[str]) -> str:
    """The last segments of an address, as many as there is room for, at least one: `…/id/0A1B2C…E8F9`."""
    first, *segments = shorten(match[0].partition("://")[2] or match[0]).split("/")
    if not segments:
        return str(match[0])
    end = segments.pop()
    while segments and len(end) + len(segments[-1]) < _END:
        end = f"{segments.pop()}/{end}"
    return f"…/{end}" if first or segments else f"/{end}"


_PATH = re.compile(r"(?<![\w/.~…-])/(?!var/run/secrets/)(?:[^\s/:\"'`,;]+/)*(?=[^\s/:\"'`,;])")
"""Matches the folders of an absolute path. Those below `/var/run/secrets` are a Pod's, and the same in every Pod."""


def without_folders(text: str) -> str:
    """`text` in which each absolute path is its last name: `…/config`. A URL stays as it is."""
    return _PATH.sub("…/", text)


def value(text: str) -> str:
    """A value in code type. Where ids were shortened, one click shows the whole."""
    return f"<code>{marked(text)}</code>"


def marked(text: str) -> str:
    """`text` escaped and breakable, its long ids shortened; one click shows the whole."""
    if shorten(text) == text:
        return breakable(text)
    pieces, position = [], 0
    for match in _OPAQUE.finditer(text):
        if (cut := _cut(match)) != match[0]:
            pieces.append(f'{breakable(text[position : match.start()])}<wbr><span class="cut">{escape(cut)}</span>')
            position = match.end()
    pieces.append(breakable(text[position:]))
    return (
        f'<details class="long"><summary><span class="short">{"".join(pieces)}</span>'
        f'<span class="full">{breakable(text)}</span></summary></details>'
    )


_HELD = re.compile(
    r"(?<![A-Za-z0-9_.,-])([0-9][0-9,.]*+) (?=[ァ-ヶ一-龯%]|(?:d|h|min|s)\b)|(?<=[A-Za-z0-9)\]*`]) (?=[ぁ-ん])"
)
"""Matches the space between a number and what it counts (`12 時間`, `80 %`, `7 min`), and the one between a word in
Latin letters and the Japanese particle behind it (`Pod が`)."""
_AFTER_BLOCK = re.compile("</code>\u00a0(?:(?<=</span></code>\u00a0)|(?<=[^\\s<]{30}</code>\u00a0))")
"""Matches code whose last word is one block, or has no room beside it, before a space that allows no break: the browser
breaks the line there anyway, or within what follows."""
_OPENS, _CLOSED = '<span class="untorn">', "([^<]*(?:<wbr>[^<]*)*)</span>"
_PUNCTUATED = re.compile(
    f"{_OPENS}(?:(?<=[(（「“]<code>{_OPENS}){_CLOSED}|{_CLOSED}(?=</code>[.,;:?)、。；：？）」”]))"
)
"""Matches a block at which the browser would leave a bracket on the line before, or a comma on the next one."""


def held(text: str) -> str:
    """`text` in which a number stays on the line of what it counts, and a Japanese particle on that of its noun."""
    return _HELD.sub(lambda found: f"{found[1] or ''}\u00a0", text)


def unheld_after_blocks(html: str) -> str:
    """HTML in which neither a space that allows no break nor a comma stands where the browser breaks anyway, and would
    begin a line, and no bracket where it would end one."""
    return _PUNCTUATED.sub(_inline, _AFTER_BLOCK.sub("</code> ", html))


def _inline(block: re.Match[str]) -> str:
    """The word of a block as a part of its line. One with a hyphen, at which it would be torn, stays whole."""
    word = block[1] or block[2] or ""
    return f'<span class="unbroken">{word}</span>' if "-" in word else word


def prose(text: str) -> str:
    """A sentence of ours: escaped, with `code` in backticks and **strong** words."""
    coded = re.sub(r"`([^`]+)`", lambda match: inline_code(match[1]), escape(held(text)))
    strong = re.sub(r"\*\*(.+?)\*\*(?!\*)", r"<strong>\1</strong>", coded, flags=re.DOTALL)
    return unheld_after_blocks(strong)


_LINE = 30
"""How many characters fit on a line of a phone."""


_FEW = 10
"""How many characters of code stay on one line with their spaces: `aws s3 ls`, `> FILE`."""


def inline_code(escaped: str) -> str:
    """HTML of code within a sentence: a word is broken only where it is longer than a line, and then after a
    separator."""
    if " " in escaped and len(escaped) <= _FEW:
        return f'<code class="whole">{escaped}</code>'
    return f"<code>{re.sub(r'[^ ]+', lambda match: _untorn(match[0]), escaped)}</code>"


def _untorn(word: str) -> str:
    if len(word) > _LINE:  # as one block it would fill a line, and the comma behind it begin the next
        pieces = re.split(r"(?<=[/:])(?<!^arn:)(?<!^/)(?![/:])", word)
        return "<wbr>".join(_untorn(piece) if len(piece) <= _LINE else piece for piece in pieces if piece)
    broken = _BREAK.sub(r"\g<0><wbr>", word) if len(word) > _WHOLE else word
    return f'<span class="untorn">{broken}</span>' if "-" in word or broken != word else word


_MOMENT = re.compile(r"(?<![\w.:-])[12]\d{9}(?![\w.:-])")
"""Matches Unix seconds between 2001 and 2065 that stand alone."""


def _to_the_minute(text: str) -> str:
    return _MOMENT.sub(lambda match: datetime.fromtimestamp(int(match[0]), UTC).strftime("%m-%d %H:%M UTC"), text)


def readable(text: str) -> str:
    """`text` with Unix seconds as UTC times."""
    return _MOMENT.sub(lambda match: utc(int(match[0])), text)


def utc(seconds: float) -> str:
    """Unix seconds as a time in UTC; a dash for a number that is no date."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return "–"
