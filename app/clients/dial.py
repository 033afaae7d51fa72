"""Opening a connection by hand, for what goes beyond one request and its answer."""

from __future__ import annotations

import socket
import ssl


def dial(address: tuple[str, int], context: ssl.SSLContext | None, timeout: float) -> socket.socket:
    """A connected socket, with TLS where there is a context. `timeout` seconds for connecting and every later wait.

    Raises `OSError` and its kin: refused, timed out, not trusted.
    """
    connection = socket.create_connection(address, timeout)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(connection, server_hostname=address[0]) if context else connection
    except BaseException:
        connection.close()
        raise
