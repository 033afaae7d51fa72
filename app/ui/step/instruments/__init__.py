"""The instruments with which a reader can try out a step: one module for each, drawn below the checks."""

from __future__ import annotations

from collections.abc import Callable

from app.content import Content
from app.flow.model import Step
from app.ui.state.walk_view import WalkView
from app.ui.step.instruments.admission_review import admission_review
from app.ui.step.instruments.matcher import before_the_token, with_the_token
from app.ui.step.instruments.token_anatomy import token_anatomy

INSTRUMENTS: dict[Step, Callable[[WalkView, Content], None]] = {
    Step.SERVICE_ACCOUNT: before_the_token,
    Step.WEBHOOK: admission_review,
    Step.TOKEN_MOUNT: token_anatomy,
    Step.STS_ASSUME: with_the_token,
}
