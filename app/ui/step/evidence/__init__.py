"""What a step found, drawn: one module a step, each with `facts` for the outcome and `evidence` beside the checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from app.content import Content
from app.flow.model import Step, StepReport
from app.ui.step.evidence import access, agreement, oidc_provider, service_account, sts_assume, token_mount, webhook


class View(Protocol):
    """How one step is drawn. Both take whatever evidence there is: a step that broke early has little."""

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
"""What a reader must not miss, whatever the depth; empty where there is nothing."""

BELOW_CHECKS: dict[Step, Callable[[StepReport, Content], str]] = {
    Step.STS_ASSUME: sts_assume.below_checks,
    Step.ACCESS: access.identity,
}
"""What stands below a step's checks, in the same column, where there is room and something to say."""
