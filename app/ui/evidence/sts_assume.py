"""Step 5: the token's claims against the role's trust policy; what was sent to STS and what it answered."""

from __future__ import annotations

from app.content import Content
from app.flow.model import JsonValue, Status, StepReport
from app.flow.steps.documents import dig, items, shown, text
from app.ui.evidence.parts import Pair, folded, join, json_document, notes, pairs, part, scheme
from app.ui.text import escape


def facts(report: StepReport, content: Content) -> list[tuple[str, str]]:
    """Whom STS made of the Pod, and until when."""
    answer = report.evidence.get("answer")
    return [
        ("AssumedRoleUser.Arn", text(answer, "AssumedRoleUser", "Arn")),
        ("Expiration", text(answer, "Credentials", "Expiration")),
    ]


def evidence(report: StepReport, content: Content) -> str:
    """The matches, then request and answer."""
    found = report.evidence
    claims = [_pair(row) for row in items(found, "claims")]
    request = notes(content, (("RoleArn",), "role_arn_parameter"), (("WebIdentityToken",), "token_parameter"))
    answer = notes(
        content,
        (("Credentials", "AccessKeyId"), "access_key"),
        (("Credentials", "Expiration"), "expiration"),
        (("AssumedRoleUser", "Arn"), "assumed_role"),
    )
    return join(
        [
            part(content, "claims", _questions(claims, content)) if claims else "",
            folded(content, "request", json_document(content, found["request"], request))
            if found.get("request")
            else "",
            folded(content, "answer", json_document(content, found["answer"], answer)) if found.get("answer") else "",
        ]
    )


def _questions(rows: list[Pair], content: Content) -> str:
    """The two questions that STS asks of two documents: of the provider first, then of the role's trust policy."""
    of_provider = [row for row in rows if row.right.startswith("Provider.")]
    of_policy = [row for row in rows if row not in of_provider]
    drawn = [
        f"<h4>{escape(content.message(f'screens.{question}'))}</h4>"
        + pairs(content, content.message("ui.token_side"), content.message(side), asked)
        for question, side, asked in (
            ("issuer_known", "evidence.provider.title", of_provider),
            ("account_allowed", "ui.policy_side", of_policy),
        )
        if asked
    ]
    return "".join(drawn) + scheme(content, rows)


def _pair(row: JsonValue) -> Pair:
    return Pair(
        left=text(row, "claim"),
        left_value=text(row, "value"),
        right=_field(text(row, "field")),
        right_value=shown(dig(row, "wanted") or ""),
        status=Status.PASSED if dig(row, "matched") is True else Status.FAILED,
    )


def _field(name: str) -> str:
    """`Condition.StringEquals.oidc.eks…:sub` without the issuer that every key repeats."""
    if not name.startswith("Condition."):
        return name
    _, operator, key = name.split(".", 2)
    return f"{operator} …:{key.rpartition(':')[2]}"
