"""What of the chain does not exist yet, while somebody builds it: one rule for every picture of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.flow.model import HOLDS, Check, Status, Step
from app.flow.verdict.link_states import ChainState, State
from app.flow.verdict.links import LINKS

_EXISTS = {
    "provider": "provider.exists",
    "service_account": "service_account.exists",
    "role": "role.exists",
    "pod": "pod.exists",
}
"""The parties that somebody has to make, and the check that says whether they are there. The others always are."""
_OF_ROLE = ("role.", "trust.")
ABOUT: Mapping[Step, Sequence[str]] = {
    Step.OIDC_PROVIDER: ("provider", "issuer"),
    Step.SERVICE_ACCOUNT: ("service_account", "role"),
    Step.WEBHOOK: ("webhook", "api_server"),
    Step.TOKEN_MOUNT: ("pod", "kubelet"),
    Step.STS_ASSUME: ("sts", "issuer"),
    Step.ACCESS: ("s3", "pod"),
}
"""The parties that a step is about. A picture that has no room for all of them shows the first."""


def ghosts(chain: ChainState, checks: Mapping[str, Check], role_checks: Mapping[str, Check]) -> frozenset[str]:
    """The parties that do not exist, and the links that are not as they have to be, by id.

    A party exists where its check holds, or where nobody could see it. A link is alive where both of its ends are
    right: where its own checks hold. `role_checks` are those of a role to which no annotation points yet.
    """
    known = {**checks, **{name: check for name, check in role_checks.items() if name.startswith(_OF_ROLE)}}
    seen = (*HOLDS, Status.UNKNOWN)
    parties = {party for party, check in _EXISTS.items() if check not in known or known[check].status not in seen}
    dead = {
        link.id
        for link in LINKS
        if chain.link(link.id).state is not State.PASSED
        and not all(check in known and known[check].status in HOLDS for check in link.checks)
    }
    ends = {link.id for link in LINKS if not parties.isdisjoint((link.tail, link.head))}
    return frozenset(parties | dead | ends)
