"""One AWS account: a learner's own corner of the simulated AWS."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Literal

from app.flow.model import ConditionKeys
from app.flow.names import is_own_request
from app.world.aws.access_keys import (
    AccessKey,
    new_access_key_id,
    new_secret,
    new_session_token,
    new_unique_id,
)
from app.world.aws.eks.cluster import Cluster
from app.world.aws.entities import Bucket, InstanceProfile, Node, OidcProvider, Policy, PublishedKeys, Role, User
from app.world.aws.issuer_client import IssuerClient
from app.world.aws.times import iso
from app.world.clock import WorldClock
from app.world.exchange_log import ExchangeLog
from app.world.usage import Usage

SESSION_LIMIT = 200
"""Sessions kept per account. Expired ones go first, then the oldest."""
SESSION_POLICIES_LIMIT = 256 * 1024
"""Characters of these sessions' own policies together: the oldest sessions go first."""
EVENT_LIMIT = 50
"""Events that CloudTrail keeps per account."""


class Account:
    """State of one account. Everything in it belongs to one learner; no account refers to another."""

    def __init__(
        self,
        account_id: str,
        *,
        region: str,
        clock: WorldClock,
        issuer_client: IssuerClient,
        log: ExchangeLog,
        usage: Usage | None = None,
    ) -> None:
        """`usage`: that of the world which the account is in."""
        self.account_id = account_id
        """12 digits."""
        self.region = region
        self.clock = clock
        self.issuer_client = issuer_client
        self.log = log
        self.usage = usage or Usage()
        self.sts_wording: Literal["current", "classic"] = "current"
        """The wording in which STS refuses a web identity: that of 2026, or that of the years before."""
        self.disabled_sts_regions: set[str] = set()
        """Regions in which the account's administrator has switched STS off."""
        self.service_control_policies: list[str] = []
        """Documents that the organization attaches beside FullAWSAccess: they deny it to all in the account."""
        self.resource_control_policies: list[str] = []
        """The same for the account's resources, its roles among them: what they deny, no one may do to them."""
        self.oidc_providers: dict[str, OidcProvider] = {}
        """By URL without `https://`."""
        self.roles: dict[str, Role] = {}
        """By name."""
        self.instance_profiles: dict[str, InstanceProfile] = {}
        """By name."""
        self.users: dict[str, User] = {}
        """By name, the learner apart."""
        self.policies: dict[str, Policy] = {}
        """The account's own managed policies, by ARN."""
        self.buckets: dict[str, Bucket] = {}
        """By name."""
        self.clusters: dict[str, Cluster] = {}
        """EKS's clusters in the account's region, by name."""
        self.node: Node | None = None
        """The instance behind the metadata service; None when there is none."""
        self.metadata_tokens: dict[str, float] = {}
        """Tokens of the metadata service, with their end in world time."""
        self.instance_key_id = ""
        """The access key id that the metadata service gives out."""
        self.published_keys: dict[str, PublishedKeys] = {}
        """What STS has fetched from issuers, by issuer. Clearing it makes STS fetch again."""
        self.management_events: deque[Mapping[str, Any]] = deque(maxlen=EVENT_LIMIT)
        """CloudTrail's records, oldest first."""
        self.created = clock.now()
        self.admin = AccessKey(
            access_key_id=new_access_key_id("AKIA", account_id),
            secret_access_key=new_secret(),
            arn=f"arn:aws:iam::{account_id}:user/learner",
            user_id=new_unique_id("AIDA"),
        )
        """The learner's own long-lived key, an administrator's."""
        self.explorer = AccessKey(
            access_key_id=new_access_key_id("AKIA", account_id),
            secret_access_key=new_secret(),
            arn=self.admin.arn,
            user_id=self.admin.user_id,
        )
        """Another key of the same user, for the explorer: so its walks are not taken for what the learner does."""
        self._user_keys: dict[str, AccessKey] = {}
        self._sessions: dict[str, AccessKey] = {}

    @property
    def pods_reach_node_role(self) -> bool:
        """Whether a Pod on the Pod network gets the node's role from the metadata service."""
        return self.node is not None and self.node.kind.pods_reach_role

    def credentials(self, access_key_id: str) -> AccessKey | None:
        """The key with that id; None when it is unknown. Sessions that have ended are kept for a while."""
        for own in (self.admin, self.explorer):
            if access_key_id == own.access_key_id:
                return own
        return self._user_keys.get(access_key_id) or self._sessions.get(access_key_id)

    def is_alive(self, key: AccessKey) -> bool:
        """Whether the principal still exists. A role that was recreated under the same name is another one."""
        if not key.role_name:
            return key.user_id in {self.admin.user_id, *(user.user_id for user in self.users.values())}
        role = self.roles.get(key.role_name)
        return role is not None and key.user_id.startswith(f"{role.role_id}:")

    def add_user_key(self, user: User) -> AccessKey:
        """A long-lived key of a user."""
        key = AccessKey(
            access_key_id=new_access_key_id("AKIA", self.account_id),
            secret_access_key=new_secret(),
            arn=user.arn,
            user_id=user.user_id,
        )
        self._user_keys[key.access_key_id] = key
        return key

    def user_keys(self, user: User) -> tuple[str, ...]:
        """The ids of a user's keys. The explorer's is no key of the learner's."""
        keys = (self.admin, *self._user_keys.values())
        return tuple(key.access_key_id for key in keys if key.user_id == user.user_id)

    def delete_user_key(self, access_key_id: str) -> None:
        """Deletes a user's key. That of the learner, with which the world is used, stays."""
        self._user_keys.pop(access_key_id, None)

    def record_event(self, record: Mapping[str, Any]) -> None:
        """CloudTrail writes a request down. Where there are too many the oldest of this app goes, because each walk
        leaves one, and else the oldest: what the Pods asked would soon be gone."""
        events = self.management_events
        if len(events) == EVENT_LIMIT:
            ours = (it for it in events if is_own_request(str(it.get("userAgent", ""))))
            events.remove(next(ours, events[0]))
        events.append(record)

    def open_session(
        self,
        role: Role,
        session_name: str,
        seconds: int,
        *,
        session_policies: tuple[tuple[str, str], ...] | None = None,
        context_keys: ConditionKeys | None = None,
    ) -> AccessKey:
        """Temporary credentials of a role. The ARN of the session drops the role's path."""
        return self._keep(
            AccessKey(
                access_key_id=new_access_key_id("ASIA", self.account_id),
                secret_access_key=new_secret(),
                arn=f"arn:aws:sts::{self.account_id}:assumed-role/{role.name}/{session_name}",
                user_id=f"{role.role_id}:{session_name}",
                session_token=new_session_token(),
                expiration=float(int(self.clock.now()) + seconds),
                role_name=role.name,
                session_policies=session_policies,
                context_keys={"aws:TokenIssueTime": iso(self.clock.now()), **(context_keys or {})},
            )
        )

    def open_user_session(self, key: AccessKey, seconds: int) -> AccessKey:
        """Temporary credentials of the user whose long-lived key this is."""
        return self._keep(
            AccessKey(
                access_key_id=new_access_key_id("ASIA", self.account_id),
                secret_access_key=new_secret(),
                arn=key.arn,
                user_id=key.user_id,
                session_token=new_session_token(),
                expiration=float(int(self.clock.now()) + seconds),
            )
        )

    @property
    def user_access_keys(self) -> dict[str, AccessKey]:
        """The long-lived keys of users, the learner's own apart, by id."""
        return self._user_keys

    @property
    def sessions(self) -> dict[str, AccessKey]:
        """Temporary credentials, by id, the oldest first."""
        return self._sessions

    def _keep(self, session: AccessKey) -> AccessKey:
        if len(self._sessions) >= SESSION_LIMIT:
            now = self.clock.now()
            live = {key: old for key, old in self._sessions.items() if (old.expiration or 0) > now}
            for key in list(live)[: max(0, len(live) - SESSION_LIMIT + 1)]:
                del live[key]
            self._sessions = live
        self._sessions[session.access_key_id] = session
        excess = sum(map(_policies_size, self._sessions.values())) - SESSION_POLICIES_LIMIT
        for old in list(self._sessions.values()):
            if excess > 0 and (size := _policies_size(old)):
                excess -= size
                del self._sessions[old.access_key_id]
        return session


def other_account_id(account_id: str) -> str:
    """The number of the other account of a world: the next one."""
    return str(int(account_id) + 1)


def _policies_size(session: AccessKey) -> int:
    return sum(len(document) for _, document in session.session_policies or ())
