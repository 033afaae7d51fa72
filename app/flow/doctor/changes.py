"""What a fix makes of an object: the part of it that matters, as it is and as it would be."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from app.flow.annotations import ROLE_ARN
from app.flow.doctor.fix import Change
from app.flow.doctor.names import Names
from app.flow.model import JsonValue
from app.flow.steps.documents import items, mapping, strings, text
from app.flow.steps.names import host_and_path
from app.flow.webhook import VOLUME

COMMAND_LINE = ("command", "args")
KINDS = ("initContainers", "containers")
_CONTAINER = ("name", "image", *COMMAND_LINE, "env", "volumeMounts", "securityContext")
_SPEC = ("serviceAccountName", "automountServiceAccountToken", "hostNetwork", "securityContext")

Box = dict[str, Any]


def annotated(names: Names, **changed: str | None) -> Change:
    """The ServiceAccount with other annotations. The keys are those of `eks.amazonaws.com/`, `_` for `-`."""
    after = dict(names.annotations)
    for key, value in changed.items():
        full = f"eks.amazonaws.com/{key.replace('_', '-')}"
        after.pop(full, None)
        if value is not None:
            after[full] = value
    return Change(
        object=f"ServiceAccount {names.namespace}/{names.service_account}",
        before=_account(names, names.annotations),
        after=_account(names, after),
    )


def new_account(names: Names, role_arn: str) -> Change:
    """A ServiceAccount where there is none."""
    return Change(
        object=f"ServiceAccount {names.namespace}/{names.service_account}",
        before=None,
        after=_account(names, {ROLE_ARN: role_arn}),
    )


def _account(names: Names, given: JsonValue) -> JsonValue:
    metadata = {"name": names.service_account, "namespace": names.namespace, "annotations": given}
    return {"kind": "ServiceAccount", "metadata": {key: value for key, value in metadata.items() if value}}


def provider(names: Names, **changed: JsonValue) -> Change:
    """The IAM OIDC provider with other members."""
    read = mapping(names.documents.get("provider"))
    known = {key: read[key] for key in ("Url", "ClientIDList", "ThumbprintList") if key in read}
    arn = names.provider_arn or names.bearer.provider_arn
    return Change(object=f"OpenIDConnectProvider {arn}", before=known, after={**known, **changed})


def new_provider(names: Names) -> Change:
    """A provider in the account of the role, as IAM shows it: its URL without `https://`."""
    after = {"Url": host_and_path(names.issuer), "ClientIDList": [names.bearer.audience]}
    return Change(object=f"OpenIDConnectProvider {names.bearer.provider_arn}", before=None, after=after)


def trust(names: Names, policy: JsonValue, *, new: bool = False) -> Change:
    """The role's trust policy."""
    before = None if new else names.documents.get("trust_policy")
    return Change(object=f"Role {names.role_name} AssumeRolePolicyDocument", before=before, after=policy)


def permissions(names: Names, arn: str) -> Change:
    """The names of the role's permission policies, with one more."""
    known = [text(policy, "name") for policy in items(names.documents.get("policies"))]
    return Change(object=f"Role {names.role_name} Policies", before=known, after=[*known, arn])


def session(names: Names, seconds: int) -> Change:
    """The longest session that the role allows."""
    role = mapping(names.documents.get("role"))
    before = {"MaxSessionDuration": role.get("MaxSessionDuration", 3600)}
    return Change(object=f"Role {names.role_name}", before=before, after={"MaxSessionDuration": seconds})


def pod(names: Names, edit: Callable[[dict[str, Any]], None]) -> Change | None:
    """The Pod after an edit of its document; None where it was not read, or nothing of it changes."""
    document = names.documents.get("pod")
    if not mapping(document, "spec"):
        return None
    before = _relevant(document)
    after = copy.deepcopy(before)
    edit(after)
    return None if after == before else Change(object=f"Pod {names.namespace}/{names.pod}", before=before, after=after)


def _relevant(document: JsonValue) -> dict[str, Any]:
    metadata, spec = mapping(document, "metadata"), mapping(document, "spec")
    kept: dict[str, Any] = {key: spec[key] for key in _SPEC if spec.get(key) not in (None, {})}
    for kind in KINDS:
        if boxes := items(spec, kind):
            kept[kind] = [{key: mapping(box)[key] for key in _CONTAINER if mapping(box).get(key)} for box in boxes]
    kept["volumes"] = items(spec, "volumes")
    told = {key: metadata[key] for key in ("name", "namespace", "labels", "annotations") if metadata.get(key)}
    return {"kind": "Pod", "metadata": told, "spec": kept}


def boxes_of(document: dict[str, Any]) -> list[Box]:
    """The containers of a Pod that `pod` hands to an edit."""
    spec = document["spec"]
    return [box for kind in KINDS for box in spec.get(kind, []) if isinstance(box, dict)]


def without_variables(names: Sequence[str]) -> Callable[[dict[str, Any]], None]:
    """Takes variables out of every container."""

    def edit(document: dict[str, Any]) -> None:
        for box in boxes_of(document):
            if "env" in box:
                box["env"] = [item for item in items(box, "env") if text(item, "name") not in names]

    return edit


def with_variables(**values: str) -> Callable[[dict[str, Any]], None]:
    """Sets variables in every container."""

    def edit(document: dict[str, Any]) -> None:
        without_variables(list(values))(document)
        for box in boxes_of(document):
            box["env"] = [*items(box, "env"), *({"name": name, "value": value} for name, value in values.items())]

    return edit


def with_words(change: Callable[[list[str]], list[str]]) -> Callable[[dict[str, Any]], None]:
    """Changes the command line of every container."""

    def edit(document: dict[str, Any]) -> None:
        for box in boxes_of(document):
            for key in COMMAND_LINE:
                if key in box:
                    box[key] = change(strings(box[key]))

    return edit


def as_injected(dry: JsonValue) -> Callable[[dict[str, Any]], None]:
    """Has the Pod as the webhook made it in the dry run: its variables, and the token's volume."""

    def edit(document: dict[str, Any]) -> None:
        made = {text(box, "name"): box for kind in KINDS for box in items(dry, "spec", kind)}
        for box in boxes_of(document):
            new = made.get(text(box, "name"))
            if items(new, "env"):
                box["env"] = items(new, "env")
            if mounts := _with(box, new, "volumeMounts"):
                box["volumeMounts"] = mounts
        document["spec"]["volumes"] = _with(document["spec"], mapping(dry, "spec"), "volumes")

    return edit


def _with(old: JsonValue, new: JsonValue, key: str) -> list[Any]:
    """What is there, with what the other has under the name of the token's volume: in its place, or at the end."""
    made = [item for item in items(new, key) if text(item, "name") == VOLUME]
    kept: list[Any] = []
    for item in items(old, key):
        kept += [item] if text(item, "name") != VOLUME else made[:1]
    return [*kept, *(item for item in made if item not in kept)]
