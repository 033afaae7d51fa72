"""Whom live mode is about: which cluster, which ServiceAccount and Pod, and as whom in AWS.

The lists to choose from are read from the cluster. What it does not list can be typed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import streamlit as st

from app import wiring
from app.content import Content
from app.flow.annotations import ROLE_ARN
from app.flow.consent import NOTHING, Action
from app.flow.doctor.choosing import rank
from app.flow.errors import FlowError, NotPermitted, Unreachable
from app.flow.model import JsonValue, Subject
from app.flow.permissions_needed import need, rules, rules_as_yaml
from app.flow.ports import Ports
from app.flow.steps.documents import text
from app.ui import components
from app.ui.code import code
from app.ui.text import escape, prose, value
from app.ui.visit import Visit
from app.wiring import Choice

_STATE = "live"
_IN_CLUSTER = "\0in-cluster"
"""The entry for the cluster in whose Pod we run: no context has that name."""


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


# (2) The pickers


def cluster(content: Content) -> str:
    """What the chosen cluster is called here; empty where there is none."""
    choice = state().choice
    if choice.in_cluster:
        return content.message("mode.in_cluster")
    try:
        return choice.context or wiring.contexts().current
    except FlowError:
        return choice.context


def pickers(content: Content) -> None:
    """Everything that can be chosen, each with what stands in its way."""
    chosen = state()
    _cluster(chosen, content)
    _pick("namespace", chosen.namespace, chosen.lists.get(("namespaces",)), "choose.namespace", content)
    accounts = chosen.lists.get(("service_accounts", chosen.namespace))
    _pick("service_account", chosen.service_account, accounts, "choose.service_account", content)
    pods = chosen.lists.get(("pods", chosen.namespace, chosen.service_account))
    _pick("pod", chosen.pod or "", pods, "choose.pod", content)
    _aws(chosen, content)


def _cluster(chosen: State, content: Content) -> None:
    try:
        contexts = wiring.contexts()
        names, current, problem = list(contexts.by_name), contexts.current, None
    except FlowError as error:
        names, current, problem = [], "", error
    if wiring.is_in_cluster():
        names.append(_IN_CLUSTER)
    now = _IN_CLUSTER if chosen.choice.in_cluster else chosen.choice.context or current

    def name_of(context: str) -> str:
        return content.message("mode.in_cluster") if context == _IN_CLUSTER else context

    if names:
        _select("context", names, now, name_of, content)
    _told(problem if not names else chosen.problem, content)


def _aws(chosen: State, content: Content) -> None:
    names = ["", *wiring.profiles()]
    _select(
        "profile",
        names,
        chosen.choice.profile,
        lambda profile: profile or content.message("mode.profile_of_environment"),
        content,
    )
    visit = chosen.visit
    st.session_state["pick_region"] = chosen.choice.region
    st.text_input(
        content.message("ui.region"),
        key="pick_region",
        placeholder=visit.region if visit else None,
        max_chars=40,
        on_change=_picked,
        args=("region",),
    )
    if visit is None:
        return
    if visit.identity_error:
        _told(visit.identity_error, content)
        return
    rows = (("ui.account", text(visit.identity, "Account")), ("mode.identity", text(visit.identity, "Arn")))
    shown = "".join(f"<dt>{escape(content.message(key))}</dt><dd>{value(found)}</dd>" for key, found in rows)
    components.block(f"<dl>{shown}</dl>", key="identity")


def _pick(what: str, now: str, listed: Listed | None, use: str, content: Content) -> None:
    """A list of the cluster's; a name that is not in it can be typed."""
    names = list(listed.names) if listed else []
    roles = dict(zip(names, listed.roles, strict=True)) if listed else {}
    if what == "pod":
        names = ["", *names]

    def name_of(name: str) -> str:
        role = roles.get(name, "").rpartition("/")[2]
        return f"{name} → {role}" if role else name or content.message("mode.no_pod")

    _select(what, names, now, name_of, content, typed=True)
    if listed and not isinstance(listed.error, Unreachable):  # a silence is told once, above
        _told(listed.error, content, use)


def _select(
    what: str, names: Sequence[str], now: str, name_of: Callable[[str], str], content: Content, *, typed: bool = False
) -> None:
    options = [*names, *([now] if now and now not in names else [])]
    st.session_state[f"pick_{what}"] = now if now in options else None
    st.selectbox(
        content.message(f"mode.{what}"),
        options,
        format_func=name_of,
        key=f"pick_{what}",
        placeholder=content.message("mode.choose"),
        accept_new_options=typed,
        on_change=_picked,
        args=(what,),
    )


def _picked(what: str) -> None:
    """Takes over what was picked, and drops what hung on the choice before."""
    chosen, picked = state(), str(st.session_state.get(f"pick_{what}") or "").strip()
    match what:
        case "context":
            in_cluster = picked == _IN_CLUSTER
            context = "" if in_cluster else picked
            chosen.turn_to(replace(chosen.choice, context=context, in_cluster=in_cluster))
        case "profile":
            chosen.turn_to(replace(chosen.choice, profile=picked))
        case "region":
            chosen.turn_to(replace(chosen.choice, region=picked))
        case "namespace":
            chosen.namespace, chosen.service_account, chosen.pod = picked, "", None
        case "service_account":
            chosen.service_account, chosen.pod = picked, None
        case _:
            chosen.pod = picked
    chosen.forget()


def _told(error: FlowError | None, content: Content, use: str = "") -> None:
    """In short what stands in the way, and the rule that would let us by."""
    if error is None:
        return
    words = content.error(error.words, **error.values)
    lines = f'<p class="warning"><span class="mark" aria-hidden="true">!</span> {prose(words.title)}</p>'
    if isinstance(error, NotPermitted) and use:
        lines += f"<p>{prose(content.message('mode.type_it'))}</p>{code(content, rule_for(use))}"
    else:
        lines += f"<p>{prose(words.fix)}</p>"
    components.block(f'<div class="notice small">{lines}</div>', key=f"told_{use or error.words}")


def rule_for(use: str, subject: Subject | None = None) -> str:
    """The RBAC rules that a use takes, as YAML."""
    found = need(use)
    return rules_as_yaml(rules(found.of(subject) if subject else found.accesses))
