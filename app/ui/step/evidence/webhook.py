"""Step 3: the Pod before and after the webhook, line by line, which registration called it, and what it does not do."""

from __future__ import annotations

from app.content import Content
from app.flow.json_access import get, get_list
from app.flow.lessons.webhook_limits import Limit, limits
from app.flow.model import Status, StepReport, Walk
from app.ui.draw.checks import mark
from app.ui.draw.documents import Path
from app.ui.step.evidence.difference import difference
from app.ui.step.evidence.parts import collapsible, join, notes, part, yaml_document
from app.ui.text import escape, prose

_STATUS = {True: Status.PASSED, False: Status.FAILED, None: Status.UNKNOWN}
_WORDS = {True: "holds", False: "broken", None: "unknown"}


def facts(report: StepReport, content: Content) -> list[tuple[str, str]]:
    """The names of the variables that were added."""
    names = [str(get(variable, "name")) for variable in get_list(report.evidence, "environment")]
    return [(content.message("evidence.environment.title"), ", ".join(names))]


def evidence(report: StepReport, content: Content) -> str:
    """The difference, then the registration. `instruments.admission_review` has the request and the response."""
    found = report.evidence
    before, after = found.get("pod_before"), found.get("pod_after")
    webhook: Path = ("webhooks", "*")
    configuration = notes(
        content,
        ((*webhook, "clientConfig", "url"), "webhook_url"),
        ((*webhook, "rules"), "webhook_rules"),
        ((*webhook, "failurePolicy"), "failure_policy"),
        ((*webhook, "objectSelector"), "object_selector"),
    )
    hint = f'<p class="caption">{escape(content.message("webhook.hint"))}</p>'
    return join(
        [
            part(content, "pod_after", hint + difference(before, after, content)) if before and after else "",
            collapsible(content, "configuration", yaml_document(content, found["configuration"], configuration))
            if found.get("configuration")
            else "",
        ]
    )


def not_done(walk: Walk, content: Content) -> str:
    """What the webhook does not do, each line with its proof. It fills the column beside the long difference."""
    rows = "".join(_limit(limit, content) for limit in limits(walk))
    heading = escape(content.message("webhook.limits.heading"))
    return f'<section class="limits"><h2 class="heading">{heading}</h2><ul>{rows}</ul></section>'


def _limit(limit: Limit, content: Content) -> str:
    status = _STATUS[limit.holds]
    said = content.message(f"webhook.limits.{limit.id}.{_WORDS[limit.holds]}", **limit.values)
    title = prose(content.message(f"webhook.limits.{limit.id}.title"))
    return f'<li class="{status}">{mark(status, content)}<div><strong>{title}</strong><p>{prose(said)}</p></div></li>'
