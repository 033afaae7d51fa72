"""The credentials in STS's answers."""

from __future__ import annotations

from app.flow.model import JsonValue
from app.world.aws.access_keys import AccessKey
from app.world.aws.times import iso


def credentials(session: AccessKey) -> JsonValue:
    """The `Credentials` of an answer: the one place where a session's secrets leave."""
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token,
        "Expiration": iso(session.expiration or 0),
    }
