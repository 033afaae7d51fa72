"""Step 3: the Pod before and after the webhook, line by line, and by which registration it was called."""

from __future__ import annotations

from app.content import Content
from app.flow.json_access import get, get_list
from app.flow.model import StepReport
from app.ui.draw.documents import Path
from app.ui.step.evidence.difference import difference
from app.ui.step.evidence.parts import collapsible, join, notes, part, yaml_document
from app.ui.text import escape


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
