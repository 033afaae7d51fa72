"""Applies a fix to the copy: replaces the object that it changes, and recreates the Pod if a command does so."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.flow.annotations import ROLE_ARN
from app.flow.doctor import changes
from app.flow.doctor.fix import Change, Fix
from app.flow.doctor.names import ACCOUNT_HERE, PROVIDER_HERE, REGION_HERE, RESOURCE_HERE, ROLE_HERE
from app.flow.doctor.prediction import new_pod
from app.flow.doctor.prediction.copied import Copy
from app.flow.json_access import get_list, get_object, get_str
from app.flow.model import JsonValue
from app.flow.names import account_of, provider_in, role_name
from app.flow.times import timestamp

STORED = "object_fixed"
"""The evidence of a dry run of the change: the object, and the annotations that the API server would store with it."""


def apply(copy: Copy, fix: Fix) -> bool:
    """Applies the fix to the copy, which takes a second. False where its effect cannot be worked out."""
    change = fix.change
    of_other_role = change is not None and change.kind == "Role" and change.name != role_name(copy.annotated_role)
    if of_other_role or not _is_known(fix):
        return False
    copy.now += 1
    if change is not None and change.kind in _MAKE:
        _MAKE[change.kind](copy, change)
    manifest = change.pod if change is not None else None
    if fix.recreates or manifest is not None:
        if not get_list(copy.documents.get("pod"), "spec", "containers"):
            return False
        new_pod.recreate(copy, manifest)
    copy.tried = True
    return True


def _is_known(fix: Fix) -> bool:
    """Whether the fix says all that it does. The diff of a Pod that is only recreated shows the webhook's part, and
    does not say what another command of the fix does.
    """
    change, recreated = fix.change, fix.recreates and len(fix.commands) == 1
    if change is None:
        return recreated
    known = change.kind in _MAKE or change.pod is not None or (change.kind == "Pod" and recreated)
    return known and not has_placeholder(change.after) and not has_placeholder(change.adds)


def has_placeholder(value: JsonValue) -> bool:
    """Whether the value contains a word that the reader has to replace first."""
    if isinstance(value, Mapping):
        return any(map(has_placeholder, value.values()))
    if isinstance(value, list | tuple):
        return any(map(has_placeholder, value))
    return value in (ROLE_HERE, REGION_HERE, RESOURCE_HERE)


def _service_account(copy: Copy, change: Change) -> None:
    found = get_object(copy.documents.get("service_account"))
    metadata = get_object(found, "metadata")
    if change.before is None:
        copy.changed.add("service_account")
        metadata = {"name": copy.subject.service_account, "namespace": copy.subject.namespace}
    stored = copy.documents.get(STORED)
    own = get_str(stored, "kind") == change.kind
    annotations = get_object(stored, "annotations") if own else get_object(change.after, "metadata", "annotations")
    if get_str(annotations, ROLE_ARN) != get_str(metadata, "annotations", ROLE_ARN):
        metadata = {**metadata, "managedFields": [_annotated(copy.now)]}
    copy.documents["service_account"] = {**found, "metadata": {**metadata, "annotations": annotations}}
    if change.before is None:
        new_pod.start(copy)


def _annotated(now: float) -> JsonValue:
    """The entry of `managedFields` which shows that the role's annotation was set now."""
    fields: JsonValue = {"f:metadata": {"f:annotations": {f"f:{ROLE_ARN}": {}}}}
    return {"time": timestamp(now), "fieldsV1": fields}


def _provider(copy: Copy, change: Change) -> None:
    """Replaces the provider. Without a thumbprint IAM takes that of the certificate which the issuer serves (IAM,
    CreateOpenIDConnectProvider). Where no role shows the account, it is the one that we look into."""
    served = get_str(copy.documents.get("thumbprint"), "served")
    made = {"ThumbprintList": [served] if served else [], **get_object(change.after)}
    ours = account_of(next(iter(copy.providers or {}), "")) or ACCOUNT_HERE
    name = provider_in(ours, get_str(made, "Url")) if change.name == PROVIDER_HERE else change.name
    copy.providers = {**(copy.providers or {}), name: made}
    copy.changed.add("provider")


def _role(copy: Copy, change: Change) -> None:
    role = get_object(copy.documents.get("role"))
    match change.part:
        case changes.TRUST_POLICY:
            if not role:
                copy.documents |= {"role": {"Arn": copy.annotated_role}, "policies": []}
            copy.documents["trust_policy"] = change.after
            copy.changed.add("trust")
        case changes.POLICIES:
            added = {"name": get_list(change.after)[-1], "document": change.adds}
            copy.documents["policies"] = [*get_list(copy.documents, "policies"), added]
            copy.changed.add("policies")
        case _:
            copy.documents["role"] = {**role, **get_object(change.after)}


_MAKE: Mapping[str, Callable[[Copy, Change], None]] = {
    "ServiceAccount": _service_account,
    "OpenIDConnectProvider": _provider,
    "Role": _role,
}
