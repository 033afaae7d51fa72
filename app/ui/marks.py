"""The signs for a status, a step and a claim, wherever they are drawn, and the names that begin with such a sign."""

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
"""The sign of each status; `unspoken` draws it."""
NUMBERS = {step: chr(ord("①") + place) for place, step in enumerate(Step)}

CLAIMS = ("iss", "sub", "aud")
"""The three claims in the order of their numbers: eksctl writes the conditions in this order, and the matcher's lines
cross least."""
_CLAIM_OF = {
    **dict.fromkeys(("iss", "issuer", "Url", "Federated"), "iss"),
    "sub": "sub",
    **dict.fromkeys(("aud", "audience", "ClientIDList"), "aud"),
}


def page_title(page: str, content: Content) -> str:
    """The heading of a page; for a step it begins with the step's number."""
    title = content.lesson(page).title
    return f"{NUMBERS[Step(page)]} {title}" if page in list(Step) else title


def step_name(step: Step, content: Content) -> str:
    """A short name of a step for lists of steps, with its number."""
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
