"""The signs that stand for a status and for a step, wherever they are drawn."""

from __future__ import annotations

from app.flow.model import Status, Step

MARKS = {
    Status.PASSED: "✓",
    Status.WARNING: "!",
    Status.FAILED: "✕",
    Status.UNKNOWN: "?",
    Status.NOT_REACHED: "–",
}
NUMBERS = dict(zip(Step, "①②③④⑤⑥", strict=True))
