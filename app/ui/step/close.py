"""The close of the story, after its last step: what this world's walk has shown."""

from __future__ import annotations

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.json_access import get_list, get_str
from app.flow.model import HOLDS, Step
from app.flow.verdict.judge import Outcome
from app.ui.draw import components
from app.ui.text import escape, prose


def close(diagnosis: Diagnosis, content: Content) -> None:
    """Draws it. Where the chain is broken, it says only that, and at which step; where a check is open, that."""
    walk, verdict = diagnosis.walk, diagnosis.verdict
    if verdict.outcome is Outcome.BROKEN and verdict.step:
        words = content.message("close.open", step=content.message(f"steps.{verdict.step}.short"))
    elif not walk.subject.pod or any(report.status not in HOLDS for report in walk):
        words = content.message("close.unknown")
    else:
        found = walk.report(Step.ACCESS).evidence
        values = {
            "service_account": f"{walk.subject.namespace}/{walk.subject.service_account}",
            "arn": get_str(found.get("identity"), "Arn"),
            "count": len(get_list(found, "buckets")),
        }
        words = content.message("close.shown", **values)
    heading = f"<h2>{escape(content.message('close.heading'))}</h2>"
    components.block(f'<section class="prose">{heading}<p>{prose(words)}</p></section>', key="close")
