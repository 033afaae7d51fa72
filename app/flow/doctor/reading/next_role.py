"""The role that the Pod's program goes on to (role chaining), where STS refused that: its trust policy decides as well.

The message is the same for a permission that the first role lacks, for a second role that does not trust the first, and
for one that does not exist.
"""

from __future__ import annotations

from app.flow.errors import FlowError, NotFound
from app.flow.json_access import get, get_str
from app.flow.model import Step, StepReport
from app.flow.names import role_of
from app.flow.ports import Ports
from app.flow.steps.access import Denied
from app.flow.steps.findings import Findings

EVIDENCE = "next_role"
CHAINING = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
"""What the second role's trust policy has to allow."""


def inspect(ports: Ports, denied: Denied, own_arn: str) -> StepReport:
    """Reads the second role, where it is in the account in which we look. Never raises.

    Evidence: `next_role`, its ARN, whether it exists, and its trust policy; none where that is not known.
    """
    findings = Findings(Step.ACCESS, ports, ())
    wanted = next((it.resource for it in denied.actions if it.action in CHAINING), "")
    parts = role_of(wanted)
    if parts is None or wanted == own_arn:
        return findings.report()
    try:
        role = ports.aws.role(parts[2])
    except NotFound:
        try:
            ours = get_str(ports.aws.caller_identity(), "Account")
        except FlowError:
            return findings.report()
        if ours == parts[1]:
            findings.show(EVIDENCE, {"Arn": wanted, "exists": False})
        return findings.report()
    except FlowError:
        return findings.report()
    found = get_str(role, "Arn")
    if role_of(found) == parts:  # STS looks for the ARN with its path, IAM for the name alone
        policy = get(role, "AssumeRolePolicyDocument") if found == wanted else None
        findings.show(EVIDENCE, {"Arn": wanted, "exists": found == wanted, "AssumeRolePolicyDocument": policy})
    return findings.report()
