"""How much one account may hold, and IAM's words when it is full.

Where AWS's own quota is larger than a learner needs, ours is smaller: an account lives in memory.
"""

from __future__ import annotations

from collections.abc import Sized

from app.world.aws.errors import AwsError

ROLES = 200
USERS = 100
ACCESS_KEYS = 2
POLICIES = 200
OIDC_PROVIDERS = 100
CLIENT_IDS = 100
THUMBPRINTS = 5
ATTACHED_POLICIES = 10
POLICY_VERSIONS = 5
TRUST_POLICY_SIZE = 2048
INLINE_POLICIES_SIZE = 10240
MANAGED_POLICY_SIZE = 6144


def limit_exceeded(message: str) -> AwsError:
    """`LimitExceeded`, 409."""
    return AwsError(409, "LimitExceeded", message)


def room_for_one(held: Sized, quota: str, limit: int) -> None:
    """Raises `LimitExceeded` when nothing more fits."""
    within(len(held) + 1, quota, limit)


def within(amount: int, quota: str, limit: int) -> None:
    """Raises `LimitExceeded` when `amount` is over the limit."""
    if amount > limit:
        raise limit_exceeded(f"Cannot exceed quota for {quota}: {limit}")


def size_of(document: str) -> int:
    """The size of a policy as IAM counts it: white space is free."""
    return len("".join(document.split()))
