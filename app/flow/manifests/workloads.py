"""What manifests say of IRSA: ServiceAccounts, and the Pods that their workloads will have."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.flow.annotations import PREFIX, ROLE_ARN, is_role_arn
from app.flow.json_access import get_list, get_object, get_str
from app.flow.manifest_documents import Document, UnreadableDocument, objects
from app.flow.model import JsonObject, JsonValue
from app.flow.names import TOKEN_DIRECTORY, annotated_role_arn
from app.flow.steps.injection import containers, named_file, own_token

_TEMPLATE = ("spec", "template")
TEMPLATES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"), _TEMPLATE),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Where a workload of a kind has the template of its Pods. Kinds of others may have one in the usual place, such as
Rollouts of Argo and Services of Knative."""


class NotAText(UnreadableDocument):
    """An annotation or a label has a value that is no text. `problem` is where, and which."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One object of the manifests."""

    kind: str
    namespace: str
    """Empty where neither the object nor the caller says it."""
    name: str
    document: JsonValue
    """A ServiceAccount as it is written; of a workload the Pod that it will have."""
    path: str
    line: int
    """The file's line at which its document begins, from 1."""
    service_account: str = ""
    """Of a workload: under which ServiceAccount it is to run; empty where that is not written."""

    @property
    def where(self) -> str:
        """`FILE:LINE`."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, kw_only=True)
class Manifests:
    """All that the files say."""

    accounts: Mapping[tuple[str, str], Found]
    """ServiceAccounts by namespace and name; of two the later one counts, as for `kubectl apply`."""
    workloads: tuple[Found, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)
    """How many objects of each other kind there were; documents without a kind under an empty name."""


def read(documents: Iterable[Document], namespace: str) -> Manifests:
    """What they say; an object without a namespace is in `namespace`. Raises `UnreadableDocument`."""
    accounts: dict[tuple[str, str], Found] = {}
    workloads: list[Found] = []
    skipped: Counter[str] = Counter()
    for document in (it for whole in documents for it in objects(whole)):
        kind = get_str(document.value, "kind")
        makes_pods = kind == "Pod" or bool(_template(document.value))
        if kind == "ServiceAccount" or makes_pods:
            _refuse_values_that_are_no_texts(document)
        if kind == "ServiceAccount":
            found = _found(document, document.value, namespace)
            accounts[found.namespace, found.name] = found
        elif makes_pods:
            workloads.append(_found(document, _pod(document.value, namespace), namespace))
        else:
            skipped[kind] += 1
    return Manifests(accounts=accounts, workloads=tuple(workloads), skipped=dict(sorted(skipped.items())))


def _template(document: JsonValue) -> tuple[str, ...]:
    """Where the object has the template of its Pods; empty where it has none."""
    found = TEMPLATES.get(get_str(document, "kind"), ())
    return found or (_TEMPLATE if get_list(document, *_TEMPLATE, "spec", "containers") else ())


def _refuse_values_that_are_no_texts(document: Document) -> None:
    """Raises `UnreadableDocument` for an annotation or a label such as `true` or `86400` without quotes.

    The API server takes no such object. A value that is null is the empty text to it.
    """
    for place in (("metadata",), (*_template(document.value), "metadata")):
        for name in ("annotations", "labels"):
            for key, value in get_object(document.value, *place, name).items():
                if not (value is None or isinstance(value, str)):
                    where = ".".join((*place, name))
                    raise NotAText(document.path, document.line, f"{where}: {key}: {json.dumps(value)[:40]}")


def wants_a_role(account: JsonValue) -> bool:
    """Whether a ServiceAccount is there for IRSA: by its annotation, or by one that was meant to be it."""
    annotations = get_object(account, "metadata", "annotations")
    return any(
        key == ROLE_ARN or key.startswith(f"{PREFIX}/") or (isinstance(value, str) and is_role_arn(value))
        for key, value in annotations.items()
    )


def asks_for_a_role(pod: JsonValue) -> bool:
    """Whether a Pod that the manifests will make is there for IRSA: by the annotation, which has no effect on it, or by
    a variable that points to the webhook's file."""
    if annotated_role_arn(pod):
        return True
    files = (named_file(box) for box in containers(pod))
    return own_token(pod) is None and any(file.startswith(f"{TOKEN_DIRECTORY}/") for file in files)


def _found(document: Document, shown: JsonValue, namespace: str) -> Found:
    template = get_object(document.value, *_template(document.value), "spec")
    return Found(
        kind=get_str(document.value, "kind"),
        namespace=get_str(document.value, "metadata", "namespace") or namespace,
        name=get_str(document.value, "metadata", "name") or get_str(document.value, "metadata", "generateName"),
        document=shown,
        path=document.path,
        line=document.line,
        service_account=get_str(template, "serviceAccountName") or get_str(template, "serviceAccount"),
    )


def _pod(workload: JsonValue, namespace: str) -> JsonObject:
    """The Pod of a workload, named after it, and owned by it so that a fix changes the workload."""
    kind = get_str(workload, "kind")
    template = get_object(workload, *_template(workload))
    metadata = {
        **get_object(template, "metadata"),
        "name": get_str(workload, "metadata", "name"),
        "namespace": get_str(workload, "metadata", "namespace") or namespace,
    }
    if kind != "Pod":
        version = {} if kind in TEMPLATES else {"apiVersion": get_str(workload, "apiVersion")}
        metadata["ownerReferences"] = [{**version, "kind": kind, "name": metadata["name"], "controller": True}]
    spec = get_object(template, "spec")
    account = get_str(spec, "serviceAccountName") or get_str(spec, "serviceAccount") or "default"
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**spec, "serviceAccountName": account}}
