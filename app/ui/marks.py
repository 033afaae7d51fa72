"""The signs that stand for a status, a step and a claim, wherever they are drawn, and names that begin with one."""

from __future__ import annotations

from app.content import Content
from app.flow.model import Status, Step

MARKS = {
    Status.PASSED: "✓",
    Status.WARNING: "!",
    Status.FAILED: "✕",
    Status.UNKNOWN: "?",
    Status.NOT_REACHED: "–",
}
"""By status; `unspoken` draws it."""
NUMBERS = {step: chr(ord("①") + place) for place, step in enumerate(Step)}

CLAIMS = ("iss", "sub", "aud")
"""In the order in which they are numbered: eksctl writes the conditions so, and the matcher's lines cross least."""
_CLAIM_OF = {
    **dict.fromkeys(("iss", "issuer", "Url", "Federated"), "iss"),
    "sub": "sub",
    **dict.fromkeys(("aud", "audience", "ClientIDList"), "aud"),
}


def page_title(page: str, content: Content) -> str:
    """The heading of a page; that of a step begins with the step's number."""
    title = content.lesson(page).title
    return f"{NUMBERS[Step(page)]} {title}" if page in list(Step) else title


def step_name(step: Step, content: Content) -> str:
    """What a step is called beside others: short, with its number."""
    return f"{NUMBERS[step]} {content.message(f'steps.{step}.short')}"


def unspoken(sign: str) -> str:
    """A sign as an element. It is not read aloud: words beside it say the same."""
    return f'<span class="mark" aria-hidden="true">{sign}</span>'


def claim(name: str) -> str:
    """The class of a field that carries a token's claim: `claim-iss`, `claim-sub` or `claim-aud`; empty for others.

    `name` is the field's in a token, a provider, a Pod, or a condition key such as `oidc.eks…/id/X:sub`. Each of the
    three has one colour on every page.
    """
    found = _CLAIM_OF.get(name.rpartition(":")[2], "")
    return f"claim-{found}" if found else ""
