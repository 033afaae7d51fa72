"""Changes one character of a compact token, and says what changes in the decoded token.

A character of base64url holds six bits, a byte eight. The last character of a part may hold bits that decode to
nothing (RFC 4648 §3.5): a change to only those changes nothing that is signed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.flow import strict_json
from app.flow.token import unpadded
from app.flow.tokens.token_anatomy import TokenField, TokenPart, anatomy

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_SPARE_BITS = {0: 0, 2: 4, 3: 2}
"""How many bits of a part's last character decode to nothing, by the part's length modulo 4."""
_NEIGHBOURS = 16
"""How many bytes are shown on both sides of a changed byte that is in no member."""

_TRIES = 40
"""How many characters of a member are tried."""


class NotACharacter(ValueError):
    """A dot, or a place that the token does not have."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What changed. Of the signature nothing but the place: its characters and bytes are a secret before and after."""

    index: int
    """The character of the compact token."""
    part: str
    """`header`, `payload` or `signature`."""
    byte: int
    """The byte of the decoded part that changed, the only one."""
    name: str = ""
    """The innermost header field or claim that has changed, such as `kubernetes.io.pod.name`; empty between two of
    them."""
    character_before: str = ""
    character_after: str = ""
    byte_before: int | None = None
    byte_after: int | None = None
    before_it: str = ""
    """What stands before the changed byte in that member (or beside it), in the decoded text."""
    after_it: str = ""
    readable: bool = True
    """Whether the part is still a JSON object; for the signature always true."""


def flip(token: str, index: int) -> tuple[str, Change]:
    """`token` with its character at `index` changed, and what that did.

    The lowest bit is flipped that decodes to anything, so that a letter mostly becomes another letter.
    Raises `NotACharacter`, and `MalformedToken` where `token` is none.
    """
    part = next((part for part in anatomy(token) if part.start <= index < part.stop), None)
    if part is None:
        raise NotACharacter(str(index))
    return _flipped(token, index, part)


def _flipped(token: str, index: int, part: TokenPart) -> tuple[str, Change]:
    """The token with the character at `index` changed, and the change; `part` contains that character."""
    # (1) Which bit.
    length, place = part.stop - part.start, index - part.start
    spare = _SPARE_BITS[length % 4] if place == length - 1 else 0
    byte = (place * 6 + 5 - spare) // 8
    other = _ALPHABET[_ALPHABET.index(token[index]) ^ 1 << spare]
    changed = token[:index] + other + token[index + 1 :]

    # (2) What has changed.
    if part.name == "signature":
        return changed, Change(index=index, part=part.name, byte=byte)
    old, new = (unpadded(text[part.start : part.stop]) for text in (token, changed))
    hit = _innermost(part.fields, byte)
    begin, end = (hit.start, hit.stop) if hit else (max(byte - _NEIGHBOURS, 0), byte + 1 + _NEIGHBOURS)
    return changed, Change(
        index=index,
        part=part.name,
        byte=byte,
        name=hit.name if hit else "",
        character_before=token[index],
        character_after=other,
        byte_before=old[byte],
        byte_after=new[byte],
        before_it=old[begin:byte].decode(errors="replace"),
        after_it=old[byte + 1 : end].decode(errors="replace"),
        readable=_is_object(new),
    )


def place_in(token: str, name: str) -> int | None:
    """The last character that carries a bit of that header field or claim and whose change leaves the part readable.

    None where there is none. Raises `MalformedToken`.
    """
    found = next(((part, field) for part in anatomy(token) for field in part.fields if field.name == name), None)
    if found is None:
        return None
    part, field = found
    for index in reversed(range(field.compact_start, field.compact_stop)[-_TRIES:]):
        _, change = _flipped(token, index, part)
        if change.readable and change.name == name:
            return index
    return None


def _innermost(fields: Iterable[TokenField], byte: int) -> TokenField | None:
    for field in fields:
        if field.start <= byte < field.stop:
            return _innermost(field.fields, byte) or field
    return None


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(strict_json.loads(data.decode()), dict)
    except ValueError:
        return False
