"""The beat in which a cause lies, and the beat at which the break appears."""

from __future__ import annotations

from app.flow.model import Step
from app.flow.verdict.link_states import PartState

_LIES = {
    "issuer": "publish",
    "publish": "publish",
    "provider": "register",
    "trust": "register",
    "role": "grant",
    "policy": "grant",
    "service_account": "annotate",
    "annotation": "annotate",
    "create": "create",
    "api_server": "create",
    "review": "review",
    "read": "patch",
    "webhook": "patch",
    "pod": "patch",
    "kubelet": "mount",
    "token_request": "token_request",
    "token": "token",
    "mount": "mount",
    "assume": "assume",
    "sts": "assume",
    "keys": "keys",
    "call": "call",
    "s3": "call",
}
"""By part: the beat that shows what the part does, or should have done, if it is guilty."""
_LIES_OF_CHECK = {
    "pod.service_account": "annotate",
    "pod.token_used": "mount",
    "pod.sdk": "assume",
    "access.policy": "call",
}
"""The beat for these checks, which make a part guilty of what another beat than the part's own shows."""
NOTHING_RUNS = {"pod.exists", "pod.running"}
"""Checks without which no program gets any further, whether or not one has printed an error."""
REFUSED_AT = {
    "sts.format": "assume",
    "sts.expiration": "assume",
    "sts.provider": "claim_iss",
    "sts.audience": "claim_aud",
    "sts.key": "keys",
    "sts.signature": "keys",
    "sts.trust": "claim_sub",
}
"""The beat at which STS refuses, by the first of its checks that does not pass, in STS's order."""
REFUSED_FOR = {
    "provider": "claim_iss",
    "issuer": "discovery",
    "publish": "keys",
    "token": "keys",
    "keys": "keys",
    "policy": "claim_sub",
    "role": "claim_sub",
}
"""The beat at which STS refuses although all its checks pass for our own token, by the guilty part."""
SHOWS = {Step.TOKEN_MOUNT: "mount", Step.ACCESS: "call"}


def lies_in(part: PartState) -> str:
    """The id of the beat that shows the cause in a guilty part."""
    return _LIES_OF_CHECK.get(part.check.id if part.check else "", _LIES[part.id])
