"""IAM users: the learner, an administrator, and those that the learner creates. Users have no policies here."""

from __future__ import annotations

from app.flow.model import JsonValue
from app.world.aws.access_keys import new_unique_id
from app.world.aws.account import Account
from app.world.aws.entities import User
from app.world.aws.errors import AwsError, not_simulated
from app.world.aws.iam import limits, tags
from app.world.aws.iam.managed import ADMINISTRATOR_ACCESS
from app.world.aws.iam.pages import page
from app.world.aws.parameters import Parameters
from app.world.aws.times import iso


def create(account: Account, parameters: Parameters) -> JsonValue:
    """CreateUser."""
    name = parameters["UserName"]
    if name.lower() in (taken.lower() for taken in (*account.users, _learner(account).name)):
        raise AwsError(409, "EntityAlreadyExists", f"User with name {name} already exists.")
    path, labels = parameters.get("Path", "/"), tags.read_tags(parameters)
    limits.room_for_one(account.users, "UsersPerAccount", limits.USERS)
    user = account.users[name] = User(
        name=name,
        arn=f"arn:aws:iam::{account.account_id}:user{path}{name}",
        user_id=new_unique_id("AIDA"),
        created=account.clock.now(),
        path=path,
        tags=labels,
    )
    return {"User": _describe(user) | {"Tags": tags.tag_list(labels)}}


def create_access_key(account: Account, parameters: Parameters) -> JsonValue:
    """CreateAccessKey. No other answer ever contains the secret."""
    user = find(account, parameters.get("UserName", _learner(account).name))
    limits.room_for_one(account.user_keys(user), "AccessKeysPerUser", limits.ACCESS_KEYS)
    key = account.add_user_key(user)
    return {
        "AccessKey": {
            "UserName": user.name,
            "AccessKeyId": key.access_key_id,
            "Status": "Active",
            "SecretAccessKey": key.secret_access_key,
            "CreateDate": iso(account.clock.now()),
        }
    }


def get(account: Account, parameters: Parameters) -> JsonValue:
    """GetUser. Without a name it is the learner, the only user with permissions. A role has to give one."""
    user = find(account, parameters.get("UserName", _learner(account).name))
    return {"User": _describe(user) | {"Tags": tags.tag_list(user.tags)}}


def list_all(account: Account, parameters: Parameters) -> JsonValue:
    """ListUsers, in pages: the learner and those that were created."""
    users = [_learner(account), *account.users.values()]
    prefix = parameters.get("PathPrefix", "/")
    items, fields = page(parameters, [(it.name, _describe(it)) for it in users if it.path.startswith(prefix)])
    return {"Users": items, **fields}


def own(account: Account, parameters: Parameters) -> User:
    """A user that may be changed: any but the learner. Raises `NoSuchEntity`."""
    user = find(account, parameters["UserName"])
    if user == _learner(account):
        raise not_simulated("iam", "tags of the user by whom this world is used")
    return user


def delete(account: Account, parameters: Parameters) -> JsonValue:
    """DeleteUser: only once it has no keys. The learner's user stays: the world is used with its keys."""
    user = find(account, parameters["UserName"])
    if account.user_keys(user):
        raise AwsError(409, "DeleteConflict", "Cannot delete entity, must delete access keys first.")
    del account.users[user.name]


def list_access_keys(account: Account, parameters: Parameters) -> JsonValue:
    """ListAccessKeys: without the secrets."""
    user = find(account, parameters.get("UserName", _learner(account).name))
    keys = [
        (key_id, {"UserName": user.name, "AccessKeyId": key_id, "Status": "Active", "CreateDate": iso(user.created)})
        for key_id in account.user_keys(user)
    ]
    items, fields = page(parameters, keys)
    return {"AccessKeyMetadata": items, **fields}


def delete_access_key(account: Account, parameters: Parameters) -> JsonValue:
    """DeleteAccessKey."""
    user, key_id = find(account, parameters.get("UserName", _learner(account).name)), parameters["AccessKeyId"]
    if key_id not in account.user_keys(user):
        raise AwsError(404, "NoSuchEntity", f"The Access Key with id {key_id} cannot be found.")
    if key_id == account.admin.access_key_id:
        raise not_simulated("iam", "DeleteAccessKey of the key by which this world is used")
    account.delete_user_key(key_id)


def list_attached(account: Account, parameters: Parameters) -> JsonValue:
    """ListAttachedUserPolicies: the learner is an administrator, the others may do nothing."""
    user = find(account, parameters["UserName"])
    found = [{"PolicyName": "AdministratorAccess", "PolicyArn": ADMINISTRATOR_ACCESS}]
    return {"AttachedPolicies": found if user == _learner(account) else [], "IsTruncated": False}


def list_inline(account: Account, parameters: Parameters) -> JsonValue:
    """ListUserPolicies: no user has any."""
    find(account, parameters["UserName"])
    return {"PolicyNames": [], "IsTruncated": False}


def list_groups(account: Account, parameters: Parameters) -> JsonValue:
    """ListGroupsForUser: there are no groups."""
    find(account, parameters["UserName"])
    return {"Groups": [], "IsTruncated": False}


def list_aliases(account: Account, parameters: Parameters) -> JsonValue:
    """ListAccountAliases: the account has none."""
    return {"AccountAliases": [], "IsTruncated": False}


def find(account: Account, name: str) -> User:
    """The user of that name. Raises `NoSuchEntity`."""
    learner = _learner(account)
    if name == learner.name:
        return learner
    try:
        return account.users[name]
    except KeyError:
        raise AwsError(404, "NoSuchEntity", f"The user with name {name} cannot be found.") from None


def _learner(account: Account) -> User:
    arn = account.admin.arn
    return User(name=arn.rpartition("/")[2], arn=arn, user_id=account.admin.user_id, created=account.created)


def _describe(user: User) -> dict[str, JsonValue]:
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.user_id,
        "Arn": user.arn,
        "CreateDate": iso(user.created),
    }
