"""AssumeRole: a principal of the account takes on a role, chained or not."""

from __future__ import annotations

import json

from app.flow.matching.nearest import statements
from app.flow.model import JsonValue
from app.flow.trust import TrustContext, evaluate
from app.world.aws.authentication import Caller
from app.world.aws.authorization import is_allowed, leaves, request_keys
from app.world.aws.entities import Role
from app.world.aws.errors import access_denied, validation_error
from app.world.aws.organization import principals_denied_by, resource_denied_by
from app.world.aws.parameters import Parameters, check, number
from app.world.aws.sts.credentials import credentials
from app.world.aws.sts.parameters import CONSTRAINTS, parse_role_arn
from app.world.aws.sts.session_policies import packed_size, read_session_policies
from app.world.aws.sts.web_identity import check_duration

_ACTION = "sts:AssumeRole"
CHAINED_SECONDS = 3600


def assume_role(caller: Caller, parameters: Parameters) -> JsonValue:
    """Credentials of a role in the caller's own account; other accounts' roles are refused. Raises `AwsError`."""
    check(
        parameters,
        CONSTRAINTS,
        required=("RoleArn", "RoleSessionName"),
        optional=("DurationSeconds", "Policy", "ExternalId"),
    )
    arn = parameters["RoleArn"]
    account = caller.account
    role = account.roles.get(parse_role_arn(arn)[1])
    if role is None or role.arn != arn or not _may_assume(caller, role, parameters):
        raise access_denied(f"User: {caller.key.arn} is not authorized to perform: {_ACTION} on resource: {arn}")
    seconds = number(parameters, "DurationSeconds", 3600)
    check_duration(role, seconds)
    if caller.key.role_name and seconds > CHAINED_SECONDS:
        raise validation_error(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    session_policies = read_session_policies(account, parameters)
    session = account.open_session(role, parameters["RoleSessionName"], seconds, session_policies=session_policies)
    return {
        "Credentials": credentials(session),
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
        "PackedPolicySize": packed_size(parameters),
    }


def _may_assume(caller: Caller, role: Role, parameters: Parameters) -> bool:
    """The trust policy must name the caller; where it names the account, the caller's own policies must allow too.

    `"*"` names each principal of the account itself. What the organization or a policy of the caller denies stays
    denied. Rule: IAM user guide, "AWS JSON policy elements: Principal" ("no other permissions are required").
    """
    session = {caller.key.arn, "*"}
    own = session | ({caller.account.roles[caller.key.role_name].arn} if caller.key.role_name else set())
    whole_account = {caller.account.account_id, f"arn:aws:iam::{caller.account.account_id}:root"}
    keys = request_keys(caller) | {"sts:RoleSessionName": parameters["RoleSessionName"]}
    if "ExternalId" in parameters:
        keys["sts:ExternalId"] = parameters["ExternalId"]
    if principals_denied_by(caller.account, _ACTION, role.arn, keys):
        return False
    if resource_denied_by(caller.account, _ACTION, role.arn, caller.key.arn, keys):
        return False
    context = TrustContext(principal=caller.key.arn, action=_ACTION, keys=keys)
    if not evaluate(_as_seen_by(role.trust_policy, own | whole_account), context).allowed:
        return False
    for names, to_role in ((session, False), (own, True)):
        if evaluate(_as_seen_by(role.trust_policy, names), context).allowed:
            return leaves(caller, _ACTION, role.arn, keys, to_role=to_role)
    return is_allowed(caller, _ACTION, role.arn, keys)


def _as_seen_by(trust_policy: str, names: set[str]) -> JsonValue:
    """The statements whose principal is one of the names, with `{"AWS": "*"}` in its place."""
    policy = json.loads(trust_policy)
    kept = []
    for statement in statements(policy):
        listed = statement["Principal"].get("AWS", [])
        if names & set(listed if isinstance(listed, list) else [listed]):
            kept.append(statement | {"Principal": {"AWS": "*"}})
    return policy | {"Statement": kept}
