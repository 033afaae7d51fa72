"""Whether a role may do what its Pod asks for: by IAM's own simulator, or else by the policies that can be read.

Sources: IAM API reference, SimulatePrincipalPolicy and `EvaluationResult`; IAM user guide, "Policy evaluation logic"
and "Permissions boundaries for IAM entities".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.flow.errors import FlowError
from app.flow.json_access import get, get_list, get_str
from app.flow.model import NOT_OBSERVABLE, ConditionKeys, JsonValue
from app.flow.partitions import partition_of
from app.flow.permissions.asked import ANY, AskedAction
from app.flow.permissions.certainty import RESOURCE_NOT_GIVEN, Known, conclude
from app.flow.permissions.evaluation import Policies, evaluate_permissions
from app.flow.policy.policy import MalformedPolicy, Match, Reason, parse_policy, request_keys
from app.flow.ports import Ports

_REASONS: Mapping[str, Reason] = {
    "allowed": "allow",
    "explicitDeny": "explicit-deny",
    "implicitDeny": "implicit-deny",
}


@dataclass(frozen=True, kw_only=True)
class Role:
    """The role of a session."""

    arn: str
    boundary: str = ""
    """The ARN of its permissions boundary; empty where it has none."""
    keys: ConditionKeys
    """What the session keeps, as far as it is known: IAM's simulator is given it."""
    facts: ConditionKeys = field(default_factory=dict)
    """What each request says of itself, such as when it is made."""


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
    evaluated = [None if isinstance(policies, FlowError) else evaluate_in_part(role, policies, it) for it in asked]
    return tuple(
        _decided(ports, role, it, simulation, own)
        for it, simulation, own in zip(asked, simulations, evaluated, strict=True)
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


def _decided(ports: Ports, role: Role, asked: AskedAction, simulation: JsonValue, own: Decision | None) -> Decision:
    """The simulator's decision with the trace of our own evaluation; ours alone where it gave none.

    The simulator counts a key that it is not given as absent, and the resource `*` is not the one of the request. So
    what it says of either is certain only where our evaluation is.
    """
    reason = _REASONS.get(get_str(simulation, "EvalDecision"))
    if reason is None:
        return _bounded(ports, role, own or Decision(asked=asked, reason="implicit-deny", open=NOT_OBSERVABLE))
    boundary = get(simulation, "PermissionsBoundaryDecisionDetail", "AllowedByPermissionsBoundary")
    organization = get(simulation, "OrganizationsDecisionDetail", "AllowedByOrganizations")
    simulated = Decision(
        asked=asked,
        reason=reason,
        boundary_allows=boundary if isinstance(boundary, bool) else None,
        organization_allows=organization if isinstance(organization, bool) else None,
        trace=own.trace if own else (),
    )
    missing = _has_missing_keys(simulation)
    if own is None:
        return replace(simulated, open=NOT_OBSERVABLE if missing else "" if asked.resource else RESOURCE_NOT_GIVEN)
    if own.open or not missing:
        return replace(simulated, open=own.open)
    if not own.allowed:
        return own
    limited = _bounded(ports, role, own)
    if limited.open or not limited.allowed:
        return limited
    return replace(simulated, open="" if simulated.allowed else NOT_OBSERVABLE)


def _has_missing_keys(simulation: JsonValue) -> bool:
    """Whether a policy asks for a key that was not given. For a resource that is given the answer has them apart."""
    results = (simulation, *get_list(simulation, "ResourceSpecificResults"))
    return any(get_list(it, "MissingContextValues") for it in results)


def evaluate_in_part(role: Role, policies: Policies, asked: AskedAction) -> Decision:
    """What these policies decide by themselves, as far as the request is known."""
    resource = asked.resource if asked.resource not in ("", ANY) else _widest(role, asked)
    keys = {**role.keys, **role.facts}
    decided = evaluate_permissions(policies, action=asked.action, resource=resource, keys=keys)
    known = Known(
        keys=request_keys(keys),
        resource_given=bool(asked.resource),
        with_variables={name: _takes_variables(document) for name, document in policies},
    )
    reason, open_ = conclude(decided.reason, decided.trace, known)
    return Decision(asked=asked, reason=reason, open=open_, trace=decided.trace)


def _takes_variables(policy: JsonValue) -> bool:
    try:
        return parse_policy(policy).variables
    except MalformedPolicy:
        return False


def _bounded(ports: Ports, role: Role, decision: Decision) -> Decision:
    """Within the permissions boundary, where the role has one: it gives nothing, and limits what the policies give."""
    if not role.boundary or not (decision.allowed or decision.open):
        return decision
    try:
        document = ports.aws.managed_policy(role.boundary)
    except FlowError:
        return replace(decision, open=NOT_OBSERVABLE) if decision.allowed else decision
    within = evaluate_in_part(role, [(role.boundary, document)], decision.asked)
    if within.open:
        return replace(decision, open=decision.open or within.open)
    if within.allowed:
        return replace(decision, boundary_allows=True)
    return replace(decision, reason=within.reason, boundary_allows=False, open="")


def _widest(role: Role, asked: AskedAction) -> str:
    """The service's widest resource: both `*` and `arn:aws:s3:::*` in a policy match it."""
    return f"arn:{partition_of('', role.arn)}:{asked.action.partition(':')[0]}:::*"
