"""Looks up checks and evidence of a walk by their names."""

from __future__ import annotations

from app.flow.json_access import get_str
from app.flow.model import Check, JsonValue, Walk
from app.flow.names import DEFAULT_AUDIENCE, annotated_audience, annotated_role_arn
from app.flow.steps.oidc_provider import USUAL_AUDIENCE

OWN_TOKEN = "own_token"
"""The evidence of a token that the Pod's manifest mounts itself, as `OwnToken`."""


def check_of(walk: Walk, check_id: str) -> Check | None:
    """The check of that id, whatever its step; None where the walk has none."""
    return next((check for check in walk.checks if check.id == check_id), None)


def evidence_of(walk: Walk, name: str) -> JsonValue:
    """The evidence of that name, whatever its step; None where the walk has none."""
    return next((report.evidence[name] for report in walk if name in report.evidence), None)


def role_arn_of(walk: Walk) -> str:
    """The role that the Pod is to assume: that of its own manifest, where it mounts a token itself, else the annotated
    one. Empty where neither is known."""
    own = get_str(evidence_of(walk, OWN_TOKEN), "role_arn")
    return own or annotated_role_arn(evidence_of(walk, "service_account"))


def audience_of(walk: Walk) -> str:
    """The audience of the token that the Pod is to have, in the same way."""
    own = get_str(evidence_of(walk, OWN_TOKEN), "audience")
    return own or webhooks_audience(walk)


def webhooks_audience(walk: Walk) -> str:
    """The audience of the token that the webhook will ask for."""
    return annotated_audience(evidence_of(walk, "service_account"), usual_audience(walk))


def usual_audience(walk: Walk) -> str:
    """The one that it asks for without an annotation. What a later step shows of its setting counts more."""
    shown = [found for report in walk if (found := get_str(report.evidence, USUAL_AUDIENCE))]
    return shown[-1] if shown else DEFAULT_AUDIENCE
