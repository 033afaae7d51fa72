"""STS's words for a web identity that it refuses.

In 2026 STS replaced several precise texts by one; the codes and statuses stayed. An account says which it speaks.
What is marked as an assumption has no first-hand transcript.
"""

from __future__ import annotations

from app.world.aws.account import Account
from app.world.aws.errors import AwsError, access_denied

_GENERIC = (
    "The web identity token provided could not be validated. "
    "See the AssumeRoleWithWebIdentity documentation for requirements."
)


def invalid_token(message: str) -> AwsError:
    """`InvalidIdentityToken`, 400."""
    return AwsError(400, "InvalidIdentityToken", message)


def not_a_jwt() -> AwsError:
    """The text was never a JWT."""
    return invalid_token(
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
    )


def no_provider(account: Account | None, issuer: str) -> AwsError:
    """The role's account has no OIDC provider for the issuer."""
    return _worded(account, f"No OpenIDConnect provider found in your account for {issuer}")


def wrong_audience(account: Account) -> AwsError:
    """The audience is none of the provider's client ids. That the current text is the generic one is second-hand."""
    return _worded(account, "Incorrect token audience")


def no_key() -> AwsError:
    """Discovery or JWKS cannot be read, or hold no such key. The two spaces are STS's own."""
    return invalid_token(
        "Couldn't retrieve verification key from your identity provider,  "
        "please reference AssumeRoleWithWebIdentity documentation for requirements"
    )


def wrong_thumbprint() -> AwsError:
    """The issuer's certificate is of no public CA and not one of the provider's thumbprints."""
    return invalid_token("OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint")


def issuer_silent() -> AwsError:
    """The issuer did not answer in time. Clients retry this one. The text is an assumption."""
    return AwsError(400, "IDPCommunicationError", "Error communicating with provider")


def wrong_signature() -> AwsError:
    """The signature is not the key's, or the time before which the token is not valid lies ahead: an assumption."""
    return invalid_token(_GENERIC)


def not_authorized() -> AwsError:
    """The role is missing, or its trust policy does not allow this identity. STS never says which."""
    return access_denied("Not authorized to perform sts:AssumeRoleWithWebIdentity")


def _worded(account: Account | None, classic: str) -> AwsError:
    return invalid_token(classic if account is not None and account.sts_wording == "classic" else _GENERIC)
