"""The journey line: the six steps, how each ended, and where the reader stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from app.content import Content
from app.flow.model import HOLDS, Status, Step, Walk
from app.ui.marks import MARKS, step_name
from app.ui.text import escape


def journey(
    current: Step,
    walk: Walk,
    content: Content,
    *,
    known: Mapping[Step, Status] | None = None,
    read: Collection[str] | None = None,
) -> str:
    """The line as a list; the current step says so to a screen reader too.

    `known` is what is known of steps beyond the walk, which asks with a token of its own where the Pod may not.
    `read` are the pages that the reader has read, as the navigation marks them: a step that holds is filled once it was
    read. None where the line is about the world alone.
    """
    items = []
    for step in Step:
        status = (known or {}).get(step, walk.report(step).status)
        is_new = status is Status.PASSED and read is not None and step not in read
        place = "now" if step is current else ("done" if status in HOLDS and not is_new else "ahead")
        sign = "" if is_new else MARKS[status]
        word = content.message("ui.not_read" if is_new else f"statuses.{status}")
        items.append(
            f'<li class="{place} {status}"{" aria-current=step" if step is current else ""}>'
            f'<span class="dot" aria-hidden="true">{sign}</span><span class="name">'
            f'{escape(step_name(step, content))}</span><span class="unseen">{escape(word)}</span></li>'
        )
    label = escape(content.message("ui.journey"))
    return f'<ol class="journey" aria-label="{label}">{"".join(items)}</ol>'
