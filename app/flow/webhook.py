"""The pod identity webhook: how it is registered, and its algorithm: which JSON patch it answers for a new Pod.

Source: aws/amazon-eks-pod-identity-webhook at 3bf80a34, pkg/handler/handler.go and pkg/cache/cache.go.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonpatch

from app.flow import annotations as given
from app.flow.container_types import Undecodable, encode_map, encode_string
from app.flow.model import JsonObject, JsonValue
from app.flow.webhook_patch import Injection, decoded_object, patch

CONFIGURATION = "pod-identity-webhook"
WEBHOOKS = ("iam-for-pods.amazonaws.com", "pod-identity-webhook.amazonaws.com")
"""What the webhook is called on EKS, and what its own manifests call it."""
RULE: JsonObject = {
    "operations": ["CREATE"],
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "resources": ["pods"],
    "scope": "*",
}
"""What it is registered for (AWS re:Post, "How do I troubleshoot IRSA errors in Amazon EKS?")."""
SKIP_LABEL = "eks.amazonaws.com/skip-pod-identity-webhook"
VOLUME = "aws-iam-token"
TOKEN_FILE = "token"
POD_IDENTITY_VOLUME = "eks-pod-identity-token"
POD_IDENTITY_LABEL = "eks.amazonaws.com/pod-identity"
POD_IDENTITY_VARIABLES = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
POD_IDENTITY_JITTER = 7200
"""Seconds by which a token for Pod Identity may live shorter than a day."""
_POD_IDENTITY_PATH = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"
_POD_IDENTITY_AUDIENCE = "pods.eks.amazonaws.com"
_POD_IDENTITY_AGENT = "http://169.254.170.23/v1/credentials"
_DEFAULT_EXPIRATION = 86400


def registered(name: str, url: str, ca_pem: bytes) -> JsonObject:
    """A webhook of a MutatingWebhookConfiguration that is called for every new Pod. Its silence stops none."""
    return {
        "name": name,
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"url": url, "caBundle": base64.b64encode(ca_pem).decode()},
        "failurePolicy": "Ignore",
        "matchPolicy": "Equivalent",
        "namespaceSelector": {},
        "objectSelector": {},
        "reinvocationPolicy": "IfNeeded",
        "rules": [dict(RULE)],
        "sideEffects": "None",
        "timeoutSeconds": 10,
    }


def selector_on_eks() -> JsonObject:
    """The `objectSelector` of EKS's registration: it leaves Pods with that label alone."""
    return {"matchExpressions": [{"key": SKIP_LABEL, "operator": "DoesNotExist"}]}


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """The webhook's flags; the defaults are its own. EKS sets the region and regional STS endpoints."""

    region: str = ""
    """`--aws-default-region`; without one no region variable is injected."""
    sts_regional_endpoint: bool = False
    audience: str = "sts.amazonaws.com"
    token_expiration: int = 86400
    """Seconds."""
    mount_path: str = "/var/run/secrets/eks.amazonaws.com/serviceaccount"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a ServiceAccount's annotations and the flags say of its Pods."""

    role_arn: str
    audience: str
    regional_sts: bool
    token_expiration: int
    """Seconds for which the token is valid (`expirationSeconds`)."""


def identity_of(service_account: JsonValue, settings: WebhookSettings) -> Identity | None:
    """What the annotations of a ServiceAccount ask for; `None` where no role is named. Each wins over its flag.

    Raises `Undecodable` where the annotations are not texts by name.
    """
    annotations = _annotations(service_account)
    role_arn = annotations.get(given.ROLE_ARN)
    if not role_arn:
        return None
    regional_sts, expiration = _common(service_account, settings)
    return Identity(role_arn, annotations.get(given.AUDIENCE, settings.audience), regional_sts, expiration)


def skipped_containers(annotations: Mapping[str, Any]) -> frozenset[str]:
    """The containers that a Pod's annotations exempt; none where the list cannot be read."""
    value = annotations.get(given.SKIP_CONTAINERS)
    return frozenset(given.parse_csv_record(value) or ()) if isinstance(value, str) else frozenset()


def mutate(pod: JsonValue, service_account: JsonValue, settings: WebhookSettings) -> list[JsonObject]:
    """The JSON patch (RFC 6902) for a Pod under this ServiceAccount (`None`: there is none), in the webhook's order.

    Empty where nothing is to be changed: no role is named, or the Pod is not of a Pod's types, which the webhook
    cannot decode. A role's ARN that is none is injected all the same. The arguments stay as they are.
    """
    try:
        identity = identity_of(service_account, settings)
        if identity is None or not isinstance(pod, dict):
            return []
        injection = Injection(
            volume=VOLUME,
            mount_path=settings.mount_path,
            token_file=TOKEN_FILE,
            audience=identity.audience,
            token_expiration=_expiration(pod, identity.token_expiration),
            region=settings.region,
            regional_sts=identity.regional_sts,
            skipped=skipped_containers(_annotations(pod)),
            source=("AWS_ROLE_ARN", identity.role_arn),
            file_variable="AWS_WEB_IDENTITY_TOKEN_FILE",
        )
        return patch(pod, injection)
    except Undecodable:
        return []


def edited(pod: JsonValue, service_account: JsonValue, settings: WebhookSettings) -> JsonValue:
    """The Pod as the webhook's patch leaves it; the arguments stay as they are."""
    return jsonpatch.apply_patch(pod, mutate(pod, service_account, settings))


def mutate_for_pod_identity(
    pod: JsonValue, service_account: JsonValue, settings: WebhookSettings, *, jitter: int = 0
) -> list[JsonObject]:
    """The same for a Pod whose ServiceAccount an association of EKS Pod Identity refers to: the patch contains no role.

    `jitter`, in seconds up to `POD_IDENTITY_JITTER`, is what the webhook draws, and takes off a token's default life.
    """
    try:
        if not isinstance(pod, dict):
            return []
        regional_sts, expiration = _common(service_account, settings)
        expiration = _expiration(pod, expiration)
        injection = Injection(
            volume=POD_IDENTITY_VOLUME,
            mount_path=_POD_IDENTITY_PATH,
            token_file=POD_IDENTITY_VOLUME,
            audience=_POD_IDENTITY_AUDIENCE,
            token_expiration=expiration - jitter if expiration == _DEFAULT_EXPIRATION else expiration,
            region=settings.region,
            regional_sts=regional_sts,
            skipped=skipped_containers(_annotations(pod)),
            source=(POD_IDENTITY_VARIABLES[0], _POD_IDENTITY_AGENT),
            file_variable=POD_IDENTITY_VARIABLES[1],
        )
        return [_label(pod), *patch(pod, injection)]
    except Undecodable:
        return []


def _label(pod: JsonObject) -> JsonObject:
    """Labels that are there stay: the webhook adds one, or the first."""
    labels = encode_map(_metadata(pod).get("labels"), encode_string)
    if not labels:
        return {"op": "add", "path": "/metadata/labels", "value": {POD_IDENTITY_LABEL: "enabled"}}
    return {"op": "add", "path": f"/metadata/labels/{POD_IDENTITY_LABEL.replace('/', '~1')}", "value": "enabled"}


def _common(service_account: JsonValue, settings: WebhookSettings) -> tuple[bool, int]:
    """Regional STS endpoints, and the token's seconds: what holds with a role and without. Annotations win."""
    annotations = _annotations(service_account)
    regional = given.parse_bool(annotations.get(given.STS_REGIONAL_ENDPOINTS, ""))
    default = max(settings.token_expiration, given.MIN_TOKEN_EXPIRATION)
    return (
        settings.sts_regional_endpoint if regional is None else regional,
        given.parse_expiration(annotations.get(given.TOKEN_EXPIRATION, ""), default),
    )


def _expiration(pod: JsonValue, default: int) -> int:
    """The Pod's annotation wins over the ServiceAccount's."""
    return given.parse_expiration(_annotations(pod).get(given.TOKEN_EXPIRATION, ""), default)


def _annotations(document: JsonValue) -> dict[str, str]:
    return encode_map(_metadata(document).get("annotations"), encode_string)


def _metadata(document: JsonValue) -> JsonObject:
    return decoded_object(decoded_object(document).get("metadata"))
