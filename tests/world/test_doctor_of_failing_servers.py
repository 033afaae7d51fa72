"""The doctor where a server answers that it is overloaded, or fails itself: nothing follows about the chain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import urllib3

from app import wiring
from app.flow.errors import ServerFailed
from app.wiring import Choice
from app.world.setup import tool_files
from tests.world.failing_server import Failing, failing
from tests.world.test_doctor import Operator, operator

pytestmark = pytest.mark.one_world

__all__ = ["operator"]
ALL = ("-s", "my-sa", "--do", "all")
THROTTLING = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
TIMED_OUT = '{"kind": "Status", "status": "Failure", "message": "etcdserver: request timed out", "code": 500}'


def nothing_follows(found: Any) -> None:
    assert [check["id"] for check in found["checks"] if check["status"] == "failed"] == []
    assert (found["fix"], found["outcome"] in ("works", "unknown")) == (None, True)
    assert found["exit"] == (0 if found["outcome"] == "works" else 2)
    assert {check["status"] for check in found["checks"] if check["reason"] == "server_failed"} == {"unknown"}


@contextmanager
def failing_api_server(operator: Operator) -> Iterator[Failing]:
    """Stands before the API server, and the kubeconfig names it."""
    kubeconfig = operator.folder / tool_files.KUBECONFIG
    address = re.search(r"server: (https://[^/]*)", kubeconfig.read_text())
    token = re.search(r'token: "(.+)"', kubeconfig.read_text())
    assert address is not None
    assert token is not None
    trusting = urllib3.PoolManager(ca_certs=str(operator.folder / tool_files.CA))
    with failing(address[1], trusting, token[1]) as server:
        kubeconfig.write_text(kubeconfig.read_text().replace(address[1], server.url))
        yield server


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("ListOpenIDConnectProviders", "works"),
        ("GetOpenIDConnectProvider", "works"),
        ("GetRole", "works"),
        ("GetCallerIdentity", "works"),
        ("AssumeRoleWithWebIdentity", "works"),
    ],
)
def test_who_is_throttled_by_aws(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, action: str, outcome: str
) -> None:
    with failing(operator.environment["AWS_ENDPOINT_URL"], urllib3.PoolManager()) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        aws.words, aws.status, aws.body = f"Action={action}&", 400, THROTTLING
        found = operator.doctor(*ALL)
    nothing_follows(found)
    assert found["outcome"] == outcome
    assert "Rate exceeded" in {check["error"] for check in found["checks"]}
    assert aws.times


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/openid-configuration",
        "/serviceaccounts/my-sa",
        "/pods/pod-after",
    ],
)
def test_an_api_server_that_fails(operator: Operator, path: str, status: int) -> None:
    with failing_api_server(operator) as server:
        server.words, server.status, server.body = path, status, TIMED_OUT
        found = operator.doctor("-n", "default", "-s", "my-sa")
    nothing_follows(found)
    assert found["outcome"] == "unknown"
    assert "etcdserver: request timed out" in {check["error"] for check in found["checks"]}
    assert server.times


def test_an_api_server_that_asks_to_try_again_is_asked_once_more(operator: Operator) -> None:
    """Where that is in vain, no other question waits."""
    with failing_api_server(operator) as server:
        server.words, server.status, server.retry_after, server.most = "/serviceaccounts/my-sa", 429, "0", 1
        assert operator.doctor("-n", "default", "-s", "my-sa")["outcome"] == "works"

        server.words, server.most, server.times = "/", 1_000, 0
        ports = wiring.live(Choice(), attempts=1)
        for _ in range(3):
            with pytest.raises(ServerFailed):
                ports.cluster.version()
        assert server.times == 2 + 1 + 1

        server.retry_after = "9" * 5_000  # which Python reads as no number
        with pytest.raises(ServerFailed):
            wiring.live(Choice(), attempts=1).cluster.version()


@pytest.mark.parametrize("status", [200, 302, 403, 404, 405])
def test_what_no_api_of_aws_answers_is_nothing_about_the_account(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """Such as a proxy's page: it was called an account without a provider, with the command that makes one."""
    with failing(operator.environment["AWS_ENDPOINT_URL"], urllib3.PoolManager()) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        aws.words, aws.status, aws.body = "Action=", status, "<html>Please log in</html>"
        found = operator.doctor(*ALL)
    assert [check["id"] for check in found["checks"] if check["status"] == "failed"] == []
    assert (found["exit"], found["outcome"]) in ((0, "works"), (2, "unknown"))
    reasons = {check["id"]: check["reason"] for check in found["checks"]}
    assert reasons["provider.exists"] == reasons["sts.credentials"] == "unreadable_answer"


def test_an_empty_region_is_none(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "")
    found = operator.doctor("-s", "my-sa")
    assert [check["id"] for check in found["checks"] if check["status"] == "failed"] == []
    assert (found["exit"], found["fix"]["id"]) == (2, "name_region")
    reasons = {check["id"]: check["reason"] for check in found["checks"]}
    assert reasons["provider.exists"] == reasons["role.exists"] == "no_region"
