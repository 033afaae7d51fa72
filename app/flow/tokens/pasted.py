"""A text that a reader pasted as a token: what is around the token, what is in it, and what is wrong with which part.

No signature gets past `masked`, so what is read, kept and drawn after it contains none.

Sources: RFC 7515 §2 (base64url), §7.1 (compact serialization); RFC 7516 §7.1 (JWE has five parts); RFC 7519 §7.2; RFC
7518 §3 (lengths of signatures); `aws eks get-token` (`k8s-aws-v1.`).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.flow import strict_json
from app.flow.model import JsonObject
from app.flow.token import PARTS, unpadded
from app.flow.visible import visible_each

LONGEST = 16 * 1024
"""Bytes of a text that are looked at. STS accepts 20,000 characters; a token of Kubernetes has about 1,200."""
DOT = "•"
"""Stands for a character of base64url that was not sent."""
OTHER = "?"
"""Stands for any other one."""

_KEPT = frozenset(f"{DOT}.+/=\"'`…")
"""The characters that `masked` keeps, beside white space: they show that a part is broken, and belong to no
signature."""
_OBJECT_BEGINS = re.compile(r"e[yw3]")
"""How `{` and the character after it (`"`, a blank, a line break, `}`) begin in base64url."""
_JSON_BEGINS = re.compile(r"[ \t\r\n]*[{\[]")
_WHOLE = re.compile(r"ey[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_SCHEME = re.compile(r"(?:Authorization\s*:\s*)?Bearer(?=\s)", re.IGNORECASE)
_QUOTES = "\"'`"
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\x00-\x08\x0e-\x1f\x7f]")
_SIGNATURE_BYTES = {
    **{"ES256": (64,), "ES384": (96,), "ES512": (132,), "EdDSA": (64, 114)},
    **{"HS256": (32,), "HS384": (48,), "HS512": (64,)},
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), (256, 384, 512)),
}
"""By algorithm. Of RSA that of the modulus, for keys of 2,048, 3,072 and 4,096 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with the text, or with one of its parts."""

    code: str
    """The key of its text."""
    part: str = ""
    """`header`, `payload` or `signature`; empty where it is the whole text."""
    place: int = 0
    """From 1: the character of the part, or of the JSON that is in it; of `utf8` the byte. 0 where there is none."""
    found: str = ""
    """What was found at that place, with invisible characters written out; or how many there are."""
    expected: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """A text taken apart. Nothing of it has been verified."""

    compact: str = ""
    """The token without what was around it, its signature masked."""
    removed: tuple[str, ...] = ()
    """What was around it or in it: `base64`, `bearer`, `quotes`, `line_breaks`, `blanks`, `invisible`, `text_after`."""
    header: Mapping[str, Any] | None = None
    """None where it cannot be read."""
    claims: Mapping[str, Any] | None = None
    signature: int = 0
    """Characters of the signature."""
    problems: tuple[Problem, ...] = field(default=())

    @property
    def is_token(self) -> bool:
        """Whether header and payload could be read."""
        return self.header is not None and self.claims is not None


def unwrapped(text: str) -> tuple[str, bool]:
    """The token in the value of a Secret, which is base64 of it, and whether it was one; any other text as it is."""
    bare = re.sub(rf"[\s{_QUOTES}]", "", text)
    if "." in bare or not bare.startswith("ZXl"):  # "ey" and what follows it, in base64
        return text, False
    try:
        inner = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return text, False
    return (inner, True) if _WHOLE.fullmatch(inner.strip()) else (text, False)


def masked(text: str) -> str:
    """`text` with a mask for all that may be of a signature. `inspect_token.js` does the same before it sends a text.

    That is all after the second dot; after the only dot, unless a JSON object begins there; and a text without a dot.
    Of JSON it is all but the first bracket: a JWKS may contain a private key.
    The mask keeps the length, white space, quotes and what no base64url has. Twice is once.
    """
    if json_begins := _JSON_BEGINS.match(text):
        return json_begins[0] + _mask(text[json_begins.end() :])
    first, dot, rest = text.partition(".")
    if not dot:
        return _mask(text)
    second, again, third = rest.partition(".")
    if not again and not _OBJECT_BEGINS.match(second.lstrip()):
        return f"{first}.{_mask(second)}"
    return f"{first}.{second}{again}{_mask(third)}"


def _mask(text: str) -> str:
    return "".join(
        sign
        if sign in _KEPT or sign.isspace()
        else DOT
        if sign.isascii() and (sign.isalnum() or sign in "-_")
        else OTHER
        for sign in text
    )


def cleaned(text: str) -> tuple[str, tuple[str, ...]]:
    """The text without what is around a token or got between its characters, and what that was."""
    removed: list[str] = []
    bare = _INVISIBLE.sub("", text.strip()).strip()
    if _INVISIBLE.search(text.strip()):
        removed.append("invisible")
    # A terminal's next command, or what that has printed: lines of a token have no blank within them.
    lines = bare.splitlines()
    if others := [place for place, line in enumerate(lines) if place and len(line.split()) > 1]:
        removed.append("text_after")
        bare = "\n".join(lines[: others[0]])
    before = ""
    while before != bare:
        before = bare
        if (unquoted := bare.strip(_QUOTES).strip()) != bare:
            removed.append("quotes")
            bare = unquoted
        if scheme := _SCHEME.match(bare):
            removed.append("bearer")
            bare = bare[scheme.end() :].strip()
    if re.search(r"[\r\n]", bare):
        removed.append("line_breaks")
    elif re.search(r"\s", bare):
        removed.append("blanks")
    return re.sub(r"\s", "", bare), tuple(dict.fromkeys(removed))


def read(text: str, *, was_base64: bool = False) -> Pasted:
    """Takes a text apart. Never raises.

    `was_base64`: whether the browser has decoded the text as a whole (`unwrapped`) before it sent this one.
    """
    # (1) The text as a whole.
    if (size := len(text.encode("utf-8", "replace"))) > LONGEST:
        return Pasted(problems=(Problem(code="too_long", found=str(size), expected=str(LONGEST)),))
    text, found_base64 = unwrapped(text)
    compact, removed = cleaned(masked(text))
    removed = ("base64", *removed) if was_base64 or found_base64 else removed
    if not compact:
        return Pasted(removed=removed, problems=(Problem(code="empty"),))
    pieces = compact.split(".")
    made = Pasted(compact=compact, removed=removed)
    if whole := _of_whole(compact, pieces):
        return replace(made, problems=(whole,))

    # (2) Each part.
    problems: list[Problem] = []
    header = _object(PARTS[0], pieces[0], problems)
    if len(pieces) == 5 and "enc" in (header or {}):
        return replace(made, problems=(Problem(code="jwe"),))
    payload = _object(PARTS[1], pieces[1], problems)
    if len(pieces) != len(PARTS):
        code = "two_parts" if len(pieces) == 2 else "parts"
        problems.insert(0, Problem(code=code, found=str(len(pieces)), expected=str(len(PARTS))))
    signature = pieces[2] if len(pieces) == len(PARTS) else ""
    if len(pieces) == len(PARTS):
        problems += signature_problems(signature, header or {})
    return replace(made, header=header, claims=payload, signature=len(signature), problems=tuple(problems))


def _of_whole(compact: str, pieces: list[str]) -> Problem | None:
    """What the text is instead of a token; None where it may be one."""
    if compact[0] in "{[":
        return Problem(code="is_json", found=compact[0])
    if compact[0] == "/":
        return Problem(code="path")
    if compact.startswith("k8s-aws-v1."):
        return Problem(code="eks_token")
    if "…" in compact or "..." in compact:
        return Problem(code="shortened", found="…" if "…" in compact else "...")
    if len(pieces) == 1:
        return Problem(code="no_dot", found=str(len(compact)))
    return None


def _object(part: str, encoded: str, problems: list[Problem]) -> JsonObject | None:
    """The JSON object in a part; None where there is none, and why among the problems."""
    found = _encoding(part, encoded) if encoded else Problem(code="empty_part", part=part)
    if found is None:
        try:
            text = unpadded(encoded).decode()
        except UnicodeDecodeError as error:
            byte = f"0x{error.object[error.start]:02x}"
            found = Problem(code="utf8", part=part, place=error.start + 1, found=byte)
    if found is None:
        try:
            value = strict_json.loads(text)
        except ValueError as error:
            found = _of_json(part, text, error)
        else:
            if isinstance(value, dict):
                return value
            found = Problem(code="object", part=part, found=_kind(value))
    problems.append(found)
    return None


def _encoding(part: str, encoded: str) -> Problem | None:
    if DOT in encoded and part != "signature":
        return Problem(code="withheld", part=part, found=str(len(encoded)))
    odd = re.search(rf"[^A-Za-z0-9_{DOT}-]", encoded)
    if odd is not None:
        if part == "signature" and odd[0] == OTHER:
            return Problem(code="other", part=part, place=odd.start() + 1)
        code = "padding" if odd[0] == "=" else "base64" if odd[0] in "+/" else "character"
        return Problem(code=code, part=part, place=odd.start() + 1, found=visible_each(odd[0]))
    if len(encoded) % 4 == 1:
        return Problem(code="length", part=part, found=str(len(encoded)))
    return None


def _of_json(part: str, text: str, error: ValueError) -> Problem:
    if isinstance(error, strict_json.TooDeep):
        return Problem(code="deep", part=part, expected=str(strict_json.DEEPEST))
    if not isinstance(error, json.JSONDecodeError):  # what Python alone takes: NaN, 1e999, half a surrogate pair
        return Problem(code="number", part=part, found=visible_each(str(error))[:40])
    end = len(text.rstrip())
    if error.pos >= end or error.msg.startswith("Unterminated string"):
        return Problem(code="json_end", part=part, place=len(text) + 1)
    return Problem(code="json", part=part, place=error.pos + 1, found=visible_each(text[error.pos]))


def _kind(value: object) -> str:
    """What JSON calls a value."""
    names = {bool: "boolean", str: "string", list: "array", type(None): "null"}
    return names.get(type(value), "number")


def signature_problems(signature: str, header: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the third part of a token by itself, as far as it shows without a key."""
    algorithm = header.get("alg")
    if not signature:
        if not (isinstance(algorithm, str) and algorithm.lower() == "none"):
            yield Problem(code="no_signature", part="signature")
        return
    if found := _encoding("signature", signature):
        yield found
        return
    lengths = _SIGNATURE_BYTES.get(algorithm, ()) if isinstance(algorithm, str) else ()
    if lengths and (count := len(signature) * 6 // 8) not in lengths:
        listed = ", ".join(map(str, lengths))
        yield Problem(code="signature_length", part="signature", found=str(count), expected=f"{listed} ({algorithm})")
