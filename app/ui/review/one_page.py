"""IRSA on one page: the whole chain with the values of this walk, what must match, and where to look for a fault."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping

from app.content import Content
from app.flow.annotations import ROLE_ARN
from app.flow.doctor.evidence import audience_of
from app.flow.json_access import get, get_list, get_str, shown, strings
from app.flow.model import JsonValue, Step, Walk
from app.flow.names import annotated_role_arn, host_and_path, provider_arn, role_name
from app.report import verdict_words
from app.ui.draw import components
from app.ui.draw.checks import framed, mark
from app.ui.frame import navigation
from app.ui.marks import CLAIMS, step_name
from app.ui.state import language, session
from app.ui.text import breakable, escape, prose, whole_words

_MISSING = "–"
"""The sign for a value that this walk did not see."""
_BEGINNING = 24
"""How many characters of the token are shown."""


@navigation.leads_on("one_page")
def one_page() -> None:
    """Draws the page."""
    content, walk_view = language.content(), session.walk_view()
    components.head("one_page", content)
    found = session.diagnosis(walk_view)
    sentence = prose(verdict_words.verdict(found, content))
    verdict = framed(verdict_words.mark(found), f"<p>{sentence}</p>", content)
    label = escape(content.message("one_page.print"))
    button = f'<p class="no-print"><button type="button" class="copy" data-print>{label}</button></p>'
    components.block(f'{button}<div class="sheet">{verdict}{_sheet(walk_view.walk, content)}</div>', key="sheet")


def _sheet(walk: Walk, content: Content) -> str:
    values, claims = _values(walk), _token_claims(walk)
    chain = "".join(_row(step, walk, values[step], claims, content) for step in Step)
    policy = walk.report(Step.SERVICE_ACCOUNT).evidence.get("trust_policy")
    document = json.dumps(policy, indent=2, ensure_ascii=False) if policy else _MISSING
    return (
        f'<table class="chain">{chain}</table>'
        f'<div class="halves"><section><h3>{_words("match", content)}</h3>{_matches(walk, claims, content)}</section>'
        f"<section><h3>{_words('policy', content)}</h3><pre>{_lit(document, claims)}</pre></section></div>"
        f"<h3>{_words('order', content)}</h3>{_order(walk, content)}"
    )


def _row(step: Step, walk: Walk, values: Mapping[str, str], claims: Mapping[str, str], content: Content) -> str:
    status = walk.report(step).status
    listed = "".join(
        f"<div><dt>{escape(name)}</dt><dd><code>{_lit(text, claims)}</code></dd></div>" for name, text in values.items()
    )
    sentence = prose(content.message(f"one_page.steps.{step}"))
    head = f'<th scope="row">{mark(status, content)} {escape(step_name(step, content))}<p>{sentence}</p></th>'
    return f'<tr class="{status}">{head}<td><dl>{listed}</dl></td></tr>'


def _values(walk: Walk) -> dict[Step, dict[str, str]]:
    """The values that each step of this walk saw, by name; a value that was not seen is missing."""

    def seen(step: Step, *path: str) -> str:
        return shown(get(walk.report(step).evidence, *path) or _MISSING)

    variables = {
        get_str(entry, "name"): get_str(entry, "value")
        for entry in get_list(walk.report(Step.WEBHOOK).evidence, "environment")
    }
    return {
        Step.OIDC_PROVIDER: {
            "issuer": seen(Step.OIDC_PROVIDER, "discovery", "issuer"),
            "Url": seen(Step.OIDC_PROVIDER, "provider", "Url"),
            "ClientIDList": seen(Step.OIDC_PROVIDER, "provider", "ClientIDList"),
        },
        Step.SERVICE_ACCOUNT: {
            ROLE_ARN: seen(Step.SERVICE_ACCOUNT, "service_account", "metadata", "annotations", ROLE_ARN)
        },
        Step.WEBHOOK: variables or {"env": _MISSING},
        Step.TOKEN_MOUNT: {claim: seen(Step.TOKEN_MOUNT, "token", "claims", claim) for claim in CLAIMS},
        Step.STS_ASSUME: {
            "Action": seen(Step.STS_ASSUME, "request", "Action"),
            "RoleArn": seen(Step.STS_ASSUME, "request", "RoleArn"),
            "WebIdentityToken": _beginning(seen(Step.STS_ASSUME, "request", "WebIdentityToken")),
            "Expiration": seen(Step.STS_ASSUME, "answer", "Credentials", "Expiration"),
        },
        Step.ACCESS: {
            "Arn": seen(Step.ACCESS, "identity", "Arn"),
            "ListBuckets": seen(Step.ACCESS, "buckets"),
        },
    }


def _beginning(token: str) -> str:
    return f"{token[:_BEGINNING]}…" if len(token) > _BEGINNING else token


def _token_claims(walk: Walk) -> dict[str, str]:
    """`iss`, `sub` and `aud` of the mounted token; those that were not seen are left out."""
    claims = get(walk.report(Step.TOKEN_MOUNT).evidence, "token", "claims")
    return {name: found[0] for name in CLAIMS if (found := strings(get(claims, name)))}


def _matches(walk: Walk, claims: Mapping[str, str], content: Content) -> str:
    """Each comparison that STS makes: a claim, and where the value is that STS compares it with."""
    rows = "".join(
        f'<tr><td><span class="claim-{escape(get_str(row, "claim"))}">{escape(get_str(row, "claim"))}</span></td>'
        f"<td><code>{_lit(get_str(row, 'field'), claims)}</code></td>"
        f"<td>{_sign(row, content)}</td></tr>"
        for row in get_list(walk.report(Step.STS_ASSUME).evidence, "claims")
    )
    heads = "".join(f'<th scope="col">{_words(key, content)}</th>' for key in ("claim", "where", "result"))
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>" if rows else f"<p>{_MISSING}</p>"


def _sign(row: JsonValue, content: Content) -> str:
    matched = get(row, "matched") is True
    sign, word = ("✓", "matches") if matched else ("✕", "does_not_match")
    return f'<span aria-hidden="true">{sign}</span> {escape(content.message(f"ui.{word}"))}'


def _order(walk: Walk, content: Content) -> str:
    """The places to look at first, each with its command; a word in capitals stands where this walk saw no value."""
    subject = walk.subject
    account = walk.report(Step.SERVICE_ACCOUNT).evidence.get("service_account")
    role = annotated_role_arn(account)
    issuer = get_str(walk.report(Step.OIDC_PROVIDER).evidence, "discovery", "issuer")
    values = {
        "namespace": subject.namespace,
        "service_account": subject.service_account,
        "pod": subject.pod or "POD",
        "role_arn": role or "ROLE_ARN",
        "role": role_name(role) or "ROLE_NAME",
        "provider_arn": provider_arn(role, issuer) or "PROVIDER_ARN",
        "audience": audience_of(walk),
    }
    quoted = {name: shlex.quote(value) for name, value in values.items()}
    items = "".join(
        f"<li>{prose(content.message(f'one_page.look.{name}'))}<pre>{whole_words(escape(command.format_map(quoted)))}</pre></li>"
        for name, command in COMMANDS.items()
    )
    return f'<ol class="order">{items}</ol><p class="quiet">{prose(content.message("one_page.cache"))}</p>'


COMMANDS = {
    "variables": "kubectl set env -n {namespace} pod/{pod} --list | grep '^AWS_'",
    "annotation": "kubectl get serviceaccount -n {namespace} {service_account} -o yaml",
    "sts": (
        "aws sts assume-role-with-web-identity --role-arn {role_arn} --role-session-name irsa-explorer \\\n"
        '  --web-identity-token "$(kubectl create token -n {namespace} {service_account} --audience {audience})" \\\n'
        "  --query AssumedRoleUser.Arn --output text"
    ),
    "provider": "aws iam get-open-id-connect-provider --open-id-connect-provider-arn {provider_arn}",
    "trust": "aws iam get-role --role-name {role} --query Role.AssumeRolePolicyDocument",
    "permissions": (
        "aws iam list-attached-role-policies --role-name {role}\naws iam list-role-policies --role-name {role}"
    ),
}
"""By the key of their texts, in the order in which to look. The command for STS asks STS itself, without any cache.

The session has the name of all our examples, which the doctor does not take for a Pod's.
"""


def _lit(text: str, claims: Mapping[str, str]) -> str:
    """`text` as HTML, with each of the token's three values in the colour of its claim."""
    known = {found: name for name, value in claims.items() for found in _spellings(name, value)}
    if not known:
        return breakable(text)
    pattern = "|".join(re.escape(found) for found in sorted(known, key=len, reverse=True))
    return "".join(_pieces(re.split(f"({pattern})", text), known))


def _spellings(name: str, value: str) -> Iterable[str]:
    """A claim's value; for an issuer also as IAM writes it."""
    return (value, host_and_path(value)) if name == "iss" else (value,)


def _pieces(pieces: list[str], known: Mapping[str, str]) -> Iterable[str]:
    for piece in pieces:
        yield f'<span class="claim-{known[piece]}">{breakable(piece)}</span>' if piece in known else breakable(piece)
        if piece.endswith((".", "/")):  # the claim after it begins a line of its own
            yield "<wbr>"


def _words(key: str, content: Content) -> str:
    return escape(content.message(f"one_page.{key}"))
