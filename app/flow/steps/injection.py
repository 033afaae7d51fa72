"""What the pod identity webhook leaves in a Pod, read back from the Pod; and the Pod as it was before."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.flow.annotations import is_role_arn
from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import JsonObject, JsonValue
from app.flow.names import API_TOKEN, TOKEN_PATH, annotated_role_arn, runs_as
from app.flow.steps import kubelet_status
from app.flow.webhook import POD_IDENTITY_VARIABLES, POD_IDENTITY_VOLUME, VOLUME, skipped_containers
from app.flow.webhook_patch import REGION_VARIABLES, STS_VARIABLE

ROLE_VARIABLE = "AWS_ROLE_ARN"
TOKEN_VARIABLE = "AWS_WEB_IDENTITY_TOKEN_FILE"
EPHEMERAL = "ephemeralContainers"
"""The field of a stored Pod that no new Pod may have."""
_SECRETS = "/var/run/secrets/"
"""The directory in which only the kubelet writes."""
_OF_AWS = re.compile(r"(?:^|-)aws(?:$|[-:@])")
"""Matches AWS in the last part of an image's name, such as `aws-cli:2` or `aws-for-fluent-bit`."""
_OF_ROLE = (ROLE_VARIABLE, TOKEN_VARIABLE)
_APPENDED = (_OF_ROLE, REGION_VARIABLES, (STS_VARIABLE,))
"""The groups of variables that the webhook appends, last group first: each comes whole or not at all."""


def containers(pod: JsonValue) -> list[JsonObject]:
    """The containers that the webhook edits (not those that it skips), the application's own first."""
    skipped = skipped_containers(get_object(pod, "metadata", "annotations"))
    found = [get_object(item) for kind in ("containers", "initContainers") for item in get_list(pod, "spec", kind)]
    return [container for container in found if get_str(container, "name") not in skipped]


def environment(container: JsonValue) -> dict[str, str]:
    """The variables of a container that have a literal value."""
    named = ((get_str(item, "name"), item) for item in get_list(container, "env"))
    return {name: get_str(item, "value") for name, item in named if name}


def has_identity(pod: JsonValue) -> bool:
    """Whether the webhook has set the Pod up for EKS Pod Identity."""
    return any(get_str(volume, "name") == POD_IDENTITY_VOLUME for volume in get_list(pod, "spec", "volumes"))


def by_pod_identity(pod: JsonValue, service_account: JsonValue) -> bool:
    """Whether the Pod is set up for EKS Pod Identity, with its token and its variables, and no annotation asks for
    IRSA. The webhook does that for an association, annotated or not (amazon-eks-pod-identity-webhook, pkg/handler,
    `buildPodPatchConfig`)."""
    if runs_as(pod) != get_str(service_account, "metadata", "name") or not has_identity(pod):
        return False
    given = any(set(POD_IDENTITY_VARIABLES) <= environment(box).keys() for box in containers(pod))
    return given and not annotated_role_arn(service_account) and not annotated_role_arn(pod)


def token_source(pod: JsonValue) -> JsonObject | None:
    """The `serviceAccountToken` source of the volume `aws-iam-token`; None where the Pod has none."""
    for volume in get_list(pod, "spec", "volumes"):
        if get_str(volume, "name") == VOLUME:
            for source in get_list(volume, "projected", "sources"):
                if isinstance(get(source, "serviceAccountToken"), Mapping):
                    return get_object(source, "serviceAccountToken")
    return None


@dataclass(frozen=True, kw_only=True)
class OwnToken:
    """A token that the manifest itself mounts where its own variables say: such a Pod needs neither annotation nor
    webhook, which leaves variables alone that are set (amazon-eks-pod-identity-webhook, pkg/handler)."""

    container: str
    volume: str
    audience: str
    role_arn: str
    """The value of `AWS_ROLE_ARN`."""
    file: str
    """The value of `AWS_WEB_IDENTITY_TOKEN_FILE`, at the mount or below it."""
    mounted: str
    """The path of the token in the container."""
    sub_path: str
    """What of the volume is mounted; empty for all of it. With a `subPath` a running container keeps its first token
    (kubernetes, pkg/volume/util/subpath)."""

    def __str__(self) -> str:
        return f"{self.volume} audience={self.audience} {self.file}"


def own_token(pod: JsonValue) -> OwnToken | None:
    """The token of the first container that has one by the manifest's own doing; None where none has."""
    sources = {
        get_str(volume, "name"): get_object(source, "serviceAccountToken")
        for volume in get_list(pod, "spec", "volumes")
        for source in get_list(volume, "projected", "sources")
        if isinstance(get(source, "serviceAccountToken"), Mapping) and get_str(volume, "name") != VOLUME
    }
    for container in containers(pod):
        variables = environment(container)
        file, role_arn = variables.get(TOKEN_VARIABLE, ""), variables.get(ROLE_VARIABLE, "")
        for mount in get_list(container, "volumeMounts") if file and role_arn else ():
            name, directory = get_str(mount, "name"), get_str(mount, "mountPath").rstrip("/")
            source, part = sources.get(name, {}), get_str(mount, "subPath") or get_str(mount, "subPathExpr")
            path = get_str(source, "path")
            here = file.startswith(f"{directory}/") or (part == path and file == directory)
            if get_str(source, "audience") and here and (not part or f"{path}/".startswith(f"{part}/")):
                return OwnToken(
                    container=get_str(container, "name"),
                    volume=name,
                    audience=get_str(source, "audience"),
                    role_arn=role_arn,
                    file=file,
                    mounted=posixpath.join(directory, path.removeprefix(part).lstrip("/")).rstrip("/"),
                    sub_path=part,
                )
    return None


def named_file(container: JsonValue) -> str:
    """The file that a container's variable names, as the kubelet mounts it: `/var/run` is a link to `/run` in most
    images, and a Windows path has its drive. Empty where it names none."""
    path = environment(container).get(TOKEN_VARIABLE, "")
    if path.startswith("C:\\"):
        return path.removeprefix("C:").replace("\\", "/")
    return f"/var{path}" if path.startswith("/run/") else path


def is_missing(container: JsonValue) -> bool:
    """Whether the variable names a file below the folder of the mounted Secrets and tokens, and nothing is mounted
    there; the API server's own token counts as mounted."""
    file = named_file(container)
    mounts = [get_str(mount, "mountPath").rstrip("/") for mount in get_list(container, "volumeMounts")]
    there = (f"{path}/" for path in (*mounts, posixpath.dirname(API_TOKEN)) if path)
    return file.startswith(_SECRETS) and not f"{file}/".startswith(tuple(there))


def mount_path(container: JsonValue) -> str:
    """Where the token's volume is mounted in this container; empty where it is not."""
    mounts = (mount for mount in get_list(container, "volumeMounts") if get_str(mount, "name") == VOLUME)
    return next((get_str(mount, "mountPath") for mount in mounts), "")


def astray(pod: JsonValue) -> list[tuple[str, str]]:
    """For each container whose variable names the webhook's own file, while the kubelet writes another: both of them.

    That is so where the manifest itself has a volume or a mount of that name, which the webhook keeps as it is
    (pkg/handler). On Windows the variable has the path with its drive, the mount without.
    """
    written = get_str(token_source(pod), "path")
    files = [
        (file, posixpath.join(mount_path(box), written))
        for box in containers(pod)
        if written and mount_path(box) and (file := named_file(box))
    ]
    return [(file, path) for file, path in files if file == TOKEN_PATH and path != file]


def has_own_volume(pod: JsonValue) -> bool:
    """Whether a volume or a mount of the webhook's name is the manifest's own: another than the webhook makes."""
    named = any(get_str(volume, "name") == VOLUME for volume in get_list(pod, "spec", "volumes"))
    return named and (token_source(pod) is None or bool(astray(pod)))


def written_role(pod: JsonValue, service_account: str) -> str:
    """The role that the webhook has written into a Pod of this ServiceAccount; empty where it has none."""
    if get_str(pod, "spec", "serviceAccountName") != service_account:
        return ""
    arns = (environment(box).get(ROLE_VARIABLE, "") for box in containers(pod) if mount_path(box))
    return next((arn for arn in arns if token_source(pod) is not None and is_role_arn(arn)), "")


def written_roles(pod: JsonValue) -> list[str]:
    """The roles in the variables of the Pod's containers, by the webhook or by hand, each once."""
    return [*dict.fromkeys(filter(None, (environment(box).get(ROLE_VARIABLE) for box in containers(pod))))]


def added_later(pod: JsonValue) -> list[str]:
    """The containers without anything that the webhook adds, in a Pod in which it has edited another container.

    The webhook edits all containers that it sees, so another webhook has added these after it (Kubernetes,
    "Reinvocation policy").
    """
    variables = {ROLE_VARIABLE, TOKEN_VARIABLE}
    had = {get_str(box, "name"): (mount_path(box), variables & set(environment(box))) for box in containers(pod)}
    edited = any(mount and names == variables for mount, names in had.values())
    return [name for name, (mount, names) in had.items() if not mount and not names] if edited else []


def of_another_role(pod: JsonValue, role_arn: str) -> list[str]:
    """The containers that use the token for a role of their own, in a Pod whose first one has the annotated role.

    The webhook gives the same role to all that it edits, so the manifest has set theirs.
    """
    first = next(iter(get_list(pod, "spec", "containers")), None)
    if not role_arn or environment(get_object(first)).get(ROLE_VARIABLE) != role_arn:
        return []
    complete = [box for box in containers(pod) if named_file(box) and mount_path(box) and not is_missing(box)]
    roles = {get_str(box, "name"): environment(box).get(ROLE_VARIABLE, "") for box in complete}
    return [name for name, role in roles.items() if is_role_arn(role) and role != role_arn]


def without_aws(pod: JsonValue) -> list[str]:
    """The containers without a token beside one that has one, by the webhook or by hand, whose manifest shows no use of
    AWS: no variable of the SDKs, no image named after AWS."""
    later, own = set(added_later(pod)), own_token(pod)
    names = [get_str(box, "name") for box in containers(pod) if not _uses_aws(box)]
    return [name for name in names if name in later or (own and name != own.container)]


def _uses_aws(container: JsonValue) -> bool:
    names = [get_str(item, "name") for item in get_list(container, "env")]
    image = get_str(container, "image").rpartition("/")[2]
    return any(name.startswith("AWS_") for name in names) or _OF_AWS.search(image) is not None


def token_container(pod: JsonValue) -> tuple[str, str] | None:
    """A container with a token, and the path in its variable: the first that runs, else the first."""
    own = own_token(pod)
    found = [
        (name, path)
        for container in containers(pod)
        if (path := environment(container).get(TOKEN_VARIABLE, ""))
        and ((name := get_str(container, "name")) == (own and own.container) or mount_path(container))
    ]
    running = (it for it in found if kubelet_status.runs(kubelet_status.status_of(pod, it[0])))
    return next(running, next(iter(found), None))


def request_pod(pod: JsonValue, namespace: str, service_account: str, *, keeps_volume: bool = False) -> JsonObject:
    """The Pod as it was requested: the stored one without what the API server and its webhooks have added.

    Without a stored Pod it is the smallest Pod that runs under the ServiceAccount. `keeps_volume`: whether the token's
    volume is the manifest's own.
    """
    if not get_object(pod, "spec"):
        container = {"name": "aws-cli", "image": "amazon/aws-cli:latest"}
        return _pod(namespace, {}, {"serviceAccountName": service_account, "containers": [container]})
    metadata = {key: get(pod, "metadata", key) for key in ("labels", "annotations") if get_object(pod, "metadata", key)}
    if owners := [_unblocking(it) for it in get_list(pod, "metadata", "ownerReferences") if get_str(it, "uid")]:
        metadata["ownerReferences"] = owners
    spec = get_object(pod, "spec")
    for key in ("nodeName", "serviceAccount", "priority", "preemptionPolicy", "tolerations", EPHEMERAL):
        spec.pop(key, None)
    spec["serviceAccountName"] = service_account
    names = {get_str(volume, "name") for volume in get_list(spec, "volumes")}
    added = {name for name in names if name.startswith("kube-api-access-") or (name == VOLUME and not keeps_volume)}
    return _pod(namespace, metadata, _without(spec, added))


def as_asked_for(pod: JsonValue) -> JsonObject:
    """The stored Pod without what the webhook has added, and without what `kubectl debug` has; what the API server has
    added stays."""
    spec = _without(get_object(pod, "spec"), {VOLUME})
    return {**get_object(pod), "spec": {key: value for key, value in spec.items() if key != EPHEMERAL}}


def _unblocking(owner: JsonValue) -> JsonObject:
    """The reference to what the Pod belongs to: a policy may refuse Pods without one. To block the owner's deletion may
    take a permission that only the Pod's controller has (OwnerReferencesPermissionEnforcement)."""
    return {key: value for key, value in get_object(owner).items() if key != "blockOwnerDeletion"}


def _pod(namespace: str, metadata: JsonObject, spec: JsonObject) -> JsonObject:
    names = {"generateName": "irsa-explorer-", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, **names}, "spec": spec}


def _without(spec: JsonObject, added: set[str]) -> JsonObject:
    """A Pod's spec without the volumes of these names, and its containers without what leads to them."""
    volumes = [volume for volume in get_list(spec, "volumes") if get_str(volume, "name") not in added]
    kept = {
        kind: [_container_without(get_object(container), added) for container in get_list(spec, kind)]
        for kind in ("containers", "initContainers")
        if get_list(spec, kind)
    }
    return {**spec, "volumes": volumes, **kept}


def _container_without(container: JsonObject, added: set[str]) -> JsonObject:
    """A container without the mounts of added volumes and without the variables that come in runs.

    Other webhooks may have appended theirs after them. The role's come last of the webhook's own: before a region they
    are the manifest's, which the webhook keeps, and a new Pod has them again.
    """
    env = get_list(container, "env")
    for group in _APPENDED if mount_path(container) else ():
        names = [get_str(item, "name") for item in env]
        for start in reversed(range(len(names) - len(group) + 1)):
            by_hand = group is _OF_ROLE and set(REGION_VARIABLES) <= set(names[start:])
            if tuple(names[start : start + len(group)]) == group and not by_hand:
                env = env[:start] + env[start + len(group) :]
                break
    mounts = [mount for mount in get_list(container, "volumeMounts") if get_str(mount, "name") not in added]
    return {**container, "env": env, "volumeMounts": mounts}
