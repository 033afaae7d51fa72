"""Fixes for the webhook: its registration, what its selectors look at, the way to it; and what shows more than reading.

Sources: AWS re:Post, “How do I troubleshoot IRSA errors in Amazon EKS?” (how to create the registration, and that its
`caBundle` is the cluster's CA); aws/amazon-eks-pod-identity-webhook, README and `deploy` (how to install it elsewhere,
and that cert-manager writes its `caBundle`); Kubernetes' metrics reference (`apiserver_admission_webhook_…`, 1.24).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from app.flow.doctor import changes
from app.flow.doctor.fix import Fix, line
from app.flow.doctor.names import Names
from app.flow.doctor.pod import is_older, is_younger
from app.flow.doctor.pod_fixes import own_file, own_volume, recreate
from app.flow.doctor.webhook.refused_pod import REGISTRATIONS, dry_run_of
from app.flow.json_access import get, get_list, get_object, get_str, strings
from app.flow.model import JsonObject, JsonValue, Status
from app.flow.steps import selectors
from app.flow.steps.injection import (
    ROLE_VARIABLE,
    containers,
    environment,
    has_own_volume,
    token_source,
)
from app.flow.steps.webhook import BLIND, NAMESPACES
from app.flow.webhook import CONFIGURATION, RULE, SKIP_LABEL, WEBHOOKS, selector_on_eks

CLUSTER_HERE, CA_HERE = "CLUSTER", "CA_FILE"
_SOURCE = "amazon-eks-pod-identity-webhook"
_IMAGE = f"public.ecr.aws/eks/{_SOURCE}:v0.6.17"
_INJECT = "cert-manager.io/inject-ca-from"
_UNKNOWN_CA = "x509: certificate signed by unknown authority"
_OF_NAMESPACE = "kubernetes.io/metadata.name"
_SILENT = "unreachable"


# --- The registration -------------------------------------------------------------------------------------------------


def register(names: Names) -> Fix:
    """On EKS the webhook runs, and only its registration is missing; anywhere else it has to be installed."""
    blind = names.documents.get(BLIND)
    if configuration := get_str(blind, "configuration"):
        edit = {"op": "add", "path": f"/webhooks/{get(blind, 'place')}/rules", "value": [RULE]}
        patch = line("kubectl", "patch", REGISTRATIONS, configuration, "--type=json", "-p", json.dumps([edit]))
        return Fix(id="webhook_rules", commands=(patch, *names.recreate()))
    look = line("kubectl", "get", REGISTRATIONS)
    if not names.region:
        if not names.issuer:
            return Fix(id="registration_missing", commands=(look,))
        clone = line("git", "clone", "--depth", "1", f"https://github.com/aws/{_SOURCE}.git")
        make = line("make", "-C", _SOURCE, "cluster-up", f"IMAGE={_IMAGE}")
        return Fix(id="install_webhook", commands=(look, clone, make, *names.recreate()))
    manifest = json.dumps(_registration_on_eks()).replace(json.dumps(CA_HERE), '"%s"')
    create = f"printf '{manifest}' \"$({_cluster_ca(names)})\" | kubectl apply -f -"
    return Fix(
        id="register_webhook", commands=(look, create, *names.recreate()), change=changes.pod(names, changes.unchanged)
    )


def _registration_on_eks() -> JsonObject:
    """The registration as AWS documents it, with the selector that EKS adds: Pods with that label are left alone."""
    webhook = {
        "name": WEBHOOKS[0],
        "clientConfig": {"url": "https://127.0.0.1:23443/mutate", "caBundle": CA_HERE},
        "failurePolicy": "Ignore",
        "objectSelector": selector_on_eks(),
        "rules": [RULE],
        "reinvocationPolicy": "IfNeeded",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1beta1"],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": CONFIGURATION},
        "webhooks": [webhook],
    }


def _cluster_ca(names: Names) -> str:
    """Prints the cluster's CA, base64."""
    asked = ("--name", CLUSTER_HERE, "--region", names.region, "--query", "cluster.certificateAuthority.data")
    return line("aws", "eks", "describe-cluster", *asked, "--output", "text")


# --- What it looks at -------------------------------------------------------------------------------------------------


def call_webhook(names: Names) -> Fix:
    """The labels of the Pod template, or of the namespace, that the registration's selectors look at."""
    place, webhook = _registered(names)
    if names.check.where.endswith(NAMESPACES):
        return _select_namespace(names, place, webhook)
    labels = get_object(names.documents.get("pod"), "metadata", "labels")
    wanted = selectors.edits(get(webhook, "objectSelector"), labels)
    if wanted == {SKIP_LABEL: None}:
        return Fix(
            id="remove_label",
            commands=names.remove("labels", SKIP_LABEL),
            change=changes.workload(names, _with_labels(wanted)),
        )
    if wanted and names.again:
        return Fix(
            id="pod_labels",
            commands=names.merge({"metadata": {"labels": wanted}}),
            change=changes.workload(names, _with_labels(wanted)),
        )
    return Fix(id="webhook", commands=(_show(names),))


def _select_namespace(names: Names, place: int, webhook: JsonValue) -> Fix:
    """Changes the namespace's labels; or the registration, where that selects by the name of the namespace."""
    labels = get_object(names.documents.get("namespace_labels"))
    wanted = selectors.edits(get(webhook, NAMESPACES), labels)
    if wanted and wanted.get(_OF_NAMESPACE, names.namespace) == names.namespace:
        words = (f"{key}-" if value is None else f"{key}={value}" for key, value in wanted.items())
        label = line("kubectl", "label", "namespace", names.namespace, "--overwrite", *words)
        return Fix(
            id="namespace_labels", commands=(label, *names.recreate()), change=changes.pod(names, changes.unchanged)
        )
    by_name = set(wanted) == {_OF_NAMESPACE} and labels.get(_OF_NAMESPACE) == names.namespace
    patch = _patch_for(names.namespace, place, webhook) if by_name else []
    if not patch:
        return Fix(id="webhook", commands=(_show(names),))
    edit = line("kubectl", "patch", REGISTRATIONS, _name(names), "--type", "json", "-p", json.dumps(patch))
    return Fix(id="namespace_name", commands=(edit, *names.recreate()), change=changes.pod(names, changes.unchanged))


def _patch_for(namespace: str, place: int, webhook: JsonValue) -> list[JsonObject]:
    """A JSON patch by which the expressions on the namespace's name select this namespace as well."""
    found: list[JsonObject] = []
    for number, expression in enumerate(get_list(webhook, NAMESPACES, "matchExpressions")):
        path = f"/webhooks/{place}/{NAMESPACES}/matchExpressions/{number}/values"
        values, operator = strings(get_object(expression).get("values")), get_str(expression, "operator")
        if get_str(expression, "key") != _OF_NAMESPACE:
            continue
        if operator == "In" and namespace not in values:
            found.append({"op": "add", "path": f"{path}/-", "value": namespace})
        elif operator == "NotIn" and namespace in values:
            others = [value for value in values if value != namespace]
            removed: JsonObject = {"op": "remove", "path": path.removesuffix("/values")}
            found.append({"op": "replace", "path": path, "value": others} if others else removed)
    return found if len(found) == 1 and not get_object(webhook, NAMESPACES, "matchLabels").get(_OF_NAMESPACE) else []


def _with_labels(wanted: Mapping[str, str | None]) -> changes.Edit:
    def edit(pod: JsonObject) -> None:
        labels = {**get_object(pod, "metadata", "labels"), **wanted}
        pod["metadata"]["labels"] = {key: value for key, value in labels.items() if value is not None}

    return edit


# --- The way to it ----------------------------------------------------------------------------------------------------

_ORDER = "NAME:.metadata.name,REINVOCATION:.webhooks[*].reinvocationPolicy"
"""The API server calls them in the order of their names."""


def reach(names: Names) -> Fix:
    """A certificate that the API server does not trust, a Service that is not there or empty, or no answer."""
    if _UNKNOWN_CA in names.check.error:
        return _trust_ca(names)
    namespace, pods = _service(names)
    if names.check.where.startswith("Service "):
        return Fix(id="webhook_service", commands=(line("kubectl", "-n", namespace, "get", "services"), _show(names)))
    if names.check.where.startswith("Endpoints "):
        looks = (("get", "endpoints"), ("describe", "pods", *pods))
        return Fix(id="webhook_pods", commands=tuple(line("kubectl", "-n", namespace, *look) for look in looks))
    return unanswered(names)


def unanswered(names: Names) -> Fix:
    """Shows whether calls fail. With `failurePolicy: Ignore` the Pod of a dry run comes back unedited."""
    _, webhook = _registered(names)
    name = get_str(webhook, "name") or WEBHOOKS[0]
    count = f"{line('kubectl', 'get', '--raw', '/metrics')} | {line('grep', f'webhook_fail_open_count.*{name}')}"
    namespace, pods = _service(names)
    if pods:
        logs = line("kubectl", "-n", namespace, "logs", "--tail=50", *pods)
        return Fix(id="webhook_logs", commands=(count, logs, _show(names)))
    if not names.region or namespace:
        return Fix(id="webhook_silent", commands=(count, _show(names)))
    group = ("--log-group-name", f"/aws/eks/{CLUSTER_HERE}/cluster", "--region", names.region)
    asked = ("--filter-pattern", '"failed calling webhook"', "--query", "events[].message", "--output", "text")
    logs = line("aws", "logs", "filter-log-events", *group, *asked)
    return Fix(id="webhook_silent_on_eks", commands=(count, _show(names), _cluster_ca(names), logs))


def _service(names: Names) -> tuple[str, tuple[str, ...]]:
    """The namespace of the webhook's Service, and how kubectl selects its Pods; each empty where it is not known."""
    _, webhook = _registered(names)
    selector = get_object(names.documents.get("webhook_service"), "spec", "selector")
    pods = ("-l", ",".join(f"{key}={value}" for key, value in selector.items())) if selector else ()
    return get_str(webhook, "clientConfig", "service", "namespace"), pods


def _trust_ca(names: Names) -> Fix:
    """On EKS the cluster's CA; elsewhere what cert-manager writes, or the CA that signed the webhook's certificate."""
    place, webhook = _registered(names)
    configuration = names.documents.get("configuration")
    namespace, _, certificate = get_str(configuration, "metadata", "annotations", _INJECT).partition("/")
    if certificate:
        commands = [line("kubectl", "-n", namespace, "describe", "certificates.cert-manager.io", certificate)]
        return Fix(id="ca_of_cert_manager", commands=(*commands, _show(names)))
    on_eks = bool(names.region) and not get_object(webhook, "clientConfig", "service")
    printed = _cluster_ca(names) if on_eks else f"base64 < {CA_HERE} | tr -d '\\n'"
    patch = json.dumps([{"op": "add", "path": f"/webhooks/{place}/clientConfig/caBundle", "value": CA_HERE}])
    quoted = patch.replace('"', '\\"').replace(CA_HERE, f"$({printed})")
    command = f'{line("kubectl", "patch", REGISTRATIONS, _name(names), "--type", "json", "-p")} "{quoted}"'
    if on_eks:
        return Fix(id="ca_on_eks", commands=(command, *names.recreate()))
    return Fix(id="ca_bundle", commands=(command, *names.recreate()))


# --- What tells more --------------------------------------------------------------------------------------------------


def came_later() -> Fix:
    """The fix for a container that another webhook has added after this one."""
    return Fix(id="added_later", commands=(line("kubectl", "get", REGISTRATIONS, "-o", f"custom-columns={_ORDER}"),))


def not_edited(names: Names) -> Fix:
    """Restarts the workload where that is known to change something; else shows first whether it would.

    Nothing else that was read explains the unedited Pod, or the verdict would be about that.
    """
    if names.own_token:
        return own_file(names)
    if has_own_volume(names.documents.get("pod")):
        return own_volume(names)
    if names.check.status is Status.WARNING:
        return came_later()
    dry_run, pod = names.check_of("webhook.dry_run"), names.documents.get("pod")
    account = names.documents.get("service_account")
    other_role = token_source(pod) is not None and any(ROLE_VARIABLE in environment(box) for box in containers(pod))
    if (dry_run is None or dry_run.status is not Status.UNKNOWN) and not (other_role and is_younger(pod, account)):
        return recreate(names)
    if dry_run is not None and dry_run.reason == _SILENT:
        return unanswered(names)
    if is_older(pod, account):
        return recreate(names)
    if other_role:
        again = names.recreate() if names.again == "restart" else ()
        return Fix(
            id="other_role",
            commands=(*names.leave_to_webhook(names.webhooks_part), *again),
            change=changes.pod(names, changes.set_env(names.webhooks_part)),
        )
    volumes = dry_run_of(names, 'jsonpath={.spec.volumes[*].name}{"\\n"}')
    return Fix(id="ask_webhook", commands=(volumes, *names.recreate()))


def _registered(names: Names) -> tuple[int, JsonValue]:
    """The webhook's entry in the registration, and its place there; None where none was found."""
    name = registered.where.rpartition(" ")[2] if (registered := names.check_of("webhook.registered")) else ""
    entries = get_list(names.documents.get("configuration"), "webhooks")
    found = ((place, it) for place, it in enumerate(entries) if get_str(it, "name") == name)
    return next(found, (0, None))


def _name(names: Names) -> str:
    return get_str(names.documents.get("configuration"), "metadata", "name") or CONFIGURATION


def _show(names: Names) -> str:
    return line("kubectl", "get", REGISTRATIONS, _name(names), "-o", "yaml")
