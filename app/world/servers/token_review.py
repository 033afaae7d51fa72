"""Shows a token to the world's API server, over the wire: to ask whose it is, and to be let in by it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from app.flow.model import JsonValue
from app.world.servers.loopback import NetworkError

if TYPE_CHECKING:
    from app.world.world import World

REVIEW_SECONDS = 10.0
"""How long to wait for an answer."""
_GROUP = "authentication.k8s.io/v1"


async def token_review(world: World, token: str, audience: str) -> JsonValue:
    """The `status` of a TokenReview for that audience, asked by the explorer; an `error` where no answer came."""
    review = {"kind": "TokenReview", "apiVersion": _GROUP, "spec": {"token": token, "audiences": [audience]}}
    answer = await _post(world, "tokenreviews", world.explorer_token, review)
    return answer.get("status") if isinstance(answer.get("status"), dict) else {"error": str(answer.get("message", ""))}


async def who_am_i(world: World, token: str) -> JsonValue:
    """The answer to a SelfSubjectReview whose bearer token it is: a review, or the `Status` of a refusal."""
    return await _post(world, "selfsubjectreviews", token, {"kind": "SelfSubjectReview", "apiVersion": _GROUP})


async def _post(world: World, reviews: str, bearer: str, body: JsonValue) -> dict[str, JsonValue]:
    try:
        answer = await world.network.request(
            "POST",
            f"{world.api_url}/apis/{_GROUP}/{reviews}",
            caller="explorer",
            callee="kube-apiserver",
            timeout=REVIEW_SECONDS,
            headers={"authorization": f"Bearer {bearer}"},
            body=json.dumps(body).encode(),
        )
    except NetworkError as error:
        return {"message": str(error)}
    found: dict[str, JsonValue] = json.loads(answer.body)
    return found
