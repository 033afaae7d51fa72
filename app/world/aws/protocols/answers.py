"""What AWS's JSON protocols answer where nothing is refused."""

from __future__ import annotations

import json
import uuid

from starlette.responses import Response

from app.flow.model import JsonValue
from app.world.aws.protocols.refusals import Protocol


def answer(protocol: Protocol, document: JsonValue) -> Response:
    """The document as a response."""
    text = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    return Response(text, media_type=protocol, headers={"x-amzn-RequestId": str(uuid.uuid4())})
