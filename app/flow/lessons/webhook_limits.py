"""What the webhook does not do, each with what the walk saw of it.

The claims are those of amazon-eks-pod-identity-webhook: it only answers AdmissionReviews of new Pods.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.flow.annotations import ROLE_ARN
from app.flow.json_access import get, get_list, get_object, get_str, strings
from app.flow.model import JsonValue, Step, Walk
from app.flow.steps.injection import ROLE_VARIABLE

_JWT = re.compile(r"(?:(?<![\w-])|(?<=\\[nrt]))eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}")
"""Header and payload of a JWT: what is left of one whose signature was masked."""
_AWS = frozenset({"iam", "sts", "s3"})


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One thing that the webhook leaves alone."""

    id: str
    """The key of its words."""
    holds: bool | None
    """None where the walk could not see it."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What its words name: values that the walk found."""


def limits(walk: Walk) -> tuple[Limit, ...]:
    """The claims, judged by the evidence of the webhook's step and the one before."""
    evidence = walk.report(Step.WEBHOOK).evidence
    review = evidence.get("admission_review")
    annotations = walk.report(Step.SERVICE_ACCOUNT).evidence.get("service_account")
    called = [exchange.callee for exchange in walk.report(Step.WEBHOOK).exchanges]
    return (
        _token(review),
        _role(
            get_list(evidence, "environment"),
            get_str(get_object(annotations, "metadata", "annotations"), ROLE_ARN),
            called,
        ),
        _running(evidence.get("configuration")),
        _service_account(review),
        _kubelet(get_list(evidence, "environment"), evidence.get("pod_after")),
    )


def _token(review: JsonValue) -> Limit:
    """Neither the question nor the answer nor the patch contains anything with the shape of a JWT."""
    if not review:
        return Limit(id="token", holds=None)
    words = json.dumps(review, ensure_ascii=False)
    return Limit(id="token", holds=not _JWT.search(words), values={"characters": f"{len(words):,}"})


def _role(environment: list[JsonValue], annotation: str, called: list[str]) -> Limit:
    """The ARN in the Pod is the annotation's, and the webhook did not ask AWS about it."""
    injected = {get_str(variable, "value") for variable in environment if get_str(variable, "name") == ROLE_VARIABLE}
    if not injected or not annotation:
        return Limit(id="role", holds=None)
    values = {"got": ", ".join(sorted(injected)), "annotation": annotation, "count": str(len(called))}
    return Limit(id="role", holds=injected == {annotation} and _AWS.isdisjoint(called), values=values)


def _running(configuration: JsonValue) -> Limit:
    """It is registered for the creation of Pods alone."""
    rules = [rule for webhook in get_list(configuration, "webhooks") for rule in get_list(webhook, "rules")]
    if not rules:
        return Limit(id="running", holds=None)
    operations, resources = (
        sorted({name for rule in rules for name in strings(get(rule, key))}) for key in ("operations", "resources")
    )
    values = {"operations": ", ".join(operations), "resources": ", ".join(resources)}
    return Limit(id="running", holds=operations == ["CREATE"] and resources == ["pods"], values=values)


def _service_account(review: JsonValue) -> Limit:
    """A patch changes the object that the question was about: a Pod."""
    kind = get_str(review, "request", "request", "object", "kind")
    paths = [get_str(operation, "path") for operation in get_list(review, "patch")]
    if not kind or not paths:
        return Limit(id="service_account", holds=None)
    return Limit(id="service_account", holds=kind == "Pod", values={"kind": kind, "paths": ", ".join(paths)})


def _kubelet(environment: list[JsonValue], pod: JsonValue) -> Limit:
    """The variables are in the spec of a Pod before a node is chosen for it."""
    if not environment:
        return Limit(id="kubelet", holds=None)
    node = get_str(pod, "spec", "nodeName")
    return Limit(id="kubelet", holds=not node, values={"count": str(len(environment)), "node": node})
