"""The bounded connections of `bounds` as botocore makes its own. They are apart because botocore is slow to load."""

from __future__ import annotations

import errno
import stat
from pathlib import Path
from typing import Any

import urllib3
from botocore.awsrequest import AWSHTTPConnection, AWSHTTPSConnection

from app.clients.bounds import BoundedConnection, BoundedPool
from app.clients.sources import FILE_LIMIT, read_bytes
from app.flow.errors import Unreachable


class _AwsHttpConnection(BoundedConnection, AWSHTTPConnection):  # type: ignore[misc]  # botocore's has no types
    pass


class _AwsHttpsConnection(BoundedConnection, AWSHTTPSConnection):  # type: ignore[misc]
    pass


class _AwsHttpPool(BoundedPool, urllib3.HTTPConnectionPool):
    ConnectionCls = _AwsHttpConnection


class _AwsHttpsPool(BoundedPool, urllib3.HTTPSConnectionPool):
    ConnectionCls = _AwsHttpsConnection


AWS_POOLS = {"http": _AwsHttpPool, "https": _AwsHttpsPool}
"""For the pool manager of botocore's http session, by scheme."""


def bound(session: Any, url: str) -> None:
    """Gives botocore's http session bounded connections. Raises `Unreachable` for a CA bundle that may never end.

    OpenSSL reads the bundle (`AWS_CA_BUNDLE`, `ca_bundle`, `REQUESTS_CA_BUNDLE`) for each connection to an https `url`,
    without any limit, and waits for ever where it is a pipe.
    """
    session._pool_classes_by_scheme.update(AWS_POOLS)
    if url.lower().startswith("https") and isinstance(session._verify, str):
        _check_bundle(Path(session._verify))


def _check_bundle(path: Path) -> None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        read_bytes(path)
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise Unreachable(
            code="aws_ca_unusable", server_message=said, got=str(path), expected=str(FILE_LIMIT)
        ) from None
