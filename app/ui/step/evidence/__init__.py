"""The evidence of a step as HTML, one module for each step: `facts` for the outcome, `evidence` beside the checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from app.content import Content
from app.flow.model import Step, StepReport, Walk
from app.ui.step.evidence import access, agreement, oidc_provider, service_account, sts_assume, token_mount, webhook


class View(Protocol):
    """How one step is drawn. Both methods use whatever evidence there is: a step that broke early has little."""

    def facts(self, report: StepReport, content: Content) -> list[tuple[str, str]]:
        """The two or three values that prove the outcome, with their names."""
        ...

    def evidence(self, report: StepReport, content: Content) -> str:
        """The evidence as HTML."""
        ...


VIEWS: dict[Step, View] = {
    Step.OIDC_PROVIDER: oidc_provider,
    Step.SERVICE_ACCOUNT: service_account,
    Step.WEBHOOK: webhook,
    Step.TOKEN_MOUNT: token_mount,
    Step.STS_ASSUME: sts_assume,
    Step.ACCESS: access,
}

BELOW_OUTCOME: dict[Step, Callable[[StepReport, Content], str]] = {Step.STS_ASSUME: agreement.disagreement}
"""By step: the notice that a reader sees at every depth; empty where there is nothing to notice."""

BELOW_CHECKS: dict[Step, Callable[[Walk, Content], str]] = {
    Step.OIDC_PROVIDER: oidc_provider.addresses,
    Step.WEBHOOK: webhook.not_done,
    Step.STS_ASSUME: sts_assume.below_checks,
    Step.ACCESS: access.identity,
}
"""By step: what stands below its checks, in the same column; empty where there is nothing."""
