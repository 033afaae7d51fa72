"""What the cluster's containers reach of the simulated AWS, over TLS: without a signature next to nothing."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import httpx
import pytest

from app.world.beside_cluster.servers import BesideCluster
from app.world.servers.servers import listen

ISSUER = "https://kubernetes.default.svc.cluster.local"


@pytest.fixture(scope="module")
def aws() -> Iterator[BesideCluster]:
    with BesideCluster(
        listen(0),
        reached_at="127.0.0.1",
        issuer=ISSUER,
        discovery={"issuer": ISSUER, "jwks_uri": "https://172.18.0.2:6443/openid/v1/jwks"},
        jwks={"keys": []},
        find_service_account=lambda namespace, name: None,
    ) as started:
        started.start(["demo", "shop"], "my-sa")
        yield started


@pytest.fixture(scope="module")
def client(aws: BesideCluster) -> Iterator[httpx.Client]:
    context = ssl.create_default_context(cadata=aws.ca_pem.decode())
    with httpx.Client(base_url=aws.url, verify=context, trust_env=False) as made:
        yield made


def test_the_account_trusts_the_service_account_of_each_namespace(aws: BesideCluster) -> None:
    trust = aws.account.roles["s3-reader"].trust_policy
    assert "system:serviceaccount:demo:my-sa" in trust
    assert "system:serviceaccount:shop:my-sa" in trust
    assert list(aws.account.oidc_providers) == [ISSUER.removeprefix("https://")]


@pytest.mark.parametrize(
    ("method", "path", "host", "status"),
    [
        ("GET", "/", "", 403),  # of S3, unsigned
        ("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", "", 403),
        ("GET", "/instance-metadata/x/pod/latest/meta-data/", "", 404),
        ("GET", "/", "attacker.test", 403),
        ("POST", "/webhook/0000/mutate", "", 403),
        ("GET", "/openid/v1/jwks", "", 403),
        ("GET", "/openid/v1/jwks", "kubernetes.default.svc.cluster.local", 200),
        ("POST", "/openid/v1/jwks", "kubernetes.default.svc.cluster.local", 404),
    ],
)
def test_an_unsigned_request_reaches_the_issuer_alone(
    client: httpx.Client, method: str, path: str, host: str, status: int
) -> None:
    answer = client.request(method, path, headers={"host": host} if host else {})
    assert answer.status_code == status, answer.text


def test_the_issuer_is_found_by_its_own_name_where_sts_can_read_it(aws: BesideCluster, client: httpx.Client) -> None:
    host = {"host": "kubernetes.default.svc.cluster.local"}
    document = client.get("/.well-known/openid-configuration", headers=host).json()
    assert document == {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/openid/v1/jwks"}


def test_the_webhook_is_behind_a_secret_path(aws: BesideCluster, client: httpx.Client) -> None:
    assert client.post(aws.webhook_url, json={}).status_code == 400
    assert client.get(aws.webhook_url).status_code == 405
