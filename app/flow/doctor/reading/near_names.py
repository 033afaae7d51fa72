"""Names that may be meant: of all names that we may list, those that are near one under which nothing exists.

Two names are near if they differ by at most two edits (a character more, less or other, or two neighbours exchanged),
or by one where a name has up to four characters; or if one is the beginning of the other and has at least four
characters. Names that differ only in their digits are siblings (`web-1`, `web-2`) and no typing errors.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from app.flow.annotations import is_role_arn
from app.flow.doctor.evidence import check_of
from app.flow.doctor.pods.listed import DEFAULT
from app.flow.errors import FlowError
from app.flow.json_access import get, get_str
from app.flow.matching.differences import edits
from app.flow.model import Check, JsonValue, Status, Step, StepReport, Walk
from app.flow.names import annotated_role_arn, role_name, role_of
from app.flow.ports import Ports
from app.flow.steps.findings import Findings

EVIDENCE = "near"
DOCUMENTS = "role_documents"
"""The key of what IAM's list says of the near roles: their ARNs and trust policies."""
ANNOTATED = "annotated"
"""The kind of the ServiceAccounts that may be meant instead of `default`: those of the namespace with a role."""
NO_NAMESPACE = "no_namespace"
"""The key of the cause where something does not exist because its namespace does not."""
EDITS, EDITS_OF_SHORT, SHORT = 2, 1, 4
"""How many edits two names may be apart, and how many of them where the shorter one has so few characters."""
_PROPOSED = 3
"""How many names are proposed at most, the nearest first."""
_MOST = 10
"""How many ServiceAccounts with a role are proposed at most."""
_DIGITS = re.compile(r"\d+")
Listed = TypeVar("Listed")


def inspect(ports: Ports, walk: Walk) -> StepReport:
    """Looks for near names where a name leads nowhere, and asks a server only then. A name that we may not list is not
    proposed. Never raises."""
    findings = Findings(Step.SERVICE_ACCOUNT, ports, ())
    found = {kind: names for kind, names in _found(ports, walk) if names is not None}
    if found:
        findings.show(EVIDENCE, found)
    return findings.report()


def _found(ports: Ports, walk: Walk) -> Iterable[tuple[str, Sequence[JsonValue] | None]]:
    """The near names, by kind of name, and the documents of the near roles; None for a kind where nothing can be
    said."""
    subject = walk.subject

    # (1) The ServiceAccount, or its namespace where that is missing already.
    if _missing(walk, "service_account.exists"):
        if (namespaces := of_namespace(ports, subject.namespace)) is not None:
            yield "namespace", namespaces
        else:
            accounts = _listed(lambda: map(_name, ports.cluster.service_accounts(subject.namespace)))
            yield "service_account", near(subject.service_account, accounts) or None

    # (2) Those that have a role, where the Pod runs as the one that no manifest has to name.
    elif subject.pod and subject.service_account == DEFAULT and _missing(walk, "service_account.annotation"):
        known = _listed(lambda: ports.cluster.service_accounts(subject.namespace))
        yield ANNOTATED, [_name(it) for it in known if is_role_arn(annotated_role_arn(it))][:_MOST] or None

    # (3) The Pod.
    elif _missing(walk, "pod.exists") and subject.pod:
        pods = _listed(lambda: map(_name, ports.cluster.pods(subject.namespace, subject.service_account)))
        yield "pod", near(subject.pod, pods) or None

    # (4) The role, and the issuer's provider.
    if (check := _missing(walk, "role.exists")) and (wanted := role_of(check.expected)):
        roles = {role_name(get_str(role, "Arn")): role for role in _listed(ports.aws.roles)}
        proposed = [roles[name] for name in near(wanted[2], roles)]
        yield "role", [get_str(role, "Arn") for role in proposed] or None
        kept = ("Arn", "AssumeRolePolicyDocument")
        yield DOCUMENTS, [{key: get(role, key) for key in kept} for role in proposed] or None
    if check := _missing(walk, "provider.exists"):
        providers = {arn.partition("/")[2]: arn for arn in check.got.split(", ")}
        yield "provider", [providers[name] for name in near(check.expected.partition("/")[2], providers)] or None


def _missing(walk: Walk, check_id: str) -> Check | None:
    """The check, where it found nothing under the name."""
    check = check_of(walk, check_id)
    return check if check is not None and check.status is Status.FAILED and not is_role_arn(check.got) else None


def _listed(ask: Callable[[], Iterable[Listed]]) -> list[Listed]:
    try:
        return list(ask())
    except FlowError:
        return []


def _name(document: JsonValue) -> str:
    return get_str(document, "metadata", "name")


def of_namespace(ports: Ports, namespace: str) -> list[str] | None:
    """The namespaces that may be meant, where there is none of that name; None where that namespace exists, or may
    exist."""
    namespaces = _listed(ports.cluster.namespaces)
    return near(namespace, namespaces) if namespaces and namespace not in namespaces else None


def of_pod(ports: Ports, namespace: str, pod: str) -> str:
    """The doctor's options for a Pod that may be meant, where there is none of that name; empty where none is near."""
    found = near(pod, _listed(lambda: map(_name, ports.cluster.pods(namespace))))
    return shlex.join(("-n", namespace, "--pod", found[0])) if found else ""


def near(name: str, known: Iterable[str]) -> list[str]:
    """The names among `known` that are near, the nearest first, never the name itself."""
    others = set(known) - {name, ""} if name else set[str]()
    apart = {other: edits(name.casefold(), other.casefold(), within=EDITS) for other in others}
    found = sorted((distance, other) for other, distance in apart.items() if _is_near(name, other, distance))
    return [other for _, other in found[:_PROPOSED]]


def _is_near(name: str, other: str, distance: int) -> bool:
    if _DIGITS.sub("0", name) == _DIGITS.sub("0", other):
        return False
    shorter, longer = sorted((name.casefold(), other.casefold()), key=len)
    if len(shorter) >= SHORT and longer.startswith(shorter):
        return True
    return distance <= (EDITS if len(shorter) > SHORT else EDITS_OF_SHORT)
