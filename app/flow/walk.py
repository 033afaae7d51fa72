"""Walks the chain: the six steps in order, each handing on what the next ones need."""

from __future__ import annotations

from app.flow.model import Subject, Walk
from app.flow.ports import Ports
from app.flow.steps import access, oidc_provider, service_account, sts_assume, token_mount, webhook
from app.flow.trail import Trail

STEPS = (oidc_provider, service_account, webhook, token_mount, sts_assume, access)


def walk(ports: Ports, subject: Subject) -> Walk:
    """Examines the IRSA of one ServiceAccount and its Pod.

    A broken link does not end the walk: every check that can still be made is made, the others say why not.
    """
    trail = Trail()
    reports = []
    for step in STEPS:
        report, trail = step.inspect(ports, subject, trail)
        reports.append(report)
    return Walk(subject=subject, reports=tuple(reports))
