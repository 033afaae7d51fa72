"""`pods/log`: the output of a container (`pkg/registry/core/pod/strategy.go`, `LogLocation`), and the refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from io import StringIO
from typing import TYPE_CHECKING

from starlette.responses import Response

from app.flow.model import JsonObject
from app.world.apiserver.endpoints.reading import integer_parameter
from app.world.apiserver.endpoints.responses import LimitedStream, common_headers
from app.world.apiserver.request.request_info import is_set
from app.world.apiserver.types import errors, names
from app.world.apiserver.types.defaults import all_containers_of
from app.world.apiserver.types.errors import Cause
from app.world.node.container import ContainerNotFound
from app.world.node.container_log import ContainerLog, Piece

if TYPE_CHECKING:
    from app.world.world import World


FOLLOW_LIMIT = 100
"""Logs that are followed at a time in one cluster: the text of each waits where its client does not read."""
FOLLOW_SECONDS = 3600.0
"""Seconds for which a log is followed at most."""
_NO_IMAGE = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}


def choose_container(pod: JsonObject, container: str) -> str:
    """The container that a request is about. Raises `ApiError` 400."""
    name, spec = pod["metadata"]["name"], pod["spec"]
    regular = [item["name"] for item in spec["containers"]]
    initial = [item["name"] for item in spec.get("initContainers", [])]
    if not container:
        if len(regular) == 1:
            return str(regular[0])
        sentence = f"a container name must be specified for pod {name}, choose one of: [{' '.join(regular)}]"
        if initial:
            sentence += f" or one of the init containers: [{' '.join(initial)}]"
        raise errors.bad_request(sentence)
    if container not in (each["name"] for each in all_containers_of(spec)):
        raise errors.bad_request(f"container {container} is not valid for pod {name}")
    return container


def read_log(world: World, namespace: str, name: str, query: Mapping[str, str]) -> Response:
    """GET of `pods/{name}/log`. Raises `ApiError` 400, 404 and 422."""
    options, causes = _parse(query, world.node_now())
    pod = world.cluster.get("pods", namespace, name)
    if causes:
        raise errors.invalid("PodLogOptions", "", name, causes)
    container = choose_container(pod, query.get("container", ""))
    log = _log(world, pod, container, previous=is_set(query, "previous"))
    headers = common_headers()
    if log is None:
        return Response(b"", headers=headers, media_type="text/plain")
    shown, printer = options.choose(log.after()), _Printer(options.timestamps)
    first = printer.print(shown)
    if is_set(query, "follow"):
        stream = _follow(log, first, printer, options.limit)
        return LimitedStream(world, "logs that are followed", FOLLOW_LIMIT, stream, "text/plain")
    return Response(first.encode(errors="replace")[: options.limit], headers=headers, media_type="text/plain")


@dataclass(frozen=True, kw_only=True)
class _Options:
    """Which part of a log is wanted, and in which form."""

    tail: int | None
    limit: int | None
    since: float | None
    """Unix seconds."""
    timestamps: bool

    def choose(self, pieces: Iterable[Piece]) -> list[Piece]:
        """The wanted lines, each with the time at which it began."""
        lines = [line for line in _lines(pieces) if self.since is None or line.time >= self.since]
        if self.tail is None:
            return lines
        return lines[-self.tail :] if self.tail else []


def _parse(query: Mapping[str, str], now: float) -> tuple[_Options, list[Cause]]:
    """The options, and what is wrong with them (`ValidatePodLogOptions`). Raises `ApiError` 400."""
    tail, limit = integer_parameter(query, "tailLines"), integer_parameter(query, "limitBytes")
    seconds, text = integer_parameter(query, "sinceSeconds"), query.get("sinceTime", "")
    causes = []
    if tail is not None and tail < 0:
        causes.append(names.invalid_value("tailLines", tail, "must be greater than or equal to 0"))
    if limit is not None and limit < 1:
        causes.append(names.invalid_value("limitBytes", limit, "must be greater than 0"))
    if seconds is not None and text:
        causes.append(names.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif seconds is not None and seconds < 1:
        causes.append(names.invalid_value("sinceSeconds", seconds, "must be greater than 0"))
    try:
        moment = datetime.fromisoformat(text).timestamp() if text else None
    except (ValueError, OverflowError):
        raise errors.bad_request(
            f'parsing time "{text[:64]}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text[:64]}" as "2006"'
        ) from None
    since = now - seconds if seconds is not None else moment
    return _Options(tail=tail, limit=limit, since=since, timestamps=is_set(query, "timestamps")), causes


def _lines(pieces: Iterable[Piece]) -> list[Piece]:
    """The same text, one piece for each line."""
    lines: list[Piece] = []
    began, parts = 0.0, list[str]()
    for time, text in pieces:
        for part in StringIO(text):
            began = began if parts else time
            parts.append(part)
            if part.endswith("\n"):
                lines.append(Piece(began, "".join(parts)))
                parts = []
    return [*lines, Piece(began, "".join(parts))] if parts else lines


class _Printer:
    """Writes pieces one after the other, with the time at the beginning of each line where that is wanted."""

    def __init__(self, timestamps: bool) -> None:
        self._timestamps = timestamps
        self._begins = True

    def print(self, pieces: Iterable[Piece]) -> str:
        """The text of the next pieces."""
        if not self._timestamps:
            return "".join(piece.text for piece in pieces)
        printed: list[str] = []
        for time, text in pieces:
            for part in StringIO(text):
                printed.append(f"{_nanoseconds(time)} {part}" if self._begins else part)
                self._begins = part.endswith("\n")
        return "".join(printed)


@lru_cache(maxsize=1)  # a piece may have many lines
def _nanoseconds(time: float) -> str:
    """RFC 3339 as the container runtime writes it, UTC. The clock has microseconds."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def _log(world: World, pod: JsonObject, container: str, *, previous: bool) -> ContainerLog | None:
    """The log; None for a Pod that is not on the node.

    Raises `ApiError` 400 where the container has not started yet, or not often enough (`validateContainerLogStatus` of
    `pkg/kubelet/kubelet_pods.go`).
    """
    if not pod["spec"].get("nodeName"):
        return None
    name, statuses = pod["metadata"]["name"], pod.get("status", {})
    found: JsonObject = next(
        (
            status
            for kind in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
            for status in statuses.get(kind, [])
            if status.get("name") == container
        ),
        {},
    )
    waiting, ended = (found.get("state", {}).get(state) for state in ("waiting", "terminated"))
    if not previous and ended and not ended.get("containerID") and not found.get("lastState"):
        raise errors.bad_request(f'container "{container}" in pod "{name}" is terminated')
    if not previous and waiting and not found.get("lastState"):
        reason = waiting.get("reason", "")
        reason = _NO_IMAGE.get(reason, reason)
        raise errors.bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')
    try:
        log = world.kubelet.logs(pod, container, previous=previous)
    except ContainerNotFound:
        log = None
    if previous and log is None:
        raise errors.bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
    return log


async def _follow(log: ContainerLog, first: str, printer: _Printer, limit: int | None) -> AsyncIterator[bytes]:
    """The present text, then each new piece, until the process has ended or its Pod is gone."""
    position, left = log.written, limit if limit is not None else 2**62
    try:
        async with asyncio.timeout(FOLLOW_SECONDS):
            chunk = first.encode(errors="replace")[:left]
            left -= len(chunk)
            if chunk:
                yield chunk
            async for pieces in log.follow(position):
                if left <= 0:
                    return
                chunk = printer.print(pieces).encode(errors="replace")[:left]
                left -= len(chunk)
                yield chunk
    except TimeoutError:
        return
