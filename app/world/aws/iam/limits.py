"""How much one account may hold, and IAM's words when it is full.

Where AWS's own quota is larger than a learner needs, ours is smaller: an account lives in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sized

from app.world.aws.account import Account
from app.world.aws.errors import AwsError

ROLES = 200
USERS = 100
INSTANCE_PROFILES = 100
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
ACCOUNT_SIZE = 512 * 1024
"""Bytes in UTF-8 of all that an account's entities hold, the white space of policies among them, which is free in AWS's
quotas. The lessons' roles and policies have about 10,000."""


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


def room_for(account: Account, size: int) -> None:
    """Raises `LimitExceeded` where the account's entities would hold more than `ACCOUNT_SIZE` bytes."""
    held = sum(len(text.encode("utf-8", "replace")) for text in _texts(account))
    within(size + held, "BytesPerAccount", ACCOUNT_SIZE)


def _texts(account: Account) -> Iterator[str]:
    for role in account.roles.values():
        yield from (role.name, role.path, role.trust_policy, role.description or "")
        yield from (*role.inline_policies, *role.inline_policies.values(), *role.attached, role.permissions_boundary)
        yield from (*role.tags, *role.tags.values())
    for user in account.users.values():
        yield from (user.name, user.path, *user.tags, *user.tags.values())
    for profile in account.instance_profiles.values():
        yield from (profile.name, profile.path, *profile.tags, *profile.tags.values())
    for policy in account.policies.values():
        yield from (policy.name, policy.path, policy.description or "")
        yield from (version.document for version in policy.versions.values())
        yield from (*policy.tags, *policy.tags.values())
    for cluster in account.clusters.values():
        for tags in (cluster.tags, *(it.tags for it in cluster.associations.values())):
            yield from (*tags, *tags.values())
        for it in cluster.associations.values():
            yield from (it.namespace, it.service_account, it.role_arn, it.target_role_arn)
    for provider in account.oidc_providers.values():
        yield from (provider.url, *provider.client_ids)
        yield from (*provider.tags, *provider.tags.values())
