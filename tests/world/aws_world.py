"""An AWS endpoint on a real loopback port, with accounts, an issuer without a network, and boto3 clients.

A test module that imports `aws_server` and `aws_fixture` has the fixture `aws`.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import jwt
import pytest
import uvicorn
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import ec

from app.world.aws import iam
from app.world.aws.account import Account
from app.world.aws.endpoint import create_app
from app.world.aws.entities import Node
from app.world.aws.issuer_client import IssuerUnreachable
from app.world.clock import WorldClock
from app.world.exchange_log import ExchangeLog
from tests.private_keys import KEY

REGION = "ap-northeast-1"
ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
ISSUER = "https://oidc.eks.ap-northeast-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER.removeprefix('https://')}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/s3-reader"
SUBJECT = "system:serviceaccount:default:my-sa"
THUMBPRINT = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"
S3_READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
SESSION = boto3.Session()
EC_KEY = ec.generate_private_key(ec.SECP256R1())


class FakeIssuer:
    """An issuer that answers in the process. Tests change what it publishes."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {}
        self.is_trusted = True
        self.served_thumbprint = THUMBPRINT
        self.failure = ""
        self.fetched: list[str] = []
        self.publish({"key-1": KEY})

    def publish(self, keys: dict[str, Any], issuer: str = ISSUER) -> None:
        published = []
        for kid, key in keys.items():
            algorithm = "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256"
            jwk = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
            published.append({**jwk, "kid": kid, "use": "sig", "alg": algorithm})
        self.documents[f"{issuer}/.well-known/openid-configuration"] = {"issuer": issuer, "jwks_uri": f"{issuer}/keys"}
        self.documents[f"{issuer}/keys"] = {"keys": published}

    async def get_json(self, url: str) -> Any:
        self.fetched.append(url)
        if self.failure:
            raise IssuerUnreachable(self.failure)
        if url not in self.documents:
            raise IssuerUnreachable("answer")
        return self.documents[url]

    async def thumbprint(self, url: str) -> str:
        if self.failure:
            raise IssuerUnreachable(self.failure)
        return self.served_thumbprint

    def trusted(self, url: str) -> bool:
        return self.is_trusted


class StillClock(WorldClock):
    """Stands at a whole second, so that no test depends on how fast it runs; `move` moves it all the same."""

    def __init__(self) -> None:
        super().__init__()
        self._start = int(time.time())

    def now(self) -> float:
        return self._start + self.offset


class AwsWorld:
    """Two accounts behind one endpoint; `account` is the one under test."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.issuer = FakeIssuer()
        self.url = ""
        self._accounts: dict[str, Account] = {}
        self.reset()

    def reset(self) -> None:
        """Accounts, issuer and clock as new; the server keeps running."""
        self.clock = StillClock()
        self.issuer = FakeIssuer()
        self._accounts = {
            number: Account(number, region=REGION, clock=self.clock, issuer_client=self.issuer, log=ExchangeLog())
            for number in (ACCOUNT, OTHER_ACCOUNT)
        }

    def account(self, account_id: str) -> Account | None:
        return self._accounts.get(account_id)

    def account_by_issuer(self, issuer: str) -> Account | None:
        return self._accounts[ACCOUNT] if issuer == ISSUER else None

    def account_by_path(self, path: str) -> Account | None:
        return self._accounts[ACCOUNT] if path == "the-path" else None

    @property
    def mine(self) -> Account:
        return self._accounts[ACCOUNT]

    @property
    def other(self) -> Account:
        return self._accounts[OTHER_ACCOUNT]

    def client(self, service: str, credentials: Any = None, *, region: str = REGION, **config: Any) -> Any:
        """A boto3 client: the learner's, or one with the `Credentials` of an answer of STS."""
        found = credentials or {
            "AccessKeyId": self.mine.admin.access_key_id,
            "SecretAccessKey": self.mine.admin.secret_access_key,
            "SessionToken": None,
        }
        return SESSION.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
            config=Config(**config),
        )

    def call(self, action: str, **parameters: str) -> Any:
        """An IAM action of the account under test, as the scenario calls it."""
        return iam.call(
            self.mine, action, {name.replace("__", ".member."): value for name, value in parameters.items()}
        )

    def seed(self, **trust: Any) -> None:
        """The scenario: provider, role with trust policy and S3 read access, a bucket, the node."""
        self.call("CreateOpenIDConnectProvider", Url=ISSUER, ClientIDList__1="sts.amazonaws.com")
        self.role("s3-reader", trust_policy(**trust))
        self.call("AttachRolePolicy", RoleName="s3-reader", PolicyArn=S3_READ_ONLY)
        ec2 = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        self.role("NodeInstanceRole", {"Version": "2012-10-17", "Statement": [ec2]})
        self.call("CreateInstanceProfile", InstanceProfileName="NodeInstanceRole")
        self.call("AddRoleToInstanceProfile", InstanceProfileName="NodeInstanceRole", RoleName="NodeInstanceRole")
        self.mine.node = Node(role_name="NodeInstanceRole", instance_id="i-0123456789abcdef0")

    def role(self, name: str, policy: Any, **parameters: str) -> None:
        self.call("CreateRole", RoleName=name, AssumeRolePolicyDocument=json.dumps(policy), **parameters)

    def claims(self, **changed: Any) -> dict[str, Any]:
        """The claims of a projected token of default/my-sa; a claim that is set to None is left out."""
        now = int(self.clock.now())
        claims = {
            "aud": ["sts.amazonaws.com"],
            "exp": now + 86400,
            "iat": now,
            "iss": ISSUER,
            "kubernetes.io": {"namespace": "default", "serviceaccount": {"name": "my-sa", "uid": "u"}},
            "nbf": now,
            "sub": SUBJECT,
        } | changed
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, *, key: Any = KEY, kid: str = "key-1", algorithm: str = "RS256", **changed: Any) -> str:
        """A projected token, with claims changed."""
        return jwt.encode(self.claims(**changed), key, algorithm=algorithm, headers={"kid": kid, "typ": None})

    def assume(self, token: str | None = None, **parameters: Any) -> Any:
        """AssumeRoleWithWebIdentity through boto3."""
        given = {"RoleArn": ROLE, "RoleSessionName": "session", "WebIdentityToken": token or self.token()}
        return self.client("sts").assume_role_with_web_identity(**(given | parameters))


def trust_policy(
    *, sub: Any = SUBJECT, aud: Any = "sts.amazonaws.com", provider: str = PROVIDER, operator: str = "StringEquals"
) -> Any:
    """The trust policy that eksctl writes."""
    host = ISSUER.removeprefix("https://")
    condition = {operator: {f"{host}:sub": sub}, "StringEquals": {f"{host}:aud": aud}}
    if operator == "StringEquals":
        condition = {operator: {f"{host}:sub": sub, f"{host}:aud": aud}}
    statement = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRoleWithWebIdentity"],
        "Principal": {"Federated": provider},
        "Condition": condition,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def request_scope(method: str, path: bytes, query: bytes, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """A request past any HTTP parser, which would refuse some junk itself."""
    return {
        "type": "http",
        "method": method,
        "path": path.decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }


@contextmanager
def serve(world: AwsWorld) -> Iterator[AwsWorld]:
    """Runs the endpoint on a free loopback port, on a loop of its own."""
    logs = {"log_level": "warning", "date_header": False}
    config = uvicorn.Config(create_app(world), host="127.0.0.1", port=0, lifespan="off", ws="none", **logs)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    world.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield world
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def refused(code: str, message: str | None = None, status: int | None = None) -> Iterator[None]:
    """The call inside is refused with that code, in those words."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response
    assert error["Error"]["Code"] == code, error
    if message is not None:
        assert error["Error"]["Message"] == message
    if status is not None:
        assert error["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.fixture(name="aws_server", scope="module")
def aws_server() -> Iterator[AwsWorld]:
    """One server for all tests of a module."""
    with serve(AwsWorld()) as world:
        yield world


@pytest.fixture(name="aws")
def aws_fixture(aws_server: AwsWorld) -> AwsWorld:
    """The scenario, fresh for each test."""
    aws_server.reset()
    aws_server.seed()
    return aws_server
