"""The filters that work on lines and bytes, as POSIX describes them.

They read what a real command prints, in a process of its own whose end the kernel enforces. The programs of the same
name in a Pod (`app.world.node.programs.unix`) run in the server's event loop, count each step against the Pod's limits,
and complain in the words of coreutils.
"""

from __future__ import annotations

import base64
import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby, islice

from app.console.filters.arguments import Given

_CLASSES = {"alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "space": r"\s", "upper": "A-Z", "lower": "a-z"}
_CLASSES |= {"xdigit": "0-9A-Fa-f", "blank": r" \t", "punct": r"!-/:-@\[-`{-~"}
_TOKEN = re.compile(r"\[\^?\]?(?:\[:[a-z]+:\]|[^\]])*\]|\\.|.", re.DOTALL)
_WORD_ENDS = {r"\<": r"\b(?=\w)", r"\>": r"\b(?<=\w)"}
_OTHER_WAY_ROUND = ("(", ")", "{", "}", "|", "+", "?")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]")


class Ended(Exception):
    """A filter that ends with something other than success."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def cat(_: Given, lines: Iterable[bytes]) -> Iterator[bytes]:
    """Every line as it is."""
    yield from lines


def grep(given: Given, lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines that match. Ends with 1 where none does, with 2 for a pattern that is none."""
    pattern = given.first
    if "F" in given.switches:
        pattern = "|".join(map(re.escape, pattern.split("\n")))
    else:
        pattern = _python_pattern(pattern, extended="E" in given.switches)
    try:
        search = re.compile(pattern, re.IGNORECASE if "i" in given.switches else 0)
    except (re.error, OverflowError) as error:
        raise Ended(2, f"grep: {error}") from None
    wanted, count = "v" not in given.switches, 0
    for number, line in enumerate(lines, 1):
        text = line.removesuffix(b"\n").decode("utf-8", "surrogateescape")
        if (search.search(text) is not None) is not wanted:
            continue
        count += 1
        if "c" in given.switches:
            continue
        mark = f"{number}:" if "n" in given.switches else ""
        found = [match[0] for match in search.finditer(text) if match[0]] if "o" in given.switches else [text]
        for part in found if wanted or "o" not in given.switches else []:
            yield f"{mark}{part}\n".encode("utf-8", "surrogateescape")
    if "c" in given.switches:
        yield f"{count}\n".encode()
    if not count:
        raise Ended(1)


def _python_pattern(pattern: str, *, extended: bool) -> str:
    """A POSIX regular expression (IEEE Std 1003.1, 9) in Python's language, with GNU's ends of words."""
    tokens = _TOKEN.findall(pattern)
    return "".join(
        _in_brackets(token)
        if token.startswith("[") and len(token) > 1
        else _WORD_ENDS.get(token) or (token if extended else _of_basic(token, before, after))
        for before, token, after in zip(("", *tokens), tokens, (*tokens[1:], ""), strict=False)
    )


def _in_brackets(token: str) -> str:
    """A backslash in brackets is itself, and so is a bracket that opens no class, and what Python may once combine sets
    with (https://docs.python.org/3/library/re.html, "set operations"). Raises `Ended` for a class that is none."""
    inside = re.sub(r"[\\&|~]|-(?=-)|\[(?!:[a-z]+:\])", r"\\\g<0>", token[1:])
    for name, members in _CLASSES.items():
        inside = inside.replace(f"[:{name}:]", members)
    if re.search(r"(?<!\\)\[:", inside):
        raise Ended(2, "grep: Invalid character class name")
    return f"[{inside}"


def _of_basic(token: str, before: str, after: str) -> str:
    """One sign of a basic expression: with a backslash `(` groups, without one it is itself. `^`, `$` and `*` are signs
    where they begin or end something."""
    begins, ends = before in ("", r"\(", r"\|"), after in ("", r"\)", r"\|")
    if token in ("^", "$", "*"):
        is_itself = {"^": not begins, "$": not ends, "*": begins or before == "^"}[token]
        return f"\\{token}" if is_itself else token
    if token in _OTHER_WAY_ROUND:
        return f"\\{token}"
    return token[1:] if token[0] == "\\" and token[1:] in _OTHER_WAY_ROUND else token


def base64_(given: Given, lines: Iterable[bytes]) -> Iterator[bytes]:
    """Encodes all input as Base64, or decodes it. Invalid input ends it with status 1, as in GNU's."""
    content = b"".join(lines)
    if "d" not in given.switches:
        text = base64.b64encode(content).decode()
        width = int(given.values.get("w", "76")) or len(text) or 1
        end = "" if given.values.get("w") == "0" else "\n"
        yield "".join(text[at : at + width] + end for at in range(0, len(text), width)).encode()
        return
    packed = content.replace(b"\n", b"")
    broken = _NOT_BASE64.search(packed)
    good = packed[: broken.start()] if broken else packed
    good = good[: len(good) - len(good) % 4] if broken else good
    lacks = -len(good.rstrip(b"=")) % 4
    padded = good.rstrip(b"=") + b"=" * (lacks if lacks < 3 else 0)
    yield base64.b64decode(padded[: len(padded) - len(padded) % 4])
    if broken or len(good) % 4:
        raise Ended(1, "base64: invalid input")


def cut(given: Given, lines: Iterable[bytes]) -> Iterator[bytes]:
    """The chosen fields or characters of each line."""
    chosen = _chosen(given.values.get("f") or given.values["c"])
    by_field, separator = "f" in given.values, given.values.get("d", "\t")
    for line in lines:
        text = line.removesuffix(b"\n").decode("utf-8", "surrogateescape")
        if by_field and separator not in text:
            if "s" not in given.switches:
                yield line if line.endswith(b"\n") else line + b"\n"
            continue
        parts = text.split(separator) if by_field else list(text)
        kept = [part for at, part in enumerate(parts, 1) if any(first <= at <= last for first, last in chosen)]
        yield ((separator if by_field else "").join(kept) + "\n").encode("utf-8", "surrogateescape")


def _chosen(written: str) -> list[tuple[int, int]]:
    found = []
    for part in written.split(","):
        first, dash, last = part.partition("-")
        found.append((int(first or 1), int(last or 10**9) if dash else int(first or 0)))
    return found


def head(given: Given, lines: Iterable[bytes]) -> Iterator[bytes]:
    """The first lines or bytes; with a negative number all but the last."""
    if "c" in given.values:
        content = b"".join(lines)
        yield content[: int(given.values["c"])]
        return
    count = int(given.values.get("n", "10"))
    if count >= 0:
        yield from islice(lines, count)
    else:
        kept = list(lines)
        yield from kept[:count]


def tail(given: Given, lines: Iterable[bytes]) -> Iterator[bytes]:
    """The last lines or bytes; with `+N` all from the Nth on."""
    written = given.values.get("c") or given.values.get("n", "10")
    count = abs(int(written))
    if "c" in given.values:
        content = b"".join(lines)
        yield content[max(0, count - 1) :] if written.startswith("+") else content[max(0, len(content) - count) :]
    elif written.startswith("+"):
        yield from islice(lines, max(0, count - 1), None)
    else:
        yield from deque(lines, maxlen=count)


def wc(given: Given, lines: Iterable[bytes]) -> Iterator[bytes]:
    """How many lines, words and bytes."""
    counts = {"l": 0, "w": 0, "c": 0}
    for line in lines:
        counts["l"] += line.endswith(b"\n")
        counts["w"] += len(line.split())
        counts["c"] += len(line)
    shown = [counts[letter] for letter in "lwc" if letter in (given.switches or "lwc")]
    yield (" ".join(f"{count:7}" if len(shown) > 1 else str(count) for count in shown) + "\n").encode()


def sort(given: Given, lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines in order, by their bytes as in the locale C."""
    kept = [line.removesuffix(b"\n") for line in lines]
    number = re.compile(rb"\s*(-?(?:\d+(?:\.\d*)?|\.\d+))")

    def value(line: bytes) -> float | bytes:
        found = number.match(line)
        return line if "n" not in given.switches else float(found[1]) if found else 0.0

    if "u" not in given.switches:
        kept.sort(reverse="r" in given.switches)  # where the values are equal, the bytes decide
    kept.sort(key=value, reverse="r" in given.switches)
    if "u" in given.switches:
        kept = [next(same) for _, same in groupby(kept, value)]
    yield from (line + b"\n" for line in kept)
