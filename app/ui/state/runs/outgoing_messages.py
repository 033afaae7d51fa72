"""Messages on their way to a browser: they are sent at once where that is possible, and not by a task, as in
Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from starlette.websockets import WebSocket
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.runtime_util import serialize_forward_msg
from streamlit.web.server.starlette import starlette_websocket

from app.serving.transport.joined_writes import SIZE_LIMIT
from app.serving.transport.protocols import DIRECTLY


class DirectClient(starlette_websocket.StarletteSessionClient):
    """Streamlit's client. Its queue takes the messages that cannot go at once, because the browser does not read or the
    server is not ours."""

    def __init__(self, websocket: WebSocket) -> None:
        """As Streamlit's, with the direct way of sending that our own server offers."""
        super().__init__(websocket)
        self._directly = cast(Callable[..., bool] | None, websocket.scope.get("extensions", {}).get(DIRECTLY))

    def write_forward_msg(self, msg: ForwardMsg) -> None:
        """As Streamlit's, but directly where that is possible."""
        if not self.write_together([msg]):
            super().write_forward_msg(msg)

    def write_together(self, messages: Sequence[ForwardMsg]) -> int:
        """Sends messages directly, in their order, and returns how many it has sent: none where messages wait in the
        queue or are on their way from there, because those go first, and less than all where the browser reads slowly.
        """
        if self._directly is None or self._closed.is_set() or not self._send_queue.empty():
            return 0
        sent, size, together = 0, 0, list[bytes]()
        for message in messages:
            together.append(serialize_forward_msg(message))
            size += len(together[-1])
            if size > SIZE_LIMIT:
                if not self._directly(*together):
                    return sent
                sent, size, together = sent + len(together), 0, []
        return sent + (len(together) if together and self._directly(*together) else 0)


def install() -> None:
    """Every connection from now on is a `DirectClient`. Streamlit has no option for it."""
    starlette_websocket.StarletteSessionClient = DirectClient  # type: ignore[misc]


def strip(message: ForwardMsg) -> None:
    """Takes out of a `new_session` which run it begins, and what Streamlit's statistics collect of the server: an
    unkeyed hash of its machine's id (which machine-id(5) calls confidential), its system, its Python and the folder of
    the script. Every visitor would get it."""
    message.ClearField("metadata")
    session = message.new_session
    session.main_script_path = session.main_script_path.replace("\\", "/").rpartition("/")[2]
    session.initialize.user_info.Clear()
    session.initialize.user_info.SetInParent()  # the browser's half reads its fields
    version = session.initialize.environment_info.streamlit_version
    session.initialize.environment_info.Clear()
    session.initialize.environment_info.streamlit_version = version


class MessageQueue(ForwardMsgQueue):
    """Streamlit's queue, faster: that one looks three times at what a message is to know whether it replaces
    another."""

    def enqueue(self, msg: ForwardMsg) -> None:
        """As Streamlit's."""
        place, kind = tuple(msg.metadata.delta_path[:]), msg.delta.WhichOneof("type")
        if place in self._delta_index_map or kind == "new_transient" or (kind and not place):
            super().enqueue(msg)
            return
        if place:
            self._delta_index_map[place] = len(self._queue)
        self._queue.append(msg)
