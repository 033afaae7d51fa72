"""Every exchange of the `kubernetes` client, written down in the client's own bottom layer."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3

from app.clients.kubernetes.library import ApiException, RESTClientObject
from app.clients.recorder import Recorder, wire_headers
from app.flow.redaction import MASK

LOG = "/log"
"""How the path of a log ends. It may hold anything, so it is not written down."""
CALLEE = "kube-apiserver"


class RecordingRestClient(RESTClientObject):  # type: ignore[misc]
    """It works over connections that others share."""

    def __init__(self, configuration: Any, pool: urllib3.PoolManager, recorder: Recorder) -> None:
        super().__init__(configuration)
        self.pool_manager = pool
        self._recorder = recorder

    def request(self, method: str, url: str, **options: Any) -> Any:
        """As the client's own; the body of the answer is read before it is handed on."""
        headers_sent: dict[str, str] = options.setdefault("headers", {})
        body_sent = None if options.get("body") is None else json.dumps(options["body"])
        full_url = _with_query(url, options.get("query_params"))
        started = time.perf_counter()
        status, headers, body, error = 0, {}, b"", ""
        try:
            answer = super().request(method, url, **options)
            status, headers, body = answer.status, answer.headers, answer.data
        except ApiException as refused:
            status, headers, body = refused.status or 0, refused.headers or {}, refused.body or b""
            error = "" if status else str(refused.reason)
            raise
        except (urllib3.exceptions.HTTPError, OSError) as broken:
            error = str(broken)
            raise
        finally:
            self._recorder.record(
                callee=CALLEE,
                method=method,
                url=full_url,
                seconds=time.perf_counter() - started,
                request_headers=wire_headers(full_url, headers_sent, body_sent),  # the library has added its own by now
                request_body=body_sent,
                status=status,
                response_headers=headers.items(),
                response_body=MASK if status == 200 and urlsplit(url).path.endswith(LOG) else body,
                error=error,
            )
        return answer


def _with_query(url: str, query: Any) -> str:
    return f"{url}?{urlencode(query)}" if query else url
