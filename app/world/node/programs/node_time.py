"""botocore's signatures with a node's time: the time of a signature is that of the node's clock, right or wrong.

botocore itself does not correct a clock that is wrong, even where a response reports it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.auth import AUTH_TYPE_MAPS, SIGV4_TIMESTAMP, S3SigV4Auth, SigV4Auth

_PREFIX = "by-node-time-"
_SKEW = "node_clock_skew"


class _ByNodeTime:
    """Comes before one of botocore's classes."""

    def _modify_request_before_signing(self, request: Any) -> None:
        node_now = datetime.now(UTC) + timedelta(seconds=request.context[_SKEW])
        request.context["timestamp"] = node_now.strftime(SIGV4_TIMESTAMP)
        super()._modify_request_before_signing(request)  # type: ignore[misc]


class _SigV4(_ByNodeTime, SigV4Auth):
    pass


class _S3SigV4(_ByNodeTime, S3SigV4Auth):
    pass


AUTH_TYPE_MAPS |= {f"{_PREFIX}v4": _SigV4, f"{_PREFIX}s3v4": _S3SigV4}


def signer(signature_version: Any, context: dict[str, Any], skew: float) -> str | None:
    """The signer for botocore's event `choose-signer`; None leaves the choice to botocore. `skew` is in seconds."""
    name = f"{_PREFIX}{signature_version}"
    if not skew or name not in AUTH_TYPE_MAPS:
        return None
    context[_SKEW] = skew
    return name
