"""The Pod that a fix makes: as its owner wrote it, edited by the webhook, and stored.

Rules: `app.flow.doctor.webhook.predicted`; the admission plugin ServiceAccount, which mounts the token for the API
server.
"""

from __future__ import annotations

import posixpath

import jsonpatch
from jsonpointer import JsonPointerException

from app.flow.doctor.prediction.copied import Copy
from app.flow.doctor.webhook import predicted
from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import JsonObject, JsonValue, Status
from app.flow.names import API_TOKEN, annotated_role_arn, runs_as
from app.flow.partitions import region_of
from app.flow.steps import kubelet_status, selectors
from app.flow.steps.injection import request_pod, token_source
from app.flow.steps.webhook import NEXT_POD
from app.flow.times import timestamp
from app.flow.webhook import CONFIGURATION, WEBHOOKS

ADMITTED, REFUSED = "pod_fixed", "pod_refused"
"""The evidence of a dry run of that Pod: how it would be stored, or why the API server refuses it."""
_API_VOLUME = "kube-api-access-copy"


def requested(manifest: JsonValue, namespace: str) -> JsonObject:
    """The Pod that is asked for with this manifest."""
    return request_pod(manifest, namespace, runs_as(manifest), keeps_volume=True)


def recreate(copy: Copy, manifest: JsonValue) -> None:
    """Replaces the Pod by one of this manifest, or else of its own: as the dry run showed it where one was made, else
    by rule."""
    made = get_object(copy.documents.get(ADMITTED)) if manifest is not None else {}
    if not get_object(made, "spec"):
        again = get_str(copy.documents.get("workload"), "again")
        pod, role_arn = copy.documents.get("pod"), annotated_role_arn(copy.documents.get("service_account"))
        own = manifest or predicted.handed_in(pod, role_arn, again, keeps_volume=False)
        made = admitted(copy, requested(own, copy.subject.namespace))
    created = timestamp(copy.now)
    owners = get_list(copy.documents.get("pod"), "metadata", "ownerReferences")
    metadata = {key: value for key, value in get_object(made, "metadata").items() if key != "generateName"}
    metadata |= {"name": copy.subject.pod, "uid": "copy", "creationTimestamp": created, "ownerReferences": owners}
    copy.documents["pod"] = _running({**made, "metadata": metadata}, created)
    copy.renewed = True


def start(copy: Copy) -> None:
    """Starts the Pod that waited for a volume of its ServiceAccount's tokens, and so has not run yet."""
    pod = copy.documents.get("pod")
    if kubelet_status.never_started(pod) and copy.check("token.file").got == kubelet_status.FAILED_MOUNT:
        copy.documents["pod"] = _running(get_object(pod), timestamp(copy.now))


def _running(pod: JsonObject, since: str) -> JsonObject:
    running = [
        {"name": get_str(box, "name"), "containerID": "copy", "state": {"running": {"startedAt": since}}}
        for box in get_list(pod, "spec", "containers")
    ]
    return {**pod, "status": {"phase": "Running", "containerStatuses": running}}


def admitted(copy: Copy, pod: JsonObject) -> JsonObject:
    """The Pod as the API server stores it."""
    service_account = copy.documents.get("service_account")
    ours = get_str(pod, "spec", "serviceAccountName") == copy.subject.service_account
    with_token = _with_api_token(pod, service_account)
    if not ours or not _is_called(copy, get_object(pod, "metadata", "labels")):
        return with_token
    try:
        found = copy.check("pod.pod_identity")
        associated = found.status is Status.FAILED or found.reason == NEXT_POD
        region = region_of(copy.issuer)
        return predicted.injected(with_token, service_account, copy.read, region, associated=associated)
    except (jsonpatch.JsonPatchException, JsonPointerException):
        return with_token


def _with_api_token(pod: JsonObject, service_account: JsonValue) -> JsonObject:
    wanted = (get(pod, "spec", "automountServiceAccountToken"), get(service_account, "automountServiceAccountToken"))
    if next((it for it in wanted if isinstance(it, bool)), True) is False:
        return pod
    directory = posixpath.dirname(API_TOKEN)
    spec = get_object(pod, "spec")
    for kind in predicted.KINDS:
        if kind in spec:
            spec[kind] = [_mounting(get_object(box), directory) for box in get_list(spec, kind)]
    sources = [{"serviceAccountToken": {"path": "token"}}]
    volume = {"name": _API_VOLUME, "projected": {"sources": sources}}
    return {**pod, "spec": {**spec, "volumes": [*get_list(spec, "volumes"), volume]}}


def _mounting(box: JsonObject, directory: str) -> JsonObject:
    mounts = get_list(box, "volumeMounts")
    if any(get_str(mount, "mountPath") == directory for mount in mounts):
        return box
    mount = {"name": _API_VOLUME, "readOnly": True, "mountPath": directory}
    return {**box, "volumeMounts": [*mounts, mount]}


def _is_called(copy: Copy, labels: dict[str, JsonValue]) -> bool:
    """Whether the webhook is called for a Pod with these labels: it is unless something showed that it is not."""
    if copy.failed("webhook.registered") or copy.failed("webhook.reachable") or _was_silent(copy):
        return False
    selector = copy.check("webhook.selector")
    if selector.status is Status.FAILED and "namespaceSelector" in selector.where:
        return False
    configuration = copy.documents.get("configuration")
    named = get_str(configuration, "metadata", "name") == CONFIGURATION
    found = (it for it in get_list(configuration, "webhooks") if named or get_str(it, "name") in WEBHOOKS)
    webhook = next(found, None)
    return webhook is None or selectors.matches(get(webhook, "objectSelector"), labels)


def _was_silent(copy: Copy) -> bool:
    """Whether the webhook did not edit the Pod of the dry run, although it should have."""
    expected = copy.passed("service_account.annotation", "webhook.dry_run") and not copy.failed("webhook.selector")
    return expected and copy.failed("webhook.volume") and token_source(copy.documents.get("pod_after")) is None
