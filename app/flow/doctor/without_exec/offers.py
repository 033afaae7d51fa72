"""The actions to grant in order to know more: none that was granted already, and none that our login may not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.flow.errors import FlowError
from app.flow.model import Check, Status, Subject, Walk
from app.flow.port_wrappers.consent import NOT_ASKED, Action
from app.flow.port_wrappers.last_known import SILENCE
from app.flow.port_wrappers.permissions_needed import TOKENS, sent_for
from app.flow.ports import Cluster, Ports
from app.flow.steps.findings import NO_CONFIGURATION, NO_REGION
from app.flow.steps.trust_policy import OF_CALLER
from app.flow.verdict.judge import Outcome, judge
from app.flow.verdict.refusals import ANSWER

_ASKED_OF = (("webhook.registered",), ("pod.exists",), ("provider.exists", "service_account.account"))
"""The checks that have no answer where a server is silent: the API server, twice, and AWS. There the second check asks
STS who we are, because the first, which asks IAM, did not show it."""


def to_be_sure(ports: Ports, walk: Walk, also: Sequence[Check]) -> tuple[Action, ...]:
    """The actions that would get STS's answer to the Pod's own token, or else to another token.

    Empty where no action would, where STS's answer to us would decide nothing, and where the ServiceAccount was not
    found, because it is not known then which role to ask for. Empty as well where AWS was not asked because a region or
    a profile is missing, and where the API server or STS did not respond: that has to be changed first. Never raises.
    """
    judged = judge(walk, also)
    by_id = {check.id: check for check in (*walk.checks, *also)}
    decides = by_id["trust.decision"].reason != OF_CALLER
    if (
        judged.outcome in (Outcome.WORKS, Outcome.BROKEN)
        or any(check.reason in (NO_REGION, NO_CONFIGURATION) for check in by_id.values())
        or any(_are_silent(by_id, *asked) for asked in _ASKED_OF)
        or not decides
        or by_id["service_account.exists"].status is not Status.PASSED
    ):
        return ()
    waiting = (action for action, check_id in TOKENS.items() if by_id[check_id].reason == NOT_ASKED)
    token = next((action for action in waiting if _is_allowed(ports.cluster, walk.subject, action)), None)
    asked = by_id[ANSWER].status is not Status.NOT_REACHED
    exchange = [Action.EXCHANGE] if Action.EXCHANGE in ports.withheld and (token or asked) else []
    return (*([token] if token else []), *exchange)


def _are_silent(by_id: Mapping[str, Check], *check_ids: str) -> bool:
    """Whether none of these checks got an answer."""
    return all(check_id in by_id and by_id[check_id].reason in SILENCE for check_id in check_ids)


def _is_allowed(cluster: Cluster, subject: Subject, action: Action) -> bool:
    """Whether the cluster allows it. Where the cluster does not say, it counts as allowed: the attempt will show it."""
    try:
        return all(cluster.allowed(access) for access in sent_for(action, subject))
    except FlowError:
        return True
