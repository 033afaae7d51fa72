"""What a product's error message in a log shows of the way to AWS: which service was not reached, and why not."""

from __future__ import annotations

import re

from app.flow.model import Step
from app.flow.verdict.error_messages import blames_clock, is_throttled, lacks_region, shows_in
from app.flow.verdict.log_sentences import OF_AWS

_NO_SESSION = (
    "The provided token is malformed or otherwise invalid",
    "The security token included in the request is invalid",
    "AWS was not able to validate the provided access credentials",
)
"""The error messages of services (S3, most others, EC2) for a session that their region does not know, such as one of
STS's global endpoint (opt-in regions)."""
_GLOBAL = re.compile(r"(?:https://|Connect to |getaddrinfo E\w+ )sts\.amazonaws\.com\b(?!\.cn)")
_NO_WAY = re.compile(
    rf'endpoint URL: "https?://(?P<botocore>[^"/]+)\.{OF_AWS}'
    rf'|"https?://(?P<go>[^"/]+)\.{OF_AWS}[^"]*": '
    r"(?:(?:dial|read|write) tcp|context deadline exceeded|net/http: |(?:unexpected )?EOF)"
    r"|(?:Connect to|getaddrinfo E\w+|HTTP request:|Inaccessible host:|TCP connection to|connection timed out[^:]*:"
    rf"|cURL error (?:6|7|28|35|52|56): .*?) `?(?:https?://)?(?P<other>[^\s/(]+)\.{OF_AWS}"
    rf"|(?:not known|unavailable|Connection refused|timed out) \((?P<net>[^\s/(]+)\.{OF_AWS}:"
)
"""Matches a message that AWS was not reached, and the beginning of the host's name."""
_NO_NAME = re.compile(
    r"dial tcp: |getaddrinfo E|UnknownHostException|Name or service not known|failure in name resolution"
    r"|Inaccessible host: |HTTP request: [\w.-]+$|Could not resolve host: |Resource temporarily unavailable \("
)
"""Matches a message that a server's name has no address, or that none came in time: where the SDK for Go writes no
address after `dial tcp`, there was none (Go's `net.Dialer`)."""
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d")
_OF_STS = re.compile(rf"\bsts(?:-fips)?\.([\w-]+)\.{OF_AWS}")
_OTHER_HOST = re.compile(r"hostname '.*' doesn't match|Hostname mismatch|x509: certificate is valid for ")
"""Matches a message that a certificate is valid, but for another server."""
_REFUSED_AT_ONCE = re.compile(
    r"connect: connection refused|ECONNREFUSED|failed: Connection refused|Connection refused \(|\(Connection refused"
    r"|cURL error 7: .*Connection refused"
)
_CUT_OFF = re.compile(
    r": (?:unexpected )?EOF|connection reset by peer|Connection was closed before we received|cURL error (?:35|52|56): "
)
"""Matches a message that a connection ended before the response came."""
_EITHER = "Could not connect to the endpoint URL: "
"""botocore's message both where there is no address and where the connection was refused at once
(`botocore.httpsession`, `EndpointConnectionError`)."""
_GAVE_UP = re.compile(
    r"get credentials: (?:failed to refresh cached credentials, )?(?:request canceled, |canceled, )?context "
    r"(?:canceled|deadline exceeded)"
)
"""Matches the message of the SDK for Go, version 2, for a caller that stopped waiting for credentials."""
_NO_PROXY = re.compile(r"proxy URL: |proxyconnect tcp: ")
_PROXY_REFUSES = re.compile(
    rf'"https://\S+\.{OF_AWS}[^"]*": (?:Forbidden|Proxy Authentication Required|Bad Gateway|Service Unavailable)\b'
    r"|Unexpected response code for CONNECT: "
)
"""Matches what Go (`net/http`, the status of a response to CONNECT) and OkHttp say where a proxy does not connect."""
_NO_TRUST = re.compile(
    rf"SSL validation failed for https://\S+\.{OF_AWS}|{OF_AWS}\S* .*x509: certificate|HTTP request: PKIX path building"
    rf"|cURL error 60: .*{OF_AWS}"
)


def blames_surroundings(said: str) -> bool:
    """Whether the program did not reach AWS, or signed at the wrong time: something around the program is broken."""
    found = (_NO_WAY, _NO_NAME, _GAVE_UP, _NO_PROXY, _PROXY_REFUSES, _NO_TRUST)
    return blames_clock(said) or any(it.search(said) for it in found)


def may_pass(said: str) -> bool:
    """Whether the error may pass by itself, as one on the way to AWS does, or too many requests to STS."""
    lasting = blames_clock(said) or blames_certificate(said) or refused_by_proxy(said)
    return is_throttled(said) or (blames_surroundings(said) and not lasting)


def unreached(said: str) -> str:
    """The service of AWS that the program did not reach, as its host name calls it, such as `sts`; else empty."""
    return next((name for name in reversed(_host(said)) if name != "vpce" and not _REGION.fullmatch(name)), "")


def unreached_region(said: str) -> str:
    """The region in that host name; empty for a global name, and for that of a single VPC endpoint."""
    return last if _REGION.fullmatch(last := _host(said)[-1]) else ""


def _host(said: str) -> list[str]:
    found = _NO_WAY.search(said)
    return (next(filter(None, found.groups())) if found else "").split(".")


def unresolved(said: str) -> bool:
    """Whether the program did not reach a server because its name led to no address. A message about a name that lacks
    the region does not count."""
    return _NO_NAME.search(said) is not None and not lacks_region(said)


def misses_region(said: str) -> bool:
    """Whether the program asked for STS in a region that cannot be one, as its own settings have it."""
    found = _OF_STS.search(said)
    return found is not None and _REGION.fullmatch(found[1]) is None


def gave_up(said: str) -> bool:
    """Whether the program stopped waiting before its SDK had credentials, and the message does not say what the SDK
    waited for."""
    return _GAVE_UP.search(said) is not None


def by_global_endpoint(said: str) -> bool:
    """Whether the message may be due to STS's global endpoint: it was not reached, another server responded under its
    name, or its session is not known."""
    other = _OTHER_HOST.search(said) is not None
    not_there = (unreached(said) == "sts" or other) and _GLOBAL.search(said) is not None
    return not_there or (any(words in said for words in _NO_SESSION) and shows_in(said) is not Step.STS_ASSUME)


def refused_at_once(said: str) -> bool:
    """Whether something on the way refused the connection at once, so that the way exists."""
    return _REFUSED_AT_ONCE.search(said) is not None


def cut_off(said: str) -> bool:
    """Whether something on the way ended the connection to AWS."""
    return bool(unreached(said)) and _CUT_OFF.search(said) is not None


def lacks_connection(said: str) -> bool:
    """Whether there was no connection, and the message does not say whether the name has no address."""
    return _EITHER in said


def blames_proxy(said: str) -> bool:
    """Whether the program did not reach the proxy that it is set to use."""
    return _NO_PROXY.search(said) is not None


def refused_by_proxy(said: str) -> bool:
    """Whether the proxy that the program is set to use did not connect it to AWS."""
    return _PROXY_REFUSES.search(said) is not None


def blames_certificate(said: str) -> bool:
    """Whether the program did not trust the certificate that a server presented as AWS's."""
    return _NO_TRUST.search(said) is not None and not (_OTHER_HOST.search(said) and _GLOBAL.search(said))
