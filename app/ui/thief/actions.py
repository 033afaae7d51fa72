"""The actions of the thief's page in the learner's world: one at a time, each undone before the next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import streamlit as st

from app.flow.errors import FlowError
from app.flow.film import Beat
from app.flow.json_access import get, get_str
from app.flow.model import Chain, JsonObject, JsonValue, Subject
from app.flow.names import DEFAULT_AUDIENCE
from app.flow.steps.submission import Submission
from app.flow.token import LEEWAY
from app.ui.draw.server_answers import Answer, reviewed
from app.ui.map.film_json import names_of
from app.ui.map.film_view import film_of, standing
from app.ui.state import session
from app.ui.thief import probes
from app.ui.thief.probes import Attempt, Loot, Standing, Used
from app.ui.thief.strip import KEPT
from app.world.apiserver.types.errors import ApiError
from app.world.aws.errors import AwsError
from app.world.lifecycle import experiments
from app.world.lifecycle.advance_clock import move_clock
from app.world.lifecycle.world_operations import set_trust_policy, trust_policy
from app.world.lifecycle.world_snapshot import WorldSnapshot
from app.world.servers.token_review import token_review, who_am_i
from app.world.world import World

PLAYS = "thief_plays"
"""In the session: the map plays once, when the page is drawn next."""
Work = Callable[[World], Awaitable[None]]
Name = tuple[str, str]
"""A ServiceAccount: namespace and name."""


@dataclass(kw_only=True)
class Theft:
    """The theft by one reader in one world."""

    world: World
    subject: Subject
    """The ServiceAccount and the Pod whose token was copied."""
    loot: Loot
    used: Used | None = None
    before: WorldSnapshot | None = None
    """The world before the action in force; None where none is in force."""
    in_force: str = ""
    """The defence or the pattern in force; empty where none is."""
    tried: Mapping[str, Standing] = field(default_factory=dict)
    """The state of the thief after each defence, in the order in which these were tried."""
    attempts: tuple[Attempt, ...] = ()
    """The attempts of all ServiceAccounts under the pattern in force."""
    last: tuple[str, ...] = ()
    """The defences that were tried last."""
    past: tuple[Beat, ...] = ()
    """The beats before what was tried last."""
    names: JsonObject = field(default_factory=dict)
    """The names in the map's boxes."""
    failed: str = ""
    """Why actions failed, as the server's messages."""


DEFENCES: Mapping[str, Callable[[Theft], Work]] = {
    "delete_pod": lambda theft: experiments.delete_pod,
    "delete_service_account": lambda theft: experiments.delete_service_account,
    "session_over": lambda theft: _wait(_session_end(theft)),
    "token_over": lambda theft: _wait(float(theft.loot.claims["exp"]) + LEEWAY + 1),
    "rotate_keys": lambda theft: experiments.rotate_keys,
    "retire_keys": lambda theft: experiments.retire_keys,
    "trust_nobody": lambda theft: experiments.trust_nobody,
    "detach_policies": lambda theft: experiments.detach_policies,
    "revoke_sessions": lambda theft: experiments.revoke_sessions,
    "both": lambda theft: experiments.trust_nobody_and_revoke,
}
_PATTERNS = {
    "namespace": ("StringLike", "system:serviceaccount:{namespace}:*"),
    "name": ("StringLike", "system:serviceaccount:*:{service_account}"),
    "all": ("StringLike", "*"),
    "literal": ("StringEquals", "system:serviceaccount:{namespace}:*"),
    "absent": ("StringEquals", ""),
}
"""By name: the operator, and the value; its placeholders are members of `Chain`."""
PATTERNS = ("exact", *_PATTERNS)
"""The choices of what the trust policy requires of `sub`."""


def made_up(chain: Chain) -> Sequence[Name]:
    """The ServiceAccounts that anyone who may create some can add: in a namespace of their own, and in the users'."""
    return (("sandbox", chain.service_account), (chain.namespace, "attacker"))


def theft() -> Theft | Submission | None:
    """The theft in this browser's world, or why it failed; None where nothing was tried."""
    found = session.page_state().get(KEPT)
    if isinstance(found, Theft) and not found.in_force and found.subject != session.subject():
        return None  # the reader has chosen another chain since
    return found if isinstance(found, (Theft, Submission)) else None


# (1) The theft


def steal() -> None:
    """Copies the present token of the Pod, and uses it outside the cluster."""
    _copy()
    if isinstance(stolen := theft(), Theft):
        _use(stolen)


def _copy() -> None:
    if isinstance(kept := theft(), Theft):
        put_back(kept)
    world = session.world()
    subject = session.subject()
    found = probes.copy(session.simulated_ports(), subject)
    stolen = found if isinstance(found, Submission) else Theft(world=world, subject=subject, loot=found)
    session.page_state()[KEPT] = stolen


def _use(stolen: Theft) -> None:
    answer = session.simulation().run(who_am_i(stolen.world, stolen.loot.token))
    name = get_str(answer, "status", "userInfo", "username")
    code, message = str(get(answer, "code") or ""), get_str(answer, "message")
    bearer = Answer(taken=bool(name), got=name, code=code, server_message=message)
    reviews = [it for it in stolen.world.log.exchanges() if it.url.endswith("/selfsubjectreviews")]
    ports = session.simulated_ports()
    stolen.used = probes.use(ports, stolen.loot, stolen.subject, bearer, next(iter(reviews[-1:]), None))
    _on_the_map(stolen)


def _on_the_map(stolen: Theft) -> None:
    """Has the map play what was tried last when the page is drawn next, with the present state in place."""
    view = session.simulated_walk_view()
    found = session.diagnosis(view)
    stolen.names, stolen.past = names_of(view.walk), standing(film_of(found, view.heard).beats)
    st.session_state[PLAYS] = True


def put_back(stolen: Theft) -> None:
    """Undoes the action in force; nothing where there is none."""
    if stolen.before is not None:
        session.simulation().restore(stolen.world, stolen.before)
        stolen.before, stolen.in_force = None, ""
        session.run_again()


# (2) The defences


def defend(stolen: Theft, name: str) -> None:
    """Takes one defence, and tries the token again."""
    if _try(stolen, name):
        stolen.last = (name,)
        session.run_again()
        _on_the_map(stolen)


def defend_all(stolen: Theft) -> None:
    """Takes all defences, one after the other; none is in force then. `failed` has the message of each that failed."""
    tried, failed = [], []
    for name in DEFENCES:
        if _try(stolen, name):
            tried.append(name)
        else:
            failed.append(stolen.failed)
    put_back(stolen)
    stolen.last, stolen.failed = tuple(tried), "\n".join(failed)
    _on_the_map(stolen)


def _try(stolen: Theft, name: str) -> bool:
    if stolen.used is None or not _do(stolen, name, DEFENCES[name](stolen)):
        return False
    review = reviewed(session.simulation().run(token_review(stolen.world, stolen.loot.token, DEFAULT_AUDIENCE)))
    found = {
        **stolen.tried,
        name: probes.standing(session.simulated_ports(), stolen.loot, stolen.used.credentials, review),
    }
    stolen.tried = {known: found[known] for known in DEFENCES if known in found}
    return True


def _wait(until: float) -> Work:
    async def work(world: World) -> None:
        await move_clock(world, max(until - world.clock.now(), 0.0))

    return work


def _session_end(stolen: Theft) -> float:
    credentials = stolen.used.credentials if stolen.used else None
    return datetime.fromisoformat(credentials.expiration).timestamp() + 1 if credentials else 0.0


# (3) The patterns


def policy(world: World, pattern: str) -> JsonValue:
    """The trust policy with that pattern for `sub`."""
    if pattern not in _PATTERNS:
        return trust_policy(world)
    operator, value = _PATTERNS[pattern]
    subject = value.format(namespace=world.chain.namespace, service_account=world.chain.service_account)
    return experiments.wide_trust_policy(world, operator, [subject] if subject else [])


def widen(stolen: Theft, pattern: str, made_up: Sequence[Name]) -> None:
    """Writes the pattern into the trust policy, creates ServiceAccounts, and has every ServiceAccount ask for the
    role."""

    async def work(world: World) -> None:
        set_trust_policy(world, policy(world, pattern))
        for name in made_up:
            await experiments.create_service_account(world, *name)

    if _do(stolen, pattern, work):
        try:
            names = ["/".join(name) for name in made_up]
            stolen.attempts = probes.everybody(session.simulated_ports(), stolen.loot.role_arn, names)
        except FlowError as error:
            stolen.attempts, stolen.failed = (), error.server_message
        session.run_again()


def _do(stolen: Theft, name: str, work: Work) -> bool:
    """Does one action in the world, instead of the previous one. Returns whether it succeeded."""
    simulation, stolen.failed = session.simulation(), ""
    if stolen.before is None:
        stolen.before = simulation.save(stolen.world)
    else:
        simulation.restore(stolen.world, stolen.before)

    async def alone() -> None:
        async with stolen.world.changing:
            await work(stolen.world)

    try:
        simulation.run(alone())
    except (ApiError, AwsError) as error:
        put_back(stolen)
        stolen.failed = str(error)
        return False
    stolen.in_force = name
    return True
