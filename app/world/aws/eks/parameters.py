"""Members of EKS's JSON bodies, and the limits of their sizes."""

from __future__ import annotations

from app.flow import strict_json
from app.flow.model import JsonObject
from app.world.aws.errors import AwsError

TEXT_LIMIT = 2048
"""Characters of a member, the longest ARN of IAM."""
TAGS = 50
_TAG_KEY, _TAG_VALUE = 128, 256


def body_of(text: bytes) -> JsonObject:
    """The JSON object of a body; an empty one where there is none. Raises `AwsError`."""
    try:
        asked = strict_json.loads(text.decode() or "{}")
    except ValueError as error:
        raise AwsError(400, "SerializationException", "The body is no JSON.") from error
    if not isinstance(asked, dict):
        raise AwsError(400, "SerializationException", "The body is no JSON object.")
    return asked


def string(asked: JsonObject, name: str, *, required: bool = True) -> str:
    """A text; empty where it is absent and need not be there. Raises `InvalidParameterException`."""
    value = asked.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or not value or len(value) > TEXT_LIMIT:
        raise invalid(f"{name} must be a text of 1 to {TEXT_LIMIT} characters.")
    return value


def boolean(asked: JsonObject, name: str) -> bool:
    """A boolean; False where it is absent. Raises `InvalidParameterException`."""
    value = asked.get(name)
    if value not in (None, True, False):
        raise invalid(f"{name} must be true or false.")
    return bool(value)


def tags_of(asked: JsonObject) -> dict[str, str]:
    """The tags of a body. Raises `InvalidParameterException`."""
    tags = asked.get("tags") or {}
    if not isinstance(tags, dict) or len(tags) > TAGS:
        raise invalid(f"tags must be at most {TAGS} pairs of texts.")
    for key, value in tags.items():
        if not isinstance(value, str) or not 1 <= len(key) <= _TAG_KEY or len(value) > _TAG_VALUE:
            raise invalid(f"a tag has a key of 1 to {_TAG_KEY} characters and a value of at most {_TAG_VALUE}.")
    return dict(tags)


def invalid(message: str) -> AwsError:
    """`InvalidParameterException`, 400."""
    return AwsError(400, "InvalidParameterException", message)
