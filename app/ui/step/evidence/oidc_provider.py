"""Step 1: the issuer's documents beside the provider by which IAM trusts it, and where a key's name comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.content import Content
from app.flow.json_access import get, get_list, get_object, get_str, shown, strings
from app.flow.model import JsonValue, Step, StepReport, Walk
from app.flow.names import host_and_path
from app.flow.tokens.key_name import KeyName, name_of
from app.ui.marks import unspoken
from app.ui.step.evidence.parts import Pair, collapsible, join, json_document, notes, pairs, part, status_of
from app.ui.text import escape, prose, value


def facts(report: StepReport, content: Content) -> list[tuple[str, str]]:
    """The provider that trusts the issuer."""
    return [(content.message("evidence.provider.title"), report.check("provider.exists").got)]


def addresses(walk: Walk, content: Content) -> str:
    """The three places that contain the issuer."""
    report = walk.report(Step.OIDC_PROVIDER)
    found = report.evidence.get("cluster_discovery")
    return part(content, "addresses", _addresses(report, content)) if found else ""


def evidence(report: StepReport, content: Content) -> str:
    """What the provider accepts, the keys and their names, then the documents."""
    found = report.evidence
    keys = get_list(found.get("jwks"), "keys")
    named = [name for key in keys if (name := name_of(get_object(key)))]
    return join(
        [
            part(content, "provider", _audience(report, content)) if found.get("provider") else "",
            part(content, "jwks", _keys(report, content)) if keys else "",
            collapsible(content, "key_name", "".join(_key_name(name, found, content) for name in named))
            if named
            else "",
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


def _addresses(report: StepReport, content: Content) -> str:
    """The issuer as the cluster, the public document and IAM write it; the last two have to be equal to the first."""
    found = report.evidence
    wanted = get_str(found.get("cluster_discovery"), "issuer")
    places = (
        ("cluster", "issuer", wanted, get_str(found.get("cluster_discovery"), "jwks_uri")),
        ("public", "issuer", get_str(found.get("discovery"), "issuer"), get_str(found.get("discovery"), "jwks_uri")),
        ("iam", "Url", get_str(found.get("provider"), "Url"), ""),
    )
    rows = [
        f'<li class="{_likeness(got, wanted) if place != "cluster" else ""}">'
        f"<h4>{escape(content.message(f'issuer.places.{place}'))}</h4>"
        f"<dl><dt>{field}</dt><dd>{value(got or '–')}{'' if place == 'cluster' else _sign(got, wanted, content)}</dd>"
        f"{_keys_at(place, jwks_uri, content)}</dl></li>"
        for place, field, got, jwks_uri in places
    ]
    return f'<ol class="addresses">{"".join(rows)}</ol>'


def _likeness(got: str, wanted: str) -> str:
    return "passed" if got and host_and_path(got) == host_and_path(wanted) else "failed"


def _sign(got: str, wanted: str, content: Content) -> str:
    """Whether an address is exactly the cluster's; IAM leaves the scheme out."""
    same = _likeness(got, wanted) == "passed"
    word = "same" if got == wanted else ("without_scheme" if same else ("differs" if got else "missing"))
    mark = "✓" if same else "✕"
    return f'<span class="likeness">{unspoken(mark)} {prose(content.message(f"issuer.likeness.{word}"))}</span>'


def _keys_at(place: str, jwks_uri: str, content: Content) -> str:
    """The address of the keys in that document, and who fetches them there."""
    who = f'<span class="likeness">{prose(content.message(f"issuer.keys.{place}"))}</span>'
    return f"<dt>jwks_uri</dt><dd>{value(jwks_uri) if jwks_uri else '–'}{who}</dd>"


def _audience(report: StepReport, content: Content) -> str:
    audience = report.check("provider.audience")
    row = Pair(
        left="aud",
        left_value=audience.expected,
        right="ClientIDList",
        right_value=shown(strings(get(report.evidence.get("provider"), "ClientIDList"))),
        status=audience.status,
    )
    return pairs(content, content.message("screens.will_say"), content.message("figure.aws"), [row])


def _keys(report: StepReport, content: Content) -> str:
    row = Pair(
        left="/openid/v1/jwks · kid",
        left_value=report.check("issuer.cluster_keys").expected,
        right="/keys · kid",
        right_value=shown([get_str(key, "kid") for key in get_list(report.evidence.get("jwks"), "keys")]),
        status=status_of(report, "issuer.cluster_keys"),
    )
    sides = (content.message("screens.cluster_keys"), content.message("screens.published_keys"))
    return pairs(content, *sides, [row])


def _key_name(name: KeyName, found: Mapping[str, JsonValue], content: Content) -> str:
    """How a key's name follows from its numbers, where kube-apiserver made the name; else the name, and where to look
    it up."""
    if name.derived != name.kid:
        words = content.message("issuer.named_otherwise", url=get_str(found.get("discovery"), "jwks_uri"))
        return f"<p>{value(name.kid)} · {name.kind} {name.bits} bit</p><p>{prose(words)}</p>"
    stages = "".join(
        f'<li><span class="label">{prose(words)}</span><br>{value(result)}</li>'
        for words, result in _stages(name, content)
    )
    return (
        f'<ol class="stages">{stages}</ol><p class="passed">'
        f"{unspoken('✓')} {prose(content.message('issuer.named'))}</p>"
    )


def _stages(name: KeyName, content: Content) -> Iterator[tuple[str, str]]:
    yield content.message("issuer.stages.key"), f"{name.kind} {name.bits} bit"
    yield content.message("issuer.stages.der", count=len(name.der)), f"{name.der[:_BEGINNING].hex(' ')} …"
    yield content.message("issuer.stages.digest"), name.digest
    yield content.message("issuer.stages.kid", count=len(name.derived)), name.derived


_BEGINNING = 12
"""How many bytes of the DER are shown: its tags and the beginning of the algorithm."""


def _document(content: Content, report: StepReport, name: str, *lit: tuple[tuple[str, ...], str]) -> str:
    found = report.evidence.get(name)
    return collapsible(content, name, json_document(content, found, notes(content, *lit))) if found else ""
