"""How a Pod's program reaches the instance metadata service: by botocore's own fetchers, with our transport."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from botocore.httpsession import URLLib3Session

from app.flow.model import Exchange
from app.world.node.pod_exchanges import exchange

METADATA_SECONDS = 1
"""Seconds for which a request waits: botocore's default, with one attempt."""


class InstanceMetadata:
    """The transport to the instance metadata service. The address is ours, the protocol that of botocore's fetchers."""

    def __init__(self, url: str, record: Callable[[Exchange], None]) -> None:
        self._url = url
        self._record = record
        self._http = _connections(METADATA_SECONDS)

    def serve(self, fetcher_class: Any, environment: Mapping[str, str]) -> Any:
        """A fetcher with this transport, which follows the container's environment, and no proxy setting of this
        process."""
        fetcher = fetcher_class(base_url=self._url, env=dict(environment), timeout=METADATA_SECONDS, num_attempts=1)
        fetcher._session = self
        return fetcher

    def send(self, request: Any) -> Any:
        """Sends and records one request."""
        started = time.perf_counter()
        try:
            answer = self._http.send(request)
        except Exception as error:
            self._record(exchange("instance-metadata", request, started, error=str(error)))
            raise
        status, headers, body = answer.status_code, answer.headers.items(), answer.content
        self._record(exchange("instance-metadata", request, started, status=status, headers=headers, body=body))
        return answer


@cache
def _connections(seconds: int) -> URLLib3Session:
    """The connections of all runs. They can be shared because only the URL decides which world's service responds."""
    return URLLib3Session(timeout=seconds, proxies={})
