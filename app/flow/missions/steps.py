"""What the steps of a mission stand for: requests to the API server, calls of IAM, and a bucket."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.flow.build import documents
from app.flow.json_access import get_list, get_object, get_str, strings
from app.flow.missions.mission import ACCOUNT, OTHER_ACCOUNT, Names, filled
from app.flow.model import JsonObject, JsonValue
from app.flow.names import role_in

CALL = "iam"
STEPS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...] | None]] = {
    "apply": (("apiVersion", "kind", "metadata"), None),
    "delete": (("apiVersion", "kind", "metadata"), None),
    "role": (("name",), ("trusts", "condition", "allows", "account")),
    "trust": (("role",), ("trusts", "condition", "account")),
    "allow": (("role", "statements"), ("policy",)),
    CALL: (("call",), None),
    "bucket": (("name",), ("account",)),
    "session": (("name", "service_account", "role"), ()),
}
"""By kind: the fields that a step must have, and those that it may have; None where it may have any."""
POLICY = "permissions"
"""What the inline policy of a role is called that a step makes."""


@dataclass(frozen=True, kw_only=True)
class Apply:
    """Creates an object; one that exists gets what is written here by a merge patch."""

    manifest: JsonObject


@dataclass(frozen=True, kw_only=True)
class Delete:
    """Deletes an object."""

    manifest: JsonObject


@dataclass(frozen=True, kw_only=True)
class CallIam:
    """A call of IAM, signed by the administrator of the account."""

    action: str
    parameters: Mapping[str, str]
    other: bool = False


@dataclass(frozen=True, kw_only=True)
class MakeBucket:
    """An empty bucket."""

    name: str
    other: bool = False


@dataclass(frozen=True, kw_only=True)
class TakeSession:
    """A session of a role for a token of a ServiceAccount, which is kept under a name."""

    name: str
    namespace: str
    service_account: str
    role_arn: str


Request = Apply | Delete | CallIam | MakeBucket | TakeSession


def requests(step: JsonObject, names: Names) -> Iterator[Request]:
    """What one step asks for in that world."""
    [(kind, body)] = get_object(filled(step, names)).items()
    match kind:
        case "apply":
            yield Apply(manifest=body)
        case "delete":
            yield Delete(manifest=body)
        case "role":
            yield from _role(body, names)
        case "trust":
            document = _trust(body, names)
            parameters = {"RoleName": get_str(body, "role"), "PolicyDocument": json.dumps(document)}
            yield CallIam(action="UpdateAssumeRolePolicy", parameters=parameters, other=_is_other(body))
        case "allow":
            yield _allow(get_str(body, "role"), body.get("policy") or POLICY, body["statements"])
        case "bucket":
            yield MakeBucket(name=get_str(body, "name"), other=_is_other(body))
        case "session":
            namespace, _, name = get_str(body, "service_account").partition("/")
            role_arn = role_in(names.account, get_str(body, "role"))
            yield TakeSession(name=get_str(body, "name"), namespace=namespace, service_account=name, role_arn=role_arn)
        case _:
            parameters = dict(_parameters({key: it for key, it in body.items() if key not in ("call", "account")}))
            yield CallIam(action=get_str(body, "call"), parameters=parameters, other=_is_other(body))


def _role(body: JsonObject, names: Names) -> Iterator[CallIam]:
    name, other = get_str(body, "name"), _is_other(body)
    trust = {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(_trust(body, names))}
    yield CallIam(action="CreateRole", parameters=trust, other=other)
    if statements := get_list(body, "allows"):
        yield _allow(name, POLICY, statements, other=other)


def _trust(body: JsonObject, names: Names) -> JsonObject:
    """The trust policy as eksctl writes it, for these ServiceAccounts; or with the condition that the step gives."""
    account = names.other_account if _is_other(body) else names.account
    if accounts := [it.split("/", 1) for it in strings(body.get("trusts"))]:
        document = documents.trust_policy(names.issuer, account, [(namespace, name) for namespace, name in accounts])
    else:
        document = documents.trust_policy_without_subject(names.issuer, account)
    if "condition" in body:
        document["Statement"][0]["Condition"] = body["condition"]
    return document


def _allow(role: str, policy: str, statements: JsonValue, *, other: bool = False) -> CallIam:
    effective = [{"Effect": "Allow", **get_object(it)} for it in (statements if isinstance(statements, list) else [])]
    document = json.dumps({"Version": "2012-10-17", "Statement": effective})
    parameters = {"RoleName": role, "PolicyName": policy, "PolicyDocument": document}
    return CallIam(action="PutRolePolicy", parameters=parameters, other=other)


def _parameters(body: JsonObject) -> Iterator[tuple[str, str]]:
    """As the Query protocol writes them: a list by its members, a document as its text."""
    for key, value in body.items():
        if isinstance(value, list):
            yield from ((f"{key}.member.{number}", str(it)) for number, it in enumerate(value, 1))
        else:
            yield key, json.dumps(value) if isinstance(value, dict) else str(value)


def _is_other(body: JsonObject) -> bool:
    return (body.get("account") or ACCOUNT) == OTHER_ACCOUNT
