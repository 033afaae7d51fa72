"""What would have to happen if a wrong prediction were right. No one sent any of it; it plays until it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.flow.film.beat import Beat, End, Film, Seen
from app.flow.film.script import ends
from app.flow.model import Step

_WAYS: Mapping[tuple[Step, str], tuple[str, bool, str]] = {
    (Step.OIDC_PROVIDER, "keys"): ("trust", True, "public_keys"),
    (Step.OIDC_PROVIDER, "url"): ("register", False, "provider"),
    (Step.OIDC_PROVIDER, "service_accounts"): ("register", False, "service_account"),
    (Step.OIDC_PROVIDER, "secret"): ("trust", True, "secret"),
    (Step.SERVICE_ACCOUNT, "granted"): ("annotation", False, "reference"),
    (Step.SERVICE_ACCOUNT, "api_server"): ("create", False, "service_account"),
    (Step.SERVICE_ACCOUNT, "webhook"): ("review", False, "admission_review"),
    (Step.SERVICE_ACCOUNT, "sts"): ("hold_role", False, "claim"),
    (Step.WEBHOOK, "token"): ("review", True, "token"),
    (Step.WEBHOOK, "credentials"): ("review", True, "credentials"),
    (Step.WEBHOOK, "role"): ("review", True, "json_patch"),
    (Step.WEBHOOK, "pointers"): ("review", True, "json_patch"),
    (Step.TOKEN_MOUNT, "taken"): ("assume", False, "token"),
    (Step.TOKEN_MOUNT, "signature"): ("keys", True, "public_keys"),
    (Step.TOKEN_MOUNT, "audience"): ("hold_provider", False, "claim"),
    (Step.TOKEN_MOUNT, "subject"): ("hold_role", False, "claim"),
    (Step.STS_ASSUME, "cluster"): ("knock", False, "token"),
    (Step.STS_ASSUME, "provider"): ("hold_provider", True, "public_keys"),
    (Step.STS_ASSUME, "keys"): ("keys", True, "public_keys"),
    (Step.STS_ASSUME, "caller"): ("assume", False, "signed_request"),
    (Step.ACCESS, "pod"): ("call", True, "identity"),
    (Step.ACCESS, "service_account"): ("call", True, "identity"),
    (Step.ACCESS, "role"): ("call", True, "identity"),
    (Step.ACCESS, "node"): ("fallback", True, "credentials"),
}
"""By step and option (`app.flow.lessons.predictions`): the arrow, whether the beat goes back along it, and what would
travel."""


def imagined(step: Step, option: str) -> Beat:
    """The beat that a prediction supposes. Raises `KeyError` for an option that the step's question does not have."""
    edge, back, carries = _WAYS[step, option]
    tail, head = ends(edge, back=back)
    return Beat(
        id=f"imagined_{option}",
        step=step,
        edge=edge,
        tail=tail,
        head=head,
        back=back,
        carries=carries,
        seen=Seen.IMAGINED,
        end=End.STOPPED,
    )


def supposing(film: Film, beat: Beat) -> Film:
    """The film with a wrong prediction played before what the step really did."""
    first = next((place for place, it in enumerate(film.beats) if it.step is beat.step), len(film.beats))
    return replace(film, beats=(*film.beats[:first], beat, *film.beats[first:]))
