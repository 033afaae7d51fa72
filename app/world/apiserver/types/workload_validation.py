"""The rules for workloads, Services, Jobs and RBAC objects, as far as something here acts upon the field.

Source: `pkg/apis/{apps,batch,rbac}/validation/validation.go`, `ValidateService` in `pkg/apis/core/validation`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from app.flow.model import JsonObject
from app.world.apiserver.types import names, pod_validation
from app.world.apiserver.types.errors import Cause
from app.world.apiserver.types.selectors import matches_selector, validate_selector
from app.world.apiserver.types.workload_defaults import RBAC_GROUP

_PERCENT = re.compile(r"[0-9]{1,9}%", re.ASCII)
_NOT_NEGATIVE = "must be greater than or equal to 0"
_IMMUTABLE = "field is immutable"


def _template(spec: JsonObject, policies: tuple[str, ...]) -> Iterator[Cause]:
    template = spec.get("template", {})
    metadata = template.get("metadata", {})
    yield from names.validate_labels(metadata.get("labels", {}), "spec.template.labels")
    for cause in pod_validation.validate_pod({"spec": template.get("spec", {})}):
        yield replace(cause, field=f"spec.template.{cause.field}")
    if template.get("spec", {}).get("ephemeralContainers"):
        yield names.forbidden(
            "spec.template.spec.ephemeralContainers", "ephemeral containers not allowed in pod template"
        )
    policy = template.get("spec", {}).get("restartPolicy", "Always")
    if policy == "Always" and policy not in policies:
        yield names.required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
    elif policy not in policies:
        yield names.unsupported("spec.template.spec.restartPolicy", policy, policies)


def _counts(spec: JsonObject, *fields: str) -> Iterator[Cause]:
    for field in fields:
        if spec.get(field, 0) < 0:
            yield names.invalid_value(f"spec.{field}", spec[field], _NOT_NEGATIVE)


def _selected(body: JsonObject) -> Iterator[Cause]:
    """The selector: there must be one, and it must select the template's own Pods."""
    spec = body["spec"]
    selector, template = spec.get("selector"), spec.get("template", {})
    labels = template.get("metadata", {}).get("labels", {})
    if selector is None:
        yield names.required("spec.selector")
    else:
        yield from validate_selector(selector, "spec.selector")
    if selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield names.invalid_value("spec.selector", selector, "empty selector is invalid for deployment")
    elif selector is None or not matches_selector(selector, labels):
        yield names.invalid_value(
            "spec.template.metadata.labels", labels, "`selector` does not match template `labels`"
        )


def _deployment(body: JsonObject) -> Iterator[Cause]:
    spec = body["spec"]
    yield from _selected(body)
    yield from _counts(spec, "replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    strategy = spec.get("strategy", {})
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate" and rolling is not None:
        yield names.forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
    elif kind not in ("Recreate", "RollingUpdate"):
        yield names.unsupported("spec.strategy.type", kind, ("Recreate", "RollingUpdate"))
    for field in ("maxUnavailable", "maxSurge"):
        yield from _share((rolling or {}).get(field, 0), f"spec.strategy.rollingUpdate.{field}")
    if (
        kind == "RollingUpdate"
        and rolling
        and {str(rolling.get(f, 0)) for f in ("maxUnavailable", "maxSurge")} <= {"0", "0%"}
    ):
        field = "spec.strategy.rollingUpdate.maxUnavailable"
        yield names.invalid_value(field, rolling.get("maxUnavailable", 0), "may not be 0 when `maxSurge` is 0")
    yield from _template(spec, ("Always",))


def _share(value: Any, field: str) -> Iterator[Cause]:
    """A number or a percentage."""
    if isinstance(value, int):
        if value < 0:
            yield names.invalid_value(field, value, _NOT_NEGATIVE)
    elif not _PERCENT.fullmatch(value):
        why = (
            "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex "
            "used for validation is '[0-9]+%')"
        )
        yield names.invalid_value(field, value, why)


def _replicated(body: JsonObject) -> Iterator[Cause]:
    yield from _selected(body)
    yield from _counts(body["spec"], "replicas", "minReadySeconds", "revisionHistoryLimit")
    yield from _template(body["spec"], ("Always",))


def _job(body: JsonObject) -> Iterator[Cause]:
    spec = body["spec"]
    fields = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
    yield from _counts(spec, *fields)
    yield from _template(spec, ("Never", "OnFailure"))


def _service(body: JsonObject) -> Iterator[Cause]:
    name = body["metadata"].get("name", "")
    if name and not re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", name):
        why = (
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
            "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
            "validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
        )
        yield names.invalid_value("metadata.name", name, why)
    spec = body["spec"]
    if spec.get("type") == "ExternalName":
        if not spec.get("externalName"):
            yield names.required("spec.externalName")
        return
    ports = spec.get("ports", [])
    if not ports and spec.get("clusterIP") != "None":
        yield names.required("spec.ports")
    seen: set[str] = set()
    on_node: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        field = f"spec.ports[{index}]"
        if len(ports) > 1 and not port.get("name"):
            yield names.required(f"{field}.name")
        if port.get("name", "") in seen and port.get("name"):
            yield names.duplicate(f"{field}.name", port["name"])
        seen.add(port.get("name", ""))
        for name in ("port", "targetPort"):
            number = port.get(name, 0)
            if isinstance(number, int) and not 1 <= number <= 65535:
                yield names.invalid_value(f"{field}.{name}", number, "must be between 1 and 65535, inclusive")
        if number := port.get("nodePort"):
            if spec.get("type") == "ClusterIP":
                yield names.forbidden(f"{field}.nodePort", "may not be used when `type` is 'ClusterIP'")
            elif (port.get("protocol", ""), number) in on_node:
                yield names.duplicate(f"{field}.nodePort", number)
            on_node.add((port.get("protocol", ""), number))
        if port.get("protocol") not in ("SCTP", "TCP", "UDP"):
            yield names.unsupported(f"{field}.protocol", port.get("protocol"), ("SCTP", "TCP", "UDP"))
    kinds = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
    if spec.get("type") not in kinds:
        yield names.unsupported("spec.type", spec.get("type"), kinds)
    yield from names.validate_labels(spec.get("selector", {}), "spec.selector")


def _rules(body: JsonObject) -> Iterator[Cause]:
    for index, rule in enumerate(body.get("rules", [])):
        field = f"rules[{index}]"
        if not rule.get("verbs"):
            yield names.required(f"{field}.verbs", "verbs must contain at least one value")
        if rule.get("nonResourceURLs"):
            if body["kind"] == "Role":
                why = "namespaced rules cannot apply to non-resource URLs"
                yield names.invalid_value(f"{field}.nonResourceURLs", rule["nonResourceURLs"], why)
            continue
        if not rule.get("apiGroups"):
            yield names.required(f"{field}.apiGroups", "resource rules must supply at least one api group")
        if not rule.get("resources"):
            yield names.required(f"{field}.resources", "resource rules must supply at least one resource")


def _cluster_role(body: JsonObject) -> Iterator[Cause]:
    yield from _rules(body)
    if "aggregationRule" in body:
        field = "aggregationRule.clusterRoleSelectors"
        chosen = body["aggregationRule"].get("clusterRoleSelectors", [])
        if not chosen:
            yield names.required(field, "at least one clusterRoleSelector required if aggregationRule is non-nil")
        for index, selector in enumerate(chosen):
            wrong = list(validate_selector(selector, f"{field}[{index}]"))
            yield from wrong
            if wrong:
                yield names.invalid_value(f"{field}[{index}]", None, "invalid label selector.")


def _binding(body: JsonObject) -> Iterator[Cause]:
    role = body.get("roleRef", {})
    if role.get("apiGroup") != RBAC_GROUP:
        yield names.unsupported("roleRef.apiGroup", role.get("apiGroup", ""), (RBAC_GROUP,))
    kinds = ("ClusterRole", "Role") if body["kind"] == "RoleBinding" else ("ClusterRole",)
    if role.get("kind") not in kinds:
        yield names.unsupported("roleRef.kind", role.get("kind", ""), kinds)
    if not role.get("name"):
        yield names.required("roleRef.name")
    for index, subject in enumerate(body.get("subjects", [])):
        field = f"subjects[{index}]"
        if not subject.get("name"):
            yield names.required(f"{field}.name")
        if subject.get("kind") not in ("Group", "ServiceAccount", "User"):
            yield names.unsupported(f"{field}.kind", subject.get("kind", ""), ("Group", "ServiceAccount", "User"))
        elif subject["kind"] == "ServiceAccount" and not subject.get("namespace") and body["kind"] != "RoleBinding":
            yield names.required(f"{field}.namespace")


def _controller_revision(body: JsonObject) -> Iterator[Cause]:
    if "data" not in body:
        yield names.required("data", "data is mandatory")
    if body.get("revision", 0) < 0:
        yield names.invalid_value("revision", body["revision"], _NOT_NEGATIVE)


RULES: Mapping[str, Callable[[JsonObject], Iterator[Cause]]] = {
    "clusterrolebindings": _binding,
    "clusterroles": _cluster_role,
    "controllerrevisions": _controller_revision,
    "daemonsets": _replicated,
    "deployments": _deployment,
    "jobs": _job,
    "replicasets": _replicated,
    "rolebindings": _binding,
    "roles": _rules,
    "services": _service,
    "statefulsets": _replicated,
}
"""By the plural name."""


def _immutable_selector(old: JsonObject, new: JsonObject) -> Iterator[Cause]:
    if old["spec"].get("selector") != new["spec"].get("selector"):
        yield names.invalid_value("spec.selector", new["spec"].get("selector"), _IMMUTABLE)


def _immutable_job(old: JsonObject, new: JsonObject) -> Iterator[Cause]:
    yield from _immutable_selector(old, new)
    for field in ("completions", "template"):
        if old["spec"].get(field) != new["spec"].get(field):
            yield names.invalid_value(f"spec.{field}", new["spec"].get(field), _IMMUTABLE)


def _immutable_role(old: JsonObject, new: JsonObject) -> Iterator[Cause]:
    if old.get("roleRef") != new.get("roleRef"):
        yield names.invalid_value("roleRef", new.get("roleRef"), "cannot change roleRef")


def _immutable_address(old: JsonObject, new: JsonObject) -> Iterator[Cause]:
    if old["spec"].get("clusterIP") != new["spec"].get("clusterIP") and "ExternalName" != new["spec"].get("type"):
        shown = [new["spec"].get("clusterIP", "")]
        yield names.invalid_value("spec.clusterIPs[0]", shown, "may not change once set")


def _immutable_revision(old: JsonObject, new: JsonObject) -> Iterator[Cause]:
    if old.get("data") != new.get("data"):
        yield names.invalid_value("data", new.get("data"), _IMMUTABLE)


UPDATE_RULES: Mapping[str, Callable[[JsonObject, JsonObject], Iterator[Cause]]] = {
    "clusterrolebindings": _immutable_role,
    "controllerrevisions": _immutable_revision,
    "daemonsets": _immutable_selector,
    "deployments": _immutable_selector,
    "jobs": _immutable_job,
    "replicasets": _immutable_selector,
    "rolebindings": _immutable_role,
    "services": _immutable_address,
    "statefulsets": _immutable_selector,
}
"""By the plural name: what an update may not change."""
