"""Versions of managed policies: up to five, one of them in force."""

from __future__ import annotations

from app.flow.model import JsonValue
from app.world.aws.account import Account
from app.world.aws.entities import Policy, PolicyVersion
from app.world.aws.errors import AwsError
from app.world.aws.iam import limits
from app.world.aws.iam.documents import on_the_wire
from app.world.aws.iam.pages import page
from app.world.aws.iam.policies import find, managed_document, own
from app.world.aws.parameters import Parameters, boolean
from app.world.aws.times import iso


def create(account: Account, parameters: Parameters) -> JsonValue:
    """CreatePolicyVersion."""
    policy = own(account, parameters["PolicyArn"])
    document = managed_document(parameters["PolicyDocument"])
    as_default = boolean(parameters, "SetAsDefault")
    if len(policy.versions) >= limits.POLICY_VERSIONS:
        raise limits.limit_exceeded(
            f"A managed policy can have up to {limits.POLICY_VERSIONS} versions. "
            "Before you create a new version, you must delete an existing version."
        )
    now = account.clock.now()
    version = PolicyVersion(version_id=f"v{policy.next_version}", document=document, created=now)
    policy.next_version += 1
    policy.versions[version.version_id] = version
    policy.updated = now
    if as_default:
        policy.default_version_id = version.version_id
    return {"PolicyVersion": _describe(policy, version)}


def get(account: Account, parameters: Parameters) -> JsonValue:
    """GetPolicyVersion, with its document."""
    policy, version = _find(account, parameters)
    return {"PolicyVersion": {"Document": on_the_wire(version.document), **_describe(policy, version)}}


def list_all(account: Account, parameters: Parameters) -> JsonValue:
    """ListPolicyVersions, without the documents."""
    policy = find(account, parameters["PolicyArn"])
    newest_first = sorted(policy.versions.values(), key=lambda version: -int(version.version_id[1:]))
    items, fields = page(
        parameters, [(f"{index:04d}", _describe(policy, version)) for index, version in enumerate(newest_first)]
    )
    return {"Versions": items, **fields}


def delete(account: Account, parameters: Parameters) -> JsonValue:
    """DeletePolicyVersion: never the default one."""
    policy = own(account, parameters["PolicyArn"])
    _, version = _find(account, parameters)
    if version.version_id == policy.default_version_id:
        raise AwsError(409, "DeleteConflict", "Cannot delete the default version of a policy.")
    del policy.versions[version.version_id]


def set_default(account: Account, parameters: Parameters) -> JsonValue:
    """SetDefaultPolicyVersion. In force at once."""
    policy = own(account, parameters["PolicyArn"])
    _, version = _find(account, parameters)
    policy.default_version_id = version.version_id
    policy.updated = account.clock.now()


def _find(account: Account, parameters: Parameters) -> tuple[Policy, PolicyVersion]:
    policy = find(account, parameters["PolicyArn"])
    version = policy.versions.get(parameters["VersionId"])
    if version is None:
        message = f"Policy {policy.arn} version {parameters['VersionId']} does not exist or is not attachable."
        raise AwsError(404, "NoSuchEntity", message)
    return policy, version


def _describe(policy: Policy, version: PolicyVersion) -> dict[str, JsonValue]:
    return {
        "VersionId": version.version_id,
        "IsDefaultVersion": version.version_id == policy.default_version_id,
        "CreateDate": iso(version.created),
    }
