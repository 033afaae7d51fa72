"""Step 1: the cluster's issuer publishes its keys, and IAM holds a provider that trusts that issuer.

Rules: OpenID Connect Discovery 1.0 §4 (the document's `issuer` equals the URL it was fetched from);
IAM's CreateOpenIDConnectProvider (`Url`, `ClientIDList`, `ThumbprintList`).
"""

from __future__ import annotations

from dataclasses import replace

from app.flow.annotations import AUDIENCE
from app.flow.errors import FlowError
from app.flow.json_access import get, get_list, get_object, get_str, strings
from app.flow.model import JsonValue, Status, Step, StepReport, Subject
from app.flow.names import (
    DEFAULT_AUDIENCE,
    annotated_audience,
    annotated_role_arn,
    host_and_path,
    is_public,
    provider_in,
    provider_url,
    role_of,
)
from app.flow.partitions import partition_of, region_of
from app.flow.port_wrappers.known_issuer import SOURCE
from app.flow.ports import Ports
from app.flow.steps.findings import NO_PERMISSION, NO_POD, NO_VOLUME, Findings, unanswered, unseen
from app.flow.steps.injection import own_token, token_source
from app.flow.steps.missing_provider import LIST, judge_missing
from app.flow.steps.step_context import StepContext
from app.flow.steps.trust_policy import trusted_issuers

CHECKS = (
    "issuer.discovery",
    "issuer.jwks",
    "issuer.cluster_keys",
    "provider.exists",
    "provider.audience",
    "provider.thumbprint",
)
USUAL_AUDIENCE = "usual_audience"
"""The evidence of the audience that the webhook asks for by its own setting, where that is not the one of EKS."""
NO_KID = "no_kid"
"""The reason where the keys can be read, but cannot be found by the `kid` of a token."""
_PUBLIC = "https://PUBLIC_HOST"


def inspect(ports: Ports, subject: Subject, step_context: StepContext) -> tuple[StepReport, StepContext]:
    """Reads the issuer's documents, the cluster's and IAM's provider, and compares them. Never raises."""
    findings = Findings(Step.OIDC_PROVIDER, ports, CHECKS)
    step_context, jwks_uri = _issuer(findings, ports, subject, step_context)
    if step_context.issuer:
        step_context = _provider(findings, ports, subject, step_context)
    if jwks_uri and step_context.provider is not None:
        _thumbprint(findings, ports, step_context, jwks_uri)
    return findings.report(), step_context


def _issuer(findings: Findings, ports: Ports, subject: Subject, step_context: StepContext) -> tuple[StepContext, str]:
    """The two discovery documents and the two key sets."""
    # (1) The cluster says which issuer it writes into its tokens.
    where = "GET /.well-known/openid-configuration"
    try:
        cluster_discovery = ports.cluster.discovery()
    except FlowError as error:
        findings.refused("issuer.discovery", error, where=where)
        assumed = _trusted_issuer(ports, subject) if unseen(error) == NO_PERMISSION else ""
        if assumed:
            findings.show("assumed_issuer", assumed)
        return replace(step_context, issuer=assumed, issuer_assumed=bool(assumed)), ""
    findings.show("cluster_discovery", cluster_discovery)
    where = get_str(cluster_discovery, SOURCE) or where
    issuer = get_str(cluster_discovery, "issuer")
    if not issuer:
        findings.judge("issuer.discovery", False, got=cluster_discovery, expected="issuer", where=where)
        return step_context, ""
    # STS cannot read it then, and neither a provider nor a trust policy helps, so their checks are not made.
    if not (is_public(issuer) or ports.reads_private_issuers):
        findings.judge("issuer.discovery", False, got=issuer, expected=_PUBLIC, where=where)
        return step_context, ""
    step_context = replace(step_context, issuer=issuer)

    # (2) The public document has exactly the same issuer.
    where = f"{issuer}/.well-known/openid-configuration"
    try:
        discovery = ports.issuer.discovery(issuer)
    except FlowError as error:
        _not_published(findings, "issuer.discovery", error, where)
        return step_context, ""
    findings.show("discovery", discovery)
    named, jwks_uri = get_str(discovery, "issuer"), get_str(discovery, "jwks_uri")
    findings.judge(
        "issuer.discovery", named == issuer and bool(jwks_uri), got=named or discovery, expected=issuer, where=where
    )
    if not jwks_uri:
        return step_context, ""

    # (3) It publishes keys.
    try:
        jwks = ports.issuer.jwks(jwks_uri)
    except FlowError as error:
        _not_published(findings, "issuer.jwks", error, jwks_uri)
        return step_context, jwks_uri
    findings.show("jwks", jwks)
    published = _keys(jwks)
    step_context = replace(step_context, jwks=jwks)
    if not findings.judge("issuer.jwks", bool(published), got=list(published) or jwks, expected="keys", where=jwks_uri):
        if any(get_str(key, "kty") for key in get_list(jwks, "keys")):
            findings.explain("issuer.jwks", Status.FAILED, NO_KID)
        return step_context, jwks_uri

    # (4) Among them are the keys that the API server lists: a mere warning, since STS never asks the API server, and it
    # is not documented whether on EKS both lists are the same.
    try:
        cluster_keys = _keys(ports.cluster.jwks())
    except FlowError as error:
        findings.refused("issuer.cluster_keys", error, where="GET /openid/v1/jwks")
    else:
        known = bool(cluster_keys) and all(published.get(kid) == key for kid, key in cluster_keys.items())
        findings.judge(
            "issuer.cluster_keys",
            known,
            got=list(published),
            expected=list(cluster_keys),
            where="GET /openid/v1/jwks",
            otherwise=Status.WARNING,
        )
    return step_context, jwks_uri


def _provider(findings: Findings, ports: Ports, subject: Subject, step_context: StepContext) -> StepContext:
    """The provider by which IAM trusts that issuer."""
    # The audience that is asked for, where the webhook is not that of EKS. Later steps need it, provider or not.
    on_eks, asked = bool(region_of(step_context.issuer)), DEFAULT_AUDIENCE
    if not on_eks:
        step_context, asked = _asked_audience(ports, subject, step_context)
        findings.show(USUAL_AUDIENCE, step_context.usual_audience)

    # (5) One of the account's providers has exactly this URL.
    wanted = host_and_path(step_context.issuer)
    expected = provider_in("ACCOUNT_ID", step_context.issuer, partition=partition_of(step_context.issuer))
    where = LIST
    try:
        arns = strings(list(ports.aws.oidc_providers()))
        step_context = replace(step_context, provider_arns=tuple(arns))
        arn = next((arn for arn in arns if provider_url(arn) == wanted), "")
        if not arn:
            return judge_missing(findings, ports, subject, step_context, expected)
        where = "iam:GetOpenIDConnectProvider"
        provider = ports.aws.oidc_provider(arn)
    except FlowError as error:
        findings.refused("provider.exists", error, expected=expected, where=where)
        return step_context
    findings.show("provider", provider)
    url = get_str(provider, "Url").removeprefix("https://")
    if not findings.judge("provider.exists", url == wanted, got=arn, expected=expected, where=where):
        return step_context

    # (6) It accepts tokens for the audience that the webhook asks for.
    accepted = strings(get(provider, "ClientIDList"))
    step_context = replace(step_context, provider_arn=arn, provider=provider)
    if on_eks and DEFAULT_AUDIENCE not in accepted:
        step_context, asked = _asked_audience(ports, subject, step_context)
        findings.show(USUAL_AUDIENCE, step_context.usual_audience)
    elif step_context.audience_unseen and len(accepted) == 1:  # the likely one
        step_context = replace(step_context, usual_audience=accepted[0])
        findings.show(USUAL_AUDIENCE, step_context.usual_audience)
    # What the manifest's own token asks for is judged by the token's own check, where the provider has the usual one.
    audience = DEFAULT_AUDIENCE if step_context.own_token and DEFAULT_AUDIENCE in accepted else asked
    findings.judge_as_seen(
        "provider.audience",
        audience in accepted,
        unseen=step_context.audience_unseen,
        got=accepted,
        expected=audience,
        where=f"{arn} ClientIDList",
    )
    return step_context


def _thumbprint(findings: Findings, ports: Ports, step_context: StepContext, jwks_uri: str) -> None:
    # (7) The thumbprint: a mere warning, since AWS asks it only of issuers with a CA that it does not know.
    registered = strings(get(step_context.provider, "ThumbprintList"))
    where = f"{step_context.provider_arn} ThumbprintList"
    try:
        served = ports.issuer.thumbprint(jwks_uri)
    except FlowError as error:
        reason = unanswered(error) or "unreachable"
        findings.unknown("provider.thumbprint", reason, where=where, error=error.server_message)
        return
    findings.show("thumbprint", {"served": served, "registered": registered})
    matches = served.lower() in (thumbprint.lower() for thumbprint in registered)
    findings.judge(
        "provider.thumbprint", matches, got=registered, expected=served, where=where, otherwise=Status.WARNING
    )


def _trusted_issuer(ports: Ports, subject: Subject) -> str:
    """The issuer that the role's trust policy names, where it names one alone; empty where it cannot be read.

    Whether it is this cluster's stays open, so no check of a provider's name follows from it.
    """
    try:
        service_account = ports.cluster.service_account(subject.namespace, subject.service_account)
        parts = role_of(annotated_role_arn(service_account))
        policy = get(ports.aws.role(parts[2]), "AssumeRolePolicyDocument") if parts else None
    except FlowError:
        return ""
    found = trusted_issuers(policy)
    return found[0] if len(found) == 1 else ""


def _not_published(findings: Findings, check_id: str, error: FlowError, where: str) -> None:
    """STS reads these documents without a login, so a 403 fails like a 404; only where no response came is the check
    open."""
    if reason := unanswered(error):
        findings.unknown(check_id, reason, where=where, error=error.server_message)
    else:
        findings.judge(check_id, False, got=error.code, expected="200", where=where, error=error.server_message)


def _asked_audience(ports: Ports, subject: Subject, step_context: StepContext) -> tuple[StepContext, str]:
    """The audience that is asked for, and what shows it.

    On EKS the webhook's own setting is known. Elsewhere (`--token-audience`, which kOps sets to `amazonaws.com`) it
    shows in the volume of a Pod that the webhook has edited. A manifest that mounts the token itself decides for its
    Pods, as kOps's add-ons do.
    """
    on_eks = bool(region_of(step_context.issuer))
    try:
        service_account = ports.cluster.service_account(subject.namespace, subject.service_account)
    except FlowError as error:
        return replace(step_context, audience_unseen=unseen(error) or ("" if on_eks else NO_VOLUME)), DEFAULT_AUDIENCE
    pod, pod_unseen = None, NO_POD
    try:
        if subject.pod:
            pod, pod_unseen = ports.cluster.pod(subject.namespace, subject.pod), ""
    except FlowError as error:
        pod_unseen = unseen(error) or NO_POD
    own, annotated = own_token(pod), annotated_role_arn(service_account)
    if own and annotated in ("", own.role_arn):
        return replace(step_context, own_token=own), own.audience
    if on_eks or AUDIENCE in get_object(service_account, "metadata", "annotations"):
        return step_context, annotated_audience(service_account)
    source = token_source(pod)
    if source is None:
        return replace(step_context, audience_unseen=pod_unseen or NO_VOLUME), DEFAULT_AUDIENCE
    usual = get_str(source, "audience") or DEFAULT_AUDIENCE
    return replace(step_context, usual_audience=usual), usual


def _keys(jwks: JsonValue) -> dict[str, tuple[str, str, str, str]]:
    """The key material by `kid`, for RSA and for elliptic curves."""
    return {
        get_str(key, "kid"): (get_str(key, "n"), get_str(key, "e"), get_str(key, "x"), get_str(key, "y"))
        for key in get_list(jwks, "keys")
        if get_str(key, "kid") and get_str(key, "kty")
    }
