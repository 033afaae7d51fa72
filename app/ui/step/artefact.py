"""The object that a step is about, as it was in this walk: the only evidence that a reader of the story sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.content import Content
from app.flow.annotations import ROLE_ARN
from app.flow.json_access import get, get_list, get_object, get_str, strings
from app.flow.model import JsonValue, Step, StepReport
from app.flow.names import annotated_role_arn
from app.ui.draw.documents import Notes, document, json_lines, yaml_lines
from app.ui.marks import CLAIMS
from app.ui.step.evidence import access, sts_assume
from app.ui.step.evidence.parts import notes
from app.ui.text import escape, prose


def artefact(report: StepReport, content: Content) -> str:
    """The step's object under its heading, as HTML; empty where the walk did not get to it."""
    body = _DRAWN[report.step](report.evidence, report, content)
    if not body:
        return ""
    heading, caption = (content.message(f"artefacts.{report.step}.{key}") for key in ("title", "caption"))
    return (
        f'<section class="artefact"><h2 class="heading">{escape(heading)}</h2>'
        f'<p class="caption">{prose(caption)}</p>{body}</section>'
    )


def _provider(found: Mapping[str, JsonValue], _: StepReport, content: Content) -> str:
    record = get_object(found.get("provider"))
    kept = {key: record[key] for key in ("Url", "ClientIDList", "ThumbprintList") if key in record}
    lit = notes(content, (("Url",), "provider_url"), (("ClientIDList",), "client_ids"))
    return document(content, json_lines(kept), lit) if kept else ""


def _annotation_and_policy(found: Mapping[str, JsonValue], _: StepReport, content: Content) -> str:
    account, policy = found.get("service_account"), found.get("trust_policy")
    role_arn = annotated_role_arn(account)
    name = {"metadata": {"name": get_str(account, "metadata", "name"), "annotations": {ROLE_ARN: role_arn}}}
    statement = ("Statement", "*")
    lit: Notes = notes(content, ((*statement, "Principal"), "principal"), ((*statement, "Condition"), "condition"))
    annotated: Notes = notes(content, (("metadata", "annotations", ROLE_ARN), "annotation"))
    return (_titled("ServiceAccount", document(content, yaml_lines(name), annotated)) if role_arn else "") + (
        _titled(content.message("evidence.trust_policy.title"), document(content, json_lines(policy), lit))
        if policy
        else ""
    )


def _titled(name: str, drawn: str) -> str:
    return f"<h3>{escape(name)}</h3>{drawn}"


def _variables(found: Mapping[str, JsonValue], _: StepReport, content: Content) -> str:
    """The variables in the order in which the webhook adds them, which the lesson describes; `yaml_lines` would sort
    them."""
    lines = [
        line
        for one in get_list(found, "environment")
        for line in yaml_lines({get_str(one, "name"): get_str(one, "value")})
    ]
    return document(content, lines, {}) if lines else ""


def claims_document(token: JsonValue, content: Content) -> str:
    """A token's claims, the three that STS compares lit, the others folded; empty where there is no token."""
    claims = get_object(get(token, "claims"))
    lit: Notes = {(name,): content.message(f"artefacts.claims.{name}") for name in CLAIMS if name in claims}
    return document(content, json_lines(claims), lit) if lit else ""


def _claims(found: Mapping[str, JsonValue], _: StepReport, content: Content) -> str:
    return claims_document(found.get("token"), content)


def _request(_: Mapping[str, JsonValue], report: StepReport, content: Content) -> str:
    return sts_assume.request(report, content)


def _buckets(found: Mapping[str, JsonValue], _: StepReport, content: Content) -> str:
    return access.buckets(strings(found.get("buckets")), content) if "buckets" in found else ""


_DRAWN: dict[Step, Callable[[Mapping[str, JsonValue], StepReport, Content], str]] = {
    Step.OIDC_PROVIDER: _provider,
    Step.SERVICE_ACCOUNT: _annotation_and_policy,
    Step.WEBHOOK: _variables,
    Step.TOKEN_MOUNT: _claims,
    Step.STS_ASSUME: _request,
    Step.ACCESS: _buckets,
}
