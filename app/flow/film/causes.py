"""In which beat a cause lies, and in which one it shows."""

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
"""The beat in which what a guilty part does, or should have done, is shown."""
_LIES_OF_CHECK = {
    "pod.service_account": "annotate",
    "pod.token_used": "mount",
    "pod.sdk": "assume",
    "access.policy": "call",
}
"""The beat for these checks: they convict a part of what it does, or does not use, in another beat than its own."""
NOTHING_RUNS = {"pod.exists", "pod.running"}
"""Checks without which no program comes any further, whether or not one has said so."""
REFUSED_AT = {
    "sts.format": "assume",
    "sts.expiration": "assume",
    "sts.provider": "claim_iss",
    "sts.audience": "claim_aud",
    "sts.key": "keys",
    "sts.signature": "keys",
    "sts.trust": "claim_sub",
}
"""At which beat STS refuses, by the first of its checks that does not pass, in its order."""
REFUSED_FOR = {
    "provider": "claim_iss",
    "issuer": "discovery",
    "publish": "keys",
    "token": "keys",
    "keys": "keys",
    "policy": "claim_sub",
    "role": "claim_sub",
}
"""At which beat STS refuses where all its checks pass for our own token, by the guilty part."""
SHOWS = {Step.TOKEN_MOUNT: "mount", Step.ACCESS: "call"}


def lies_in(part: PartState) -> str:
    """The id of the beat that shows the cause which convicts a part."""
    return _LIES_OF_CHECK.get(part.check.id if part.check else "", _LIES[part.id])
