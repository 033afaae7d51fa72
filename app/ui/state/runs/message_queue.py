"""What waits to be sent to a browser: what a page draws twice in one place goes once."""

from __future__ import annotations

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue


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
