"""The protocols of the world's servers: bounded as the pages' are, and what they read is charged."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakMethod

from app.serving.chunked_bodies import PIECE
from app.serving.transport.connections import Connections
from app.serving.transport.joined_writes import JoinedWrites
from app.serving.transport.protocols import BoundedHttp, BoundedWebSocket
from app.world.metering import Tab
from app.world.servers.upgraded import EXTENSION, TAKE_OVER, UpgradedConnection

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent

HANDSHAKE = 0.0006
"""CPU seconds that a TLS handshake takes on the loop, below what can be measured here. Measured over 900 of them."""


class MeteredHttp(BoundedHttp):
    """HTTP/1.1 whose reading is on the connection's tab."""

    def __init__(self, *arguments: Any, price: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._tab = Tab()
        self._tab.add(price)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Has an answer wait as soon as one piece of it does: TLS would take half a megabyte before."""
        transport.set_write_buffer_limits(PIECE)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Reads a part of a request."""
        with self._tab.measured():
            super().data_received(data)

    def on_message_begin(self) -> None:
        """A request begins: the application may take its connection over."""
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: {TAKE_OVER: WeakMethod(self._hand_over)}}

    def _hand_over(self, head: bytes) -> UpgradedConnection:
        """Sends the head of the answer; from then on the connection is another protocol's."""
        connection = UpgradedConnection(self.transport, self._tab, self.connection_lost)
        # For uvicorn there is nothing left to answer, nor to wait for when the server stops.
        self.cycle.disconnected = self.cycle.response_complete = True
        if self._connection is not None:
            self._connection.deadline = None
        self.transport.write(head)
        self.transport.set_protocol(connection)
        return connection

    def _unsupported_upgrade_warning(self) -> None:
        """Not for the log: the application answers it."""


class MeteredWebSocket(BoundedWebSocket):
    """A websocket whose reading is on its tab."""

    messages = sys.maxsize
    """A program may write each line of its input by itself, and its world pays."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._tab = Tab()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Each message is a record of TLS of its own. The Python client looks for the next one at the socket, where
        what TLS has read already is not seen (`kubernetes.stream.ws_client`): it would wait until the connection ends.
        """
        super().connection_made(transport)
        if isinstance(transport, JoinedWrites):
            transport.join_no_more()

    def data_received(self, data: bytes) -> None:
        """Reads messages."""
        with self._tab.measured():
            super().data_received(data)

    async def receive(self) -> ASGIReceiveEvent:
        """The next message, after a turn for others: uvicorn gives way before none of thousands that came at once."""
        await asyncio.sleep(0)
        return await super().receive()


def http_protocol(connections: Connections, *, tls: bool) -> type[asyncio.Protocol]:
    """For `uvicorn.Config(http=…)`."""
    price = HANDSHAKE if tls else 0.0
    return cast(type[asyncio.Protocol], partial(MeteredHttp, connections=connections, price=price))


def websocket_protocol(connections: Connections) -> type[asyncio.Protocol]:
    """For `uvicorn.Config(ws=…)`."""
    return cast(type[asyncio.Protocol], partial(MeteredWebSocket, connections=connections))
