"""Uploaded files, which Streamlit keeps in memory as long as the session lives: how much of that there may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Protocol

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.flow.json_access import whole_number
from app.serving.budget import has_share
from app.serving.operations import log_events
from app.serving.visitor import address_of
from app.settings import Network

PATH = "/_stcore/upload_file/"
"""Where Streamlit takes them: `{PATH}{session id}/{file id}`. Any id is taken; nothing says which page asked for it."""


class UploadedFile(Protocol):
    """What Streamlit keeps of one."""

    @property
    def data(self) -> Sized:
        """Its bytes."""


Files = Mapping[str, Mapping[str, UploadedFile]]
"""By session and file id."""


@dataclass(frozen=True, kw_only=True)
class UploadLimits:
    """Bytes that are kept and under way together. The doctor reads one file of 2 MB."""

    session: int = 5 * 1024 * 1024
    """The most that a session may keep: two such files, since the old one is removed after the new one came."""
    address: int = 30 * 1024 * 1024
    """The most that all sessions of one address may keep together. Where others keep something, it may be less."""
    total: int = 60 * 1024 * 1024
    """The most that all sessions may keep together."""
    least: int = 64 * 1024
    """What a file counts at least: an empty one costs memory, too."""


class BoundedUploads:
    """Refuses an upload for which there is no room before its body is read."""

    def __init__(
        self, app: ASGIApp, files: Callable[[], Files], trusted: Sequence[Network], limits: UploadLimits
    ) -> None:
        """`files`: those that are kept. `trusted`: the reverse proxies in front of us."""
        self._app = app
        self._files = files
        self._trusted = trusted
        self._limits = limits
        self._addresses: dict[str, str] = {}
        """The address of each session that has uploaded something."""
        self._under_way: Counter[str] = Counter()
        """Bytes by session."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through but an upload that is too much."""
        if scope["type"] != "http" or scope["method"] != "PUT" or not scope["path"].startswith(PATH):
            await self._app(scope, receive, send)
            return
        length = whole_number(Headers(scope=scope).get("content-length", ""))
        if length is None:
            await _refuse(411, "Length Required", scope, receive, send)
            return
        session, size = scope["path"].removeprefix(PATH).partition("/")[0], self._counted(length)
        address = address_of(scope, self._trusted)
        if not self._has_room(session, address, size):
            await _refuse(413, "Content Too Large", scope, receive, send)
            return
        self._addresses[session] = address
        self._under_way[session] += size
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way[session] -= size

    def _has_room(self, session: str, address: str, size: int) -> bool:
        kept = Counter(+self._under_way)
        for owner, files in list(self._files().items()):
            kept[owner] += sum(self._counted(len(file.data)) for file in list(files.values()))
        self._under_way = +self._under_way
        self._addresses = {owner: self._addresses.get(owner, "") for owner in kept}
        at_address = sum(bytes_kept for owner, bytes_kept in kept.items() if self._addresses[owner] == address)
        limits = self._limits
        return (
            kept[session] + size <= limits.session
            and at_address + size <= limits.address
            and has_share(at_address, kept.total(), limits.total, limits.address)
            and kept.total() + size <= limits.total
        )

    def _counted(self, size: int) -> int:
        return max(size, self._limits.least)


async def _refuse(status: int, phrase: str, scope: Scope, receive: Receive, send: Send) -> None:
    """The body is left unread, so the connection ends."""
    log_events.refuse("upload")
    await PlainTextResponse(f"{phrase}\n", status, {"connection": "close"})(scope, receive, send)
