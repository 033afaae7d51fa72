"""STS's response to a token as HTML: the outcome with STS's error message, then each point with what was found and
expected."""

from __future__ import annotations

from app.content import Content
from app.flow.model import Status
from app.flow.verdict.sts_forecast import Forecast, Point
from app.ui.draw.checks import mark, said
from app.ui.inspect_token.of_token import got_expected
from app.ui.step.instruments import claims_table
from app.ui.text import escape, prose

_OUTCOMES = {
    "refused": Status.FAILED,
    "depends": Status.UNKNOWN,
    "incomplete": Status.UNKNOWN,
    "built_in": Status.UNKNOWN,
    "open": Status.UNKNOWN,
    "accepted": Status.PASSED,
}


def nothing_yet(content: Content) -> str:
    """Says that there is no token to judge."""
    return f'<p class="quiet">{prose(content.message("inspect_token.sts.no_token"))}</p>'


def drawn(found: Forecast, subject: str, content: Content) -> str:
    """The outcome, the points in STS's order, and the token beside the two records where both were entered."""
    points = "".join(_point(point, content) for point in found.points)
    beside = ""
    if found.comparison is not None:
        title = escape(content.message("inspect_token.sts.beside"))
        others = claims_table.who(found.comparison, subject, content)
        rows = claims_table.rows(found.comparison, content)
        beside = f'<div class="matcher"><h3>{title}</h3>{rows}<div class="who">{others}</div></div>'
    order = f'<p class="caption">{prose(content.message("inspect_token.sts.order"))}</p>'
    return f'<div class="inspected">{_outcome(found, content)}<ol class="points">{points}</ol>{order}{beside}</div>'


def _outcome(found: Forecast, content: Content) -> str:
    status, refusal = _OUTCOMES[found.outcome], found.refusal
    code = f"`{refusal.code}`" if refusal else ""
    words = prose(content.message(f"inspect_token.sts.outcomes.{found.outcome}", code=code))
    quoted = "".join(said(message, content) for message in refusal.messages) if refusal else ""
    either = (
        f"<p>{prose(content.message('inspect_token.sts.either'))}</p>" if refusal and len(refusal.messages) > 1 else ""
    )
    return (
        f'<div class="outcome {status}" role="status" data-outcome="{found.outcome}">{mark(status, content)}'
        f"<div><p>{words}</p>{quoted}{either}{_note(refusal, content)}</div></div>"
    )


def _note(point: Point | None, content: Content) -> str:
    """What is not confirmed of a point."""
    if point is None or not point.note:
        return ""
    return f'<p class="quiet">{prose(content.message(f"inspect_token.notes.{point.note}"))}</p>'


def _point(point: Point, content: Content) -> str:
    title = prose(content.message(f"inspect_token.points.{point.id}"))
    word = escape(content.message("inspect_token.not_confirmed")) if point.status is Status.UNKNOWN else ""
    if point.id == "trust" and point.got:
        reason = point.got.replace("-", "_")
        found = f"<p>{prose(content.message(f'ui.decision_{reason}'))}</p>"
    else:
        found = got_expected(point.got, point.expected, content)
    inside = f"{found}{_note(point, content)}"
    if point.status is Status.PASSED:
        inside = f"<details><summary>{title}</summary>{inside}</details>"
    else:
        inside = f'<b>{title}</b> <span class="quiet">{word}</span>{inside}'
    return f'<li class="{point.status}" data-point="{point.id}">{mark(point.status, content)}<div>{inside}</div></li>'
