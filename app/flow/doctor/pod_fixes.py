"""What fixes the links that lie in the cluster: the webhook, the Pod that it edits, and the token that it mounts."""

from __future__ import annotations

from app.flow.annotations import AUDIENCE, SKIP_CONTAINERS
from app.flow.doctor import changes
from app.flow.doctor.fix import Fix
from app.flow.doctor.names import Names
from app.flow.doctor.pods.choosing import successor
from app.flow.doctor.pods.rows import rows
from app.flow.doctor.webhook import predicted
from app.flow.doctor.workload_commands import ALL, INJECTED
from app.flow.json_access import get_list, get_object, get_str
from app.flow.model import JsonObject, JsonValue, Status
from app.flow.names import API_TOKEN, DEFAULT_AUDIENCE, TOKEN_DIRECTORY, TOKEN_PATH
from app.flow.steps.injection import (
    ROLE_VARIABLE,
    TOKEN_VARIABLE,
    as_asked_for,
    containers,
    environment,
    mount_path,
    named_file,
)
from app.flow.steps.token_mount import OWN_AUDIENCE, SUB_PATH
from app.flow.steps.webhook import MOUNTED_TWICE
from app.flow.webhook import VOLUME

_NOBODY = 65534
"""The group that the webhook's documentation gives to Pods whose user may not read the token."""
FETCH = "failed to fetch token"
"""The kubelet's error message for a failed TokenRequest."""


# --- 3 Webhook, and the Pod that it edits ----------------------------------------------------------------------------


def handwritten(names: Names) -> Fix:
    """Where the manifest sets one of the two variables itself, the webhook adds neither, or not even the mount; a
    container with both may be meant to have a role of its own."""
    if names.check.got == "[]":
        return unskip(names)
    if names.check.reason == MOUNTED_TWICE:
        return _leave_mount(names)
    apart = names.check.status is Status.WARNING and not names.check.reason
    own = [get_str(box, "name") for box in containers(as_asked_for(names.documents.get("pod"))) if _sets_role(box)]
    others = {box: given for box, given in names.webhooks_part.items() if box in (ALL, *own)}
    words = (dict.fromkeys(names.apart, INJECTED) if apart else others) or names.webhooks_part
    return Fix(
        id="role_apart" if apart else "handwritten",
        commands=names.leave_to_webhook(words),
        change=changes.workload(names, changes.set_env(words)),
    )


def _sets_role(box: JsonValue) -> bool:
    return not {ROLE_VARIABLE, TOKEN_VARIABLE}.isdisjoint(environment(box))


def _leave_mount(names: Names) -> Fix:
    """Volume, mount and variables of the manifest's own, each removed by the key by which its list is merged."""
    volume, container = (get_str(names.own_token, key) for key in ("volume", "container"))
    spec: JsonObject = {"volumes": [{"name": volume, "$patch": "delete"}]}
    for kind in predicted.KINDS:
        for box in get_list(names.documents.get("pod"), "spec", kind):
            if get_str(box, "name") == container:
                mounts = [it for it in get_list(box, "volumeMounts") if get_str(it, "name") == volume]
                paths = sorted({get_str(it, "mountPath") for it in mounts})
                removed = [{"mountPath": path, "$patch": "delete"} for path in paths]
                env = [{"name": name, "$patch": "delete"} for name in (ROLE_VARIABLE, TOKEN_VARIABLE)]
                spec[kind] = [{"name": container, "volumeMounts": removed, "env": env}]

    def edit(pod: JsonObject) -> None:
        changes.set_env({container: INJECTED})(pod)
        _without_volume(volume)(pod)

    return Fix(id="mounted_twice", commands=names.merge({"spec": spec}), change=changes.workload(names, edit))


def own_volume(names: Names) -> Fix:
    """The webhook keeps a volume and mounts that have the names of its own, so they have to go for it to add its
    own."""
    boxes = {
        kind: [
            {"name": get_str(box, "name"), "volumeMounts": [{"mountPath": path, "$patch": "delete"}]}
            for box in get_list(names.documents.get("pod"), "spec", kind)
            if (path := mount_path(box))
        ]
        for kind in predicted.KINDS
    }
    spec = {
        "volumes": [{"name": VOLUME, "$patch": "delete"}],
        **{kind: found for kind, found in boxes.items() if found},
    }
    return Fix(
        id="own_volume", commands=names.merge({"spec": spec}), change=changes.workload(names, _without_volume(VOLUME))
    )


def _without_volume(volume: str) -> changes.Edit:
    def edit(pod: JsonObject) -> None:
        pod["spec"]["volumes"] = [it for it in get_list(pod, "spec", "volumes") if get_str(it, "name") != volume]
        for it in changes.boxes_of(pod):
            it["volumeMounts"] = [mount for mount in get_list(it, "volumeMounts") if get_str(mount, "name") != volume]

    return edit


def unskip(names: Names) -> Fix:
    """The webhook skips the containers that the annotation lists."""
    return Fix(
        id="unskip",
        commands=names.remove("annotations", SKIP_CONTAINERS),
        change=changes.workload(names, _without("annotations", SKIP_CONTAINERS)),
    )


def _without(kind: str, key: str) -> changes.Edit:
    def edit(pod: JsonObject) -> None:
        others = {name: value for name, value in pod["metadata"].pop(kind, {}).items() if name != key}
        if others:
            pod["metadata"][kind] = others

    return edit


def find_pods(names: Names) -> Fix:
    """Where a Pod is gone, another one may have replaced it, or one may have a similar name."""
    if there := successor(names.pod, rows(names.documents.get("pods"))):
        return Fix(id="successor", commands=(names.doctor(pod=there),))
    if pod := names.near("pod"):
        return Fix(id="mean_pod", commands=(names.doctor(pod=pod),))
    selector = f"spec.serviceAccountName={names.service_account}"
    return Fix(id="find_pods", commands=(names.kubectl("get", "pods", "--field-selector", selector),))


def run_as(names: Names) -> Fix:
    change = changes.workload(names, changes.run_as(names.service_account))
    if names.kind == "job":
        return Fix(id="run_job_again", commands=names.set_service_account(), change=change)
    return Fix(id="set_service_account", commands=names.set_service_account(), change=change)


def recreate(names: Names) -> Fix:
    return Fix(id="recreate", commands=names.recreate(), change=changes.pod(names, changes.unchanged))


def own_role(names: Names, arn: str) -> Fix:
    """Where the manifest mounts a token itself, it sets the role as well."""
    return changes.variables(names, "own_role", {get_str(names.own_token, "container"): (f"{ROLE_VARIABLE}={arn}",)})


def own_file(names: Names) -> Fix:
    """Has the variable point to the file that the kubelet writes for the manifest's own volume."""
    mounted, container = (get_str(names.own_token, key) for key in ("mounted", "container"))
    return changes.variables(names, "own_file", {container: (f"{TOKEN_VARIABLE}={mounted}",)})


def default_audience(names: Names) -> Fix:
    """An audience other than the usual one is more often a mistake than intended."""
    if names.own_token:
        return own_audience(names)
    return Fix(
        id="default_audience",
        commands=(names.annotate(f"{AUDIENCE}-"), *names.recreate(names.usual_audience)),
        change=changes.annotated(names, audience=None),
    )


def own_audience(names: Names) -> Fix:
    """The volume's sources are a list that a patch replaces as a whole (PodSpec, `patchMergeKey`)."""
    volume = get_str(names.own_token, "volume")
    found = (it for it in get_list(names.documents.get("pod"), "spec", "volumes") if get_str(it, "name") == volume)
    sources = [get_object(it) for it in get_list(next(found, None), "projected", "sources")]
    for source in sources:
        if get_str(source, "serviceAccountToken", "audience"):
            source["serviceAccountToken"] = {**source["serviceAccountToken"], "audience": DEFAULT_AUDIENCE}
    changed = {"name": volume, "projected": {"sources": sources}}

    def edit(pod: JsonObject) -> None:
        for it in pod["spec"]["volumes"]:
            if get_str(it, "name") == volume:
                it["projected"] = {**it["projected"], "sources": sources}

    return Fix(
        id="own_audience",
        commands=names.merge({"spec": {"volumes": [changed]}}),
        change=changes.workload(names, edit),
    )


# --- 4 Token, 6 S3 ---------------------------------------------------------------------------------------------------


def token_file(names: Names) -> Fix:
    """The file does not appear where the kubelet gets no token, or where the manifest points to another file."""
    if not names.own_token and names.check.expected.startswith("/") and names.check.expected != TOKEN_PATH:
        return handwritten(names)
    return kubelet(names) if FETCH in names.check.error else describe(names)


def empty_token(names: Names) -> Fix:
    """The kubelet writes the file whole, so an empty file is not its own: the manifest has mounted it, maybe over the
    kubelet's."""
    container, path = (*names.check.where.split(" ", 2)[1:], "", "")[:2]
    if not path.startswith(TOKEN_DIRECTORY):
        return handwritten(names)
    look = names.kubectl("exec", names.pod, "-c", container, "--", "ls", "-la", TOKEN_DIRECTORY)
    return Fix(id="empty_token", commands=(look, *names.recreate()), change=changes.pod(names, changes.unchanged))


def describe(names: Names) -> Fix:
    return Fix(id="describe", commands=(names.kubectl("describe", "pod", names.pod),))


def kubelet(names: Names) -> Fix:
    """Where the kubelet could not get a token for this Pod, it will not get one for a new Pod either."""
    if names.on_fargate:
        return fargate(names)
    look = ("--", "chroot", "/host", "journalctl", "-u", "kubelet", "--since", "-1h")
    return Fix(id="kubelet", commands=(names.on_node(*look),))


def fargate(names: Names) -> Fix:
    """A node of Fargate is for one Pod alone, and no one can look into it: `kubectl debug node` takes the host's
    network and files, which Pods on Fargate may not have (EKS user guide, "AWS Fargate considerations")."""
    return Fix(id="fargate", commands=names.recreate())


def lifetime(names: Names) -> Fix:
    """A token that the manifest mounts by a `subPath` is renewed by the kubelet, but the container does not see it."""
    if names.check.reason == SUB_PATH:
        return Fix(id="whole_volume", commands=names.show_workload())
    return kubelet(names)


def readable(names: Names) -> Fix:
    """Sets a group, where the Pod has none.

    The kubelet gives its rights to all files of volumes whose driver supports that, at each start unless the volume's
    root has them (Kubernetes, "Configure a Security Context", `fsGroupChangePolicy`).
    """
    spec = get_object(names.documents.get("pod"), "spec")
    shared, volumes = get_object(spec, "securityContext"), map(get_object, get_list(spec, "volumes"))
    if shared.get("fsGroup") is not None:
        look = names.kubectl("exec", names.pod, "--", "ls", "-lL", TOKEN_DIRECTORY)
        return Fix(id="group_is_set", commands=(look,))
    claims = any(it.get("persistentVolumeClaim") for it in volumes)
    wanted: JsonObject = {"fsGroup": _NOBODY}
    if claims and "fsGroupChangePolicy" not in shared:
        wanted["fsGroupChangePolicy"] = "OnRootMismatch"

    def edit(pod: JsonObject) -> None:
        pod["spec"]["securityContext"] = {**pod["spec"].get("securityContext", {}), **wanted}

    patch = {"spec": {"securityContext": wanted}}
    return Fix(
        id="fs_group_of_claims" if claims else "fs_group",
        commands=names.merge(patch),
        change=changes.workload(names, edit),
    )


def token(names: Names) -> Fix:
    """A manifest that sets the other token's file keeps the webhook from setting the right one."""
    if names.own_token or names.check.reason == OWN_AUDIENCE:
        return default_audience(names)
    return handwritten(names) if names_api_token(names) else recreate(names)


def names_api_token(names: Names) -> bool:
    """Whether the manifest itself sets the variable to the file of the API server's token."""
    return API_TOKEN in map(named_file, containers(names.documents.get("pod")))


def host_network(names: Names) -> Fix:
    """Shows the workload and changes nothing: a Pod is on the host's network on purpose, and without it such a Pod may
    take the network of its node along, as aws-node would."""
    return Fix(id="host_network", commands=names.show_workload())
