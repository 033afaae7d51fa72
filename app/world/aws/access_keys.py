"""Access keys, and AWS's way to write the owner's account into an access key id.

The 16 characters after the prefix are base32 of 80 bits. Of the first 48 of them one is set, 40 are the account id and
7 are free (published by Aidan Steele and by Tal Be'ery). So the owner is known before any secret is looked up.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from functools import lru_cache

from app.flow.model import ConditionKeys

_TOKEN_HEAD = b"!\n\torigin_ec"
_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True, kw_only=True)
class AccessKey:
    """A key pair and the principal it stands for. `repr` shows no secret."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    arn: str
    """The principal as policies and errors name it: a user, or an assumed-role session."""
    user_id: str
    """`AIDA…`, or `AROA…:session`."""
    session_token: str = field(default="", repr=False)
    """Empty for a user's long-lived key."""
    expiration: float | None = None
    """World time in Unix seconds; None for a user's long-lived key."""
    role_name: str = ""
    """Whose permissions the session has; empty for a user."""
    session_policies: tuple[tuple[str, str], ...] | None = None
    """(name, document): what the session was narrowed to. None when it was not."""
    context_keys: ConditionKeys = field(default_factory=dict)
    """Condition keys that every request of this session carries."""


def new_access_key_id(prefix: str, account_id: str) -> str:
    """An access key id (`AKIA…` or `ASIA…`, 20 characters) that belongs to that account."""
    head = (1 << 47) | (int(account_id) << 7) | secrets.randbelow(128)
    return prefix + base64.b32encode(head.to_bytes(6, "big") + secrets.token_bytes(4)).decode()


def account_of(access_key_id: str) -> str | None:
    """The 12 digits of the account that owns the key id; None where it is no key id."""
    return _owner(access_key_id) if len(access_key_id) == 20 else None


@lru_cache(maxsize=256)
def _owner(access_key_id: str) -> str | None:
    try:
        head = base64.b32decode(access_key_id[4:])[:6]
    except (binascii.Error, ValueError):
        return None
    account = (int.from_bytes(head, "big") >> 7) & ((1 << 40) - 1)
    return f"{account:012d}" if account < 10**12 else None


def new_secret() -> str:
    """A secret access key: 40 characters."""
    return base64.b64encode(secrets.token_bytes(30)).decode()


def new_session_token() -> str:
    """A session token, opaque, with the beginning that real ones have."""
    return base64.b64encode(_TOKEN_HEAD + secrets.token_bytes(301)).decode()


def is_session_token(text: str) -> bool:
    """Whether the text has the form of a session token, valid or not."""
    try:
        return base64.b64decode(text, validate=True).startswith(_TOKEN_HEAD)
    except (binascii.Error, ValueError):
        return False


def new_unique_id(prefix: str) -> str:
    """IAM's unique id: the prefix (`AROA`, `AIDA`, `ANPA`) and 17 characters."""
    return prefix + "".join(secrets.choice(_ID_ALPHABET) for _ in range(17))
