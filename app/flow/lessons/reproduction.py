"""Which fault of the simulated world makes its doctor name the same check as a diagnosis, and under which names.

A pure table. The faults are those of the catalogue (`app.world.faults`), by id: `flow` knows no world. A diagnosis may
come from a file that anyone has written, so only its verdict and four names are used, and each name only if Kubernetes
or IAM would accept it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.flow.doctor import Diagnosis
from app.flow.model import Chain, Status, Step
from app.flow.names import annotated_role_arn, role_name
from app.flow.object_names import NotAName, check_names
from app.flow.verdict.judge import Outcome, Verdict
from app.flow.verdict.refusals import ANSWER, APPLICATION

FAULTS: Mapping[str, str] = {
    "issuer.discovery": "F42",
    "provider.exists": "F14",
    "provider.audience": "F26",
    "provider.thumbprint": "F43",
    "service_account.exists": "F35b",
    "service_account.annotation": "F01",
    "service_account.role_arn": "F20",
    "service_account.account": "F17",
    "role.exists": "F18",
    "trust.provider": "F15b",
    "trust.audience": "F27b",
    "trust.action": "F53",
    "trust.subject": "F21",
    "trust.decision": "F54",
    "trust.scope": "F52",
    "webhook.registered": "F05b",
    "webhook.selector": "F07",
    "webhook.volume": "F05",
    "pod.service_account": "F03",
    "pod.injected": "F06",
    "pod.age": "F04",
    "pod.handwritten": "F09",
    "pod.pod_identity": "F51",
    "pod.static_keys": "F10",
    "pod.region": "F39",
    "pod.token_readable": "F34",
    "pod.token_used": "F31",
    "pod.sdk": "F11",
    "pod.request": "F13",
    "token.file": "F35",
    "token.format": "F30",
    "token.audience": "F28",
    "token.lifetime": "F32",
    "access.policy": "F46",
}
"""By the check that the verdict names: the fault after which the simulated doctor names it, too."""
BY_CAUSE: Mapping[tuple[str, str], str] = {
    ("trust.audience", "audience_not_accepted"): "F27",
    (ANSWER, "region_disabled"): "F37",
    (ANSWER, "organization"): "F44",
    (ANSWER, "provider_missing"): "F48",
    (APPLICATION, Step.TOKEN_MOUNT): "F33",
    (APPLICATION, Step.STS_ASSUME): "F41",
}
"""Where the check does not decide: also by the first cause that STS's refusal leaves, or by the step of the verdict."""


class Not(StrEnum):
    """Why there is no such fault: the key of the sentence."""

    CONTROL_PLANE = "control_plane"
    """The simulated control plane signs and publishes what it should; no fault changes that."""
    STS = "sts"
    """In the simulated world an earlier check already shows what STS refuses here, and the doctor names that check."""
    OPEN = "open"
    """The diagnosis leaves several causes open, so it names no single fault."""
    NO_FAULT = "no_fault"
    """The catalogue has no fault that breaks this."""
    SURROUNDINGS = "surroundings"
    """It depends on what runs in or around the Pod: its program, other Pods, its node, what AWS has recorded."""
    HARMLESS = "harmless"
    """IRSA works without it, so no diagnosis names it as broken or warns of it."""
    NAMES = "names"
    """The simulated world has no place for these names."""


NOT_REPRODUCED: Mapping[str, Not] = {
    **dict.fromkeys(("issuer.jwks", "issuer.cluster_keys"), Not.CONTROL_PLANE),
    **dict.fromkeys(
        (f"token.{name}" for name in ("algorithm", "issuer", "subject", "bound_pod", "key", "signature", "contents")),
        Not.CONTROL_PLANE,
    ),
    **dict.fromkeys(
        (f"sts.{name}" for name in ("format", "expiration", "provider", "audience", "key", "signature", "trust")),
        Not.STS,
    ),
    **dict.fromkeys(("access.identity", "access.list_buckets"), Not.STS),
    ANSWER: Not.OPEN,
    APPLICATION: Not.SURROUNDINGS,
    **dict.fromkeys(
        (f"webhook.{name}" for name in ("dry_run", "mount", "environment", "reachable")),
        Not.NO_FAULT,
    ),
    **dict.fromkeys(("pod.skipped", "pod.environment", "pod.volume"), Not.NO_FAULT),
    **dict.fromkeys(("pod.exists", "pod.running", "pod.siblings", "pod.hop_limit"), Not.SURROUNDINGS),
    **dict.fromkeys(("sts.recent_failures", "sts.recent_successes"), Not.SURROUNDINGS),
    "token.api_server": Not.HARMLESS,
}
"""By check: why a diagnosis that names it is not reproduced, unless `BY_CAUSE` knows its cause."""
_ROLE_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
"""IAM API reference, CreateRole, `RoleName`."""


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """A world to make: which names are in it, and what is then broken."""

    chain: Chain
    fault: str
    check: str
    """What the simulated doctor has to name afterwards."""


def is_wanted(found: Diagnosis) -> bool:
    """Whether there is something to reproduce: a broken link, or a warning where it works."""
    judged = found.verdict
    broken = judged.outcome is Outcome.BROKEN
    return judged.check is not None and (broken or judged.status is Status.WARNING)


def reproduction(found: Diagnosis, article: Chain) -> Reproduction | Not | None:
    """What reproduces the diagnosis, or why nothing does; None where nothing is broken.

    `article`: the names for what the diagnosis does not name, a Pod or a role.
    """
    judged = found.verdict
    if not is_wanted(found) or judged.check is None:
        return None
    fault = fault_of(judged)
    if fault is None:
        return NOT_REPRODUCED.get(judged.check.id, Not.NO_FAULT)
    chain = chain_of(found, article)
    return Reproduction(chain=chain, fault=fault, check=judged.check.id) if chain else Not.NAMES


def fault_of(judged: Verdict) -> str | None:
    """The id of the fault, by the check and, where that does not decide, by its cause."""
    check = judged.check.id if judged.check else ""
    causes = (*judged.remaining[:1], *((judged.step,) if judged.step else ()))
    known = (BY_CAUSE.get((check, cause)) for cause in causes)
    return next((fault for fault in known if fault), FAULTS.get(check))


def chain_of(found: Diagnosis, article: Chain) -> Chain | None:
    """The names of the diagnosis, with those of the article where it has none. None where one of them is not valid."""
    subject = found.subject
    account = found.walk.report(Step.SERVICE_ACCOUNT).evidence.get("service_account")
    role = role_name(annotated_role_arn(account)) or article.role
    try:
        check_names(subject)
    except NotAName:
        return None
    if not subject.namespace or not subject.service_account or not _ROLE_NAME.fullmatch(role):
        return None
    return Chain(
        namespace=subject.namespace,
        service_account=subject.service_account,
        pod=subject.pod or article.pod,
        role=role,
    )
