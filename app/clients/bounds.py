"""How much a client takes from a server, and for how long: what goes beyond it is cut while it is being read.

Neither urllib3 nor botocore nor `http.client` has such a limit: they read a body to its end and unpack what is
compressed, and their time-outs count from byte to byte. So every connection to a cluster, an issuer or AWS is of a pool
below.
"""

from __future__ import annotations

import http.client
import io
import time
from typing import Any, ClassVar

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from app.clients.no_answer import AnswerTooLarge
from app.clients.whole_answers import WholeAnswers, WholeResponse

CONNECT_SECONDS = 3.0
READ_SECONDS = 7.0
"""To connect, and between two reads: nothing is waited for longer than ten."""
ANSWER_LIMIT = 16 * 1024 * 1024
"""Bytes of one answer, unpacked. The largest honest ones: a page of 500 Pods with 10 to 30 KB each, and a page of 50
events of CloudTrail, of which one has 256 KB at most."""
ANSWER_SECONDS = 10.0
"""Seconds from the first byte that is waited for until the last one: longer than any question may take
(`app/flow/port_wrappers/deadline.py`), so this ends an answer that no caller waits for any more."""
_PIECE = 64 * 1024


class _Clocked(io.RawIOBase):
    """The bytes of one answer as they come from the socket. Raises `TimeoutError` once its time is over."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._until = time.monotonic() + ANSWER_SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        if time.monotonic() > self._until:
            raise TimeoutError("timed out")
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class BoundedResponse(http.client.HTTPResponse):
    """Status line, headers, body and trailers, all within the time of one answer."""

    def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_Clocked(self.fp.detach()))


class BoundedPool:
    """A pool whose answers are read here, to their end or to the limit, and handed on as bytes in memory."""

    limit: ClassVar[int] = ANSWER_LIMIT

    def urlopen(
        self, method: str, url: str, *arguments: Any, preload_content: bool = True, **options: Any
    ) -> urllib3.BaseHTTPResponse:
        """As urllib3's own. Raises `AnswerTooLarge` as well."""
        answer: urllib3.BaseHTTPResponse = super().urlopen(  # type: ignore[misc]
            method, url, *arguments, preload_content=False, **options
        )
        if isinstance(answer, WholeResponse):
            answer.release_conn()
            return answer
        body = io.BytesIO()
        try:
            for piece in answer.stream(_PIECE, decode_content=answer.decode_content):
                body.write(piece)
                if body.tell() > self.limit:
                    raise AnswerTooLarge(self.limit)
        except BaseException:
            answer.close()
            raise
        answer.release_conn()
        body.seek(0)
        return urllib3.HTTPResponse(
            body=body,
            headers=answer.headers,
            status=answer.status,
            version=answer.version,
            version_string=answer.version_string,
            reason=answer.reason,
            preload_content=preload_content,
            decode_content=False,
            enforce_content_length=False,
            retries=answer.retries,
            request_method=method,
            request_url=url,
        )


class BoundedConnection(WholeAnswers):
    """To be put before urllib3's class of a connection."""

    response_class = BoundedResponse
    seconds = ANSWER_SECONDS


class _HttpConnection(BoundedConnection, HTTPConnection):
    pass


class HttpsConnection(BoundedConnection, HTTPSConnection):
    pass


class HttpPool(BoundedPool, urllib3.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class HttpsPool(BoundedPool, urllib3.HTTPSConnectionPool):
    ConnectionCls: type[HttpsConnection] = HttpsConnection


POOLS = {"http": HttpPool, "https": HttpsPool}
"""For `urllib3.PoolManager.pool_classes_by_scheme`."""
