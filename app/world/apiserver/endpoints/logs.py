"""`pods/log`: what a container printed (`pkg/registry/core/pod/strategy.go`, `LogLocation`), and the refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

from starlette.responses import Response, StreamingResponse

from app.flow.model import JsonObject
from app.world.apiserver.endpoints.reading import integer_parameter
from app.world.apiserver.endpoints.responses import common_headers
from app.world.apiserver.request.request_info import is_true
from app.world.apiserver.types import errors, names
from app.world.node.kubelet import ContainerNotFound

if TYPE_CHECKING:
    from app.world.apiserver.storage.changes import Change
    from app.world.world import World


FOLLOW_SECONDS = 3600.0
"""The longest that a log is followed."""


def choose_container(pod: JsonObject, container: str) -> str:
    """The container that a request is about. Raises `ApiError` 400."""
    name, spec = pod["metadata"]["name"], pod["spec"]
    regular = [item["name"] for item in spec["containers"]]
    initial = [item["name"] for item in spec.get("initContainers", [])]
    if not container:
        if len(regular) == 1 and not initial:
            return str(regular[0])
        sentence = f"a container name must be specified for pod {name}, choose one of: [{' '.join(regular)}]"
        if initial:
            sentence += f" or one of the init containers: [{' '.join(initial)}]"
        raise errors.bad_request(sentence)
    if container not in (*regular, *initial):
        raise errors.bad_request(f"container {container} is not valid for pod {name}")
    return container


def read_log(world: World, namespace: str, name: str, query: Mapping[str, str]) -> Response:
    """GET of `pods/{name}/log`. Raises `ApiError` 400, 404 and 422."""
    tail, limit = integer_parameter(query, "tailLines"), integer_parameter(query, "limitBytes")
    causes = []
    if tail is not None and tail < 0:
        causes.append(names.invalid_value("tailLines", tail, "must be greater than or equal to 0"))
    if limit is not None and limit < 1:
        causes.append(names.invalid_value("limitBytes", limit, "must be greater than 0"))
    pod = world.cluster.get("pods", namespace, name)
    if causes:
        raise errors.invalid("PodLogOptions", "", name, causes)
    container = choose_container(pod, query.get("container", ""))
    if is_true(query.get("previous")) and query.get("previous"):
        sentence = f'previous terminated container "{container}" in pod "{name}" not found'
        raise errors.bad_request(sentence)
    text = _text(world, pod, container)
    if text is None:
        return Response(b"", headers=common_headers(), media_type="text/plain")
    shown = text if tail is None else "".join(text.splitlines(keepends=True)[-tail:] if tail else [])
    headers = common_headers()
    if is_true(query.get("follow")) and query.get("follow"):
        stream = _follow(world, pod, container, shown, len(text), limit)
        return StreamingResponse(stream, headers=headers, media_type="text/plain")
    return Response(shown.encode(errors="replace")[:limit], headers=headers, media_type="text/plain")


def _text(world: World, pod: JsonObject, container: str) -> str | None:
    """The log so far; None of a Pod that is not on the node. Raises `ApiError` 400 where it has not started yet."""
    statuses = pod.get("status", {})
    waiting = next(
        (
            status["state"]["waiting"].get("reason", "")
            for status in (*statuses.get("initContainerStatuses", []), *statuses.get("containerStatuses", []))
            if status.get("name") == container and "waiting" in status.get("state", {}) and not status.get("lastState")
        ),
        None,
    )
    name = pod["metadata"]["name"]
    if waiting is not None:
        raise errors.bad_request(f'container "{container}" in pod "{name}" is waiting to start: {waiting}')
    try:
        return world.kubelet.logs(pod, container)
    except ContainerNotFound:
        return None


async def _follow(
    world: World, pod: JsonObject, container: str, shown: str, sent: int, limit: int | None
) -> AsyncIterator[bytes]:
    """What is there, then what comes, until the Pod is done or gone."""
    changed = asyncio.Event()
    uid = pod["metadata"]["uid"]

    def notice(change: Change) -> None:
        if change.resource == "pods" and change.stored.object["metadata"]["uid"] == uid:
            changed.set()

    left = limit if limit is not None else 2**62
    cancel = world.cluster.changes.watch(notice)
    try:
        async with asyncio.timeout(FOLLOW_SECONDS):
            chunk = shown.encode(errors="replace")[:left]
            while True:
                if chunk:
                    left -= len(chunk)
                    yield chunk
                stored = world.cluster.find("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
                gone = stored is None or stored.object["metadata"]["uid"] != uid
                if left <= 0 or gone or (stored and stored.object["status"].get("phase") in ("Succeeded", "Failed")):
                    return
                await changed.wait()
                changed.clear()
                text = world.kubelet.logs(pod, container)
                chunk, sent = text[sent:].encode(errors="replace")[:left], len(text)
    except (TimeoutError, ContainerNotFound):
        return
    finally:
        cancel()
