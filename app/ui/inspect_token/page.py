"""The page of a pasted token: the field that it is pasted into, what is in it, and what STS would say of it.

Everything is computed in this process, and no server is asked. The browser cuts the signature off before it sends a
text; where the reader asks for a verification it sends the signature in a trigger, which lasts for one run. What is
kept in the session is masked once more, and the result of a verification contains nothing of the signature.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from app.content import Content
from app.flow.json_access import get, get_list, get_object, get_str, strings
from app.flow.model import Step
from app.flow.policy import policy_text
from app.flow.policy.policy_text import PolicyText
from app.flow.tokens.pasted import DOT, LONGEST, Pasted, masked, read, unwrapped
from app.flow.tokens.signature import SignatureCheck, check_signature
from app.flow.verdict.sts_forecast import Entered, forecast
from app.flow.visible import pretty_json
from app.ui.draw import components, page_errors
from app.ui.draw.sections import draw_section
from app.ui.frame import navigation
from app.ui.inspect_token import of_sts, of_token
from app.ui.state import language, mode, session
from app.ui.step.instruments import claims_table

_token = components.component("inspect_token")
_KEY = "inspect_token"
_KEPT = "inspect_token_kept"
SECONDS = 60
"""Seconds for which the browser leaves a signature in the field."""
LONGEST_ENTRY = 2_000
"""Characters of a provider and of audiences at most; for those of a policy see `policy_text.LONGEST`."""
_WORDS = ("token", "placeholder", "cut", "whole", "hidden", "verify", "jwks", "jwks_placeholder", "run", "sends")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the session keeps of the pasted text."""

    text: str = ""
    """The text without its signature."""
    was_base64: bool = False
    sequence: int = 0
    """The number of the message that the browser sent last."""
    filled: int = 0
    """How often the example was put into the field."""
    jwks: str = ""
    """The key set of the example; empty for a pasted token."""
    by_world: bool = False
    """Whether the token's times are those of the simulated world's clock."""
    signature: SignatureCheck | None = None
    verified: int = 0
    """How often a signature was verified. The browser answers a new number with a text without one: until the next
    message of a tab, the server's memory has the last one."""


@navigation.leads_on("inspect_token")
def inspect_token() -> None:
    """Draws the page."""
    content = language.content()
    components.head("inspect_token", content)
    _instrument(content)
    draw_section("recap", "inspect_token", content)


@page_errors.fragment
def _instrument(content: Content) -> None:
    # (1) The text.
    here = mode.is_on_this_machine()
    components.block(of_token.who_could_see(content, here=here), key="inspect_who")
    if mode.can().break_world:
        is_there = bool(_own_token())
        label = content.message("inspect_token.example")
        means = content.message("inspect_token.example_help" if is_there else "inspect_token.example_none")
        st.button(
            label, help=means, key="inspect_example", icon=":material/input:", on_click=_fill, disabled=not is_there
        )
    kept = _received(kept_of_session(), _drawn(kept_of_session(), content))
    st.session_state[_KEPT] = kept

    # (2) Its contents.
    now = session.now() if kept.by_world else time.time()
    pasted = read(kept.text, was_base64=kept.was_base64)
    zone = st.context.timezone or ""
    components.block(of_token.explained(pasted, kept.signature, content, now=now, zone=zone), key="inspect_explained")

    # (3) What STS would say.
    st.subheader(content.message("inspect_token.sts.title"), anchor=False)
    entered, policy = _entered(content)
    components.block(_foreseen(pasted, kept.signature, entered, policy, content, now=now), key="inspect_sts")


def kept_of_session() -> Kept:
    """What the session keeps; nothing where there is none."""
    kept = st.session_state.get(_KEPT)
    return kept if isinstance(kept, Kept) else Kept()


def _drawn(kept: Kept, content: Content) -> Any:
    words = {f"word_{name}": content.message(f"inspect_token.field.{name}", seconds=SECONDS) for name in _WORDS}
    data = {"text": kept.text, "filled": kept.filled, "jwks": kept.jwks, "limit": LONGEST, "seconds": SECONDS}
    data |= {"verified": kept.verified, **words}
    return _token(data=data, key=_KEY, on_pasted_change=components.nothing, on_verify_change=_verify)


def _received(kept: Kept, sent: Any) -> Kept:
    """What to keep after a message from the browser."""
    pasted = get(sent, "pasted")
    sequence = get(pasted, "sequence")
    if isinstance(sequence, int) and sequence != kept.sequence:
        too_long = get(pasted, "length")
        text = get_str(pasted, "text") if not isinstance(too_long, int) else DOT * (LONGEST + 1)
        kept = Kept(
            text=masked(text[: LONGEST + 1]),
            was_base64=get(pasted, "base64") is True,
            sequence=sequence,
            filled=kept.filled,
            jwks=kept.jwks,
            by_world=kept.by_world and masked(text[: LONGEST + 1]) == kept.text,
            signature=kept.signature if masked(text[: LONGEST + 1]) == kept.text else None,
            verified=kept.verified,
        )
    return kept


def _verify() -> None:
    """Verifies what the browser sent for this one run: a whole token, and a JWKS."""
    st.session_state[_KEPT] = verified(kept_of_session(), get(st.session_state.get(_KEY), "verify"))


def verified(kept: Kept, asked: Any) -> Kept:
    """What to keep after a verification: its result, which contains nothing of the signature."""
    token = get_str(asked, "token")
    text, was_base64 = unwrapped(token[: LONGEST + 1])
    return replace(
        kept,
        text=masked(text),
        was_base64=was_base64,
        by_world=kept.by_world and masked(text) == kept.text,
        signature=check_signature(token, get_str(asked, "jwks")),
        verified=kept.verified + 1,
    )


def _own_token() -> dict[str, Any]:
    """The token of the simulated world's Pod, as evidence; empty where it has none."""
    return get_object(session.simulated_walk_view().walk.report(Step.TOKEN_MOUNT).evidence.get("token"))


def _fill() -> None:
    """Puts the simulated world's own token, provider and policy into the fields."""
    walk, token = session.simulated_walk_view().walk, _own_token()
    issuer = walk.report(Step.OIDC_PROVIDER).evidence
    body = get_str(token, "compact").rpartition(".")[0]
    signature = get_object(next(iter(get_list(token, "parts")[2:]), None))
    text = f"{body}.{DOT * (signature['stop'] - signature['start'])}" if signature else body
    kept = kept_of_session()
    st.session_state[_KEPT] = replace(
        kept,
        text=text,
        was_base64=False,
        filled=kept.filled + 1,
        jwks=_json(issuer.get("jwks")),
        by_world=True,
        signature=None,
    )
    url = get_str(issuer.get("provider"), "Url")
    st.session_state["inspect_no_provider"] = not url
    st.session_state["inspect_provider"] = f"https://{url}" if url else ""
    st.session_state["inspect_audiences"] = ", ".join(strings(get(issuer.get("provider"), "ClientIDList")))
    policy = walk.report(Step.SERVICE_ACCOUNT).evidence.get("trust_policy")
    st.session_state["inspect_policy"] = _json(policy)


def _json(document: Any) -> str:
    return pretty_json(document) if document else ""


def _entered(content: Content) -> tuple[Entered, PolicyText | None]:
    """What the reader entered, and the policy as it was typed; None for the policy where none was."""

    def words(name: str) -> str:
        return content.message(f"inspect_token.sts.{name}")

    left, right = st.columns([5, 7], gap="large")
    with left:
        has_none = bool(st.session_state.get("inspect_no_provider"))
        provider = st.text_input(
            words("provider"),
            key="inspect_provider",
            placeholder="https://oidc.eks.REGION.amazonaws.com/id/ID",
            help=words("provider_help"),
            max_chars=LONGEST_ENTRY,
            disabled=has_none,
        )
        audiences = st.text_input(
            words("audiences"),
            key="inspect_audiences",
            placeholder="sts.amazonaws.com",
            help=words("audiences_help"),
            max_chars=LONGEST_ENTRY,
            disabled=has_none,
        )
        st.checkbox(words("no_provider"), key="inspect_no_provider", help=words("no_provider_help"))
    with right:
        typed = st.text_area(
            words("policy"),
            key="inspect_policy",
            height=220,
            help=words("policy_help"),
            max_chars=policy_text.LONGEST,
        )
    policy = policy_of(typed)
    listed = tuple(dict.fromkeys(text for text in audiences.replace(",", " ").split() if text))
    document = policy.document if policy else None
    if has_none:
        return Entered(has_none=True, policy=document), policy
    return Entered(provider=provider, audiences=listed, policy=document), policy


def policy_of(typed: str) -> PolicyText | None:
    """The trust policy in the typed text, which may be the whole output of `aws iam get-role`; None where nothing was
    typed."""
    found = policy_text.read(typed) if typed.strip() else None
    role = get(found.document, "Role") if found else None
    inner = get_object(role or (found.document if found else None), "AssumeRolePolicyDocument")
    return policy_text.read(_json(inner)) if inner else found


def _foreseen(
    pasted: Pasted,
    signature: SignatureCheck | None,
    entered: Entered,
    policy: PolicyText | None,
    content: Content,
    *,
    now: float,
) -> str:
    problem = (
        f'<p class="problem">{claims_table.problem(policy.problem, content)}</p>' if policy and policy.problem else ""
    )
    if policy and not policy.problem:
        problem = claims_table.refusals(policy, content)
    if pasted.header is None or pasted.claims is None:
        return problem + of_sts.nothing_yet(content)
    found = forecast(pasted.header, pasted.claims, entered, signature, now=now)
    return problem + of_sts.drawn(found, get_str(pasted.claims, "sub"), content)
