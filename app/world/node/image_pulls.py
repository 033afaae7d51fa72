"""Which images there are. There is no registry here: every image is taken to be there, but one that is mistyped.

An image is mistyped where its name is nearly, and not quite, that of a well-known one, where its tag is nearly
`latest`, or where its registry's host name can never be resolved (RFC 2606, RFC 6762). A pull takes no time, and the
image has no bytes. Texts: containerd's, as kubelets report them, and `pkg/kubelet/images/image_manager.go`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.flow.matching.differences import edits
from app.world.node.pod_record import PodRecord
from app.world.node.pod_status import ContainerState
from app.world.node.volumes.base_files import NODE_DNS

DOCKER_HUB = "docker.io"
_KNOWN = (
    *("alpine", "amazonlinux", "bash", "busybox", "debian", "golang", "hello-world", "httpd", "mysql", "nginx", "node"),
    *("php", "postgres", "python", "redis", "ruby", "traefik", "ubuntu"),
    *("amazon/aws-cli", "bitnami/kubectl", "curlimages/curl", "nicolaka/netshoot"),
    *("public.ecr.aws/aws-cli/aws-cli", "public.ecr.aws/amazonlinux/amazonlinux", "registry.k8s.io/pause"),
)
_UNRESOLVABLE = (".example", ".invalid", ".local", ".localhost", ".test")
_SERVER = f"{NODE_DNS}:53"
_COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = re.compile(f"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LONG = 8
"""The number of characters from which on a name may have two typing errors."""


@dataclass(frozen=True, kw_only=True)
class PullFailure:
    """Why an image cannot be pulled."""

    reason: str
    """`ErrImagePull`, `ErrImageNeverPull` or `InvalidImageName`."""
    message: str


def find_failure(image: str, policy: str) -> PullFailure | None:
    """Why a container of an image and an `imagePullPolicy` cannot start; None where it can."""
    failure = _find_failure(image)
    if failure is None or failure.reason == "InvalidImageName" or policy != "Never":
        return failure
    return PullFailure(
        reason="ErrImageNeverPull", message=f'Container image "{image}" is not present with pull policy of Never'
    )


def _find_failure(image: str) -> PullFailure | None:
    """Why an image cannot be pulled; None where it can."""
    name, _, digest = image.partition("@")
    directory, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    path = f"{directory}{slash}{last}"
    host, slash, rest = path.partition("/")
    if slash and ("." in host or ":" in host or host == "localhost"):
        registry, path = host, rest
    else:
        registry = DOCKER_HUB
    full = path if "/" in path or registry != DOCKER_HUB else f"library/{path}"
    if not _PATH.fullmatch(path) or (colon and not _TAG.fullmatch(tag)):
        why = "invalid reference format"
        if path != path.lower() and _PATH.fullmatch(path.lower()):
            why += f": repository name ({full}) must be lowercase"
        text = f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": {why}'
        return PullFailure(reason="InvalidImageName", message=text)
    version = digest or tag or "latest"
    reference = f"{registry}/{full}{'@' if digest else ':'}{version}"
    if registry.partition(":")[0].endswith(_UNRESOLVABLE):
        host = registry.partition(":")[0]
        url = f"https://{registry}/v2/{full}/manifests/{version}"
        why = f'failed to do request: Head "{url}": dial tcp: lookup {host} on {_SERVER}: no such host'
        return _failed(reference, why)
    known = path if registry == DOCKER_HUB else f"{registry}/{path}"
    if known not in _KNOWN and any(_is_nearly(known, other) for other in _KNOWN):
        why = (
            "pull access denied, repository does not exist or may require authorization: server message: "
            "insufficient_scope: authorization failed"
        )
        return _failed(reference, why)
    if tag != "latest" and tag.isalpha() and _is_nearly(tag, "latest"):
        return _failed(reference, f"{reference}: not found", code="NotFound")
    return None


def report_failure(record: PodRecord, state: ContainerState, failure: PullFailure, now: float, where: str) -> None:
    """Writes into a container's state and the Pod's events that its image cannot be pulled. `where`: the container's
    field path."""
    if failure.reason == "InvalidImageName":
        record.event("InspectFailed", failure.message, warning=True, field_path=where)
    elif failure.reason == "ErrImageNeverPull":
        record.event(failure.reason, failure.message, warning=True, field_path=where)
    else:
        record.event("Pulling", f'Pulling image "{state.image}"', field_path=where)
        said = f'Failed to pull image "{state.image}": {failure.message}'
        record.event("Failed", said, warning=True, field_path=where)
        state.pulls, state.pull_failed = state.pulls + 1, now
    record.event("Failed", f"Error: {failure.reason}", warning=True, field_path=where)
    state.waiting, state.waiting_message = failure.reason, failure.message


def report_back_off(record: PodRecord, state: ContainerState, where: str) -> None:
    """Writes that the next try at a failed pull comes only after a back-off."""
    said = f'Back-off pulling image "{state.image}"'
    state.waiting, state.waiting_message = "ImagePullBackOff", f"{said}: {state.waiting}: {state.waiting_message}"
    record.event("BackOff", said, field_path=where)
    record.event("Failed", f"Error: {state.waiting}", warning=True, field_path=where)


def report_success(record: PodRecord, image: str, policy: str, where: str) -> None:
    """Writes into the Pod's events that an image is there. With the policy `Always` the kubelet pulls it each time."""
    if policy != "Always":
        record.event("Pulled", f'Container image "{image}" already present on machine', field_path=where)
        return
    record.event("Pulling", f'Pulling image "{image}"', field_path=where)
    done = f'Successfully pulled image "{image}" in 0s (0s including waiting). Image size: 0 bytes.'
    record.event("Pulled", done, field_path=where)


def _failed(reference: str, why: str, *, code: str = "") -> PullFailure:
    """containerd's error. The kubelet leaves out a code that is `Unknown` (`cri-client/pkg/remote_image.go`)."""
    text = f'failed to pull and unpack image "{reference}": failed to resolve reference "{reference}": {why}'
    return PullFailure(reason="ErrImagePull", message=f"rpc error: code = {code} desc = {text}" if code else text)


def _is_nearly(name: str, other: str) -> bool:
    """Whether a name is another one with a typing error or, where it is long, two."""
    limit = 2 if len(other) >= _LONG else 1
    return edits(name, other, within=limit) <= limit
