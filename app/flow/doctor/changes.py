"""What a fix makes of an object: the part of it that matters, as it is and as it would be."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

from app.flow.annotations import ROLE_ARN
from app.flow.doctor.fix import Change
from app.flow.doctor.names import Names
from app.flow.json_access import get_list, get_object, get_str, strings
from app.flow.model import JsonObject, JsonValue
from app.flow.names import host_and_path
from app.flow.webhook import VOLUME

TRUST_POLICY = "AssumeRolePolicyDocument"
"""The part of a role that says who may assume it."""
POLICIES = "Policies"
"""The part of a role that says what it may do."""
COMMAND_LINE = ("command", "args")
KINDS = ("initContainers", "containers")
_CONTAINER = ("name", "image", *COMMAND_LINE, "env", "volumeMounts", "securityContext")
_SPEC = ("serviceAccountName", "automountServiceAccountToken", "hostNetwork", "securityContext")

Edit = Callable[[JsonObject], None]
"""Changes the document of a Pod in place."""


def annotated(names: Names, **changed: str | None) -> Change:
    """The ServiceAccount with other annotations. The keys are those of `eks.amazonaws.com/`, `_` for `-`."""
    after = dict(names.annotations)
    for key, value in changed.items():
        full = f"eks.amazonaws.com/{key.replace('_', '-')}"
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
    """The IAM OIDC provider with other members."""
    read = get_object(names.documents.get("provider"))
    known = {key: read[key] for key in ("Url", "ClientIDList", "ThumbprintList") if key in read}
    arn = names.provider_arn or names.bearer.provider_arn
    return Change(kind="OpenIDConnectProvider", name=arn, before=known, after={**known, **changed})


def new_provider(names: Names) -> Change:
    """A provider in the account of the role, as IAM shows it: its URL without `https://`."""
    after = {"Url": host_and_path(names.issuer), "ClientIDList": [names.bearer.audience]}
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


def pod(names: Names, edit: Edit) -> Change | None:
    """The Pod after an edit of its document; None where it was not read, or nothing of it changes."""
    document = names.documents.get("pod")
    if not get_object(document, "spec"):
        return None
    before = _relevant(document)
    after = copy.deepcopy(before)
    edit(after)
    if after == before:
        return None
    return Change(kind="Pod", name=f"{names.namespace}/{names.pod}", before=before, after=after, pod=after)


def _relevant(document: JsonValue) -> JsonObject:
    metadata, spec = get_object(document, "metadata"), get_object(document, "spec")
    kept: JsonObject = {key: spec[key] for key in _SPEC if spec.get(key) not in (None, {})}
    for kind in KINDS:
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
    return [box for kind in KINDS for box in spec.get(kind, []) if isinstance(box, dict)]


def without_variables(names: Sequence[str]) -> Edit:
    """Takes variables out of every container."""

    def edit(document: JsonObject) -> None:
        for box in boxes_of(document):
            if "env" in box:
                box["env"] = [item for item in get_list(box, "env") if get_str(item, "name") not in names]

    return edit


def with_variables(**values: str) -> Edit:
    """Sets variables in every container."""

    def edit(document: JsonObject) -> None:
        without_variables(list(values))(document)
        for box in boxes_of(document):
            box["env"] = [*get_list(box, "env"), *({"name": name, "value": value} for name, value in values.items())]

    return edit


def with_words(change: Callable[[list[str]], list[str]]) -> Edit:
    """Changes the command line of every container."""

    def edit(document: JsonObject) -> None:
        for box in boxes_of(document):
            for key in COMMAND_LINE:
                if key in box:
                    box[key] = change(strings(box[key]))

    return edit


def as_injected(dry: JsonValue) -> Edit:
    """Has the Pod as the webhook made it in the dry run: its variables, and the token's volume."""

    def edit(document: JsonObject) -> None:
        made = {get_str(box, "name"): box for kind in KINDS for box in get_list(dry, "spec", kind)}
        for box in boxes_of(document):
            new = made.get(get_str(box, "name"))
            if get_list(new, "env"):
                box["env"] = get_list(new, "env")
            if mounts := _with(box, new, "volumeMounts"):
                box["volumeMounts"] = mounts
        document["spec"]["volumes"] = _with(document["spec"], get_object(dry, "spec"), "volumes")

    return edit


def _with(old: JsonValue, new: JsonValue, key: str) -> list[JsonValue]:
    """What is there, with what the other has under the name of the token's volume: in its place, or at the end."""
    made = [item for item in get_list(new, key) if get_str(item, "name") == VOLUME]
    kept: list[JsonValue] = []
    for item in get_list(old, key):
        kept += [item] if get_str(item, "name") != VOLUME else made[:1]
    return [*kept, *(item for item in made if item not in kept)]


def applied(document: JsonValue, after: JsonValue) -> JsonObject:
    """The whole document of a Pod after a change, of which `pod` shows the part that matters."""
    spec, changed = get_object(document, "spec"), get_object(after, "spec")
    whole = {key: value for key, value in spec.items() if key not in (*_SPEC, *KINDS, "volumes")} | changed
    for kind in KINDS:
        if kind in changed:
            olds = {get_str(box, "name"): get_object(box) for box in get_list(spec, kind)}
            whole[kind] = [
                {key: value for key, value in olds.get(get_str(box, "name"), {}).items() if key not in _CONTAINER} | box
                for box in map(get_object, get_list(changed, kind))
            ]
    others = {
        key: value for key, value in get_object(document, "metadata").items() if key not in ("labels", "annotations")
    }
    return {**get_object(document), "metadata": others | get_object(after, "metadata"), "spec": whole}
