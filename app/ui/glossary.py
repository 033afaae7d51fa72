"""The words of a step that a beginner may not know, each in a sentence."""

from __future__ import annotations

from app.content import Content
from app.flow.model import Step
from app.ui.text import escape, prose

TERMS = {
    Step.OIDC_PROVIDER: ("oidc", "issuer", "discovery", "jwks", "thumbprint"),
    Step.SERVICE_ACCOUNT: ("service_account", "annotation", "trust_policy", "arn"),
    Step.WEBHOOK: ("webhook", "json_patch", "volume", "mount", "dry_run"),
    Step.TOKEN_MOUNT: ("jwt", "claim", "kubelet"),
    Step.STS_ASSUME: ("sts", "assume", "credentials"),
    Step.ACCESS: ("sigv4", "permission_policy"),
}


def glossary(step: Step, content: Content) -> str:
    """The words of a step with their meanings."""
    entries = "".join(
        f"<dt>{escape(content.message(f'glossary.{key}.term'))}</dt>"
        f"<dd>{prose(content.message(f'glossary.{key}.meaning'))}</dd>"
        for key in TERMS[step]
    )
    return (
        f'<section class="glossary"><h3>{escape(content.message("glossary.heading"))}</h3><dl>{entries}</dl></section>'
    )
