"""SimulatePrincipalPolicy: what IAM would decide of some actions, with the statements that decide it.

Source: IAM API reference, SimulatePrincipalPolicy, `EvaluationResult` and `Statement`. Assumptions: how it refuses, the
`SourcePolicyId` of an inline policy, and that lines and columns count from 1. Not modelled: resource policies,
`CallerArn`, and more results than fit into one answer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from itertools import groupby, product

from app.flow.json_access import get_list
from app.flow.model import ConditionKeys, JsonValue
from app.flow.permissions import PermissionDecision, Policies, evaluate_permissions
from app.flow.policy.json_places import Place, places
from app.flow.policy.policy import Match
from app.world.aws.account import Account
from app.world.aws.errors import AwsError
from app.world.aws.iam import role_policies
from app.world.aws.iam.documents import permission_policy
from app.world.aws.iam.managed import ADMINISTRATOR_ACCESS, MANAGED_POLICIES
from app.world.aws.organization import principals_denied_by
from app.world.aws.parameters import Parameters, members

RESULTS = 100
"""Results of one answer."""
CONTEXT_ENTRIES = 50
"""Condition keys of one request: each is looked for among all parameters."""
VALUES, VALUES_SIZE = 50, 2048
"""How many values all these keys may have together, and how many characters. Each value is compared with all that a
policy says of its key."""
RESOURCE_SIZE = 2048
"""Characters of a resource, as IAM has it."""
INPUT_SIZE = 20 * 1024
"""Characters of all policies that are given: three of the longest that a role can have."""
ANSWER_SIZE = 5000
"""Statements and keys that all results of an answer name together: of 100 statements that apply to every action and
resource, 50 results."""
LACKS = (
    *("CallerArn", "ResourcePolicy", "ResourceOwner", "ResourceHandlingOption", "PolicyExclusionList"),
    *("MaxItems", "Marker"),
)
"""What IAM's action takes besides, and this one refuses."""
_NAMED = ("MatchedStatements", "MissingContextValues")
_EACH = ("ActionNames.", "ResourceArns.")
_ACTION = re.compile(r"[\w-]+:[\w-]+", re.ASCII)
_ENTRY = re.compile(r"ContextEntries\.member\.([0-9]{1,9})\.ContextKeyName")
_DECISIONS = {"allow": "allowed", "explicit-deny": "explicitDeny", "implicit-deny": "implicitDeny"}


def simulate(account: Account, parameters: Parameters) -> JsonValue:
    """Evaluates each action on each resource. Raises `AwsError`."""
    # (1) What is asked.
    actions, resources = _asked(parameters)
    if not all(map(_ACTION.fullmatch, actions)) or max(map(len, resources)) > RESOURCE_SIZE:
        raise _invalid()
    keys = _context(parameters)

    # (2) Of which principal: policies that are given add to its own, a boundary that is given replaces its own.
    policies, boundary = _principal(account, parameters["PolicySourceArn"])
    given, limiting = (_inputs(parameters, f"{name}PolicyInputList") for name in ("", "PermissionsBoundary"))
    if sum(len(document) for _, document in (*given, *limiting)) > INPUT_SIZE:
        raise _invalid()
    policies, boundary = [*policies, *given], limiting or boundary
    results = [
        _result(account, policies, boundary, action, resource, keys) for action, resource in product(actions, resources)
    ]
    return {"EvaluationResults": results, "IsTruncated": False}


async def simulate_in_turns(
    parameters: Parameters, simulate_one: Callable[[Parameters], JsonValue]
) -> dict[str, JsonValue]:
    """The same, each result by itself, so that others have their turn between two: a result may take 0.1 s."""
    actions, resources = _asked(parameters)
    others = {name: value for name, value in parameters.items() if not name.startswith(_EACH)}
    results: list[JsonValue] = []
    for action, resource in product(actions, resources):
        asked = {"ActionNames.member.1": action, "ResourceArns.member.1": resource}
        results += get_list(simulate_one({**others, **asked}), "EvaluationResults")
        if sum(len(get_list(it, name)) for it in results for name in _NAMED) > ANSWER_SIZE:
            raise _invalid()
        await asyncio.sleep(0)
    return {"EvaluationResults": results, "IsTruncated": False}


def _asked(parameters: Parameters) -> tuple[list[str], list[str]]:
    """The actions and the resources."""
    actions, resources = members(parameters, "ActionNames"), members(parameters, "ResourceArns") or ["*"]
    if not actions or len(actions) * len(resources) > RESULTS:
        raise _invalid()
    return actions, resources


def _context(parameters: Parameters) -> ConditionKeys:
    entries = [(found[1], name) for name, found in ((it, _ENTRY.fullmatch(it)) for it in parameters) if found]
    if len(entries) > CONTEXT_ENTRIES:
        raise _invalid()
    found: ConditionKeys = {
        parameters[name]: members(parameters, f"ContextEntries.member.{number}.ContextKeyValues")
        for number, name in entries
    }
    values = [value for of_key in found.values() for value in of_key]
    if len(values) > VALUES or sum(map(len, values)) > VALUES_SIZE:
        raise _invalid()
    return found


def _invalid() -> AwsError:
    return AwsError(400, "InvalidInput", "The request is not valid.")


def _principal(account: Account, arn: str) -> tuple[Policies, Policies]:
    """The policies of a role, and its boundary; of users the learner alone has a policy."""
    if arn == account.admin.arn:
        return [(ADMINISTRATOR_ACCESS, MANAGED_POLICIES[ADMINISTRATOR_ACCESS].document)], []
    role = next((it for it in account.roles.values() if it.arn == arn), None)
    if role is None:
        raise AwsError(404, "NoSuchEntity", f"The entity {arn} cannot be found.")
    return role_policies.documents(account, role), role_policies.boundary(account, role)


def _inputs(parameters: Parameters, name: str) -> Policies:
    return [
        (f"{name}.{number}", permission_policy(document))
        for number, document in enumerate(members(parameters, name), 1)
    ]


def _result(
    account: Account, policies: Policies, boundary: Policies, action: str, resource: str, keys: ConditionKeys
) -> JsonValue:
    # An action without resources is asked for on `*`; for our evaluation it is the service's widest resource.
    asked = f"arn:aws:{action.partition(':')[0]}:::*" if resource == "*" else resource
    own = evaluate_permissions(policies, action=action, resource=asked, keys=keys)
    layers = [own]
    detail: dict[str, JsonValue] = {}
    if boundary:
        within = evaluate_permissions(boundary, action=action, resource=asked, keys=keys)
        layers.append(within)
        detail["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": within.allowed}
    reasons = {it.reason for it in layers}
    if account.service_control_policies:
        denied = principals_denied_by(account, action, asked, keys)
        detail["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": not denied}
        reasons |= {"explicit-deny"} if denied else set()
    reason = next(it for it in ("explicit-deny", "implicit-deny", "allow") if it in reasons)
    texts = dict((*policies, *boundary))
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": _DECISIONS[reason],
        "MatchedStatements": [it for layer in layers for it in _matched(layer, texts, account)],
        "MissingContextValues": sorted(
            {it.key for layer in layers for it in layer.trace if it.element == "Condition" and it.got is None}
        ),
        **detail,
    }


def _matched(decision: PermissionDecision, texts: dict[str, str], account: Account) -> Iterator[JsonValue]:
    """The statements that apply, each with its place in its policy's text."""
    for name, of_policy in groupby(decision.trace, lambda it: it.policy):
        by_statement = [list(found) for _, found in groupby(of_policy, _statement)]
        found_at = places(texts[name])
        for index, found in enumerate(by_statement):
            if all(it.matched for it in found):
                place = found_at.get(("Statement", str(index))) or found_at.get(("Statement",))
                yield _shown(name, place, texts[name], account)


def _statement(match: Match) -> str | int:
    return match.statement


def _shown(name: str, place: Place | None, text: str, account: Account) -> JsonValue:
    shown: dict[str, JsonValue] = {"SourcePolicyId": name.rpartition("/")[2], "SourcePolicyType": _kind(name, account)}
    if place is None:
        return shown
    return shown | {"StartPosition": _position(text, place.value), "EndPosition": _position(text, place.end)}


def _kind(name: str, account: Account) -> str:
    if name in MANAGED_POLICIES:
        return "aws-managed"
    if name in account.policies:
        return "user-managed"
    return "none" if "InputList." in name else "role"


def _position(text: str, offset: int) -> JsonValue:
    before = text[:offset]
    return {"Line": before.count("\n") + 1, "Column": offset - before.rfind("\n")}
