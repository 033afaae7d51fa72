"""DeleteObjects: several objects in one request, each of which is deleted or refused by itself.

Source: S3 API reference, DeleteObjects.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Callable

from app.flow.model import JsonObject
from app.world.aws.entities import Bucket
from app.world.aws.errors import AwsError, not_simulated
from app.world.aws.incoming import Incoming
from app.world.aws.s3 import errors
from app.world.aws.s3.metadata import checksum

KEYS = 1000
"""Keys of one request."""

_DELETE = re.compile(r"\s*(?:<\?xml[^<>]*\?>\s*)?<Delete(?:\s[^<>]*)?>(.*)</Delete>\s*", re.DOTALL)
_PART = re.compile(r"\s*(?:<Quiet>(true|false)</Quiet>|<Object>(.*?)</Object>)", re.DOTALL)
_MEMBER = re.compile(r"\s*<(\w+)>([^<>]*)</\1>")


async def delete_objects(request: Incoming, bucket: Bucket, allow: Callable[[str], None]) -> JsonObject:
    """The members of `DeleteResult`. `allow` raises `AwsError` for a key that the caller may not delete.

    Each may take 0.1 s, so others have their turn between two keys.
    """
    if not checksum(request) and request.header("content-md5") is None:
        raise errors.invalid_request("Missing required header for this request: Content-MD5")
    quiet, wanted = _read(request.body)
    deleted: list[JsonObject] = []
    refused: list[JsonObject] = []
    for key, version in wanted:
        await asyncio.sleep(0)
        try:
            allow(key)
            if version not in ("", "null"):
                raise AwsError(404, "NoSuchVersion", "The specified version does not exist.")
        except AwsError as error:
            details = {"Code": error.code, "Message": error.message}
            refused.append({"Key": key, "VersionId": version or None, **details})
        else:
            bucket.objects.pop(key, None)
            deleted.append({"Key": key})
    return {"Deleted": [] if quiet else deleted, "Error": refused}


def _read(body: bytes) -> tuple[bool, list[tuple[str, str]]]:
    """Whether only refusals are answered, and the keys with their versions; empty where none is given."""
    found = _DELETE.fullmatch(body.decode("utf-8", "replace"))
    quiet, objects = (False, []) if found is None else _parts(found[1])
    if not 1 <= len(objects) <= KEYS:
        raise errors.malformed_xml()
    wanted = []
    for members in objects:
        if others := members.keys() - {"Key", "VersionId"}:
            raise not_simulated("s3", f"DeleteObjects with {', '.join(sorted(others))}")
        if "Key" not in members:
            raise errors.malformed_xml()
        wanted.append((members["Key"], members.get("VersionId", "")))
    return quiet, wanted


def _parts(content: str) -> tuple[bool, list[dict[str, str]]]:
    quiet = False
    objects: list[dict[str, str]] = []
    place = 0
    while found := _PART.match(content, place):
        place = found.end()
        if found[1]:
            quiet = found[1] == "true"
        else:
            objects.append(_members(found[2]))
    if content[place:].strip():
        raise errors.malformed_xml()
    return quiet, objects


def _members(content: str) -> dict[str, str]:
    members: dict[str, str] = {}
    place = 0
    while found := _MEMBER.match(content, place):
        place = found.end()
        try:
            members[found[1]] = html.unescape(found[2])
        except ValueError:  # Python reads no number of so many digits as `&#…;` may have
            raise errors.malformed_xml() from None
    if content[place:].strip():
        raise errors.malformed_xml()
    return members
