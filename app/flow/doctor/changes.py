"""What a fix makes of an object: the part of it that matters, as it is and as it would be."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.flow.annotations import PREFIX, ROLE_ARN
from app.flow.doctor.fix import Change, Fix
from app.flow.doctor.names import Names
from app.flow.doctor.trust_fix import Bearer
from app.flow.doctor.webhook import predicted
from app.flow.doctor.workload_commands import ALL
from app.flow.json_access import get_list, get_object, get_str, strings
from app.flow.model import JsonObject, JsonValue, Status
from app.flow.names import annotated_role_arn, host_and_path
from app.flow.steps.injection import request_pod
from app.flow.steps.trust_policy import is_of_other_key

TRUST_POLICY = "AssumeRolePolicyDocument"
"""The part of a role that says who may assume it."""
POLICIES = "Policies"
"""The part of a role that says what it may do."""
COMMAND_LINE = ("command", "args")
_CONTAINER = ("name", "image", *COMMAND_LINE, "env", "volumeMounts", "securityContext")
_SPEC = ("serviceAccountName", "automountServiceAccountToken", "hostNetwork", "securityContext")
_WORKLOADS = {
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "cronjob": "CronJob",
    "job": "Job",
}
"""The workloads whose Pod template a fix changes where other Pods are wanted, by their kind as kubectl takes it."""
_DEFAULT = "default"
"""The ServiceAccount that the API server writes into a Pod whose manifest names none."""

Edit = Callable[[JsonObject], None]
"""Changes the document of a Pod in place."""


def annotated(names: Names, **changed: str | None) -> Change:
    """The ServiceAccount with other annotations. The keys are those of `eks.amazonaws.com/`, `_` for `-`."""
    after = dict(names.annotations)
    for key, value in changed.items():
        full = f"{PREFIX}/{key.replace('_', '-')}"
        after.pop(full, None)
        if value is not None:
            after[full] = value
    return Change(
        kind="ServiceAccount",
        name=f"{names.namespace}/{names.service_account}",
        before=_account(names, names.annotations),
        after=_account(names, after),
    )


def new_account(names: Names, role_arn: str) -> Change:
    """A ServiceAccount where there is none."""
    return Change(
        kind="ServiceAccount",
        name=f"{names.namespace}/{names.service_account}",
        before=None,
        after=_account(names, {ROLE_ARN: role_arn}),
    )


def _account(names: Names, given: JsonValue) -> JsonValue:
    metadata = {"name": names.service_account, "namespace": names.namespace, "annotations": given}
    return {"kind": "ServiceAccount", "metadata": {key: value for key, value in metadata.items() if value}}


def provider(names: Names, **changed: JsonValue) -> Change:
    """The IAM OIDC provider with these members changed."""
    read = get_object(names.documents.get("provider"))
    known = {key: read[key] for key in ("Url", "ClientIDList", "ThumbprintList") if key in read}
    arn = names.provider_arn or names.bearer.provider_arn
    return Change(kind="OpenIDConnectProvider", name=arn, before=known, after={**known, **changed})


def lasting_bearer(names: Names) -> Bearer:
    """The bearer of a token as it is once all is fixed: with the webhook's audience, where the ServiceAccount's own one
    is given up in the end because the trust policy or the provider refuses it."""
    provider = None if names.there else names.documents.get("provider")  # ours says nothing of another account's
    trusted, accepted = names.check_of("trust.audience"), get_list(provider, "ClientIDList")
    refused = trusted is not None and trusted.status is Status.FAILED and not is_of_other_key(trusted)
    unknown = bool(accepted) and names.bearer.audience not in accepted
    given_up = names.asks_for_audience and (refused or unknown)
    return replace(names.bearer, audience=names.usual_audience) if given_up else names.bearer


def new_provider(names: Names) -> Change:
    """A provider in the account of the role, as IAM shows it: its URL without `https://`."""
    after = {"Url": host_and_path(names.issuer), "ClientIDList": [lasting_bearer(names).audience]}
    return Change(kind="OpenIDConnectProvider", name=names.bearer.provider_arn, before=None, after=after)


def trust(names: Names, policy: JsonValue, *, new: bool = False) -> Change:
    """The role's trust policy."""
    before = None if new else names.documents.get("trust_policy")
    return Change(kind="Role", name=names.role_name, part=TRUST_POLICY, before=before, after=policy)


def permissions(names: Names, name: str, document: JsonValue) -> Change:
    """The names of the role's permission policies, with one more, of this document."""
    known = [get_str(policy, "name") for policy in get_list(names.documents.get("policies"))]
    return Change(kind="Role", name=names.role_name, part=POLICIES, before=known, after=[*known, name], adds=document)


def session(names: Names, seconds: int) -> Change:
    """The longest session that the role allows."""
    role = get_object(names.documents.get("role"))
    before = {"MaxSessionDuration": role.get("MaxSessionDuration", 3600)}
    return Change(kind="Role", name=names.role_name, before=before, after={"MaxSessionDuration": seconds})


def unchanged(document: JsonObject) -> None:
    """Leaves the manifest as it is, for a fix after which only the webhook changes the Pod."""


def pod(names: Names, edit: Edit) -> Change | None:
    """The Pod after an edit of its manifest, with all that the webhook then adds.

    None where it was not read, or nothing of it changes.
    """
    document = names.documents.get("pod")
    if not get_object(document, "spec"):
        return None
    before, manifest = _relevant(document), _edited(names, edit)
    stored = predicted.injected(manifest, names.documents.get("service_account"), names.documents, names.region)
    after = _relevant(stored)
    if after == before:
        return None
    made = None if edit is unchanged else manifest
    return Change(kind="Pod", name=f"{names.namespace}/{names.pod}", before=before, after=after, pod=made)


def _edited(names: Names, edit: Edit) -> JsonObject:
    """The manifest of which the commands make a Pod."""
    pod, role_arn = names.documents.get("pod"), annotated_role_arn(names.documents.get("service_account"))
    manifest = predicted.handed_in(pod, role_arn, names.again, keeps_volume=names.keeps_volume())
    edit(manifest)
    return manifest


def workload(names: Names, edit: Edit) -> Change | None:
    """The workload whose template an edit changes, with only those fields that the edit changes; without a workload, as
    `pod`.

    The template is taken from its Pod, as far as possible without what the API server and webhooks have added.
    """
    document, kind = names.documents.get("pod"), _WORKLOADS.get(names.kind)
    if kind is None or not get_object(document, "spec"):
        return pod(names, edit)
    account = get_str(document, "spec", "serviceAccountName")
    for manifest in (request_pod(document, names.namespace, account), document):
        before = _relevant(manifest)
        before["metadata"].pop("name", None)
        if account == _DEFAULT:
            before["spec"].pop("serviceAccountName", None)
        after = copy.deepcopy(before)
        edit(after)
        if after != before:
            old, new = (_in_workload(names, kind, template) for template in _differing(before, after))
            made = _edited(names, edit)
            return Change(kind=kind, name=f"{names.namespace}/{names.owner}", before=old, after=new, pod=made)
    return None


def _in_workload(names: Names, kind: str, template: JsonObject) -> JsonObject:
    for key in reversed(names.template or ("spec", "template")):
        template = {key: template}
    return {"kind": kind, "metadata": {"name": names.owner, "namespace": names.namespace}, **template}


def _differing(before: JsonValue, after: JsonValue) -> tuple[Any, Any]:
    """The parts in which two documents differ, once per document. In lists of named items, the items of one name are
    compared."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [key for key in {**before, **after} if key == "name" or before.get(key) != after.get(key)]
        parts = {key: _differing(before.get(key), after.get(key)) for key in keys}
        old_parts = {key: parts[key][0] for key in keys if key in before}
        return old_parts, {key: parts[key][1] for key in keys if key in after}
    old, new = _by_name(before), _by_name(after)
    if old is None or new is None:
        return before, after
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    found = {name: _differing(old.get(name), new.get(name)) for name in names}
    return [found[name][0] for name in names if name in old], [found[name][1] for name in names if name in new]


def _by_name(value: JsonValue) -> dict[str, JsonValue] | None:
    """The items of a list by their names; None where an item has no name, or two have the same one."""
    if not isinstance(value, list):
        return None
    named = {name: item for item in value if (name := get_str(item, "name"))}
    return named if len(named) == len(value) else None


def run_as(service_account: str) -> Edit:
    """Has the Pod run as the ServiceAccount."""

    def edit(document: JsonObject) -> None:
        document["spec"]["serviceAccountName"] = service_account

    return edit


def _relevant(document: JsonValue) -> JsonObject:
    metadata, spec = get_object(document, "metadata"), get_object(document, "spec")
    kept: JsonObject = {key: spec[key] for key in _SPEC if spec.get(key) not in (None, {})}
    for kind in predicted.KINDS:
        if boxes := get_list(spec, kind):
            kept[kind] = [
                {key: get_object(box)[key] for key in _CONTAINER if get_object(box).get(key)} for box in boxes
            ]
    kept["volumes"] = get_list(spec, "volumes")
    kept_metadata = {key: metadata[key] for key in ("name", "namespace", "labels", "annotations") if metadata.get(key)}
    return {"kind": "Pod", "metadata": kept_metadata, "spec": kept}


def boxes_of(document: JsonObject) -> list[JsonObject]:
    """The containers of a Pod that `pod` hands to an edit."""
    spec = document["spec"]
    return [box for kind in predicted.KINDS for box in spec.get(kind, []) if isinstance(box, dict)]


def variables(names: Names, fix_id: str, words: Mapping[str, Sequence[str]]) -> Fix:
    """The fix that sets and removes variables by container, with these words of `kubectl set env`; without any it shows
    the workload."""
    commands = names.set_env(words) if words else names.show_workload()
    return Fix(id=fix_id, commands=commands, change=workload(names, set_env(words)))


def set_env(words: Mapping[str, Sequence[str]]) -> Edit:
    """Does what `kubectl set env` does with these words in each container: a variable that exists keeps its place."""

    def edit(document: JsonObject) -> None:
        for box in boxes_of(document):
            for word in (*words.get(ALL, ()), *words.get(get_str(box, "name"), ())):
                name, sets, value = word.partition("=")
                given = {name: {"name": name, "value": value}} if sets else {}
                kept = [given.pop(get_str(it, "name"), it) for it in get_list(box, "env")]
                if sets or kept:
                    box["env"] = [it for it in (*kept, *given.values()) if f"{get_str(it, 'name')}-" != word]

    return edit


def with_words(change: Callable[[list[str]], list[str]]) -> Edit:
    """Changes the command line of every container."""

    def edit(document: JsonObject) -> None:
        for box in boxes_of(document):
            for key in COMMAND_LINE:
                if key in box:
                    box[key] = change(strings(box[key]))

    return edit
