"""The matcher: token, IAM OIDC provider and trust policy side by side, the policy a text that the reader edits.

Whatever is typed is evaluated here and nowhere else: the world's role stays as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from app.content import Content
from app.flow.doctor.evidence import audience_of
from app.flow.json_access import get, get_object, get_str
from app.flow.matching.comparison import Comparison, compare
from app.flow.matching.policy_edits import EDITS
from app.flow.model import JsonObject, JsonValue, Step
from app.flow.names import annotated_role_arn, provider_arn, subject_claim
from app.flow.policy import policy_text
from app.flow.policy.policy_text import PolicyText
from app.flow.visible import pretty_json
from app.ui.draw import components, page_errors
from app.ui.draw.cached_parts import kept
from app.ui.figures.lifetimes import lives
from app.ui.marks import CLAIMS, MARKS
from app.ui.state import address, session
from app.ui.state.walk_view import WalkView
from app.ui.step.instruments import claims_table
from app.ui.text import escape, prose

_matcher = components.component("matcher")
_KEYS = ("harmless", "edits", "policy", "policy_hint")


@dataclass(frozen=True, kw_only=True)
class Sides:
    """What is compared: a token's claims, the provider and the role's trust policy."""

    claims: Mapping[str, Any]
    provider: JsonValue
    provider_arn: str
    policy: JsonValue
    mounted: bool
    """Whether the claims are those of an existing token, and not of a future one."""

    @property
    def own(self) -> str:
        """The role's own policy as a text."""
        return pretty_json(self.policy)


def before_the_token(walk_view: WalkView, content: Content) -> None:
    """The matcher with the claims that the ServiceAccount's tokens will carry."""
    issuer = get_str(walk_view.walk.report(Step.OIDC_PROVIDER).evidence.get("cluster_discovery"), "issuer")
    claims = {"iss": issuer, "sub": subject_claim(walk_view.walk.subject), "aud": [audience_of(walk_view.walk)]}
    if sides := _sides(walk_view, claims, mounted=False):
        _draw(sides, content)


def with_the_token(walk_view: WalkView, content: Content) -> None:
    """The matcher with the claims of the mounted token, and the token's life beside the session's: a tab for each."""
    claims = get_object(walk_view.walk.report(Step.TOKEN_MOUNT).evidence.get("token"), "claims")
    parts: list[tuple[str, Callable[[], None]]] = []
    if sides := _sides(walk_view, claims, mounted=True):
        parts.append((content.message("matcher.title"), partial(_draw, sides, content)))
    if drawn := lives(walk_view.walk, session.now(), content):
        parts.append((content.message("lives.title"), partial(components.block, drawn, key="lives")))
    if parts:
        for tab, (_, draw) in zip(st.tabs([title for title, _ in parts], key="sts_instruments"), parts, strict=True):
            with tab:
                draw()


def _sides(walk_view: WalkView, claims: Mapping[str, Any], *, mounted: bool) -> Sides | None:
    """What there is to compare; None where the policy or the issuer is not known."""
    found = walk_view.walk.report(Step.SERVICE_ACCOUNT).evidence
    policy = found.get("trust_policy")
    issuer = get_str(claims, "iss")
    if not get_object(policy) or not issuer:
        return None
    role_arn = annotated_role_arn(found.get("service_account"))
    return Sides(
        claims=claims,
        provider=walk_view.walk.report(Step.OIDC_PROVIDER).evidence.get("provider"),
        provider_arn=provider_arn(role_arn, issuer),
        policy=policy,
        mounted=mounted,
    )


def _draw(sides: Sides, content: Content) -> None:
    with st.container(key="matcher"):
        _instrument(sides, content)


@page_errors.fragment
def _instrument(sides: Sides, content: Content) -> None:
    key = f"matcher_{'mounted' if sides.mounted else 'to_come'}"
    edited = get(st.session_state.get(key), "edited")

    def draw() -> str:  # one text: for nested objects Streamlit loads pandas, to see whether they are a table
        return json.dumps(drawing(sides, edited, content), ensure_ascii=False)

    drawn = kept(key, draw, sides, edited, content.language, address.kept())
    _matcher(data={"drawing": drawn}, key=key, on_edited_change=components.nothing)


def drawing(sides: Sides, edited: JsonValue, content: Content) -> JsonObject:
    """All that the script draws, for what the reader last sent: `version`, `sequence`, `text`, `edit`. Never raises.

    A text that belongs to another version of the role's policy is dropped: the world has moved on.
    """
    own = sides.own
    version = hashlib.sha256(own.encode("utf-8", "replace")).hexdigest()[:12]
    typed, sequence, applied = own, 0, False
    if get_str(edited, "version") == version and isinstance(get(edited, "sequence"), int):
        sequence = get(edited, "sequence")
        typed, applied = _apply(get_str(edited, "edit"), get_str(edited, "text"), own)
    typed = typed.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair cannot be sent back
    read = policy_text.read(typed)
    return {
        "version": version,
        "sequence": sequence,
        "text": typed,
        "applied": applied,
        "limit": policy_text.LONGEST,
        "words": {name: content.message(f"matcher.{name}") for name in _KEYS},
        "useful": _useful(read, changed=typed != own),
        "buttons": {name: content.message(f"matcher.buttons.{name}") for name in (*EDITS, "own")},
        "intro": _intro(sides, content),
        "token": claims_table.token(
            sides.claims, content, content.message(f"matcher.{'token_mounted' if sides.mounted else 'token_to_come'}")
        ),
        "provider": claims_table.provider(sides.provider, content),
        **_evaluated(sides, read, content),
    }


def _apply(edit: str, typed: str, own: str) -> tuple[str, bool]:
    """The text after a button's change, and whether a button was pressed that changes something."""
    if edit == "own":
        return own, True
    document = policy_text.read(typed).document if edit in EDITS else None
    if document is None:
        return typed, False
    return pretty_json(EDITS[edit](document)), True


def _useful(read: PolicyText, *, changed: bool) -> list[str]:
    """The buttons that would change the text."""
    edits = [name for name, edit in EDITS.items() if read.problem is None and edit(read.document) != read.document]
    return [*edits, "own"] if changed else edits


def _intro(sides: Sides, content: Content) -> str:
    """What to do here; where the matcher has a tab, the tab has this title."""
    lead = content.message(f"matcher.{'lead_mounted' if sides.mounted else 'lead_to_come'}")
    title = "" if sides.mounted else f'<h2 class="heading">{escape(content.message("matcher.title"))}</h2>'
    return f'{title}<p class="lead">{prose(lead)}</p>'


def _evaluated(sides: Sides, read: PolicyText, content: Content) -> JsonObject:
    if read.problem is not None:
        stale = escape(content.message("matcher.stale"))
        return {"problem": f"{claims_table.problem(read.problem, content)} {stale}"}
    found = compare(sides.claims, sides.provider, sides.provider_arn, read.document)
    return {
        "problem": "",
        "refusals": claims_table.refusals(read, content),
        "verdict": claims_table.verdict(found, content),
        "who": claims_table.who(found, get_str(sides.claims, "sub"), content),
        "anchors": _anchors(found, read),
        "links": _links(found),
    }


def _anchors(found: Comparison, read: PolicyText) -> list[JsonObject]:
    """The places of the policy that a claim is compared with."""
    return [
        {
            "claim": row.claim,
            "number": CLAIMS.index(row.claim) + 1,
            "status": row.status,
            "start": read.places[path].start,
            "end": read.places[path].end,
        }
        for row in found.rows
        if row.record == "policy"
        for path in row.places
        if path in read.places
    ]


def _links(found: Comparison) -> list[JsonObject]:
    """The lines to draw, each from a box by way of others to a box or to the policy."""
    ways = {
        ("iss", "provider"): ("token-iss", "provider-iss"),
        ("iss", "policy"): ("provider-iss", "policy-iss"),
        ("sub", "policy"): ("token-sub", "provider-sub", "policy-sub"),
        ("aud", "provider"): ("token-aud", "provider-aud"),
        ("aud", "policy"): ("provider-aud", "policy-aud"),
    }
    return [{"way": ways[row.claim, row.record], "status": row.status, "sign": MARKS[row.status]} for row in found.rows]
