"""IAM OIDC providers: which issuer the account trusts, for which audiences."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from app.flow.model import JsonValue
from app.world.aws.account import Account
from app.world.aws.entities import OidcProvider
from app.world.aws.errors import AwsError, validation_error
from app.world.aws.iam import limits, tags
from app.world.aws.iam.constraints import CLIENT_ID, THUMBPRINT
from app.world.aws.issuer_client import IssuerUnreachable
from app.world.aws.parameters import Parameters, check_members, members
from app.world.aws.times import iso

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_HEX = re.compile(r"[0-9A-Fa-f]*")


def create(account: Account, parameters: Parameters) -> JsonValue:
    """CreateOpenIDConnectProvider. Without a thumbprint the list stays empty: see `with_thumbprint`."""
    url = _read_url(parameters["Url"])
    client_ids = members(parameters, "ClientIDList")
    check_members("ClientIDList", client_ids, CLIENT_ID)
    thumbprints = _thumbprints(parameters)
    labels = tags.read_tags(parameters)
    limits.within(len(client_ids), "ClientIdsPerOpenIdConnectProvider", limits.CLIENT_IDS)
    if url in account.oidc_providers:
        raise AwsError(409, "EntityAlreadyExists", f"Provider with url https://{url} already exists.")
    limits.room_for_one(account.oidc_providers, "OpenIdConnectProvidersPerAccount", limits.OIDC_PROVIDERS)
    provider = OidcProvider(
        url=url,
        arn=f"arn:aws:iam::{account.account_id}:oidc-provider/{url}",
        created=account.clock.now(),
        client_ids=list(dict.fromkeys(client_ids)),
        thumbprints=thumbprints,
        tags=labels,
    )
    account.oidc_providers[url] = provider
    return {"OpenIDConnectProviderArn": provider.arn, "Tags": tags.tag_list(labels)}


async def with_thumbprint(account: Account, parameters: Parameters) -> Parameters:
    """The parameters with the thumbprint that IAM itself takes when the caller gives none.

    Raises `OpenIdIdpCommunicationError` when the issuer does not answer.
    """
    if members(parameters, "ThumbprintList") or "Url" not in parameters:
        return parameters
    url = f"https://{_read_url(parameters['Url'])}"
    try:
        discovery = await account.issuer_client.get_json(f"{url}/.well-known/openid-configuration")
        keys_url = discovery.get("jwks_uri") if isinstance(discovery, dict) else None
        if not isinstance(keys_url, str):
            raise IssuerUnreachable("answer")
        thumbprint = await account.issuer_client.thumbprint(keys_url)
    except IssuerUnreachable as error:
        message = f"Please check .well-known/openid-configuration of provider: {url} is valid."
        raise AwsError(400, "OpenIdIdpCommunicationError", message) from error
    return {**parameters, "ThumbprintList.member.1": thumbprint}


def get(account: Account, parameters: Parameters) -> JsonValue:
    """GetOpenIDConnectProvider."""
    provider = find(account, parameters)
    return {
        "Url": provider.url,
        "CreateDate": iso(provider.created),
        "ClientIDList": list(provider.client_ids),
        "ThumbprintList": list(provider.thumbprints),
        "Tags": tags.tag_list(provider.tags),
    }


def list_all(account: Account, parameters: Parameters) -> JsonValue:
    """ListOpenIDConnectProviders: never paginated."""
    return {"OpenIDConnectProviderList": [{"Arn": provider.arn} for provider in account.oidc_providers.values()]}


def delete(account: Account, parameters: Parameters) -> JsonValue:
    """DeleteOpenIDConnectProvider. Roles that trust it stay as they are."""
    del account.oidc_providers[find(account, parameters).url]


def add_client_id(account: Account, parameters: Parameters) -> JsonValue:
    """AddClientIDToOpenIDConnectProvider. Idempotent."""
    provider = find(account, parameters)
    client_id = parameters["ClientID"]
    if client_id not in provider.client_ids:
        limits.room_for_one(provider.client_ids, "ClientIdsPerOpenIdConnectProvider", limits.CLIENT_IDS)
        provider.client_ids.append(client_id)


def remove_client_id(account: Account, parameters: Parameters) -> JsonValue:
    """RemoveClientIDFromOpenIDConnectProvider. Idempotent."""
    provider = find(account, parameters)
    if parameters["ClientID"] in provider.client_ids:
        provider.client_ids.remove(parameters["ClientID"])


def update_thumbprints(account: Account, parameters: Parameters) -> JsonValue:
    """UpdateOpenIDConnectProviderThumbprint: replaces the whole list."""
    provider = find(account, parameters)
    thumbprints = _thumbprints(parameters)
    if not thumbprints:
        raise AwsError(400, "InvalidInput", "Thumbprint list must contain at least one entry.")
    provider.thumbprints = thumbprints


def find(account: Account, parameters: Parameters) -> OidcProvider:
    """The provider of `OpenIDConnectProviderArn`. Raises `NoSuchEntity`."""
    arn = parameters["OpenIDConnectProviderArn"]
    for provider in account.oidc_providers.values():
        if provider.arn == arn:
            return provider
    raise AwsError(404, "NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")


def _thumbprints(parameters: Parameters) -> list[str]:
    given = members(parameters, "ThumbprintList")
    check_members("ThumbprintList", given, THUMBPRINT)
    if not all(_HEX.fullmatch(thumbprint) for thumbprint in given):
        raise AwsError(400, "InvalidInput", "Invalid thumbprint.")
    if len(given) > limits.THUMBPRINTS:
        raise AwsError(400, "InvalidInput", f"Thumbprint list must contain fewer than {limits.THUMBPRINTS} entries.")
    return [thumbprint.lower() for thumbprint in given]


def _read_url(url: str) -> str:
    """The URL without its scheme, and without `:443`, which eksctl writes and IAM drops."""
    invalid = validation_error("Invalid Open ID Connect Provider URL")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise invalid from error
    host = (parts.hostname or "").lower()
    if parts.scheme != "https" or not _HOST.fullmatch(host) or port not in (None, 443):
        raise invalid
    if parts.query or parts.fragment or "@" in parts.netloc or not url.isascii() or not url.isprintable():
        raise invalid
    return host + parts.path
