"""What the sentence of a product in a log says of the way to AWS: which service was not reached, and why not."""

from __future__ import annotations

import re

from app.flow.model import Step
from app.flow.verdict.error_messages import blames_clock, lacks_region, shows_in
from app.flow.verdict.log_sentences import OF_AWS

_NO_SESSION = (
    "The provided token is malformed or otherwise invalid",
    "The security token included in the request is invalid",
    "AWS was not able to validate the provided access credentials",
)
"""What services (S3, most others, EC2) say of a session that their region does not know, as one of STS's global
endpoint (opt-in regions)."""
_GLOBAL = re.compile(r"(?:https://|Connect to |getaddrinfo E\w+ )sts\.amazonaws\.com\b(?!\.cn)")
_NO_WAY = re.compile(
    rf'endpoint URL: "https://(?P<botocore>[^"/]+)\.{OF_AWS}'
    rf'|"https://(?P<go>[^"/]+)\.{OF_AWS}[^"]*": '
    r"(?:(?:dial|read|write) tcp|context deadline exceeded|net/http: |(?:unexpected )?EOF)"
    rf"|(?:Connect to|getaddrinfo E\w+|HTTP request:|Inaccessible host:) `?(?P<other>\S+)\.{OF_AWS}"
)
"""What says that AWS was not reached, and the host's name but for its end."""
_NO_NAME = re.compile(
    r"dial tcp: |getaddrinfo E|UnknownHostException|Name or service not known|failure in name resolution"
    r"|Inaccessible host: |HTTP request: [\w.-]+$"
)
"""What says that the name of a server has no address, or none that came in time: where the SDK for Go writes no address
after `dial tcp`, it has none (Go's `net.Dialer`)."""
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d")
_OTHER_HOST = re.compile(r"hostname '.*' doesn't match|Hostname mismatch|x509: certificate is valid for ")
"""What says that a certificate is right, and is another server's."""
_REFUSED_AT_ONCE = re.compile(r"connect: connection refused|ECONNREFUSED|failed: Connection refused")
_CUT_OFF = re.compile(r": (?:unexpected )?EOF|connection reset by peer|Connection was closed before we received")
"""What says that there was a connection, which was ended before there was a response."""
_EITHER = "Could not connect to the endpoint URL: "
"""What botocore says where there is no address, and where the connection was refused at once
(`botocore.httpsession`, `EndpointConnectionError`)."""
_GAVE_UP = re.compile(
    r"get credentials: (?:failed to refresh cached credentials, )?(?:request canceled, |canceled, )?context "
    r"(?:canceled|deadline exceeded)"
)
"""What the SDK for Go, version 2, says where its caller stopped waiting for credentials."""
_NO_PROXY = re.compile(r"proxy URL: |proxyconnect tcp: ")
_NO_TRUST = re.compile(
    rf"SSL validation failed for https://\S+\.{OF_AWS}|{OF_AWS}\S* .*x509: certificate|HTTP request: PKIX path building"
)


def blames_surroundings(said: str) -> bool:
    """Whether the program did not get to AWS, or not at the right time: what is broken is around it."""
    return blames_clock(said) or any(it.search(said) for it in (_NO_WAY, _NO_NAME, _GAVE_UP, _NO_PROXY, _NO_TRUST))


def unreached(said: str) -> str:
    """The service of AWS that the program did not get to, as its host calls it, such as `sts`; else empty."""
    found = _NO_WAY.search(said)
    names = next(filter(None, found.groups())).split(".") if found else []
    return next((name for name in reversed(names) if not _REGION.fullmatch(name)), "")


def unresolved(said: str) -> bool:
    """Whether the program did not get to a server because its name led to no address. No region makes no name."""
    return _NO_NAME.search(said) is not None and not lacks_region(said)


def gave_up(said: str) -> bool:
    """Whether the program stopped waiting before its SDK had credentials, and it is not said what that waited for."""
    return _GAVE_UP.search(said) is not None


def by_global_endpoint(said: str) -> bool:
    """Whether the words may be due to STS's global endpoint: it was not reached, another server responded by its name,
    or its session is not known."""
    other = _OTHER_HOST.search(said) is not None
    not_there = (unreached(said) == "sts" or other) and _GLOBAL.search(said) is not None
    return not_there or (any(words in said for words in _NO_SESSION) and shows_in(said) is not Step.STS_ASSUME)


def refused_at_once(said: str) -> bool:
    """Whether something on the way refused the connection, so that there is one."""
    return _REFUSED_AT_ONCE.search(said) is not None


def cut_off(said: str) -> bool:
    """Whether something on the way ended the connection to AWS."""
    return bool(unreached(said)) and _CUT_OFF.search(said) is not None


def lacks_connection(said: str) -> bool:
    """Whether there was no connection, and it is not said whether the name has no address."""
    return _EITHER in said


def blames_proxy(said: str) -> bool:
    """Whether the program did not get to the proxy that it is to go through."""
    return _NO_PROXY.search(said) is not None


def blames_certificate(said: str) -> bool:
    """Whether the program did not trust the certificate that it was shown in AWS's name."""
    return _NO_TRUST.search(said) is not None and not (_OTHER_HOST.search(said) and _GLOBAL.search(said))
