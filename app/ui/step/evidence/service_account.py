"""Step 2: the ServiceAccount's annotation on one side, the role's trust policy on the other."""

from __future__ import annotations

from app.content import Content
from app.flow.annotations import ROLE_ARN
from app.flow.json_access import get_str
from app.flow.model import StepReport
from app.ui.step.evidence.parts import collapsible, decision, join, json_document, notes, part, yaml_document


def facts(report: StepReport, content: Content) -> list[tuple[str, str]]:
    """The role that the ServiceAccount may assume."""
    return [(content.message("ui.role"), get_str(report.evidence.get("role"), "Arn"))]


def evidence(report: StepReport, content: Content) -> str:
    """Both documents, and the trust policy evaluated statement by statement.

    Where it could be evaluated, the matcher below shows the policy: here it is folded.
    """
    found = report.evidence
    account, policy, decided = (found.get(name) for name in ("service_account", "trust_policy", "trust_decision"))
    annotation = ("metadata", "annotations", ROLE_ARN)
    statement = ("Statement", "*")
    read = notes(
        content,
        ((*statement, "Principal"), "principal"),
        ((*statement, "Action"), "action"),
        ((*statement, "Condition"), "condition"),
    )
    drawn = json_document(content, policy, read)
    return join(
        [
            part(
                content, "service_account", yaml_document(content, account, notes(content, (annotation, "annotation")))
            )
            if account
            else "",
            (collapsible if decided else part)(content, "trust_policy", drawn) if policy else "",
            collapsible(content, "trust_decision", decision(content, decided)) if decided else "",
            collapsible(content, "role", json_document(content, found["role"])) if found.get("role") else "",
        ]
    )
