"""Whom live mode is about: which cluster, which ServiceAccount and Pod, and as whom in AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import streamlit as st

from app import wiring
from app.content import Content
from app.flow.annotations import ROLE_ARN
from app.flow.consent import NOTHING, Action
from app.flow.doctor.choosing import rank
from app.flow.errors import FlowError, Unreachable
from app.flow.model import JsonValue, Subject
from app.flow.ports import Ports
from app.flow.steps.documents import text
from app.ui.visit import Visit
from app.wiring import Choice

_STATE = "live"


class NotChosen(FlowError):
    """It is not known yet which ServiceAccount is meant."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One list that the cluster was asked for."""

    names: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    """For ServiceAccounts, by place: the annotation's value; empty where there is none."""
    error: FlowError | None = None
    """Why there is no list."""


@dataclass(kw_only=True)
class State:
    """What one reader has chosen and seen in live mode."""

    choice: Choice
    namespace: str = ""
    """Empty until the first list is read."""
    service_account: str = ""
    pod: str | None = None
    """None: nobody has chosen, so the first one is taken. Empty: none."""
    lists: dict[tuple[str, ...], Listed] = field(default_factory=dict)
    granted: dict[Subject, frozenset[Action]] = field(default_factory=dict)
    """What this reader has asked for, by whom it is about."""
    settled: bool = False
    """Whether the walk that all this wants was made, or was found to be impossible."""
    visit: Visit | None = None
    """The last walk of the present choice."""
    read_at: float = 0.0
    problem: FlowError | None = None
    """Why there is none, or no newer one."""

    @property
    def subject(self) -> Subject:
        """Whom it is about."""
        return Subject(namespace=self.namespace, service_account=self.service_account, pod=self.pod or "")

    @property
    def actions(self) -> frozenset[Action]:
        """What may be done beyond reading."""
        return self.granted.get(self.subject, NOTHING)

    def turn_to(self, choice: Choice) -> None:
        """Another cluster, or another account: what was granted and learnt is of the one before."""
        if (choice.context, choice.in_cluster) != (self.choice.context, self.choice.in_cluster):
            self.namespace = self.service_account = ""
            self.pod = None
            self.lists.clear()
        self.choice = choice
        self.granted.clear()
        self.forget()

    def forget(self) -> None:
        """The next run walks anew, and has nothing to go back to."""
        self.visit, self.settled = None, False


def state() -> State:
    """This session's; made on first use: the kubeconfig's current context, or the cluster in whose Pod we run."""
    kept = st.session_state.get(_STATE)
    if not isinstance(kept, State):
        kept = st.session_state[_STATE] = State(choice=_first())
    return kept


def _first() -> Choice:
    try:
        wiring.contexts()
    except FlowError:
        return Choice(in_cluster=wiring.is_in_cluster())
    return Choice()


# (1) From the choice to a subject


def settle(chosen: State, opened: Callable[[], Ports]) -> Subject:
    """Fills in what nobody has chosen yet. Raises `FlowError` where it cannot be known."""
    chosen.namespace = chosen.namespace or wiring.default_namespace(chosen.choice)
    accounts = _accounts(chosen, opened)
    if not chosen.service_account:
        if isinstance(accounts.error, Unreachable):
            raise accounts.error
        annotated = [name for name, role in zip(accounts.names, accounts.roles, strict=True) if role]
        if not accounts.names:
            raise NotChosen(
                code="live_not_chosen", said=accounts.error.said if accounts.error else "", got=chosen.namespace
            )
        chosen.service_account = (annotated or list(accounts.names))[0]
    pods = _listed(
        chosen,
        ("pods", chosen.namespace, chosen.service_account),
        lambda: opened().cluster.pods(chosen.namespace, chosen.service_account),
    )
    if chosen.pod is None:
        chosen.pod = pods.names[0] if pods.names else ""
    return chosen.subject


def look_around(chosen: State, ports: Ports) -> None:
    """Reads the list that only the next choice needs."""
    _listed(chosen, ("namespaces",), ports.cluster.namespaces)


def _accounts(chosen: State, opened: Callable[[], Ports]) -> Listed:
    return _listed(
        chosen,
        ("service_accounts", chosen.namespace),
        lambda: opened().cluster.service_accounts(chosen.namespace),
    )


def _listed(chosen: State, key: tuple[str, ...], ask: Callable[[], Iterable[JsonValue]]) -> Listed:
    if key not in chosen.lists:
        try:
            found = list(ask())
            if key[0] == "pods":
                found.sort(key=rank, reverse=True)
        except FlowError as error:
            chosen.lists[key] = Listed(error=error)
        else:
            chosen.lists[key] = Listed(
                names=tuple(one if isinstance(one, str) else text(one, "metadata", "name") for one in found),
                roles=tuple(text(one, "metadata", "annotations", ROLE_ARN) for one in found),
            )
    return chosen.lists[key]


# (2) What is chosen, in words


def cluster(content: Content) -> str:
    """What the chosen cluster is called here; empty where there is none."""
    choice = state().choice
    if choice.in_cluster:
        return content.message("mode.in_cluster")
    try:
        return choice.context or wiring.contexts().current
    except FlowError:
        return choice.context
