"""Mending by hand."""

from __future__ import annotations

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.model import Status
from app.flow.verdict import Outcome
from app.ui.lab.trial import Trial


def is_mended(it: Trial, found: Diagnosis) -> bool:
    """Whether the reader's own changes made it whole: of what breaks nothing, whether nothing is left to warn of."""
    judged = found.verdict
    return (
        bool(it.edits) and judged.outcome is Outcome.WORKS and (not it.fault.harmless or judged.status is Status.PASSED)
    )


def editor(it: Trial, content: Content) -> None:
    """Draws it."""
