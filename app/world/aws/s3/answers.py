"""What an operation of S3 answers where it does not refuse."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.flow.model import JsonObject
from app.world.aws import xml

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A successful answer: XML, an object's bytes, or nothing."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def document(root: str, members: JsonObject) -> Answer:
    """An XML document with these members. Lists in it are flat."""
    return text(root, xml.content(members, item=None))


def text(root: str, inner: str) -> Answer:
    """An XML document with content that is XML already."""
    body = xml.DECLARATION + xml.document(root, _NAMESPACE, [inner])
    return Answer(headers={"Content-Type": "application/xml"}, body=body.encode())
