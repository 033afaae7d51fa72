"""What the containers of the copy's Pod can read: the token that was read, or the one that a new Pod gets.

Rule: the kubelet asks for a token for the volume's audience and lifetime, bound to the Pod; the API server writes the
claims (kubernetes, pkg/serviceaccount/claims.go).
"""

from __future__ import annotations

from dataclasses import replace

from app.flow.doctor.containers.container_checks import DENIED, locked_out
from app.flow.doctor.prediction.copied import Copy, NotKnown, refusal
from app.flow.doctor.prediction.stand_in_tokens import signed
from app.flow.json_access import get, get_list, get_object, get_str, seconds
from app.flow.model import HOLDS, JsonObject, JsonValue, Status, Subject
from app.flow.names import API_TOKEN, provider_arn, subject_claim
from app.flow.ports import Execution
from app.flow.steps import kubelet_status
from app.flow.steps.injection import TOKEN_VARIABLE, containers, environment, own_token, token_source
from app.flow.steps.token_fetch import NO_PROGRAM

_HOUR = 3600


def execute(copy: Copy, container: str, command: list[str]) -> Execution:
    """What a command prints in a container. Raises `FlowError`."""
    match command:
        case ["ls", *_]:
            return _printed("")
        case ["env"]:
            return _printed("\n".join(_variables(copy, container)))
        case _ if copy.check("token.file").reason == NO_PROGRAM:
            return Execution(stdout="", stderr=copy.check("token.file").error, exit_code=127)
        case ["cat", str(path)] if path == _token_path(copy, container):
            return _token(copy, container, path)
        case ["head", str(path), *_] if path == _token_path(copy, container):
            read = _token(copy, container, path)
            return replace(read, stdout=f"==> {path} <==\n{read.stdout}" if read.exit_code == 0 else "")
    raise NotKnown


def _printed(words: str, stderr: str = "") -> Execution:
    return Execution(stdout=words, stderr=stderr, exit_code=1 if stderr else 0)


def _token_path(copy: Copy, container: str) -> str:
    boxes = (box for box in containers(copy.documents.get("pod")) if get_str(box, "name") == container)
    return next((environment(box).get(TOKEN_VARIABLE, "") for box in boxes), "")


def _variables(copy: Copy, container: str) -> list[str]:
    """The variables that the checks found in this container beside its own list. Another Pod has them as well.

    Raises `FlowError` where they were not seen.
    """
    for check_id in ("pod.static_keys", "pod.region"):
        if copy.check(check_id).status not in (*HOLDS, Status.FAILED):
            raise refusal(copy.check(check_id))
    keys = [
        f"{get_str(it, 'variable')}=-"
        for it in get_list(copy.documents, "other_credentials")
        if get_str(it, "container") == container and get_str(it, "source").partition(" ")[0] != "env"
    ]
    entries = (entry.partition(": ") for entry in copy.check("pod.region").got.split(", "))
    return [*keys, *(variable for box, _, variable in entries if box == container and "=" in variable)]


def _token(copy: Copy, container: str, path: str) -> Execution:
    pod, found = copy.documents.get("pod"), copy.check("token.file")
    # (1) If a container's user may not read the file, it may not in a new Pod either, unless that has a group for it.
    grouped = copy.renewed and get(pod, "spec", "securityContext", "fsGroup") is not None
    unreadable = copy.check("pod.token_readable")
    for denied, containers_named in ((found, found.where), (unreadable, unreadable.got)):
        if DENIED in denied.error and not grouped and f" {container} " in f" {containers_named} ":
            return _printed("", stderr=denied.error)
    if container in locked_out(pod):
        return _printed("", stderr=f"cat: {path}: Permission denied")

    # (2) If the kubelet could not get the token, or renew it, it may not get it for another Pod either.
    lacking = found.got == kubelet_status.FAILED_MOUNT and "service_account" not in copy.changed
    if copy.renewed and (lacking or copy.failed("token.lifetime")):
        raise NotKnown

    # (3) The token that was read; else the one that the volume asks for.
    if not copy.renewed and found.status is Status.FAILED and found.got != kubelet_status.FAILED_MOUNT:
        if found.error:
            return _printed("", stderr=found.error)
        raise refusal(found)
    if not copy.renewed and copy.failed("token.format"):
        return _printed("-")
    if not copy.renewed and (read := copy.documents.get("token")) is not None and found.status is Status.PASSED:
        header, claims = get_object(read, "header"), get_object(read, "claims")
        return _printed(signed(header, claims, valid=not copy.failed("token.signature")))
    source = token_source(pod)
    if source is None:
        raise NotKnown
    audience = copy.issuer if path == API_TOKEN else get_str(source, "audience")
    lifetime = seconds(source, "expirationSeconds") or _HOUR
    return _printed(issued(copy, pod, get_str(pod, "spec", "serviceAccountName"), audience, lifetime))


def issued(copy: Copy, pod: JsonValue, service_account: str, audience: str, lifetime: float) -> str:
    """A token as the API server issues it, bound to this Pod if one is given."""
    now = int(copy.now)
    bound: JsonObject = {"namespace": copy.subject.namespace, "serviceaccount": {"name": service_account}}
    if pod is not None:
        bound["pod"] = {key: get_str(pod, "metadata", key) for key in ("name", "uid")}
    claims = {
        "iss": copy.issuer,
        "sub": subject_claim(Subject(namespace=copy.subject.namespace, service_account=service_account)),
        "aud": [audience],
        "iat": now,
        "nbf": now,
        "exp": now + int(lifetime),
        "kubernetes.io": bound,
    }
    return signed({"kid": key_id(copy)}, claims)


def key_id(copy: Copy) -> str:
    """The id of the key that the API server signs with now: that of the token, unless the issuer publishes none."""
    read = get_str(copy.documents.get("token"), "header", "kid")
    if read and not (copy.renewed and copy.failed("token.key")):
        return read
    listed = copy.check("issuer.cluster_keys").expected.split(", ")
    published = [get_str(key, "kid") for key in get_list(copy.documents.get("jwks"), "keys")]
    return next(filter(None, (*listed, *published)), "")


def claims_of(copy: Copy) -> tuple[str, dict[str, JsonValue], str]:
    """Issuer, claims and provider that a session keeps of the token."""
    pod = copy.documents.get("pod")
    own = own_token(pod)
    audience = own.audience if own else get_str(token_source(pod), "audience")
    claims: dict[str, JsonValue] = {"sub": subject_claim(copy.subject), "aud": [audience] if audience else []}
    return copy.issuer, claims, provider_arn(copy.annotated_role, copy.issuer)
