"""Why no answer came: one code for each cause that wants another remedy."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

CONNECTION_REFUSED = "connection_refused"
TIMED_OUT = "timed_out"
UNKNOWN_HOST = "unknown_host"
CERTIFICATE_UNTRUSTED = "certificate_untrusted"
CERTIFICATE_OTHER_NAME = "certificate_other_name"
CERTIFICATE_EXPIRED = "certificate_expired"
PROXY_FAILED = "proxy_failed"
ANSWER_TOO_LARGE = "answer_too_large"
UNREACHABLE = "unreachable"
"""Our code for any other cause."""

_EXPIRED = 10
_OTHER_NAME = (62, 64)
"""OpenSSL's `X509_V_ERR_*`: CERT_HAS_EXPIRED; HOSTNAME_MISMATCH and IP_ADDRESS_MISMATCH."""
_TIME_OUTS = ("ConnectTimeoutError", "ReadTimeoutError", "ConnectTimeout", "ReadTimeout")
_PROXY = ("ProxyError", "ProxyConnectionError")
_DEPTH = 20


class AnswerTooLarge(OSError):
    """An answer has more than `limit` bytes. The rest is not read, and its connection is closed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


def cut(error: BaseException) -> AnswerTooLarge | None:
    """Whether an error of a client library comes of an answer that was too large."""
    return next((cause for cause in _causes(error) if isinstance(cause, AnswerTooLarge)), None)


def is_unsendable(error: BaseException) -> bool:
    """Whether nothing was sent, because a header has a value that none can have, such as a key with a line break
    (`http.client`, `putheader`)."""
    return any(type(cause) is ValueError and "Invalid header value" in str(cause) for cause in _causes(error))


def code_of(error: BaseException) -> str:
    """The code for an error of a client library, by whatever it was caused by."""
    found = list(_causes(error))
    names = {base.__name__ for cause in found for base in type(cause).__mro__}
    if names & set(_PROXY):
        return PROXY_FAILED
    for cause in found:
        if isinstance(cause, ssl.SSLCertVerificationError):
            if cause.verify_code in _OTHER_NAME:
                return CERTIFICATE_OTHER_NAME
            return CERTIFICATE_EXPIRED if cause.verify_code == _EXPIRED else CERTIFICATE_UNTRUSTED
        if isinstance(cause, ConnectionRefusedError):
            return CONNECTION_REFUSED
        if isinstance(cause, socket.gaierror):
            return UNKNOWN_HOST
        if isinstance(cause, TimeoutError):
            return TIMED_OUT
    return TIMED_OUT if names & set(_TIME_OUTS) else UNREACHABLE


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it came from: Python's chain, and what urllib3 keeps as `reason` or among `args`."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < _DEPTH:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        linked = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
        waiting += [link for link in linked if isinstance(link, BaseException)]
