"""Session policies: what narrows one session of a role."""

from __future__ import annotations

from app.world.aws.account import Account
from app.world.aws.errors import AwsError, validation_error
from app.world.aws.iam import documents, policies
from app.world.aws.parameters import Parameters, structures

PACKED_LIMIT = 2048
"""Characters that count as 100 %. AWS does not publish how it packs: an assumption."""
ARN_LIMIT = 10


def read_session_policies(account: Account, parameters: Parameters) -> tuple[tuple[str, str], ...] | None:
    """The documents of `Policy` and `PolicyArns`; None where there are none, and the session is not narrowed.

    Raises `MalformedPolicyDocument`, `PackedPolicyTooLarge` or `ValidationError`.
    """
    arns = [given.get("arn", "") for given in structures(parameters, "PolicyArns", ("arn",))]
    if len(arns) > ARN_LIMIT:
        raise validation_error(
            f"1 validation error detected: Value '[{', '.join(arns)}]' at 'policyArns' failed to satisfy constraint: "
            f"Member must have length less than or equal to {ARN_LIMIT}"
        )
    found: list[tuple[str, str]] = []
    if "Policy" in parameters:
        found.append(("Policy", documents.permission_policy(parameters["Policy"])))
    for arn in arns:
        policy = policies.lookup(account, arn)
        if policy is None:
            raise documents.malformed(f"Policy {arn} does not exist or is not attachable.")
        found.append((arn, policy.document))
    percentage = packed_size(parameters)
    if percentage is not None and percentage > 100:
        raise AwsError(
            400,
            "PackedPolicyTooLarge",
            f"Packed size of session policies consumes {percentage}% of allotted space.",
        )
    return tuple(found) or None


def packed_size(parameters: Parameters) -> int | None:
    """`PackedPolicySize`, in percent; None where the session has no policies."""
    arns = [given.get("arn", "") for given in structures(parameters, "PolicyArns", ("arn",))]
    if "Policy" not in parameters and not arns:
        return None
    packed = len("".join(parameters.get("Policy", "").split())) + sum(map(len, arns))
    return -(-packed * 100 // PACKED_LIMIT)
