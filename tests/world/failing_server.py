"""A server that fails at some of its requests and hands all others on to the world."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3

_OF_THE_CONNECTION = {"connection", "transfer-encoding", "content-length"}


@dataclass
class Failing:
    """What it fails at, and how often it did."""

    url: str = ""
    words: str = ""
    """What a request's first line or body has to contain."""
    status: int = 503
    body: str = ""
    retry_after: str = ""
    """Seconds until the client may try again; empty where the answer does not say so."""
    most: int = 1_000
    """How often it fails at most."""
    times: int = field(default=0, init=False)


@contextmanager
def failing(upstream: str, pool: urllib3.PoolManager, login: str = "") -> Iterator[Failing]:
    """Speaks http for a server of the world, whose scheme and port are those of `upstream`. `login`: the bearer token
    that it adds, because a client sends none over http."""
    script = Failing()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            meant = script.words and script.words in f"{self.requestline}\n{sent.decode()}"
            if meant and script.times < script.most:
                script.times += 1
                wait = {"Retry-After": script.retry_after} if script.retry_after else {}
                self._answer(script.status, script.body.encode(), {"Content-Type": "text/plain", **wait})
                return
            got = pool.request(
                self.command,
                upstream + self.path,
                body=sent,
                headers={**self.headers, **({"Authorization": f"Bearer {login}"} if login else {})},
                retries=False,
                redirect=False,
            )
            kept = {name: value for name, value in got.headers.items() if name.lower() not in _OF_THE_CONNECTION}
            self._answer(got.status, got.data, kept)

        do_POST = do_GET

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body)), "Connection": "close"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
