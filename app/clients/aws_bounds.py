"""The bounded connections of `bounds` as botocore makes its own. They are apart because botocore is slow to load."""

from __future__ import annotations

import urllib3
from botocore.awsrequest import AWSHTTPConnection, AWSHTTPSConnection

from app.clients.bounds import BoundedPool, BoundedResponse


class _AwsHttpConnection(AWSHTTPConnection):
    response_class = BoundedResponse  # type: ignore[assignment]  # botocore takes any, the stubs do not


class _AwsHttpsConnection(AWSHTTPSConnection):
    response_class = BoundedResponse  # type: ignore[assignment]


class _AwsHttpPool(BoundedPool, urllib3.HTTPConnectionPool):
    ConnectionCls = _AwsHttpConnection  # type: ignore[assignment]


class _AwsHttpsPool(BoundedPool, urllib3.HTTPSConnectionPool):
    ConnectionCls = _AwsHttpsConnection  # type: ignore[assignment]


AWS_POOLS = {"http": _AwsHttpPool, "https": _AwsHttpsPool}
"""For the pool manager of botocore's http session, by scheme."""
