"""Which resource an IAM action touches, and how an error names it."""

from __future__ import annotations

from app.world.aws.account import Account
from app.world.aws.parameters import Parameters


def resource_of(account: Account, parameters: Parameters) -> tuple[str, str]:
    """The resource's ARN, and its name in `AccessDenied`: IAM writes `role NAME` and `policy ARN`, else the ARN."""
    mine = f"arn:aws:iam::{account.account_id}"
    if "OpenIDConnectProviderArn" in parameters:
        arn = parameters["OpenIDConnectProviderArn"]
        return arn, arn
    if "RoleName" in parameters:
        name = parameters["RoleName"]
        role = account.roles.get(name)
        return role.arn if role else f"{mine}:role{parameters.get('Path', '/')}{name}", f"role {name}"
    if "PolicyArn" in parameters:
        return parameters["PolicyArn"], f"policy {parameters['PolicyArn']}"
    if "PolicyName" in parameters:
        name = parameters["PolicyName"]
        return f"{mine}:policy{parameters.get('Path', '/')}{name}", f"policy {name}"
    if "Url" in parameters:
        arn = f"{mine}:oidc-provider/{parameters['Url'].removeprefix('https://')}"
        return arn, arn
    if "UserName" in parameters:
        return f"{mine}:user/{parameters['UserName']}", f"user {parameters['UserName']}"
    return f"{mine}:*", f"{mine}:*"
