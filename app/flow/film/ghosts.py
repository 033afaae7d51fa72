"""Which parts of the chain do not exist yet, while a reader builds it: one rule for every picture of it."""

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
"""The parties that someone has to make, each with the check of whether it exists. The other parties always exist."""
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
    """The ids of the parties that do not exist, and of the links that are not as they have to be.

    A party exists where its check passes, or where no one could see the party. A link is complete where its own checks
    pass, so that both of its ends are right. `role_checks` are those of a role to which no annotation points yet.
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
