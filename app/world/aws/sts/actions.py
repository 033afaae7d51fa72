"""STS's signed actions by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.flow.model import JsonValue
from app.world.aws.access_keys import account_of
from app.world.aws.authentication import Caller
from app.world.aws.errors import access_denied, not_simulated, validation_error
from app.world.aws.parameters import Parameters, check, number
from app.world.aws.sts.assume_role import assume_role
from app.world.aws.sts.credentials import credentials
from app.world.aws.sts.parameters import CONSTRAINTS, USER_SESSION
from app.world.aws.sts.web_identity import check_region

_WITH_MFA = ("AssumeRole", "GetSessionToken")
"""Actions that take the code of an MFA device. No user here has one."""


def call(caller: Caller, action: str, parameters: Parameters) -> JsonValue:
    """Runs one signed STS action. Raises `AwsError`."""
    check_region(caller.account, caller.region)
    run = find_action(action)
    if action in _WITH_MFA and {"SerialNumber", "TokenCode"} & parameters.keys():
        raise access_denied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is "
            "valid and associated with this user."
        )
    return run(caller, parameters)


def find_action(action: str) -> Callable[[Caller, Parameters], JsonValue]:
    """The action of that name. Raises `NotSimulated`."""
    try:
        return ACTIONS[action]
    except KeyError:
        raise not_simulated("sts", action) from None


def _get_caller_identity(caller: Caller, parameters: Parameters) -> JsonValue:
    """Needs no permission: anyone who has credentials may know whose they are."""
    return {"UserId": caller.key.user_id, "Account": caller.account.account_id, "Arn": caller.key.arn}


def _get_session_token(caller: Caller, parameters: Parameters) -> JsonValue:
    """Temporary credentials of a user; a session cannot have another."""
    check(parameters, USER_SESSION, required=(), optional=("DurationSeconds",))
    if caller.key.session_token:
        raise access_denied("Cannot call GetSessionToken with session credentials")
    seconds = number(parameters, "DurationSeconds", 43200)
    return {"Credentials": credentials(caller.account.open_user_session(caller.key, seconds))}


def _get_access_key_info(caller: Caller, parameters: Parameters) -> JsonValue:
    """The account that a key id names. It says nothing about whether the key exists."""
    check(parameters, CONSTRAINTS, required=("AccessKeyId",), optional=())
    account_id = account_of(parameters["AccessKeyId"])
    if account_id is None:
        raise validation_error("Invalid type for Access Key")
    return {"Account": account_id}


ACTIONS: Mapping[str, Callable[[Caller, Parameters], JsonValue]] = {
    "AssumeRole": assume_role,
    "GetAccessKeyInfo": _get_access_key_info,
    "GetCallerIdentity": _get_caller_identity,
    "GetSessionToken": _get_session_token,
}
