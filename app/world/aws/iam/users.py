"""The one user of an account: the learner, an administrator."""

from __future__ import annotations

from app.flow.model import JsonValue
from app.world.aws.account import Account
from app.world.aws.errors import AwsError
from app.world.aws.parameters import Parameters
from app.world.aws.times import iso


def get(account: Account, parameters: Parameters) -> JsonValue:
    """GetUser. Without a name it is the caller, and the only caller with a user is the learner."""
    name = account.admin.arn.rpartition("/")[2]
    if parameters.get("UserName", name) != name:
        raise AwsError(404, "NoSuchEntity", f"The user with name {parameters['UserName']} cannot be found.")
    return {
        "User": {
            "Path": "/",
            "UserName": name,
            "UserId": account.admin.user_id,
            "Arn": account.admin.arn,
            "CreateDate": iso(account.created),
        }
    }
