"""The keys that issuers publish, as STS fetches and keeps them."""

from __future__ import annotations

import jwt
from cryptography.exceptions import UnsupportedAlgorithm

from app.flow.model import JsonValue
from app.flow.token import PUBLIC_MEMBERS
from app.world.aws.account import Account
from app.world.aws.entities import OidcProvider, PublishedKeys
from app.world.aws.errors import AwsError
from app.world.aws.issuer_client import IssuerUnreachable
from app.world.aws.sts import refusals

KEPT_SECONDS = 3600
"""How long published keys are kept, in world time. An assumption: AWS does not say whether it keeps any."""


async def find_key(account: Account, provider: OidcProvider, key_id: str | None) -> tuple[jwt.PyJWK, bool]:
    """The issuer's key of that `kid`, and whether a public CA vouches for the host that publishes it.

    Fetches again when the key is not among the kept ones. Raises `AwsError`.
    """
    issuer = f"https://{provider.url}"
    try:
        # (1) Discovery and JWKS, unless they are kept and hold the key
        published = account.published_keys.get(issuer)
        if published is None or not _is_fresh(account, published) or key_id not in published.keys:
            published = await _fetch(account, issuer)
            account.published_keys[issuer] = published

        # (2) The host's certificate: of a public CA, or with a thumbprint that the provider lists
        client = account.issuer_client
        trusted = client.trusted(published.url)
        if not trusted and await client.thumbprint(published.url) not in provider.thumbprints:
            raise refusals.wrong_thumbprint()
    except IssuerUnreachable as error:
        raise _refusal(error) from error

    # (3) The key
    if key_id is None or key_id not in published.keys:
        raise refusals.no_key()
    return published.keys[key_id], trusted


def _refusal(error: IssuerUnreachable) -> AwsError:
    match error.kind:
        case "timeout":
            return refusals.issuer_silent()
        case "tls":
            return refusals.wrong_thumbprint()
        case _:
            return refusals.no_key()


def _is_fresh(account: Account, published: PublishedKeys) -> bool:
    return 0 <= account.clock.now() - published.fetched < KEPT_SECONDS


async def _fetch(account: Account, issuer: str) -> PublishedKeys:
    discovery = await account.issuer_client.get_json(f"{issuer}/.well-known/openid-configuration")
    if not isinstance(discovery, dict) or discovery.get("issuer") != issuer:
        raise IssuerUnreachable("answer")
    url = discovery.get("jwks_uri")
    if not isinstance(url, str) or not url.startswith("https://"):
        raise IssuerUnreachable("answer")
    keys = _read_keys(await account.issuer_client.get_json(url))
    return PublishedKeys(url=url, fetched=account.clock.now(), keys=keys)


def _read_keys(jwks: JsonValue) -> dict[str, jwt.PyJWK]:
    """The keys of a JWKS that can be read and have a `kid`, by that.

    Where an issuer publishes the private part as well, which RFC 7517 (section 9.2) warns of, it is left out: PyJWT
    would make a private key of it, which verifies nothing, and the saved world would contain it.
    """
    found: dict[str, jwt.PyJWK] = {}
    listed = jwks.get("keys") if isinstance(jwks, dict) else None
    for jwk in listed if isinstance(listed, list) else []:
        if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str) or jwk.get("kty") not in ("RSA", "EC"):
            continue
        try:
            names = ("kty", "kid", "alg", "use", *PUBLIC_MEMBERS[jwk["kty"]])
            found[jwk["kid"]] = jwt.PyJWK({name: jwk[name] for name in names if name in jwk})
        except (jwt.PyJWTError, UnsupportedAlgorithm, NotImplementedError, ValueError, TypeError, KeyError):
            continue
    return found
