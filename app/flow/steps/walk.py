"""Walks the chain: the six steps in order, each passing on what the next ones need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.flow.model import StepReport, Subject, Walk
from app.flow.permissions.asked import AskedAction
from app.flow.ports import Ports
from app.flow.steps import access, oidc_provider, service_account, sts_assume, token_mount, webhook
from app.flow.steps.step_context import StepContext

STEPS = (oidc_provider, service_account, webhook, token_mount, sts_assume, access)


def walk(ports: Ports, subject: Subject) -> Walk:
    """Examines the IRSA of one ServiceAccount and its Pod.

    A broken link does not end the walk: every check that can still be made is made, and the others say why not.
    """
    return Walk(subject=subject, reports=tuple(walk_through(ports, subject)))


def walk_through(ports: Ports, subject: Subject, asked: Sequence[AskedAction] = ()) -> Iterator[StepReport]:
    """The reports of a walk, one at a time, each as soon as its step is done.

    `asked` is what the Pod needs, where the caller knows; else its own command line says it.
    """
    ports.ahead(subject)
    step_context = StepContext(asked=tuple(asked))
    for step in STEPS:
        report, step_context = step.inspect(ports, subject, step_context)
        yield report
