"""What fixes the links that lie in the cluster: the webhook, the Pod that it edits, and the token that it mounts."""

from __future__ import annotations

from dataclasses import replace

from app.flow.annotations import SKIP_CONTAINERS
from app.flow.doctor import changes
from app.flow.doctor.fix import Fix
from app.flow.doctor.names import REGION_HERE, Names, line
from app.flow.json_access import get_list, get_str
from app.flow.model import JsonObject
from app.flow.names import API_TOKEN
from app.flow.steps.injection import ROLE_VARIABLE, TOKEN_VARIABLE, containers, environment
from app.flow.steps.mutation import SKIP_LABEL

_NOBODY = 65534
"""The group that the webhook's documentation gives to Pods whose user may not read the token."""
_FETCH = "failed to fetch token"
"""The kubelet's words for a TokenRequest that failed."""


# --- 3 Webhook, and the Pod that it edits ----------------------------------------------------------------------------


def webhook(names: Names) -> Fix:
    return Fix(
        id="webhook",
        commands=(line("kubectl", "get", "mutatingwebhookconfigurations", "pod-identity-webhook", "-o", "yaml"),),
    )


def call_webhook(names: Names) -> Fix:
    """The label may be in the Pod template; anything else of the selectors is the registration's."""
    if f'"{SKIP_LABEL}"' not in names.check.got:
        return webhook(names)
    return Fix(
        id="remove_label",
        commands=names.remove("labels", SKIP_LABEL),
        change=changes.pod(names, _without("labels", SKIP_LABEL)),
    )


def may_create(names: Names) -> Fix:
    return Fix(id="may_create", commands=(names.kubectl("auth", "can-i", "create", "pods"),))


def handwritten(names: Names) -> Fix:
    """Where the manifest sets one of the two variables itself, the webhook adds neither, or not even the mount."""
    if names.check.got == "[]":
        return _unskip(names)
    return Fix(
        id="handwritten",
        commands=names.leave_to_webhook(),
        change=changes.pod(names, changes.without_variables((ROLE_VARIABLE, TOKEN_VARIABLE))),
    )


def _unskip(names: Names) -> Fix:
    """No container is left that the webhook looks at."""
    return Fix(
        id="unskip",
        commands=names.remove("annotations", SKIP_CONTAINERS),
        change=changes.pod(names, _without("annotations", SKIP_CONTAINERS)),
    )


def _without(kind: str, key: str) -> changes.Edit:
    def edit(pod: JsonObject) -> None:
        others = {name: value for name, value in pod["metadata"].pop(kind, {}).items() if name != key}
        if others:
            pod["metadata"][kind] = others

    return edit


def find_pods(names: Names) -> Fix:
    selector = f"spec.serviceAccountName={names.service_account}"
    return Fix(id="find_pods", commands=(names.kubectl("get", "pods", "--field-selector", selector),))


def run_as(names: Names) -> Fix:
    def edit(pod: JsonObject) -> None:
        pod["spec"]["serviceAccountName"] = names.service_account

    return Fix(id="set_service_account", commands=names.set_service_account(), change=changes.pod(names, edit))


def recreate(names: Names) -> Fix:
    """The manifest stays as it is: the diff shows what the webhook made of it in the dry run."""
    change = changes.pod(names, changes.as_injected(names.documents.get("pod_after")))
    return Fix(id="recreate", commands=names.recreate(), change=replace(change, pod=None) if change else None)


def pod_identity(names: Names) -> Fix:
    asked = ("--cluster-name", "CLUSTER", "--namespace", names.namespace, "--service-account", names.service_account)
    return Fix(id="pod_identity", commands=(line("aws", "eks", "list-pod-identity-associations", *asked),))


def region(names: Names) -> Fix:
    found = names.region or REGION_HERE
    return Fix(
        id="region",
        commands=names.set_env(f"AWS_DEFAULT_REGION={found}", f"AWS_REGION={found}"),
        change=changes.pod(names, changes.with_variables(AWS_DEFAULT_REGION=found, AWS_REGION=found)),
    )


def static_keys(names: Names) -> Fix:
    """Only what is in the Pod's own list of variables can be taken out this way, and not what `envFrom` brings."""
    found = {entry.partition(": ")[2] for entry in names.check.got.split(", ")}
    written = {
        get_str(item, "name")
        for kind in changes.KINDS
        for box in get_list(names.documents.get("pod"), "spec", kind)
        for item in get_list(box, "env")
    }
    variables = sorted(found & written)
    return Fix(
        id="static_keys",
        commands=names.set_env(*(f"{name}-" for name in variables)) if variables else names.show_workload(),
        change=changes.pod(names, changes.without_variables(variables)),
    )


# --- 4 Token, 6 S3 ---------------------------------------------------------------------------------------------------


def token_file(names: Names) -> Fix:
    """The file does not appear where the kubelet gets no token."""
    return kubelet(names) if _FETCH in names.check.error else describe(names)


def describe(names: Names) -> Fix:
    return Fix(id="describe", commands=(names.kubectl("describe", "pod", names.pod),))


def kubelet(names: Names) -> Fix:
    """What the kubelet could not get for this Pod it will not get for a new one either."""
    look = ("--", "chroot", "/host", "journalctl", "-u", "kubelet", "--since", "-1h")
    return Fix(id="kubelet", commands=(names.on_node(*look),))


def readable(names: Names) -> Fix:
    def edit(pod: JsonObject) -> None:
        pod["spec"]["securityContext"] = {**pod["spec"].get("securityContext", {}), "fsGroup": _NOBODY}

    patch = {"spec": {"securityContext": {"fsGroup": _NOBODY}}}
    return Fix(id="fs_group", commands=names.merge(patch), change=changes.pod(names, edit))


def token(names: Names) -> Fix:
    """A manifest that sets the other token's file keeps the webhook from setting the right one."""
    named = (environment(box).get(TOKEN_VARIABLE) for box in containers(names.documents.get("pod")))
    return handwritten(names) if API_TOKEN in named else recreate(names)


def mount_api_token(names: Names) -> Fix:
    def edit(pod: JsonObject) -> None:
        pod["spec"]["automountServiceAccountToken"] = True

    patch = {"spec": {"automountServiceAccountToken": True}}
    return Fix(id="automount", commands=names.merge(patch), change=changes.pod(names, edit))


def host_network(names: Names) -> Fix:
    def edit(pod: JsonObject) -> None:
        pod["spec"].pop("hostNetwork", None)

    return Fix(
        id="host_network", commands=names.merge({"spec": {"hostNetwork": None}}), change=changes.pod(names, edit)
    )
