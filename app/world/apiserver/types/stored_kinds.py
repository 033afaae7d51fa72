"""Kinds that are stored and shown, and upon which nothing here acts: their defaults, and what they must say.

CronJobs, PersistentVolumeClaims, Ingresses, HorizontalPodAutoscalers, Leases, Endpoints. The rules go as far as the
columns of `kubectl get` do. Source: `pkg/apis/{batch,core,networking,autoscaling,coordination}/{v1/defaults.go,
validation/validation.go}`; the parser of schedules is github.com/robfig/cron.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from app.flow.model import JsonObject
from app.world.apiserver.types import names
from app.world.apiserver.types.errors import Cause
from app.world.apiserver.types.workload_defaults import fill

FIRST_STATUS: Mapping[str, JsonObject] = {
    "cronjobs": {},
    "horizontalpodautoscalers": {"currentReplicas": 0, "desiredReplicas": 0},
    "ingresses": {"loadBalancer": {}},
    "persistentvolumeclaims": {"phase": "Pending"},
}
"""By the plural name, what the status of a new object is."""
_LONGEST_CRON_JOB = 52
"""Characters of a CronJob's name: those of its Jobs are longer by a timestamp."""
_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_CRON_FIELDS = 5
_DESCRIPTORS = ("@annually", "@daily", "@hourly", "@midnight", "@monthly", "@weekly", "@yearly")


def _default_cron_job(body: JsonObject) -> None:
    spec = body.setdefault("spec", {})
    fill(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)


def _default_claim(body: JsonObject) -> None:
    body.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")


def _default_autoscaler(body: JsonObject) -> None:
    fill(body.setdefault("spec", {}), minReplicas=1, targetCPUUtilizationPercentage=80)


def _default_endpoints(body: JsonObject) -> None:
    for subset in body.get("subsets", []):
        for port in subset.get("ports", []):
            port.setdefault("protocol", "TCP")


DEFAULTS: Mapping[str, Callable[[JsonObject], None]] = {
    "CronJob": _default_cron_job,
    "Endpoints": _default_endpoints,
    "HorizontalPodAutoscaler": _default_autoscaler,
    "PersistentVolumeClaim": _default_claim,
}
"""By kind; each fills a whole object."""


def _cron_job(body: JsonObject) -> Iterator[Cause]:
    spec, name = body.get("spec", {}), body["metadata"].get("name", "")
    if len(name) > _LONGEST_CRON_JOB:
        text = f"must be no more than {_LONGEST_CRON_JOB} characters"
        yield names.invalid_value("metadata.name", name, text)
    schedule = spec.get("schedule", "")
    if not schedule:
        yield names.required("spec.schedule")
    elif schedule not in _DESCRIPTORS and not schedule.startswith("@every "):
        fields = schedule.split()
        if len(fields) != _CRON_FIELDS:
            shown = " ".join(fields)
            text = f"expected exactly {_CRON_FIELDS} fields, found {len(fields)}: [{shown}]"
            yield names.invalid_value("spec.schedule", schedule, text)
    template = spec.get("jobTemplate", {}).get("spec", {}).get("template", {}).get("spec", {})
    if not template.get("containers"):
        yield names.required("spec.jobTemplate.spec.template.spec.containers")
    if template.get("restartPolicy", "Always") not in ("Never", "OnFailure"):
        field = "spec.jobTemplate.spec.template.spec.restartPolicy"
        yield names.required(field, 'valid values: "OnFailure", "Never"')


def _claim(body: JsonObject) -> Iterator[Cause]:
    spec = body.get("spec", {})
    if not spec.get("accessModes"):
        yield names.required("spec.accessModes", "at least 1 access mode is required")
    for mode in spec.get("accessModes", []):
        if mode not in _ACCESS_MODES:
            yield names.unsupported("spec.accessModes", mode, _ACCESS_MODES)
    if "storage" not in spec.get("resources", {}).get("requests", {}):
        yield names.required("spec.resources[storage]")


def _ingress(body: JsonObject) -> Iterator[Cause]:
    spec = body.get("spec", {})
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield names.invalid_value("spec", [], "either `defaultBackend` or `rules` must be specified")
    for at, rule in enumerate(spec.get("rules", [])):
        for index, path in enumerate((rule.get("http") or {}).get("paths", [])):
            field = f"spec.rules[{at}].http.paths[{index}]"
            kind = path.get("pathType")
            if not kind:
                yield names.required(f"{field}.pathType", "pathType must be specified")
            elif kind not in _PATH_TYPES:
                yield names.unsupported(f"{field}.pathType", kind, _PATH_TYPES)


def _autoscaler(body: JsonObject) -> Iterator[Cause]:
    spec = body.get("spec", {})
    target, least, most = spec.get("scaleTargetRef", {}), spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    if least < 1:
        yield names.invalid_value("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield names.invalid_value("spec.maxReplicas", most, "must be greater than 0")
    if most < least:
        yield names.invalid_value("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    for field in ("kind", "name"):
        if not target.get(field):
            yield names.required(f"spec.scaleTargetRef.{field}")


def _lease(body: JsonObject) -> Iterator[Cause]:
    seconds = body.get("spec", {}).get("leaseDurationSeconds", 1)
    if seconds <= 0:
        yield names.invalid_value("spec.leaseDurationSeconds", seconds, "must be greater than 0")


def _endpoints(body: JsonObject) -> Iterator[Cause]:
    for at, subset in enumerate(body.get("subsets", [])):
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            yield names.required(f"subsets[{at}]", "must specify `addresses` or `notReadyAddresses`")
        ports = subset.get("ports", [])
        for index, port in enumerate(ports):
            if len(ports) > 1 and not port.get("name"):
                yield names.required(f"subsets[{at}].ports[{index}].name")


RULES: Mapping[str, Callable[[JsonObject], Iterator[Cause]]] = {
    "cronjobs": _cron_job,
    "endpoints": _endpoints,
    "horizontalpodautoscalers": _autoscaler,
    "ingresses": _ingress,
    "leases": _lease,
    "persistentvolumeclaims": _claim,
}
"""By the plural name."""
