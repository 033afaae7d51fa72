"""Permissions that are lacking, as texts to paste, each with a sentence before it."""

from __future__ import annotations

import json

import yaml

from app.content import Content
from app.flow.doctor.reading.lacking import Lacking
from app.flow.ports import Access


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
