"""AssumeRoleWithWebIdentity: the unsigned call in which the token itself is the proof.

AWS does not publish the order of its checks; this one is pieced together from what users were shown.
"""

from __future__ import annotations

import re
import time

from app.flow.model import JsonValue
from app.flow.trust import ASSUME_ROLE_WITH_WEB_IDENTITY, evaluate, session_keys, web_identity_context
from app.world.aws.account import Account
from app.world.aws.cloudtrail.records import granted, refused, requested
from app.world.aws.directory import Directory
from app.world.aws.entities import OidcProvider, Role
from app.world.aws.errors import AwsError, throttled, validation_error
from app.world.aws.organization import resource_denied_by
from app.world.aws.parameters import Parameters, check, number
from app.world.aws.sts import refusals
from app.world.aws.sts.credentials import credentials
from app.world.aws.sts.parameters import CONSTRAINTS, parse_role_arn
from app.world.aws.sts.session_policies import packed_size, read_session_policies
from app.world.aws.sts.token import WebIdentityToken, is_signed_by, read_token
from app.world.aws.sts.verification_keys import find_key
from app.world.aws.times import iso

_REQUIRED = ("RoleArn", "RoleSessionName", "WebIdentityToken")
_ACCOUNT = re.compile(r"arn:[^:]*:iam::([0-9]{12}):")


async def assume_role_with_web_identity(
    directory: Directory, parameters: Parameters, region: str | None, *, user_agent: str
) -> JsonValue:
    """Exchanges a token for credentials of a role. `region` is the one called; None, as for every request without a
    signature, for the account's own: the world has one endpoint for all regions.

    CloudTrail records every request whose token is genuine; that it has none of the others is an assumption. Raises
    `AwsError`.
    """
    # (1) STS is active in the region
    found = _ACCOUNT.match(parameters.get("RoleArn", ""))
    account = directory.account(found[1]) if found else None
    if account is not None:
        if account.usage.admit():
            raise throttled()
        check_region(account, region or account.region)

    # (2) The parameters keep their limits
    check(parameters, CONSTRAINTS, required=_REQUIRED, optional=("DurationSeconds", "Policy", "ProviderId"))

    # (3) The ARN is a role's
    parse_role_arn(parameters["RoleArn"])

    # (4) - (6) The token is a JWT, has the claims, is of now
    now = account.clock.now() if account is not None else time.time()
    token = read_token(parameters["WebIdentityToken"], now)

    # (7) The role's account has a provider for the issuer
    provider = _provider(account, token.issuer)
    if account is None or provider is None:
        raise refusals.no_provider(account or directory.account_by_issuer(token.issuer), token.issuer)

    # (8) ... which lists the audience
    if token.audience not in provider.client_ids:
        raise refusals.wrong_audience(account)

    # (9) The issuer publishes the key
    key, trusted = await find_key(account, provider, token.key_id)

    # (10) The signature is the key's
    if not is_signed_by(token, key):
        raise refusals.wrong_signature()

    region = region or account.region
    record = requested(account, provider, token, parameters, region=region, user_agent=user_agent)
    try:
        answer = _open_session(account, provider, token, parameters, region)
    except AwsError as error:
        account.record_event(refused(record, error))
        raise
    account.record_event(granted(record, answer, trusted=trusted))
    return answer


def _open_session(
    account: Account, provider: OidcProvider, token: WebIdentityToken, parameters: Parameters, region: str
) -> JsonValue:
    # (11) The role is there, its trust policy allows this identity, and no resource control policy denies it
    role = _role(account, parameters["RoleArn"])
    if role is None or not _is_trusted(account, role, provider, token, parameters, region):
        raise refusals.not_authorized()

    # (12) The session is no longer than the role allows
    seconds = number(parameters, "DurationSeconds", 3600)
    check_duration(role, seconds)

    # (13) Its own policies are sound
    session_policies = read_session_policies(account, parameters)

    session_name = parameters["RoleSessionName"]
    session = account.open_session(
        role,
        session_name,
        seconds,
        session_policies=session_policies,
        context_keys=session_keys(token.issuer, token.claims | {"aud": token.audience}, provider.arn),
    )
    return {
        "Credentials": credentials(session),
        "SubjectFromWebIdentityToken": token.subject,
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
        "PackedPolicySize": packed_size(parameters),
        "Provider": provider.arn,
        "Audience": token.audience,
    }


def check_region(account: Account, region: str) -> None:
    """Raises `RegionDisabledException` where the account has switched STS off."""
    if region in account.disabled_sts_regions:
        raise AwsError(
            403,
            "RegionDisabledException",
            f"STS is not activated in this region for account:{account.account_id}. "
            "Your account administrator can activate STS in this region using the IAM Console.",
        )


def check_duration(role: Role, seconds: int) -> None:
    """Raises `ValidationError` where the role allows no session that long."""
    if seconds > role.max_session_duration:
        raise validation_error("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")


def _provider(account: Account | None, issuer: str) -> OidcProvider | None:
    """The provider whose URL is the issuer's, character by character."""
    if account is None or not issuer.startswith("https://"):
        return None
    return account.oidc_providers.get(issuer.removeprefix("https://"))


def _role(account: Account, arn: str) -> Role | None:
    """The role whose ARN it is, path included."""
    role = account.roles.get(parse_role_arn(arn)[1])
    return role if role is not None and role.arn == arn else None


def _is_trusted(
    account: Account, role: Role, provider: OidcProvider, token: WebIdentityToken, parameters: Parameters, region: str
) -> bool:
    now = account.clock.now()
    context = web_identity_context(
        token.issuer,
        token.claims | {"aud": token.audience},
        provider.arn,
        extra={
            "aws:CurrentTime": iso(now),
            "aws:EpochTime": str(int(now)),
            "aws:FederatedProvider": provider.arn,
            "aws:RequestedRegion": region,
            "aws:SecureTransport": "true",
            "sts:RoleSessionName": parameters["RoleSessionName"],
            **{f"aws:ResourceTag/{tag}": value for tag, value in role.tags.items()},
        },
    )
    if not evaluate(role.trust_policy, context).allowed:
        return False
    return not resource_denied_by(account, ASSUME_ROLE_WITH_WEB_IDENTITY, role.arn, provider.arn, context.keys)
