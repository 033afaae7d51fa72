"""The chain from afar: four parties, and what goes between them. Every part of the chain belongs to one of these."""

from __future__ import annotations

from collections.abc import Mapping

from app.flow.verdict.link_states import ChainState, PartState, State

MEMBERS: Mapping[str, tuple[str, ...]] = {
    "overview_pod": ("pod",),
    "overview_cluster": (
        "api_server",
        "developer",
        "service_account",
        "webhook",
        "kubelet",
        "annotation",
        "create",
        "review",
        "read",
    ),
    "overview_iam": ("sts", "provider", "role", "trust", "policy"),
    "overview_s3": ("s3",),
    "overview_keys": ("issuer", "publish", "keys"),
    "overview_token": ("token_request", "token", "mount"),
    "overview_assume": ("assume",),
    "overview_call": ("call",),
}
"""The parts of the chain in each box and arrow of the overview, by its id."""
_WORST_FIRST = (State.FAILED, State.SYMPTOM, State.NOT_REACHED, State.UNKNOWN)


def overview(chain: ChainState) -> tuple[PartState, ...]:
    """The state of every box and arrow of the overview: the worst of its members."""
    by_id = {part.id: part for part in chain.parts}
    return tuple(_worst(part_id, [by_id[member] for member in members]) for part_id, members in MEMBERS.items())


def _worst(part_id: str, members: list[PartState]) -> PartState:
    states = {member.state for member in members}
    worst = next((state for state in _WORST_FIRST if state in states), State.PASSED)
    check = next((member.check for member in members if member.check), None)
    return PartState(id=part_id, state=worst, check=check)
