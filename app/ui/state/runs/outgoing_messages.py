"""Messages on their way to a browser: they go at once where they can, and Streamlit has a task that sends each."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from starlette.websockets import WebSocket
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
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


class MessageQueue(ForwardMsgQueue):
    """Streamlit's, which asks each message three times what it is before it knows whether its place is taken."""

    def enqueue(self, msg: ForwardMsg) -> None:
        """As Streamlit's."""
        place, kind = tuple(msg.metadata.delta_path), msg.delta.WhichOneof("type")
        if place in self._delta_index_map or kind == "new_transient" or (kind and not place):
            super().enqueue(msg)
            return
        if place:
            self._delta_index_map[place] = len(self._queue)
        self._queue.append(msg)
