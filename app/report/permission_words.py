"""Permissions that are lacking, as texts to paste, each with a sentence before it."""

from __future__ import annotations

import json
from collections.abc import Iterable

import yaml

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.doctor.pods.listed import CHECK as PODS
from app.flow.doctor.reading.lacking import Lacking
from app.flow.errors import FlowError, NotPermitted
from app.flow.model import Check
from app.flow.port_wrappers.permissions_needed import iam_policy, need, rules, rules_as_yaml
from app.flow.ports import Access
from app.flow.steps.findings import NO_PERMISSION


def to_paste(found: Lacking, words: Content) -> list[tuple[str, str]]:
    """Manifests for `kubectl apply`, an IAM policy, and what is not known; or that nothing is lacking."""
    if found.is_nothing:
        return [(words.message("doctor.rbac.nothing"), "")]
    texts = []
    if manifests := found.manifests:
        lead = words.message("doctor.rbac.manifests")
        unknown = "" if found.user else words.message("doctor.rbac.user")
        text = yaml.safe_dump_all(manifests, sort_keys=False, default_flow_style=None, width=100)
        texts.append((words.facts.sentences(*filter(None, (lead, unknown))), text))
    if found.policy is not None:
        lead = words.message("doctor.rbac.policy" if found.iam else "doctor.rbac.policy_in_case")
        texts.append((lead, json.dumps(found.policy, indent=2)))
    if not found.is_known:
        names = ", ".join((*map(access, found.unanswered), *found.untried))
        texts.append((words.message("doctor.rbac.unknown", names=names), ""))
    return texts


def access(wanted: Access) -> str:
    """An access as `kubectl auth can-i` takes it, such as `get pods/exec`."""
    return f"{wanted.verb} {wanted.path or '/'.join(filter(None, (wanted.resource, wanted.subresource)))}"


def allowing(uses: Iterable[str], words: Content) -> list[tuple[str, str]]:
    """What would allow these uses: RBAC rules, an IAM policy, each as a text to paste with a sentence before it.

    All that the uses take: which of several permissions is lacking is not known here.
    """
    wanted = [need(use) for use in uses]
    accesses = [access for found in wanted for access in found.accesses]
    iam = [action for found in wanted for action in found.iam]
    texts = []
    if accesses:
        lead = words.message("actions.allow_rbac_all" if len(set(accesses)) > 1 else "actions.allow_rbac")
        texts.append((lead, rules_as_yaml(rules(accesses))))
    if iam:
        lead = words.message("actions.allow_iam_all" if len(set(iam)) > 1 else "actions.allow_iam")
        texts.append((lead, json.dumps(iam_policy(iam), indent=2)))
    return texts


def allowing_after(error: FlowError, uses: Iterable[str], words: Content) -> list[tuple[str, str]]:
    """The same where one of the uses was refused; empty where another thing stands in the way than a permission."""
    lacking = isinstance(error, NotPermitted) and not error.about_login
    return allowing(uses, words) if lacking else []


def would_allow(check: Check, words: Content) -> list[tuple[str, str]]:
    """What would let us make a check that we may not make; empty where no permission is missing."""
    return allowing([check.id], words) if check.reason == NO_PERMISSION else []


def instead(check: Check, found: Diagnosis, words: Content) -> list[tuple[str, str]]:
    """What makes up for a permission that is missing: the words to add to the command, or to put for the others."""
    if check.reason != NO_PERMISSION:
        return []
    if check.id == "issuer.discovery":
        return [(words.message("doctor.give_issuer"), "--issuer ISSUER_URL")]
    named = found.subject.pod
    return [(words.message("doctor.give_pod"), "pod/POD")] if check.id == PODS and not named else []


def lacks_more(found: Diagnosis) -> bool:
    """Whether other checks lack other permissions than the one at which the verdict stops."""
    checks = [check for _, of_step in found.steps() for check in of_step]
    needed = {need(check.id) for check in checks if check.reason == NO_PERMISSION}
    named = found.verdict.check
    return named is not None and named.reason == NO_PERMISSION and bool(needed - {need(named.id)})
