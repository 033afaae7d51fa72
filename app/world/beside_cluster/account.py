"""The account: a provider for the cluster's issuer, a role that its ServiceAccounts may assume, two buckets."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from app.flow.build import documents
from app.flow.model import JsonObject
from app.flow.names import DEFAULT_AUDIENCE
from app.world.aws import iam
from app.world.aws.account import Account
from app.world.aws.issuer_client import IssuerClient
from app.world.clock import WorldClock
from app.world.exchange_log import ExchangeLog
from app.world.setup.new_world import fill_buckets
from app.world.setup.roles import role_calls

REGION = "ap-northeast-1"
ROLE = "s3-reader"
_POLICY = "AmazonS3ReadOnlyAccess"


def new_account(issuer_client: IssuerClient, log: ExchangeLog) -> Account:
    """An empty account with random number and keys."""
    number = str(10**11 + secrets.randbelow(9 * 10**11))
    return Account(number, region=REGION, clock=WorldClock(), issuer_client=issuer_client, log=log)


async def fill(account: Account, issuer: str, namespaces: Sequence[str], service_account: str) -> None:
    """Makes what `eksctl` makes, by IAM's own calls, once the issuer answers. Raises `IssuerUnreachable`."""
    thumbprint = await account.issuer_client.thumbprint(issuer)
    provider = {"Url": issuer, "ClientIDList.member.1": DEFAULT_AUDIENCE, "ThumbprintList.member.1": thumbprint}
    iam.call(account, "CreateOpenIDConnectProvider", provider)
    trust = trust_policy(issuer, account.account_id, namespaces, service_account)
    for action, parameters in role_calls(ROLE, trust, managed=[_POLICY]):
        iam.call(account, action, parameters)
    fill_buckets(account)


def trust_policy(issuer: str, account_id: str, namespaces: Sequence[str], service_account: str) -> JsonObject:
    """The trust policy that eksctl writes; of several namespaces, with the `sub` of each."""
    accounts = [(namespace, service_account) for namespace in namespaces]
    return documents.trust_policy(issuer, account_id, accounts)
