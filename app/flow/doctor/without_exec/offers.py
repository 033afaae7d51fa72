"""What would have to be granted to know more: nothing that was granted already, nothing that this login may not do."""

from __future__ import annotations

from collections.abc import Sequence

from app.flow.errors import FlowError
from app.flow.model import Check, Status, Subject, Walk
from app.flow.port_wrappers.consent import NOT_ASKED, Action
from app.flow.port_wrappers.permissions_needed import TOKENS, sent_for
from app.flow.ports import Cluster, Ports
from app.flow.steps.findings import NO_CONFIGURATION, NO_REGION
from app.flow.steps.trust_policy import OF_CALLER
from app.flow.verdict.judge import Outcome, judge
from app.flow.verdict.refusals import ANSWER


def to_be_sure(ports: Ports, walk: Walk, also: Sequence[Check]) -> tuple[Action, ...]:
    """The actions that would bring STS's answer to the Pod's own token, or else to another; empty where none would,
    and where its answer to us would decide nothing.

    Without the ServiceAccount it is not known which role to ask for. Where AWS could not be asked for want of a region,
    or of a profile, that is what to add first. Never raises.
    """
    judged = judge(walk, also)
    by_id = {check.id: check for report in walk for check in report.checks}
    decides = by_id["trust.decision"].reason != OF_CALLER
    if (
        judged.outcome in (Outcome.WORKS, Outcome.BROKEN)
        or any(check.reason in (NO_REGION, NO_CONFIGURATION) for check in by_id.values())
        or not decides
        or by_id["service_account.exists"].status is not Status.PASSED
    ):
        return ()
    waiting = (action for action, check_id in TOKENS.items() if by_id[check_id].reason == NOT_ASKED)
    token = next((action for action in waiting if _is_allowed(ports.cluster, walk.subject, action)), None)
    asked = by_id[ANSWER].status is not Status.NOT_REACHED
    exchange = [Action.EXCHANGE] if Action.EXCHANGE in ports.withheld and (token or asked) else []
    return (*([token] if token else []), *exchange)


def _is_allowed(cluster: Cluster, subject: Subject, action: Action) -> bool:
    """Whether the cluster lets us; where it does not tell, trying tells."""
    try:
        return all(cluster.allowed(access) for access in sent_for(action, subject))
    except FlowError:
        return True
