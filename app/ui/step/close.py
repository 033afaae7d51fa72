"""The close of the story, after its last step: what this world's walk has shown."""

from __future__ import annotations

from app.content import Content
from app.flow.json_access import get_list, get_str
from app.flow.model import Status, Step, Walk
from app.ui.draw import components
from app.ui.text import escape, prose

_HOLDS = (Status.PASSED, Status.WARNING)


def close(walk: Walk, content: Content) -> None:
    """Draws it. Where a step did not hold, it says only that, and of which step."""
    broken = next((report.step for report in walk if report.status not in _HOLDS), None)
    if broken:
        words = content.message("close.open", step=content.message(f"steps.{broken}.short"))
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
