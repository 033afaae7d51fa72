"""Step 6: who the Pod is for AWS, what it may do, and what S3 answered."""

from __future__ import annotations

from app.content import Content
from app.flow.model import StepReport
from app.flow.steps.documents import dig, items, strings, text
from app.ui.evidence.parts import decision, folded, join, json_document, notes, part
from app.ui.text import escape, value


def facts(report: StepReport, content: Content) -> list[tuple[str, str]]:
    """Who asked."""
    return [("Arn", text(report.evidence.get("identity"), "Arn"))]


def evidence(report: StepReport, content: Content) -> str:
    """The buckets, the identity, the policies and their evaluation."""
    found = report.evidence
    statement = ("Statement", "*")
    return join(
        [
            part(content, "buckets", _buckets(strings(found.get("buckets")), content)) if "buckets" in found else "",
            part(
                content,
                "identity",
                json_document(content, found["identity"], notes(content, (("Arn",), "assumed_role"))),
            )
            if found.get("identity")
            else "",
            part(content, "permission_decision", decision(content, found["permission_decision"]))
            if found.get("permission_decision")
            else "",
            folded(
                content,
                "policies",
                "".join(
                    f"<h4>{value(text(policy, 'name'))}</h4>"
                    + json_document(
                        content,
                        dig(policy, "document"),
                        notes(content, ((*statement, "Action"), "permitted"), ((*statement, "Resource"), "resource")),
                    )
                    for policy in items(found, "policies")
                ),
            )
            if items(found, "policies")
            else "",
        ]
    )


def _buckets(names: list[str], content: Content) -> str:
    if not names:
        return f'<p class="quiet">{escape(content.message("ui.buckets_none"))}</p>'
    return f'<ul class="buckets">{"".join(f"<li>{value(name)}</li>" for name in names)}</ul>'
