"""Which resource an IAM action touches, and how an error names it."""

from __future__ import annotations

from app.world.aws.authentication import Caller
from app.world.aws.parameters import Parameters


def resource_of(caller: Caller, action: str, parameters: Parameters) -> tuple[str, str]:
    """The resource's ARN, and its name in `AccessDenied`: IAM writes `role NAME` and `policy ARN`, else the ARN."""
    account = caller.account
    mine = f"arn:aws:iam::{account.account_id}"
    match parameters:
        case {"OpenIDConnectProviderArn": arn}:
            return arn, arn
        case {"PolicySourceArn": arn}:
            return arn, arn
        case {"InstanceProfileName": name}:
            profile = account.instance_profiles.get(name)
            arn = profile.arn if profile else f"{mine}:instance-profile{parameters.get('Path', '/')}{name}"
            return arn, f"instance profile {name}"
        case {"RoleName": name}:
            role = account.roles.get(name)
            return role.arn if role else f"{mine}:role{parameters.get('Path', '/')}{name}", f"role {name}"
        case {"PolicyArn": arn}:
            return arn, f"policy {arn}"
        case {"PolicyName": name}:
            return f"{mine}:policy{parameters.get('Path', '/')}{name}", f"policy {name}"
        case {"UserName": name}:
            user = account.users.get(name)
            return user.arn if user else f"{mine}:user{parameters.get('Path', '/')}{name}", f"user {name}"
        case {"Url": url}:
            arn = f"{mine}:oidc-provider/{url.removeprefix('https://')}"
            return arn, arn
    prefix = parameters.get("PathPrefix", "/")
    match action:
        case "ListRoles":
            return f"{mine}:role{prefix}", f"{mine}:role{prefix}"
        case "ListPolicies":
            return f"{mine}:policy{prefix}", f"policy path {prefix}"
        case "ListOpenIDConnectProviders":
            return f"{mine}:oidc-provider/*", f"{mine}:oidc-provider/*"
        case "ListInstanceProfiles":
            return f"{mine}:instance-profile{prefix}", f"{mine}:instance-profile{prefix}"
        case "ListUsers":
            return f"{mine}:user{prefix}", f"{mine}:user{prefix}"
        case "ListAccountAliases":
            return "*", "*"
        case "GetUser" | "ListAccessKeys" | "DeleteAccessKey":
            return caller.key.arn, f"user {caller.key.arn.rpartition('/')[2]}"
    return f"{mine}:*", f"{mine}:*"
