"""Step 1: the issuer's documents beside IAM's record of trust in it."""

from __future__ import annotations

from app.content import Content
from app.flow.model import StepReport
from app.flow.steps.documents import dig, items, shown, strings, text
from app.ui.evidence.parts import Pair, folded, join, json_document, notes, pairs, part, scheme, status_of


def facts(report: StepReport, content: Content) -> list[tuple[str, str]]:
    """The issuer and the provider that trusts it."""
    return [
        (content.message("evidence.provider.title"), report.check("provider.exists").got),
    ]


def evidence(report: StepReport, content: Content) -> str:
    """The three equalities, then the documents they come from."""
    found = report.evidence
    discovery, provider, jwks = found.get("discovery"), found.get("provider"), found.get("jwks")
    kids = [text(key, "kid") for key in items(jwks, "keys")]
    audience = report.check("provider.audience")
    keys = report.check("issuer.cluster_keys")
    issuer = text(discovery, "issuer") or text(found.get("cluster_discovery"), "issuer")
    trust = [
        Pair(
            left="issuer",
            left_value=issuer,
            right="Url",
            right_value=text(provider, "Url"),
            status=status_of(report, "provider.exists"),
        ),
        Pair(
            left="aud",
            left_value=audience.expected,
            right="ClientIDList",
            right_value=shown(strings(dig(provider, "ClientIDList"))),
            status=audience.status,
        ),
    ]
    return join(
        [
            part(
                content,
                "provider",
                pairs(
                    content,
                    content.message("figure.kubernetes"),
                    content.message("figure.aws"),
                    trust,
                )
                + scheme(content, trust),
            ),
            part(
                content,
                "jwks",
                pairs(
                    content,
                    content.message("screens.cluster_keys"),
                    content.message("screens.published_keys"),
                    [
                        Pair(
                            left="/openid/v1/jwks · kid",
                            left_value=keys.expected,
                            right="/keys · kid",
                            right_value=shown(kids),
                            status=keys.status,
                        )
                    ],
                ),
            ),
            _document(content, report, "discovery", (("issuer",), "issuer"), (("jwks_uri",), "jwks_uri")),
            _document(content, report, "jwks", (("keys", "*", "kid"), "kid"), (("keys", "*", "n"), "modulus")),
            _document(
                content,
                report,
                "provider",
                (("Url",), "provider_url"),
                (("ClientIDList",), "client_ids"),
                (("ThumbprintList",), "thumbprints"),
            ),
            _document(content, report, "cluster_discovery", (("jwks_uri",), "cluster_jwks_uri")),
            _document(content, report, "thumbprint"),
        ]
    )


def _document(content: Content, report: StepReport, name: str, *lit: tuple[tuple[str, ...], str]) -> str:
    found = report.evidence.get(name)
    return folded(content, name, json_document(content, found, notes(content, *lit))) if found else ""
