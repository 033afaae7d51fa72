"""AssumeRole: a principal takes on a role of its own account or of another one, chained or not."""

from __future__ import annotations

from app.flow.model import JsonValue
from app.flow.trust import ASSUME_ROLE, AwsPrincipal, TrustContext, evaluate
from app.world.aws.account import Account
from app.world.aws.authentication import Caller
from app.world.aws.authorization import is_allowed, leaves, request_keys
from app.world.aws.entities import Role
from app.world.aws.errors import access_denied, not_simulated, validation_error
from app.world.aws.iam.resources import keys_of_tags
from app.world.aws.organization import principals_denied_by, resource_denied_by
from app.world.aws.parameters import Parameters, check, number
from app.world.aws.sts.credentials import credentials
from app.world.aws.sts.parameters import CONSTRAINTS, parse_role_arn
from app.world.aws.sts.session_policies import packed_size, read_session_policies
from app.world.aws.sts.web_identity import check_duration

CHAINED_SECONDS = 3600
_OF_SESSION = ("SourceIdentity", "Tags.", "TransitiveTagKeys.", "ProvidedContexts.")
"""Parameters that a trust policy has to allow by actions of their own, so they are not ignored."""


def assume_role(caller: Caller, parameters: Parameters) -> JsonValue:
    """Credentials of a role. Raises `AwsError`."""
    check(
        parameters,
        CONSTRAINTS,
        required=("RoleArn", "RoleSessionName"),
        optional=("DurationSeconds", "Policy", "ExternalId"),
    )
    if asked := next((name for name in parameters if name.startswith(_OF_SESSION)), ""):
        raise not_simulated("sts", f"AssumeRole with {asked.partition('.')[0]}")
    arn = parameters["RoleArn"]
    account_id, name = parse_role_arn(arn)
    account = caller.accounts.account(account_id)
    role = account.roles.get(name) if account else None
    if account is None or role is None or role.arn != arn or not _may_assume(caller, account, role, parameters):
        raise access_denied(f"User: {caller.key.arn} is not authorized to perform: {ASSUME_ROLE} on resource: {arn}")
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


def _may_assume(caller: Caller, account: Account, role: Role, parameters: Parameters) -> bool:
    """The trust policy must name the caller; where it names the account, or where the role is in another account, the
    caller's own policies must allow too.

    `"*"` names each principal of the account itself. What the organization or a policy of the caller denies stays
    denied. Rule: IAM user guide, "AWS JSON policy elements: Principal" ("no other permissions are required"), and
    "Cross-account policy evaluation logic".
    """
    own_role = caller.account.roles.get(caller.key.role_name)
    principal = AwsPrincipal(arn=caller.key.arn, role_arn=own_role.arn if own_role else "")
    keys = request_keys(caller) | keys_of_tags(role.tags) | {"sts:RoleSessionName": parameters["RoleSessionName"]}
    if "ExternalId" in parameters:
        keys["sts:ExternalId"] = parameters["ExternalId"]
    if principals_denied_by(caller.account, ASSUME_ROLE, role.arn, keys):
        return False
    if resource_denied_by(account, ASSUME_ROLE, role.arn, caller.key.arn, keys):
        return False

    def trusted_as(names: frozenset[str]) -> bool:
        context = TrustContext(principal=caller.key.arn, action=ASSUME_ROLE, keys=keys, names=names)
        return evaluate(role.trust_policy, context).allowed

    if not trusted_as(principal.names):
        return False
    if account is caller.account:
        for names, to_role in ((frozenset({principal.arn}), False), (principal.own_names, True)):
            if trusted_as(names):
                return leaves(caller, ASSUME_ROLE, role.arn, keys, to_role=to_role)
    return is_allowed(caller, ASSUME_ROLE, role.arn, keys)
