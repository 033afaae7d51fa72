"""Whether a role may do what its Pod asks for: by IAM's own simulator, or else by the policies that can be read.

Sources: IAM API reference, SimulatePrincipalPolicy and `EvaluationResult`; IAM user guide, "Policy evaluation logic"
and "Permissions boundaries for IAM entities".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from app.flow.errors import FlowError
from app.flow.json_access import get, get_list, get_str
from app.flow.model import NOT_OBSERVABLE, ConditionKeys, JsonValue
from app.flow.permissions.asked import ANY, AskedAction
from app.flow.permissions.evaluation import Policies, evaluate_permissions
from app.flow.policy.policy import Match, Reason
from app.flow.ports import Ports

RESOURCE_NOT_GIVEN = "resource_not_given"
"""Why it stays open: the policies allow the action on some resources, and nothing says on which it is needed."""
_REASONS: Mapping[str, Reason] = {
    "allowed": "allow",
    "explicitDeny": "explicit-deny",
    "implicitDeny": "implicit-deny",
}


@dataclass(frozen=True, kw_only=True)
class Role:
    """The role of a session."""

    arn: str
    name: str
    boundary: str
    """The ARN of its permissions boundary; empty where it has none."""
    partition: str
    keys: ConditionKeys
    """What a request of the session says of itself, as far as it is known."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What IAM decides of one action."""

    asked: AskedAction
    reason: Reason
    boundary_allows: bool | None = None
    """None where the role has no permissions boundary, or where nothing tells."""
    organization_allows: bool | None = None
    """Whether the service control policies allow it, which only the simulator knows."""
    open: str = ""
    """Why it is not certain: the key of the reason's words. Empty where it is."""
    trace: tuple[Match, ...] = ()
    """Every element of every statement of the role's policies; empty where they could not be read."""

    @property
    def allowed(self) -> bool:
        """Whether the role may do it."""
        return self.reason == "allow"

    @property
    def document(self) -> JsonValue:
        """The decision as evidence of a walk."""
        return {
            "action": self.asked.action,
            "resource": self.asked.resource,
            "allowed": self.allowed,
            "reason": self.reason,
            "boundary_allows": self.boundary_allows,
            "organization_allows": self.organization_allows,
            "trace": self.trace,
        }


def decide_actions(
    ports: Ports, role: Role, policies: Policies | FlowError, asked: Sequence[AskedAction]
) -> tuple[Decision, ...]:
    """What IAM decides of each. `policies` are the role's, or why they could not be read.

    Raises `FlowError` where neither the simulator answers nor the policies could be read.
    """
    simulations = _simulations(ports, role, asked)
    if isinstance(policies, FlowError) and None in simulations:
        raise policies
    evaluated = [None if isinstance(policies, FlowError) else _evaluated(role, policies, it) for it in asked]
    found = [_merged(it, simulation, own) for it, simulation, own in zip(asked, simulations, evaluated, strict=True)]
    return tuple(
        decision if simulation is not None else _bounded(ports, role, decision)
        for decision, simulation in zip(found, simulations, strict=True)
    )


def _simulations(ports: Ports, role: Role, asked: Sequence[AskedAction]) -> list[JsonValue]:
    """IAM's own answers, in the order of what is asked; None where it gives none."""
    found: dict[tuple[str, str], JsonValue] = {}
    for resource in dict.fromkeys(it.resource or ANY for it in asked):
        actions = [it.action for it in asked if (it.resource or ANY) == resource]
        try:
            results = ports.aws.simulate(role.arn, actions, resource, role.keys)
        except FlowError:  # A right that few have; the policies themselves say most of it.
            continue
        found |= {(get_str(it, "EvalActionName").lower(), resource): it for it in results}
    return [found.get((it.action.lower(), it.resource or ANY)) for it in asked]


def _merged(asked: AskedAction, simulation: JsonValue, own: Decision | None) -> Decision:
    """The simulator's decision with the trace of our own evaluation; ours alone where it gave none."""
    reason = _REASONS.get(get_str(simulation, "EvalDecision"))
    if reason is None:
        return own or Decision(asked=asked, reason="implicit-deny", open=NOT_OBSERVABLE)
    boundary = get(simulation, "PermissionsBoundaryDecisionDetail", "AllowedByPermissionsBoundary")
    organization = get(simulation, "OrganizationsDecisionDetail", "AllowedByOrganizations")
    missing = get_list(simulation, "MissingContextValues")
    open_ = NOT_OBSERVABLE if missing and reason != "allow" else ""
    elsewhere = own.open == RESOURCE_NOT_GIVEN if own else reason == "implicit-deny" and not asked.resource
    if elsewhere and reason != "allow":
        open_ = RESOURCE_NOT_GIVEN
    return Decision(
        asked=asked,
        reason=reason,
        boundary_allows=boundary if isinstance(boundary, bool) else None,
        organization_allows=organization if isinstance(organization, bool) else None,
        open=open_,
        trace=own.trace if own else (),
    )


def _evaluated(role: Role, policies: Policies, asked: AskedAction) -> Decision:
    resource = asked.resource if asked.resource not in ("", ANY) else _widest(role, asked)
    decided = evaluate_permissions(policies, action=asked.action, resource=resource, keys=role.keys)
    return Decision(
        asked=asked,
        reason=decided.reason,
        open=_open(decided.reason, decided.trace, resource_given=bool(asked.resource)),
        trace=decided.trace,
    )


def _bounded(ports: Ports, role: Role, decision: Decision) -> Decision:
    """Within the permissions boundary, where the role has one: it gives nothing, and limits what the policies give."""
    if not role.boundary or not (decision.allowed or decision.open):
        return decision
    try:
        document = ports.aws.managed_policy(role.boundary)
    except FlowError:
        return replace(decision, open=NOT_OBSERVABLE) if decision.allowed else decision
    within = _evaluated(role, [(role.boundary, document)], decision.asked)
    if within.open:
        return replace(decision, open=decision.open or within.open)
    if within.allowed:
        return replace(decision, boundary_allows=True)
    return replace(decision, reason=within.reason, boundary_allows=False, open="")


def _widest(role: Role, asked: AskedAction) -> str:
    """The service's widest resource: both `*` and `arn:aws:s3:::*` in a policy match it."""
    return f"arn:{role.partition}:{asked.action.partition(':')[0]}:::*"


def _open(reason: Reason, trace: Sequence[Match], *, resource_given: bool) -> str:
    """Why the request of the Pod may be decided otherwise; empty where it cannot.

    Of its condition keys we know a few only, and its resource only where one is given. A statement that depends on more
    may or may not apply.
    """
    if reason == "allow":
        return ""

    def unknown(match: Match) -> str:
        if match.error:
            return ""
        if match.element == "Condition" and match.got is None:
            return NOT_OBSERVABLE
        return RESOURCE_NOT_GIVEN if match.element in ("Resource", "NotResource") and not resource_given else ""

    # (1) The statements that allow it, or may: all that they lack is unknown.
    statements = [list(entries) for _, entries in groupby(trace, lambda it: (it.policy, it.statement))]
    lacking = [[unknown(match) for match in it if not match.matched] for it in statements if it[0].effect == "Allow"]
    allowing = [it for it in lacking if all(it)]
    if not allowing:
        return ""

    # (2) Those that deny it. What matches the widest resource matches any; what excludes some does not.
    denying = [
        [unknown(match) for match in it if match.element != "Resource"]
        for it in statements
        if it[0].effect == "Deny" and all(match.matched for match in it)
    ]
    if not all(map(any, denying)):
        return ""
    found = [set(filter(None, it)) for it in (denying or allowing)]
    return NOT_OBSERVABLE if {NOT_OBSERVABLE} in found else RESOURCE_NOT_GIVEN if any(found) else ""
