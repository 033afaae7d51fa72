"""The Pod that a manifest becomes: what the commands of a fix send to the API server, and what the webhook adds to it.

Rules: amazon-eks-pod-identity-webhook, by `app.flow.webhook`; the default that the API server gives a projected volume
(pkg/apis/core/v1/defaults.go). The webhook's flags are those that show in an edited Pod, else those of EKS.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import jsonpatch

from app.flow.annotations import AUDIENCE, TOKEN_EXPIRATION
from app.flow.json_access import get_list, get_object, get_str, seconds
from app.flow.model import JsonObject, JsonValue
from app.flow.names import DEFAULT_AUDIENCE
from app.flow.steps.injection import (
    EPHEMERAL,
    ROLE_VARIABLE,
    TOKEN_VARIABLE,
    as_asked_for,
    containers,
    environment,
    has_identity,
    mount_path,
    of_another_role,
    token_source,
)
from app.flow.steps.oidc_provider import USUAL_AUDIENCE
from app.flow.webhook import (
    POD_IDENTITY_VARIABLES,
    VOLUME,
    WebhookSettings,
    mutate,
    mutate_for_pod_identity,
)
from app.flow.webhook_patch import STS_VARIABLE

KINDS = ("initContainers", "containers")
_RESET = (ROLE_VARIABLE, TOKEN_VARIABLE)
"""The variables that the commands remove from a stored Pod."""
_DEFAULT_MODE = 420


def handed_in(pod: JsonValue, role_arn: str, again: str, *, keeps_volume: bool) -> JsonObject:
    """The Pod with which the commands of `Names` begin: the stored one, or what its owner wrote, as far as that is
    known.

    `role_arn` is the annotated role; a container with another one keeps it. `again` is how the Pod is recreated, as
    `workload_of` says it.
    """
    document = copy.deepcopy(get_object(pod))
    manifest = document if again in ("replace", "reset") else as_asked_for(document)
    spec = {key: value for key, value in get_object(manifest, "spec").items() if key != EPHEMERAL}
    spec |= {kind: [get_object(box) for box in get_list(spec, kind)] for kind in KINDS if kind in spec}
    if again == "reset":
        removed = (*_RESET, *(POD_IDENTITY_VARIABLES if has_identity(document) else ()))
        apart = of_another_role(document, role_arn)
        boxes = (box for kind in KINDS for box in get_list(spec, kind))
        for box in (box for box in boxes if get_str(box, "name") not in apart):
            box["env"] = [it for it in get_list(box, "env") if get_str(it, "name") not in removed]
        if not keeps_volume:
            spec["volumes"] = [volume for volume in get_list(spec, "volumes") if get_str(volume, "name") != VOLUME]
    return {**manifest, "metadata": get_object(manifest, "metadata"), "spec": spec}


def injected(
    pod: JsonObject,
    service_account: JsonValue,
    documents: Mapping[str, JsonValue],
    region: str,
    *,
    associated: bool = False,
) -> JsonObject:
    """The Pod as the API server stores it, after the webhook. The arguments stay as they are.

    `documents` are those of a diagnosis, by which the webhook's flags show; `region` is the cluster's, empty where it
    is not on EKS. `associated`: whether the ServiceAccount has an association of EKS Pod Identity.
    """
    operations = mutate_for_pod_identity if associated else mutate
    made = jsonpatch.apply_patch(pod, operations(pod, service_account, _settings(documents, region)))
    after: JsonObject = copy.deepcopy(get_object(made))
    for volume in get_list(after, "spec", "volumes"):
        if get_str(volume, "name") == VOLUME and isinstance(volume.get("projected"), dict):
            volume["projected"].setdefault("defaultMode", _DEFAULT_MODE)
    return after


def _settings(documents: Mapping[str, JsonValue], region: str) -> WebhookSettings:
    """The webhook's flags. A Pod that was edited before may have the audience and the lifetime of an old annotation;
    the dry run's Pod has those of the present one."""
    dry, stored = documents.get("pod_after"), documents.get("pod")
    mounting = (box for pod in (dry, stored) for box in containers(pod) if mount_path(box))
    box: JsonValue = next(mounting, None)
    audience = get_str(documents, USUAL_AUDIENCE) or DEFAULT_AUDIENCE
    if box is None:
        return WebhookSettings(region=region, sts_regional_endpoint=bool(region), audience=audience)
    variables, source, usual = environment(box), get_object(token_source(dry)), WebhookSettings()
    given = {key for it in (documents.get("service_account"), dry) for key in get_object(it, "metadata", "annotations")}
    return WebhookSettings(
        region=variables.get("AWS_REGION", ""),
        sts_regional_endpoint=STS_VARIABLE in variables,
        audience=("" if AUDIENCE in given else get_str(source, "audience")) or audience,
        token_expiration=int(
            (None if TOKEN_EXPIRATION in given else seconds(source, "expirationSeconds")) or usual.token_expiration
        ),
        mount_path=mount_path(box) or usual.mount_path,
    )
