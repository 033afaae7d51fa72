"""The journey line: the six steps, how each ended, and where the reader stands."""

from __future__ import annotations

from collections.abc import Mapping

from app.content import Content
from app.flow.model import HOLDS, Status, Step, Walk
from app.ui.marks import MARKS, step_name
from app.ui.text import escape


def journey(current: Step, walk: Walk, content: Content, *, known: Mapping[Step, Status] | None = None) -> str:
    """The line as a list; the current step says so to a screen reader too.

    `known` is what is known of steps beyond the walk, which asks with a token of its own where the Pod may not.
    """
    items = []
    for step in Step:
        status = (known or {}).get(step, walk.report(step).status)
        place = "now" if step is current else ("done" if status in HOLDS else "ahead")
        sign = "" if status is Status.PASSED else MARKS[status]
        items.append(
            f'<li class="{place} {status}"{" aria-current=step" if step is current else ""}>'
            f'<span class="dot" aria-hidden="true">{sign}</span><span class="name">'
            f"{escape(step_name(step, content))}</span>"
            f'<span class="unseen">{escape(content.message(f"statuses.{status}"))}</span></li>'
        )
    label = escape(content.message("ui.journey"))
    return f'<ol class="journey" aria-label="{label}">{"".join(items)}</ol>'
