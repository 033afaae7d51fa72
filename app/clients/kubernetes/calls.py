"""One call of the `kubernetes` client: its answer in the server's own shape, and that it is written down.

Answers are taken as bytes (`_preload_content=False`), since the client's models rename, reformat and, for the OIDC
documents, return a Python repr. A request is sent a second time only where the API server asks for that. `operation` is
what an error says that was asked. All of them raise `FlowError`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3

from app.clients.bounds import ANSWER_LIMIT, CONNECT_SECONDS, READ_SECONDS
from app.clients.errors import from_kubernetes, too_large, unexpected
from app.clients.kubernetes.library import ApiException, RESTClientObject
from app.clients.recorder import Recorder, wire_headers
from app.flow import strict_json
from app.flow.errors import Refused
from app.flow.json_access import get, get_str, whole_number
from app.flow.model import JsonValue
from app.flow.redaction import MASK

PAGE_SIZE = 500
PAGE_LIMIT = 20
"""Pages of a list that are read: ten thousand objects."""
LIST_LIMIT = 2 * ANSWER_LIMIT
"""Bytes of all pages of a list: three thousand Pods of 10 KB. Of a larger cluster a survey looks at no Pods, unless
it is of one namespace."""
LONGEST_WAIT = 2
"""Seconds that we wait at most where an API server with too much to do (429) says when to try again, as kubectl does.
It has not begun with such a request (Kubernetes, "API Priority and Fairness"), so sending it again repeats nothing."""
NO_WAIT = 30.0
"""Seconds without such waiting after a second attempt was in vain: it is the same for all questions of a walk."""
LOG = "/log"
"""How the path of a log ends. It may hold anything, so it is not written down."""
CALLEE = "kube-apiserver"
TOO_MANY = 429


def read_items(operation: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> list[JsonValue]:
    """The items of all pages."""
    found: list[JsonValue] = []
    more: dict[str, str] = {}
    room = LIST_LIMIT
    for _ in range(PAGE_LIMIT):
        body = read_bytes(operation, call, *arguments, limit=PAGE_SIZE, **options, **more)
        room -= len(body)
        if room < 0:
            raise too_large(LIST_LIMIT, operation)
        page = _json(body, operation)
        items = get(page, "items")
        if not isinstance(items, list):
            raise unexpected(ValueError("items"), operation)
        found += items
        if not (token := get_str(page, "metadata", "continue")):
            break
        more = {"_continue": token}
    return found


def read_json(operation: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> JsonValue:
    """The answer as JSON."""
    return _json(read_bytes(operation, call, *arguments, **options), operation)


def _json(body: bytes, operation: str) -> JsonValue:
    try:
        return strict_json.loads(body.decode())
    except ValueError as error:
        raise unexpected(error, operation) from None


def read_bytes(operation: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> bytes:
    """The answer's body. The client raises its own errors, urllib3's and plain ones (a token with a line break)."""
    try:
        answer = call(*arguments, _preload_content=False, _request_timeout=(CONNECT_SECONDS, READ_SECONDS), **options)
        return bytes(answer.data)
    except (ApiException, urllib3.exceptions.HTTPError, OSError) as error:
        raise from_kubernetes(error, operation) from None
    except ValueError as error:
        raise Refused(code=type(error).__name__, server_message=str(error), operation=operation) from None


class RecordingRestClient(RESTClientObject):  # type: ignore[misc]
    """Writes down every exchange, in the client's own bottom layer. It works over connections that others share."""

    def __init__(
        self,
        configuration: Any,
        pool: urllib3.PoolManager,
        recorder: Recorder,
        impersonation: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`impersonation`: further headers of every request. One name may occur more than once."""
        super().__init__(configuration)
        self.pool_manager = pool
        self._recorder = recorder
        self._impersonation = impersonation
        self._in_vain: float | None = None

    def request(self, method: str, url: str, **options: Any) -> Any:
        """As the client's own, with one more attempt where the server asks for it."""
        try:
            return self._request(method, url, **options)
        except ApiException as refused:
            tired = self._in_vain is not None and time.monotonic() - self._in_vain < NO_WAIT
            if tired or (seconds := _seconds_to_wait(refused)) is None:
                raise
            time.sleep(seconds)
        try:
            return self._request(method, url, **options)
        except ApiException as refused:
            if refused.status == TOO_MANY:
                self._in_vain = time.monotonic()
            raise

    def _request(self, method: str, url: str, **options: Any) -> Any:
        """The body of the answer is read before it is handed on."""
        headers_sent = options.setdefault("headers", {})
        if self._impersonation:
            headers_sent = options["headers"] = urllib3.HTTPHeaderDict([*headers_sent.items(), *self._impersonation])
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


def _seconds_to_wait(refused: ApiException) -> int | None:
    """How long an overloaded server asks us to wait; None where it does not, or for too long."""
    asked = whole_number(str((refused.headers or {}).get("Retry-After", "")))
    return asked if refused.status == TOO_MANY and asked is not None and asked <= LONGEST_WAIT else None


def _with_query(url: str, query: Any) -> str:
    return f"{url}?{urlencode(query)}" if query else url
