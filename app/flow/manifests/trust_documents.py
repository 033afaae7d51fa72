"""Trust policies: as JSON, in a CloudFormation template, in what Terraform shows, in what the AWS CLI prints of a role.

Sources: CloudFormation template reference (`AWS::IAM::Role`, intrinsic functions); Terraform, "JSON Output Format"
(values representation), and the provider's `aws_iam_role`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.manifest_documents import Document, UnreadableDocument, documents, shape_of
from app.flow.manifests.command_output import POLICY, decoded, policy_of, roles
from app.flow.model import JsonObject, JsonValue
from app.flow.names import role_of

CLOUDFORMATION_ROLE, TERRAFORM_ROLE = "AWS::IAM::Role", "aws_iam_role"
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_OF_ROLE = ("AWS::AccountId", "AWS::Partition")
"""Pseudo parameters that the ARN of the role tells: it is made by the stack, in the stack's account."""
_DEEPEST = 100


@dataclass(frozen=True, kw_only=True)
class TrustDocument:
    """One role's trust policy."""

    name: str
    """The role's name; empty where the file does not say it."""
    arn: str = ""
    policy: JsonValue = None
    """None where it is not readable here."""
    path: str
    line: int
    """The file's line at which its document begins, from 1."""
    resource: str = ""
    """Which resource of a template or a plan it is."""
    unread: str = ""
    """What of it only a deployment knows, such as `Fn::GetAtt`; empty where the policy was read."""
    stem: str = ""
    """The file's name without its ending, which may be the role's."""

    @property
    def where(self) -> str:
        """`FILE:LINE`, and which resource of it."""
        return f"{self.path}:{self.line} {self.resource}".rstrip()

    def policy_of(self, role_arn: str) -> JsonValue:
        """The policy where the role has this ARN; None where it is not readable here."""
        parts = role_of(role_arn)
        if self.policy is None or parts is None:
            return self.policy
        text = json.dumps(self.policy)
        for name, value in zip(_OF_ROLE, (parts[1], parts[0]), strict=True):
            text = text.replace(f"${{{name}}}", value)
        return json.loads(text)


class NoTrustPolicy(UnreadableDocument):
    """A file without any. `problem` is what its documents are instead."""


class _NotLiteral(Exception):
    """Only a deployment knows the value."""


def trust_documents(text: str, path: str) -> list[TrustDocument]:
    """The trust policies in the text of a file. Raises `UnreadableDocument`; `NoTrustPolicy` where there is none."""
    read = list(documents(decoded(text), path, own_tags=True))
    found = [it for document in read for it in trusts_of(document)]
    if not found:
        raise NoTrustPolicy(path, 0, ", ".join(dict.fromkeys(shape_of(it.value) for it in read)) or "–")
    return found


def trusts_of(document: Document) -> Iterator[TrustDocument]:
    """The trust policies in a document; none where it is another one. Raises `UnreadableDocument`."""
    value = _unquoted(document.value)
    if get(value, "Statement") is not None:
        stem = PurePath(document.path).name.partition(".")[0]
        yield TrustDocument(name="", policy=value, **_place(document), stem=stem)
    elif get_object(value, "Resources"):
        yield from _cloudformation(document)
    elif get(value, "format_version") is not None:
        values = get_object(value, "planned_values") or get_object(value, "values")
        yield from _terraform(document, get_object(values, "root_module"), _DEEPEST)
    else:
        for role in roles(value):
            name, arn = get_str(role, "RoleName"), get_str(role, "Arn")
            policy = _policy(role[POLICY], f"{document.where} {name}".rstrip())
            yield TrustDocument(name=name, arn=arn, policy=policy, **_place(document, name))


def _unquoted(value: JsonValue) -> JsonValue:
    """The value; of a text that is the JSON of one, that one."""
    try:
        return policy_of(value)
    except ValueError:
        return value


def _place(document: Document, resource: str = "") -> JsonObject:
    return {"path": document.path, "line": document.line, "resource": resource}


# --- CloudFormation --------------------------------------------------------------------------------------------------


def _cloudformation(document: Document) -> Iterator[TrustDocument]:
    for name, resource in get_object(document.value, "Resources").items():
        if get_str(resource, "Type") != CLOUDFORMATION_ROLE:
            continue
        properties = get_object(resource, "Properties")
        place, where = _place(document, name), f"{document.where} {name}"
        try:
            role_name = _literal(properties.get("RoleName"))
        except _NotLiteral:
            role_name = None
        known = role_name if isinstance(role_name, str) else ""
        try:
            if POLICY not in properties:
                raise _NotLiteral(POLICY)
            policy = _policy(_literal(properties[POLICY]), where)
            yield TrustDocument(name=known, policy=policy, **place)
        except _NotLiteral as error:
            yield TrustDocument(name=known, **place, unread=str(error))


def _policy(value: JsonValue, where: str) -> JsonValue:
    """A policy is an object, or the JSON text of one. Raises `UnreadableDocument`."""
    try:
        policy = policy_of(value)
    except ValueError as error:
        raise UnreadableDocument(where, 0, str(error)) from None
    if not isinstance(policy, dict):
        raise UnreadableDocument(where, 0, f"{POLICY}: {json.dumps(policy)[:40]}")
    return policy


def _literal(value: JsonValue) -> JsonValue:
    """The value with its functions evaluated, as far as they stand for literals. Raises `_NotLiteral`."""
    if isinstance(value, list):
        return [_literal(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if isinstance(name, str) and (name == "Ref" or name.startswith(("Fn::", "!"))):
            return _function(name if name[0] != "!" else _long_name(name), argument)
    return {key: _literal(item) for key, item in value.items()}


def _long_name(tag: str) -> str:
    return tag[1:] if tag in ("!Ref", "!Condition") else f"Fn::{tag[1:]}"


def _function(name: str, argument: JsonValue) -> JsonValue:
    match name, argument:
        case "Fn::Join", [str(separator), list(parts)]:
            literals = [_literal(part) for part in parts]
            if all(isinstance(part, str) for part in literals):
                return separator.join(literals)
        case "Ref", str(parameter) if parameter in _OF_ROLE:
            return f"${{{parameter}}}"
        case "Fn::Sub", str(text):
            return _substituted(text, {})
        case "Fn::Sub", [str(text), dict(variables)]:
            return _substituted(text, {key: _literal(item) for key, item in variables.items()})
    raise _NotLiteral(name)


def _substituted(text: str, variables: dict[str, JsonValue]) -> str:
    """`${name}` of the variables, `${!name}` as a literal `${name}`."""

    def value(found: re.Match[str]) -> str:
        if found[1].startswith("!"):
            return f"${{{found[1][1:]}}}"
        known = found[0] if found[1] in _OF_ROLE else variables.get(found[1])
        if not isinstance(known, str):
            raise _NotLiteral(f"${{{found[1]}}}")
        return known

    return _VARIABLE.sub(value, text)


# --- Terraform -------------------------------------------------------------------------------------------------------


def _terraform(document: Document, module: JsonValue, left: int) -> Iterator[TrustDocument]:
    for resource in get_list(module, "resources"):
        if get_str(resource, "type") != TERRAFORM_ROLE or get_str(resource, "mode") == "data":
            continue
        values = get_object(resource, "values")
        address = get_str(resource, "address")
        policy = values.get("assume_role_policy")
        named = {"name": get_str(values, "name"), "arn": get_str(values, "arn"), **_place(document, address)}
        if isinstance(policy, str):
            yield TrustDocument(policy=_policy(policy, f"{document.where} {address}"), **named)
        else:
            yield TrustDocument(unread="assume_role_policy", **named)
    for child in get_list(module, "child_modules") if left else ():
        yield from _terraform(document, child, left - 1)
