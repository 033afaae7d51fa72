"""The controls with which the reader chooses what live mode is about. A name that the cluster does not list can be
typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from app import wiring
from app.content import Content
from app.flow.errors import FlowError, NotPermitted, Unreachable
from app.flow.json_access import get_str
from app.flow.port_wrappers.permissions_needed import need, rules, rules_as_yaml
from app.flow.visible import visible
from app.ui.draw import components, notice
from app.ui.draw.code import code
from app.ui.marks import unspoken
from app.ui.state.live_selection import Listed, LiveSelection, state
from app.ui.text import escape, prose, value

_IN_CLUSTER = "\0in-cluster"
"""The entry for the cluster in whose Pod we run: no context has that name."""
_NEWEST = "\0newest"
"""The entry for the newest Pod, whichever it is: no Pod has that name."""


def pickers(content: Content) -> None:
    """All controls, each with the reason where the cluster does not list its names."""
    chosen = state()
    if _cluster(chosen, content):
        _in_cluster(chosen, content)
    _aws(chosen, content)


def _in_cluster(chosen: LiveSelection, content: Content) -> None:
    _pick("namespace", chosen.namespace, chosen.lists.get(("namespaces",)), "choose.namespace", content)
    accounts = chosen.lists.get(("service_accounts", chosen.namespace))
    _pick("service_account", chosen.service_account, accounts, "choose.service_account", content)
    pods = chosen.lists.get(("pods", chosen.namespace, chosen.service_account))
    _pick("pod", _NEWEST if chosen.pod is None else chosen.pod, pods, "choose.pod", content)


def with_role(name: str, role_arn: str) -> str:
    """A ServiceAccount's name, with the role of its annotation if it has one."""
    role = role_arn.rpartition("/")[2]
    return f"{name} → {role}" if role else name


def _cluster(chosen: LiveSelection, content: Content) -> bool:
    """Draws the choice of a cluster. Returns whether there is a cluster to choose."""
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
        select("context", names, now, name_of, content, picked=_picked)
    _problem(problem if not names else chosen.problem, content, "context")
    return bool(names)


def _aws(chosen: LiveSelection, content: Content) -> None:
    names = ["", *wiring.profiles()]
    select(
        "profile",
        names,
        chosen.choice.profile,
        lambda profile: profile or content.message("mode.profile_of_environment"),
        content,
        picked=_picked,
    )
    walk_view = chosen.walk_view
    st.session_state["pick_region"] = chosen.choice.region
    st.text_input(
        content.message("ui.region"),
        key="pick_region",
        placeholder=walk_view.region if walk_view else None,
        max_chars=40,
        on_change=_picked,
        args=("region",),
    )
    if walk_view is None:
        return
    if walk_view.identity_error:
        _problem(walk_view.identity_error, content, "identity")
        return
    rows = (
        ("ui.account", get_str(walk_view.identity, "Account")),
        ("mode.identity", get_str(walk_view.identity, "Arn")),
    )
    shown = "".join(f"<dt>{escape(content.message(key))}</dt><dd>{value(found)}</dd>" for key, found in rows)
    components.block(f"<dl>{shown}</dl>", key="identity")


def _pick(what: str, now: str, listed: Listed | None, use: str, content: Content) -> None:
    """A choice from one of the cluster's lists. A name that is not in the list can be typed."""
    names = list(listed.names) if listed else []
    roles = dict(zip(names, listed.roles, strict=True)) if listed else {}
    if what == "pod":
        names = [_NEWEST, "", *names]

    newest = content.message("mode.newest_pod", pod=state().newest or content.message("mode.no_pod"))

    def name_of(name: str) -> str:
        if name == _NEWEST:
            return newest
        return with_role(name, roles.get(name, "")) or content.message("mode.no_pod")

    select(what, names, now, name_of, content, picked=_picked, typed=True)
    if listed and not isinstance(listed.error, Unreachable) and listed.error is not state().problem:  # shown above
        _problem(listed.error, content, what, use)


def select(
    what: str,
    names: Sequence[str],
    now: str,
    name_of: Callable[[str], str],
    content: Content,
    *,
    picked: Callable[[str], None],
    typed: bool = False,
    disabled: bool = False,
) -> None:
    """A list to choose from. `picked` is called with `what`; the choice is then in the session, as `pick_` and that.

    `now` is there even where it is not among the names. `typed`: whether another name can be typed.
    """
    options = [*names, *([now] if now and now not in names else [])]
    st.session_state[f"pick_{what}"] = now if now in options else None
    st.selectbox(
        content.message(f"mode.{what}"),
        options,
        format_func=lambda name: visible(name_of(name), keep=""),
        key=f"pick_{what}",
        placeholder=content.message("mode.choose"),
        accept_new_options=typed,
        disabled=disabled,
        on_change=picked,
        args=(what,),
    )


def _picked(what: str) -> None:
    """Keeps what was picked, and drops the choices that depended on the previous one."""
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
        case _:
            chosen.pick(what, None if picked == _NEWEST else picked)


def _problem(error: FlowError | None, content: Content, key: str, use: str = "") -> None:
    """A short error, and the rule that would allow what was refused."""
    if error is None:
        return
    words = notice.words_of(error, content)
    lines = f'<p class="warning">{unspoken("!")} {prose(words.title)}</p>'
    if isinstance(error, NotPermitted) and use and not error.about_login:
        lines += (
            f"<p>{prose(content.message('mode.type_it'))}</p>{code(content, rules_as_yaml(rules(need(use).accesses)))}"
        )
    else:
        lines += f"<p>{prose(words.fix)}</p>"
    components.block(f'<div class="notice small">{lines}</div>', key=f"problem_{key}")
