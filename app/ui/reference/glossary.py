"""The terms that a beginner meets: which of them a page explains, and on which pages each matters."""

from __future__ import annotations

from collections.abc import Mapping

from app.content import LANGUAGES, Content, load
from app.flow.model import Step
from app.ui.draw.links import page_link
from app.ui.frame import navigation
from app.ui.reference import reference
from app.ui.text import escape, prose

_1, _2, _3, _4, _5, _6 = (step.value for step in Step)

GROUPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "keys": {
        "oidc": (_1,),
        "issuer": ("home", _1, _5),
        "discovery": (_1, _5),
        "jwks": (_1, _4, _5),
        "key_pair": (_1, _5),
        "kid": (_1, _4, _5),
        "signature": (_1, _4, _5),
        "rs256": (_1, _4),
        "thumbprint": (_1,),
    },
    "token": {
        "jwt": (_4, _5),
        "base64url": (_4,),
        "claim": (_2, _4, _5),
        "iss": (_1, _4, _5),
        "sub": ("why", _2, _4, _5),
        "aud": ("why", _1, _2, _4, _5),
        "exp": (_4, _5),
        "bound_token": (_4,),
    },
    "kubernetes": {
        "pod": ("home", "why", _3),
        "node": ("why", _3, _4),
        "namespace": (_2,),
        "service_account": ("home", "why", _2, _3),
        "annotation": ("home", _2, _3),
        "api_server": ("home", _1, _3, _4),
        "rbac": ("why", _2),
        "webhook": ("home", _3),
        "admission_review": (_3,),
        "json_patch": (_3,),
        "dry_run": (_3,),
        "volume": (_3, _4),
        "mount": (_3, _4),
        "projected_volume": (_3, _4),
        "kubelet": ("home", _3, _4),
        "token_request": (_4,),
        "atomic_writer": (_4,),
    },
    "aws": {
        "irsa": ("home", "why"),
        "eks": ("home", "why", _1, _3),
        "eksctl": (_1, _2),
        "iam": ("home", _1, _2),
        "provider": (_1, _2, _5),
        "iam_role": ("home", "why", _2, _5),
        "iam_user": ("why", _6),
        "arn": (_2, _5, _6),
        "trust_policy": ("home", "why", _2, _5),
        "permission_policy": (_2, _6),
        "principal": (_2, _5),
        "condition": (_2, _5),
        "sts": ("home", "why", _5),
        "web_identity": (_2, _5),
        "assume": ("why", _2, _5),
        "token_file": (_3, _5),
        "cloudtrail": ("why", _5, _6),
        "session": (_5, _6),
        "credentials": ("home", _5, _6),
        "sigv4": (_6,),
        "sdk": ("home", "why", _3, _5, _6),
        "credential_chain": (_3, _5, _6),
        "node_role": ("why", _3, _6),
        "imds": ("why", _6),
        "hop_limit": ("why", _6),
        "implicit_deny": (_6,),
        "explicit_deny": (_2, _6),
        "scp": (_6,),
        "rcp": (_2,),
        "pod_identity": (_3, _6),
    },
}
"""Every term by its group, with the pages on which it matters, in the order of the glossary."""

TERMS = {
    Step.OIDC_PROVIDER: ("oidc", "issuer", "discovery", "jwks", "key_pair", "provider"),
    Step.SERVICE_ACCOUNT: ("service_account", "annotation", "trust_policy", "iam_role", "arn"),
    Step.WEBHOOK: ("webhook", "json_patch", "volume", "mount", "dry_run"),
    Step.TOKEN_MOUNT: ("jwt", "claim", "aud", "kubelet", "token_request"),
    Step.STS_ASSUME: ("sts", "assume", "session", "credentials"),
    Step.ACCESS: ("sigv4", "permission_policy", "node_role", "imds"),
}
"""The few words that a step's page explains beside its text."""


def glossary(step: Step, content: Content) -> str:
    """The words of a step with their meanings; each leads to its entry in the glossary."""
    entries = "".join(
        f"<dt>{page_link(content, 'glossary', escape(content.message(f'glossary.{key}.term')), term=key)}</dt>"
        f"<dd>{prose(content.message(f'glossary.{key}.meaning'))}</dd>"
        for key in TERMS[step]
    )
    return (
        f'<section class="glossary"><h3>{escape(content.message("glossary.heading"))}</h3><dl>{entries}</dl></section>'
    )


def look_up() -> None:
    """Draws the page of all terms, both languages side by side; `?term=` in the address leads to one of them."""
    content = reference.begin("glossary")
    keys = [key for terms in GROUPS.values() for key in terms]
    names = {group: content.message(f"glossary.groups.{group}") for group in GROUPS}
    groups = "".join(
        f"<section data-group><h2>{escape(names[group])}</h2>"
        f"{''.join(_entry(key, group, pages, content) for key, pages in terms.items())}</section>"
        for group, terms in GROUPS.items()
    )
    label = escape(content.message("glossary.filter"))
    picks = "".join(
        f'<button type="button" data-pick="{group}" aria-pressed="{str(not group).lower()}">{escape(name)}</button>'
        for group, name in [("", content.message("glossary.all")), *names.items()]
    )
    reference.lookup(
        f'<label class="filter">{label} <input type="search" data-filter autocomplete="off" spellcheck="false"></label>'
        f'<div class="picks" role="group" aria-label="{escape(content.message("glossary.by_group"))}">{picks}</div>'
        f'{reference.counted(content, "glossary", len(keys))}<div class="terms">{groups}</div>',
        at=reference.asked("term", keys, content),
    )


def _entry(key: str, group: str, pages: tuple[str, ...], content: Content) -> str:
    """One term: the reader's language first, the other beside it, then where it matters."""
    sides = [load(language) for language in sorted(LANGUAGES, key=lambda language: language != content.language)]
    words = " ".join(side.message(f"glossary.{key}.{part}") for side in sides for part in ("term", "meaning"))
    links = "&nbsp;· ".join(page_link(content, page, escape(navigation.name(page, content))) for page in pages)
    matters = escape(content.message("glossary.matters"))
    return (
        f'<article class="term-entry" id="{key}" data-entry data-pages="{group}" '
        f'data-words="{escape(f"{key} {words}")}">'
        f"{''.join(_side(key, side, content) for side in sides)}"
        f'<p class="matters quiet"><span class="label">{matters}</span> {links}</p></article>'
    )


def _side(key: str, side: Content, content: Content) -> str:
    """The term and its meaning in one language; only the reader's own is a heading."""
    name, meaning = (side.message(f"glossary.{key}.{part}") for part in ("term", "meaning"))
    heading = "h3" if side is content else "p"
    return (
        f'<div lang="{side.language}"><{heading} class="name">{escape(name)}</{heading}><p>{prose(meaning)}</p></div>'
    )
