"""What STS answers in either of its wordings. The world's own wording stays, so other clients notice nothing."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Literal

from app.flow.model import JsonValue
from app.flow.names import APPLICATION_ID
from app.world.aws.account import Account
from app.world.aws.sts.web_identity import assume_role_with_web_identity

if TYPE_CHECKING:
    from app.world.world import World

Wording = Literal["current", "classic"]


class _Worded:
    """The world's accounts as they would be in that wording (`aws.directory.Directory`): all else they share."""

    def __init__(self, world: World, wording: Wording) -> None:
        self._own, other = (copy.copy(account) for account in (world.account, world.other_account))
        self._accounts = {account.account_id: account for account in (self._own, other)}
        self._issuer, self._path = world.issuer, world.path
        for account in self._accounts.values():
            account.sts_wording = wording

    def account(self, account_id: str) -> Account | None:
        return self._accounts.get(account_id)

    def account_by_issuer(self, issuer: str) -> Account | None:
        return self._own if issuer == self._issuer else None

    def account_by_path(self, path: str) -> Account | None:
        return self._own if path == self._path else None


async def ask_sts(world: World, wording: Wording, role_arn: str, session_name: str, token: str) -> JsonValue:
    """The answer to AssumeRoleWithWebIdentity. Raises `AwsError`."""
    parameters = {"RoleArn": role_arn, "RoleSessionName": session_name, "WebIdentityToken": token}
    return await assume_role_with_web_identity(
        _Worded(world, wording), parameters, None, user_agent=f"app/{APPLICATION_ID}"
    )
