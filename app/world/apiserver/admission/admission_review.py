"""AdmissionReview: the request to a webhook, which responses are valid, and what a response changes.

Source: k8s.io/apiserver `pkg/admission/plugin/webhook/request/admissionreview.go`, `mutating/dispatcher.go`,
`errors/statuserror.go`.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from app.flow.model import JsonObject, JsonValue
from app.world.apiserver.auth.authentication import User
from app.world.apiserver.patching import patch
from app.world.apiserver.types import errors
from app.world.apiserver.types.codec import Malformed, parse_json
from app.world.apiserver.types.defaults import apply_defaults
from app.world.apiserver.types.resources import Resource
from app.world.apiserver.types.schema import Decoder, WrongType


class CallFailed(Exception):
    """The webhook could not be called, or its response was not valid: `failurePolicy` decides what follows."""


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """The request that is to be admitted."""

    user: User
    resource: Resource
    subresource: str = ""
    operation: str
    """`CREATE`, `UPDATE` or `DELETE`."""
    namespace: str
    name: str
    dry_run: bool
    old: JsonObject | None = None


def make_request(uid: str, attributes: Attributes, body: JsonObject | None) -> JsonObject:
    """The `request` of an AdmissionReview."""
    resource = attributes.resource
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    plural = {"group": resource.group, "version": resource.version, "resource": resource.plural}
    user: JsonObject = {"username": attributes.user.name, "groups": list(attributes.user.groups)}
    if attributes.user.uid:
        user["uid"] = attributes.user.uid
    if attributes.user.extra:
        user["extra"] = {key: list(values) for key, values in attributes.user.extra.items()}
    options = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}[attributes.operation]
    request: JsonObject = {"uid": uid, "kind": kind, "resource": plural}
    if attributes.subresource:
        request["subResource"] = attributes.subresource
    request |= {"requestKind": kind, "requestResource": plural}
    if attributes.name:
        request["name"] = attributes.name
    if attributes.namespace:
        request["namespace"] = attributes.namespace
    return request | {
        "operation": attributes.operation,
        "userInfo": user,
        "object": body,
        "oldObject": attributes.old,
        "dryRun": attributes.dry_run,
        "options": {"kind": options, "apiVersion": "meta.k8s.io/v1"},
    }


def verify_response(answer: JsonValue, uid: str, version: str) -> JsonObject:
    """The response of a valid AdmissionReview. Raises `CallFailed` (`VerifyAdmissionResponse`)."""
    wrong = "received invalid webhook response"
    if not isinstance(answer, dict):
        raise CallFailed(
            "failed to call webhook: couldn't get version/kind; json parse error: cannot unmarshal into Go value"
        )
    response = answer.get("response")
    if not isinstance(response, dict):
        raise CallFailed(f"{wrong}: webhook response was absent")
    if response.get("uid") != uid and (version == "v1" or response.get("uid")):
        raise CallFailed(f'{wrong}: expected response.uid="{uid}", got "{response.get("uid", "")}"')
    api_version, kind = str(answer.get("apiVersion", "")), str(answer.get("kind", ""))
    group, _, given = api_version.rpartition("/")
    expected = (f"admission.k8s.io/{version}", "AdmissionReview")
    if version == "v1" and (api_version, kind) != expected:
        shown = f"{expected[0]}, Kind={expected[1]}"
        raise CallFailed(f"{wrong}: expected webhook response of {shown}, got {group}/{given}, Kind={kind}")
    if version == "v1":
        if response.get("patch") and response.get("patchType") is None:
            raise CallFailed(f"{wrong}: webhook returned response.patch but not response.patchType")
        if not response.get("patch") and response.get("patchType") is not None:
            raise CallFailed(f"{wrong}: webhook returned response.patchType but not response.patch")
        if response.get("patchType") == "":
            raise CallFailed(f'{wrong}: webhook returned invalid response.patchType of ""')
    return response


def denial(name: str, status: JsonValue) -> errors.ApiError:
    """The webhook's own status, with its name in front (`ToStatusErr`)."""
    its_status: JsonObject = status if isinstance(status, dict) else {}
    denied = f'admission webhook "{name}" denied the request'
    message, reason, code = its_status.get("message"), its_status.get("reason"), its_status.get("code")
    if isinstance(message, str) and message:
        denied += f": {message}"
    elif isinstance(reason, str) and reason:
        denied += f": {reason}"
    else:
        denied += " without explanation"
    valid = isinstance(code, int) and 400 <= code < 600
    return errors.ApiError(
        code if valid and isinstance(code, int) else 400, reason if isinstance(reason, str) else "", denied
    )


def apply_response(response: JsonObject, body: JsonObject) -> JsonObject:
    """The object after the response's JSON patch. Raises `CallFailed`, and `ApiError` 500 for one that does not fit."""
    encoded = response.get("patch")
    if not encoded:
        return body
    undecodable = "received undecodable patch in webhook response"
    try:
        operations = parse_json(base64.b64decode(encoded, validate=True))
    except (Malformed, errors.ApiError, binascii.Error, TypeError, ValueError) as error:
        raise CallFailed(f"{undecodable}: {error}") from None
    if not isinstance(operations, list):
        raise CallFailed(f"{undecodable}: json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    if response.get("patchType", "JSONPatch") != "JSONPatch":
        raise CallFailed(f'unsupported patch type "{response["patchType"]}"')
    # From here on the failure policy does not apply: a patch that does not fit is the API server's own error.
    try:
        patched = patch.json_patch(body, operations)
        result: JsonObject = Decoder().decode(body["kind"], patched)
    except errors.ApiError as error:
        raise errors.internal(error.message) from None
    except WrongType as error:
        raise errors.internal(str(error)) from None
    kept = {"kind": body["kind"], "apiVersion": body["apiVersion"]}
    metadata = result.get("metadata", {})
    result = {
        **result,
        **kept,
        "metadata": {**metadata, **{key: body["metadata"][key] for key in _FIXED & body["metadata"].keys()}},
    }
    apply_defaults(result)
    return result


_FIXED = frozenset({"name", "namespace", "uid", "generateName"})
"""Metadata that no webhook may change here."""
