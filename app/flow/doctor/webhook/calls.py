"""Whether the webhook responds to the API server, as far as it can be read or was seen in the dry run.

Rules: k8s.io/apiserver, pkg/admission/plugin/webhook (with `failurePolicy: Ignore` a failed call is no error); its
service resolver calls the cluster IP, behind which the Endpoints are the Pods that are ready.
"""

from __future__ import annotations

from app.flow.doctor.evidence import check_of, evidence_of
from app.flow.errors import FlowError, NotFound
from app.flow.json_access import get_list, get_object, get_str
from app.flow.model import NOT_OBSERVABLE, Check, JsonValue, Status, Step, StepReport, Walk
from app.flow.port_wrappers.consent import NOT_ASKED
from app.flow.ports import Ports
from app.flow.steps import kubelet_status
from app.flow.steps.findings import BY_HAND, Findings
from app.flow.steps.webhook import NEXT_POD, NOT_CALLED
from app.flow.webhook import POD_IDENTITY_VOLUME, VOLUME

_REACHABLE = "webhook.reachable"
CHECKS = (_REACHABLE,)


def inspect(ports: Ports, walk: Walk, pod: JsonValue) -> StepReport:
    """Looks at the result of the dry run, and at the Service that the webhook's registration refers to. Never raises.

    `pod` is the Pod as it was read: one that runs and was edited no longer needs the webhook, and one whose manifest
    mounts the token itself never did.
    """
    findings = Findings(Step.WEBHOOK, ports, CHECKS)
    webhook, injected = called_webhook(walk), check_of(walk, "pod.injected")
    if webhook is not None:
        _judge(findings, ports, walk, webhook)
    if injected is not None and injected.status is Status.PASSED and kubelet_status.pod_runs(pod):
        findings.soften(_REACHABLE, NEXT_POD)
    if injected is not None and injected.reason == BY_HAND and not findings.passed(_REACHABLE):
        findings.unknown(_REACHABLE, BY_HAND, where=injected.where)
    return findings.report()


def _judge(findings: Findings, ports: Ports, walk: Walk, webhook: JsonValue) -> None:
    name, dry_run = get_str(webhook, "name"), check_of(walk, "webhook.dry_run")

    # (1) The webhook responded: the dry run's Pod has what it adds.
    volumes = [get_str(volume, "name") for volume in get_list(evidence_of(walk, "pod_after"), "spec", "volumes")]
    if found := sorted({VOLUME, POD_IDENTITY_VOLUME} & set(volumes)):
        findings.judge(_REACHABLE, True, got=found, expected=VOLUME, where=dry_run.where if dry_run else "")
        return

    # (2) Where the API server calls it.
    if service := get_object(webhook, "clientConfig", "service"):
        silent = dry_run is not None and dry_run.reason != NOT_ASKED
        if _has_failed(findings, ports, get_str(service, "namespace"), get_str(service, "name"), silent=silent):
            return

    # (3) What the API server reported of the call.
    if dry_run is not None and NOT_CALLED in dry_run.error and f'"{name}"' in dry_run.error:
        findings.judge(_REACHABLE, False, got=dry_run.got, expected=name, where=dry_run.where, error=dry_run.error)
    elif not findings.is_unknown(_REACHABLE):
        _undecided(findings, dry_run, get_str(webhook, "clientConfig", "url") or name)


def called_webhook(walk: Walk) -> JsonValue:
    """The entry of the registration that the walk has found; None where it has found none."""
    registered = check_of(walk, "webhook.registered")
    if registered is None or registered.status is not Status.PASSED:
        return None
    name = registered.where.rpartition(" ")[2]
    entries = get_list(evidence_of(walk, "configuration"), "webhooks")
    return next((entry for entry in entries if get_str(entry, "name") == name), None)


def _has_failed(findings: Findings, ports: Ports, namespace: str, name: str, *, silent: bool) -> bool:
    """Whether the Service does not exist, or has no address behind it.

    The Service is read only where something is wrong: without an address, or if the webhook is `silent`, because the
    Service says which Pods' log shows more.
    """
    where, said, ready = f"Endpoints {namespace}/{name}", "", False
    try:
        try:
            subsets = get_list(ports.cluster.endpoints(namespace, name), "subsets")
            ready = any(get_list(subset, "addresses") for subset in subsets)
        except NotFound as error:
            said = error.server_message
        if ready and not silent:
            return False
        service = ports.cluster.service(namespace, name)
    except NotFound as error:
        where = f"Service {namespace}/{name}"
        findings.judge(_REACHABLE, False, got=error.code, expected=where, where=where, error=error.server_message)
        return True
    except FlowError as error:
        findings.unread(_REACHABLE, error, where=where, expected=where)
        return False
    findings.show("webhook_service", service)
    if ready or get_str(service, "spec", "type") == "ExternalName":  # a name in DNS, without Endpoints
        return False
    findings.judge(_REACHABLE, False, got=[], expected="subsets[].addresses", where=where, error=said)
    return True


def _undecided(findings: Findings, dry_run: Check | None, where: str) -> None:
    """Leaves the check open for the dry run's reason. A Pod that came back unedited leaves open whether the webhook was
    reached."""
    if dry_run is not None and dry_run.status is Status.UNKNOWN:
        findings.unknown(_REACHABLE, dry_run.reason, where=where, error=dry_run.error)
    else:
        findings.unknown(_REACHABLE, NOT_OBSERVABLE, where=where)
