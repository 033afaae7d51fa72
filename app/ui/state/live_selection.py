"""The subject of live mode: which cluster, which ServiceAccount and Pod, and which identity in AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

import streamlit as st

from app import wiring
from app.content import Content
from app.flow.doctor.pods.choosing import in_order
from app.flow.doctor.tool_options import ToolOptions
from app.flow.errors import FlowError, NotPermitted, Unreachable
from app.flow.json_access import get_str
from app.flow.model import JsonValue, Subject
from app.flow.names import annotated_role_arn
from app.flow.object_names import NotAName, check_name, check_namespace
from app.flow.permissions.asked import AskedAction
from app.flow.port_wrappers.consent import NOTHING, Action
from app.flow.port_wrappers.side_by_side import answers
from app.flow.ports import Ports
from app.ui.state.walk_view import WalkView
from app.wiring import Choice

_STATE = "live"
LOOKED_INTO = 8
"""How many annotated ServiceAccounts are asked, all at a time, whether they have Pods."""


class NotChosen(FlowError):
    """It is not known yet which ServiceAccount is meant."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A list that the cluster was asked for."""

    names: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    """For ServiceAccounts, by place: the annotation's value; empty where there is none."""
    error: FlowError | None = None
    """Why there is no list."""


@dataclass(kw_only=True)
class LiveSelection:
    """The choice of one reader in live mode, and what was read for it."""

    choice: Choice
    namespace: str = ""
    """Empty until the first list is read."""
    service_account: str = ""
    pod: str | None = None
    """The name of the Pod. None: the reader has chosen none, so it is the newest at each look. Empty: no Pod."""
    newest: str = ""
    """The newest Pod at the last look, if no Pod is chosen; empty where there was none."""
    lists: dict[tuple[str, ...], Listed] = field(default_factory=dict)
    granted: dict[tuple[str, str, str | None], frozenset[Action]] = field(default_factory=dict)
    """What this reader has asked for, by namespace, ServiceAccount and chosen Pod."""
    for_visit: frozenset[Action] = NOTHING
    """What they have asked for, for all subjects of this cluster, as this identity."""
    needed: tuple[AskedAction, ...] = ()
    """What the Pods of this ServiceAccount need, where the reader has said it."""
    own: Subject | None = None
    """The ServiceAccount and Pod of this process, where the chosen cluster is the one in whose Pod it runs."""
    settled: bool = False
    """Whether the walk of this choice was made, or was found to be impossible."""
    walk_view: WalkView | None = None
    """The last walk of the present choice."""
    read_at: float = 0.0
    """When the last walk was made: Unix seconds."""
    written: dict[str, str] = field(default_factory=dict)
    """The parameters of this choice that we wrote into the address."""
    problem: FlowError | None = None
    """Why there is no walk, or no newer one."""

    @property
    def subject(self) -> Subject:
        """The ServiceAccount and the Pod that the choice is about."""
        pod = self.newest if self.pod is None else self.pod
        return Subject(namespace=self.namespace, service_account=self.service_account, pod=pod)

    @property
    def is_own(self) -> bool:
        """Whether the choice is about the Pod in which we run."""
        return self.own is not None and self.own == self.subject

    @property
    def asked_for(self) -> frozenset[Action]:
        """The actions that this reader has asked for."""
        return self.granted.get(self._choice, NOTHING) | self.for_visit

    def grant(self, actions: Iterable[Action]) -> None:
        """Adds to what this reader has asked for. With the newest Pod as the choice, this applies to each newest
        Pod."""
        self.granted[self._choice] = self.asked_for | set(actions)

    @property
    def _choice(self) -> tuple[str, str, str | None]:
        return self.namespace, self.service_account, self.pod

    @property
    def actions(self) -> frozenset[Action]:
        """The actions that are allowed beyond reading. Our own Pod's token may be read without the reader's consent."""
        return self.asked_for | ({Action.READ_TOKEN} if self.is_own else NOTHING)

    def turn_to(self, choice: Choice) -> None:
        """Chooses another cluster, or another account: the consent and the lists of the previous one are dropped."""
        if (choice.context, choice.in_cluster) != (self.choice.context, self.choice.in_cluster):
            self.namespace = self.service_account = self.newest = ""
            self.pod, self.needed = None, ()
            self.lists.clear()
        self.choice = choice
        self.take_back()

    def pick(self, what: str, name: str | None) -> None:
        """Chooses another `namespace`, `service_account` or `pod` (None: the newest). What depends on it is chosen
        again."""
        match what:
            case "namespace":
                self.namespace, self.service_account, self.pod, self.newest = name or "", "", None, ""
                self.needed = ()
            case "service_account":
                self.service_account, self.pod, self.newest = name or "", None, ""
                self.needed = ()
            case _:
                self.pod = name
        self.forget()

    def take_back(self) -> None:
        """Takes back all consent; the next run walks again, and only reads."""
        self.granted.clear()
        self.for_visit = NOTHING
        self.forget()

    def forget(self) -> None:
        """Has the next run walk again, with no earlier walk to fall back to."""
        self.walk_view, self.settled = None, False


def state() -> LiveSelection:
    """This session's; made on first use: the kubeconfig's current context, or the cluster in whose Pod we run.

    The context is kept by its name: what was granted for it must not go to another one that becomes current.
    """
    kept = st.session_state.get(_STATE)
    if not isinstance(kept, LiveSelection):
        kept = st.session_state[_STATE] = LiveSelection(choice=_first())
    return kept


def _first() -> Choice:
    try:
        return Choice(context=wiring.contexts().current)
    except FlowError:
        return Choice(in_cluster=wiring.is_in_cluster())


def tool_options() -> ToolOptions:
    """The options that the commands of a fix need, where the reader's shell would use another cluster or account."""
    options = state().choice.tool_options
    return replace(options, context="") if options.context == _first().context else options


# (1) From the choice to a subject


def settle(chosen: LiveSelection, opened: Callable[[], Ports]) -> Subject:
    """Fills in what the reader has not chosen yet. Raises `FlowError` where it cannot be known."""
    try:
        return _settled(chosen, opened)
    except (NotChosen, NotAName):
        look_around(chosen, opened())
        raise


def _settled(chosen: LiveSelection, opened: Callable[[], Ports]) -> Subject:
    # (1) In a Pod of this cluster that Pod is meant, until the reader chooses another subject.
    own = chosen.own = wiring.own_subject() if chosen.choice.in_cluster else None
    if own is not None and chosen.namespace in ("", own.namespace) and not chosen.service_account:
        chosen.namespace, chosen.service_account, chosen.pod = own.namespace, own.service_account, own.pod

    # (2) At the start a ServiceAccount that has a role, in any namespace.
    if not chosen.namespace:
        chosen.namespace = wiring.default_namespace(chosen.choice)
        if not chosen.service_account:
            _start(chosen, opened)

    # (3) The namespace, the ServiceAccount, the Pod: each is looked for in the previous one.
    check_namespace(chosen.namespace)
    accounts = _accounts(chosen, opened)
    if isinstance(accounts.error, NotPermitted) and accounts.error.about_login:
        raise accounts.error  # the server would not answer anything else either
    if not chosen.service_account:
        if isinstance(accounts.error, Unreachable):
            raise accounts.error
        if not accounts.names:
            raise NotChosen(
                code="live_not_chosen",
                server_message=accounts.error.server_message if accounts.error else "",
                got=chosen.namespace,
            )
        annotated = [name for name, role in zip(accounts.names, accounts.roles, strict=True) if role]
        in_use = _first_in_use(chosen, opened, [(chosen.namespace, name) for name in annotated])
        chosen.service_account = in_use[1] if in_use else accounts.names[0]
    check_name("ServiceAccount", chosen.service_account)
    # A rollout brings other Pods at any time, and the diagnosis reads the same list.
    chosen.lists.pop(("pods", chosen.namespace, chosen.service_account), None)
    pods = _pods(chosen, opened, chosen.namespace, chosen.service_account)
    if pods.error is None:
        chosen.newest = next(iter(pods.names), "")
    check_name("Pod", chosen.subject.pod)
    return chosen.subject


def _start(chosen: LiveSelection, opened: Callable[[], Ports]) -> None:
    """Chooses an annotated ServiceAccount with Pods, of the context's namespace before others; else an annotated one.

    Where there is none, or not all namespaces may be read, the context's namespace it is. Raises `FlowError` where the
    server does not answer, or does not accept our login.
    """
    try:
        found = opened().cluster.service_accounts()
    except FlowError as error:
        if isinstance(error, Unreachable) or (isinstance(error, NotPermitted) and error.about_login):
            raise
        return
    places = [
        (get_str(one, "metadata", "namespace"), get_str(one, "metadata", "name"))
        for one in found
        if annotated_role_arn(one)
    ]
    if first := _first_in_use(chosen, opened, sorted(places, key=lambda place: (place[0] != chosen.namespace, place))):
        chosen.namespace, chosen.service_account = first


def _first_in_use(
    chosen: LiveSelection, opened: Callable[[], Ports], places: list[tuple[str, str]]
) -> tuple[str, str] | None:
    """The first of these ServiceAccounts (namespace, name) that has Pods, as far as we look; else the first one."""
    opened()  # before several threads ask for it at once: each would open one of its own
    answers(*(partial(_pods, chosen, opened, *place) for place in places[:LOOKED_INTO]))
    return next(
        (place for place in places[:LOOKED_INTO] if chosen.lists["pods", *place].names), next(iter(places), None)
    )


def look_around(chosen: LiveSelection, ports: Ports) -> Unreachable | None:
    """Reads the list that only the next choice needs. Returns the error where the API server does not answer, else
    None."""
    error = _listed(chosen, ("namespaces",), ports.cluster.namespaces).error
    return error if isinstance(error, Unreachable) else None


def _accounts(chosen: LiveSelection, opened: Callable[[], Ports]) -> Listed:
    return _listed(
        chosen,
        ("service_accounts", chosen.namespace),
        lambda: opened().cluster.service_accounts(chosen.namespace),
    )


def _pods(chosen: LiveSelection, opened: Callable[[], Ports], namespace: str, service_account: str) -> Listed:
    key = ("pods", namespace, service_account)
    return _listed(chosen, key, lambda: opened().cluster.pods(namespace, service_account))


def _listed(chosen: LiveSelection, key: tuple[str, ...], ask: Callable[[], Iterable[JsonValue]]) -> Listed:
    if key not in chosen.lists:
        try:
            found = list(ask())
            if key[0] == "pods":
                found = in_order(found)
        except FlowError as error:
            chosen.lists[key] = Listed(error=error)
        else:
            chosen.lists[key] = Listed(
                names=tuple(one if isinstance(one, str) else get_str(one, "metadata", "name") for one in found),
                roles=tuple(annotated_role_arn(one) for one in found),
            )
    return chosen.lists[key]


# (2) The choice in words


def cluster(content: Content) -> str:
    """The chosen cluster's name on these pages; empty where there is none."""
    choice = state().choice
    if choice.in_cluster:
        return content.message("mode.in_cluster")
    try:
        return choice.context or wiring.contexts().current
    except FlowError:
        return choice.context
