"""Step 2: the ServiceAccount's annotation on one side, the role's trust policy on the other."""

from __future__ import annotations

from app.content import Content
from app.flow.annotations import ROLE_ARN
from app.flow.model import StepReport
from app.flow.steps.documents import text
from app.ui.evidence.parts import (
    Pair,
    decision,
    folded,
    join,
    json_document,
    notes,
    pairs,
    part,
    scheme,
    yaml_document,
)


def facts(report: StepReport, content: Content) -> list[tuple[str, str]]:
    """The role that the ServiceAccount may assume."""
    return [(content.message("ui.role"), text(report.evidence.get("role"), "Arn"))]


def evidence(report: StepReport, content: Content) -> str:
    """Both sides, and the trust policy evaluated statement by statement."""
    found = report.evidence
    account, policy, decided = (found.get(name) for name in ("service_account", "trust_policy", "trust_decision"))
    annotation = ("metadata", "annotations", ROLE_ARN)
    statement = ("Statement", "*")
    provider, subject, audience = (report.check(f"trust.{name}") for name in ("provider", "subject", "audience"))
    rows = [
        Pair(
            left="iss",
            left_value=_issuer(provider.expected),
            right="Principal.Federated",
            right_value=provider.got,
            status=provider.status,
        ),
        Pair(
            left="aud",
            left_value=audience.expected,
            right="Condition …:aud",
            right_value=audience.got,
            status=audience.status,
        ),
        Pair(
            left="sub",
            left_value=subject.expected,
            right="Condition …:sub",
            right_value=subject.got,
            status=subject.status,
        ),
    ]
    return join(
        [
            part(
                content,
                "service_account",
                yaml_document(content, account, notes(content, (annotation, "annotation"))),
            )
            if account
            else "",
            part(
                content,
                "trust_policy",
                json_document(
                    content,
                    policy,
                    notes(
                        content,
                        ((*statement, "Principal"), "principal"),
                        ((*statement, "Action"), "action"),
                        ((*statement, "Condition"), "condition"),
                    ),
                ),
            )
            if policy
            else "",
            pairs(content, content.message("screens.will_say"), content.message("ui.policy_side"), rows)
            + scheme(content, rows)
            if decided
            else "",
            folded(content, "trust_decision", decision(content, decided)) if decided else "",
            folded(content, "role", json_document(content, found["role"])) if found.get("role") else "",
        ]
    )


def _issuer(provider_arn: str) -> str:
    """The issuer whose tokens the provider of that ARN stands for: the ARN ends in its URL without the scheme."""
    _, _, address = provider_arn.partition(":oidc-provider/")
    return f"https://{address}" if address else ""
