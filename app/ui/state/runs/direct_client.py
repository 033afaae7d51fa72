"""The browser of a session, to which a message goes at once where it can; Streamlit has a task that sends each."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from starlette.websockets import WebSocket
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.runtime_util import serialize_forward_msg
from streamlit.web.server.starlette import starlette_websocket

from app.serving.transport.protocols import DIRECTLY


class DirectClient(starlette_websocket.StarletteSessionClient):
    """Streamlit's, whose queue takes what a browser that does not read, or another server, lets wait."""

    def __init__(self, websocket: WebSocket) -> None:
        """As Streamlit's, with the short way of our own server."""
        super().__init__(websocket)
        self._directly = cast(Callable[[bytes], bool] | None, websocket.scope.get("extensions", {}).get(DIRECTLY))

    def write_forward_msg(self, msg: ForwardMsg) -> None:
        """As Streamlit's. What waits in the queue, or is on its way from there, goes first."""
        may_go = not self._closed.is_set() and self._send_queue.empty()
        if not (self._directly and may_go and self._directly(serialize_forward_msg(msg))):
            super().write_forward_msg(msg)


def install() -> None:
    """Every connection from now on is a `DirectClient`. Streamlit has no option for it."""
    starlette_websocket.StarletteSessionClient = DirectClient  # type: ignore[misc]
