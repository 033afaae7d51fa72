"""The fix for a Pod that the API server does not create: another webhook fails, or something refuses the Pod."""

from __future__ import annotations

import json
import re

from app.flow.doctor.fix import Fix, line, patched
from app.flow.doctor.names import Names
from app.flow.json_access import get_list
from app.flow.steps.injection import EPHEMERAL
from app.flow.steps.webhook import NOT_CALLED

REGISTRATIONS = "mutatingwebhookconfigurations"
_DRY_RUN = "irsa-explorer-dry-run"
_FAILING = re.compile(
    rf'(?>.*?{NOT_CALLED} ")(?P<name>[^"]+)"(?:.*?"https://[a-z0-9-]+\.(?P<namespace>[a-z0-9-]+)\.svc\b)?', re.DOTALL
)
"""The webhook that the API server could not call, and the namespace of its Service (k8s.io/apiserver,
pkg/admission/plugin/webhook/errors, and the service resolver of pkg/util/webhook)."""
_ALL = f"{REGISTRATIONS},validatingwebhookconfigurations"
_LISTED = "custom-columns=KIND:.kind,NAME:.metadata.name,WEBHOOKS:.webhooks[*].name"


def refused_pod(names: Names) -> Fix:
    """The API server or another webhook refuses the Pod, and not the Pod Identity Webhook; or another webhook that may
    not fail does not answer."""
    failing = _FAILING.match(names.check.error)
    if failing is None:
        return Fix(id="refused_pod", commands=(dry_run_of(names, "yaml"),))
    look = f"{line('kubectl', 'get', _ALL, '-o', _LISTED)} | {line('grep', '-F', failing['name'])}"
    behind = [("-n", failing["namespace"], "get", "endpoints,pods")] if failing["namespace"] else []
    return Fix(id="other_webhook_fails", commands=(look, *(line("kubectl", *words) for words in behind)))


def dry_run_of(names: Names, shown: str) -> str:
    """A server-side dry run of this Pod under another name, or of one that runs under the ServiceAccount."""
    create = names.kubectl("create", "--dry-run=server", "-f", "-", "-o", shown)
    if not names.again:
        spec = {"apiVersion": "v1", "spec": {"serviceAccountName": names.service_account}}
        asked = ("--image=amazon/aws-cli:latest", "--restart=Never", f"--overrides={json.dumps(spec)}")
        return names.kubectl("run", _DRY_RUN, *asked, "--dry-run=server", "-o", shown)
    debugged = {EPHEMERAL: None} if get_list(names.documents.get("pod"), "spec", EPHEMERAL) else {}
    placed = {"nodeName": None, **debugged}  # no new Pod may have containers of `kubectl debug`
    nameless = {"metadata": {"name": _DRY_RUN, "resourceVersion": None, "uid": None}, "spec": placed}
    filters = (
        names.kubectl("get", "pod", names.pod, "-o", "yaml"),
        patched(nameless),
    )
    return " | ".join((*filters, create))
