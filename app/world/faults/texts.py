"""The products' error messages for faults, exactly, with the names of one world.

Placeholders of the catalogue are filled from the world: its account, issuer and roles, and what the Pod last asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.world.world import World

LIST_BUCKETS = "s3:ListAllMyBuckets"
"""The action that ListBuckets takes."""
_OLD_NO_CREDENTIALS = 'Unable to locate credentials. You can configure credentials by running "aws configure".'
"""As version 1 of the CLI prints it."""
_NO_CREDENTIALS = (
    "An error occurred (NoCredentials): Unable to locate credentials. "
    'You can configure credentials by running "aws login".'
)
_SESSION_PREFIX = "botocore-session-"
"""How botocore names a session of a web identity when no one else does: the Unix seconds follow."""


# (1) STS


def not_authorized(world: World) -> str:
    """STS does not let this identity have the role, or the role is not there: it never says which."""
    return refused_by_sts("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")


def not_validated(world: World) -> str:
    """STS's words of 2026 for a token that it cannot validate."""
    return refused_by_sts(
        "InvalidIdentityToken",
        "The web identity token provided could not be validated. "
        "See the AssumeRoleWithWebIdentity documentation for requirements.",
    )


def no_provider(world: World) -> str:
    """No provider for the issuer; until 2026 STS said so."""
    if world.account.sts_wording == "current":
        return not_validated(world)
    text = f"No OpenIDConnect provider found in your account for {world.issuer}"
    return refused_by_sts("InvalidIdentityToken", text)


def wrong_audience(world: World) -> str:
    """None of the provider's audiences; until 2026 STS said so."""
    if world.account.sts_wording == "current":
        return not_validated(world)
    return refused_by_sts("InvalidIdentityToken", "Incorrect token audience")


def no_jwt(world: World) -> str:
    """What was sent is no token."""
    text = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
    return refused_by_sts("InvalidIdentityToken", text)


def refused_by_sts(code: str, message: str) -> str:
    """A refusal of AssumeRoleWithWebIdentity as botocore words it."""
    return f"An error occurred ({code}) when calling the AssumeRoleWithWebIdentity operation: {message}"


# (2) S3


def without_irsa(world: World) -> str:
    """The Pod has become the node, whose role may not list buckets; on other kinds of nodes it has no credentials."""
    return _as_the_node(world) if world.account.pods_reach_node_role else _NO_CREDENTIALS


def old_release(world: World) -> str:
    """The same of a CLI that knows no IMDSv2: it gets the node's role only where IMDSv1 is on."""
    node = world.account.node
    return _as_the_node(world) if node is not None and node.kind.takes_no_token else _OLD_NO_CREDENTIALS


def _as_the_node(world: World) -> str:
    return may_not_list(session_of(world, world.node_role_name, world.instance_id))


def as_the_role(world: World) -> str:
    """The Pod has its role, which may not list buckets."""
    return may_not_list(session_of(world, world.chain.role, session_name(world)))


def may_not_list(user: str, why: str = f"because no identity-based policy allows the {LIST_BUCKETS} action") -> str:
    """S3 refuses ListBuckets to the caller with that ARN."""
    return (
        "An error occurred (AccessDenied) when calling the ListBuckets operation: "
        f"User: {user} is not authorized to perform: {LIST_BUCKETS} {why}"
    )


def session_of(world: World, role: str, name: str) -> str:
    """The ARN of a role's session in the account."""
    return f"arn:aws:sts::{world.account_id}:assumed-role/{role}/{name}"


def session_name(world: World) -> str:
    """The session that the Pod opened last."""
    for event in reversed(tuple(world.account.management_events)):  # a copy: pages ask from threads of their own
        name = str((event.get("requestParameters") or {}).get("roleSessionName", ""))
        if name.startswith(_SESSION_PREFIX):
            return name
    return f"{_SESSION_PREFIX}{int(world.clock.now())}"


def nothing(world: World) -> str:
    """Nothing fails."""
    return ""


ELSEWHERE: Mapping[Callable[[World], str], str] = {
    no_provider: "No OpenIDConnect provider found in your account for",
    wrong_audience: "Incorrect token audience",
    without_irsa: "Unable to locate credentials",
}
"""The message elsewhere, by the function that returns the message here: STS's until 2026, the SDK's where it cannot
reach a node's role."""
