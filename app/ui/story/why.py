"""The story behind IRSA: two Pods, one database, and what an attacker in one of them gets, as the app computes it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

import streamlit as st

from app.content import Content
from app.flow.errors import FlowError
from app.flow.model import Chain
from app.ui.draw import components, notice, page_errors
from app.ui.draw.checks import said
from app.ui.draw.sections import collapsible, draw_collapsibles, draw_section
from app.ui.frame import navigation
from app.ui.state import language, mode, session
from app.ui.state.depth import WIRE, depth
from app.ui.story import blast_radius, node_kind, schemes
from app.ui.story.schemes import Scheme, Taken
from app.ui.text import escape, prose
from app.world.setup import scenario

_Choice = TypeVar("_Choice", bound=StrEnum)


def why() -> None:
    """Draws the page."""
    content, walk_view = language.content(), session.simulated_walk_view()

    with navigation.onward("why", content):
        # (1) The problem, and the machine to try it on.
        components.head("why", content)
        if not mode.can().break_world:
            st.caption(content.message("mode.story_world"))
        elif session.world().start == "empty":
            st.caption(content.message("why.lent_story"))
        places = _places(session.world().seeded)
        if session.world().chain.subject != scenario.ARTICLE.subject:
            after = "/".join(places["pod_after"])
            st.caption(content.message("why.own_story", before="/".join(places["pod_before"]), after=after))
        draw_section("problem", "why", content)
        _experiment(content)

        # (2) Each scheme in words, with what really happened in this world.
        for anchor, pod in _SECTIONS:
            draw_section(anchor, "why", content)
            if pod == "pod_before":
                node_kind.choose(content)
            if pod:
                place = places[pod]
                components.block(_log(pod, place, walk_view.log(*place), content), key=f"log_{pod.replace('_', '-')}")

        # (3) The details behind it, folded; what to keep.
        draw_collapsibles(collapsible("pairing", "why", content, icon="group"), "why")
        draw_section("recap", "why", content)


_SECTIONS = (
    ("node-role", "pod_before"),
    ("per-service-account", "pod_after"),
    ("without-sub", ""),
    ("limits", ""),
)
"""The sections that stand open, in their order, with the Pod of this world to which the section happens (`_places`)."""


def _places(seeded: Chain) -> Mapping[str, tuple[str, str]]:
    """The story's Pods, whichever chain the other pages are about: namespace and name."""
    return {
        "pod_before": (scenario.NAMESPACE, scenario.POD_BEFORE),
        "pod_after": (seeded.namespace, seeded.pod),
    }


@page_errors.fragment
def _experiment(content: Content) -> None:
    """The choices and what follows from them; a choice draws only this part again."""
    heading = f'<h2 class="heading">{escape(content.message("why.try"))}</h2>'
    caption = f'<p class="caption">{prose(content.message("why.try_caption"))}</p>'
    components.block(heading + caption, key="try")
    notice.unknown("scheme", Scheme, content)
    notice.unknown("taken", Taken, content)
    with st.container(horizontal=True, key="choices"):
        scheme = _choose("scheme", Scheme, "why.schemes", content)
        taken = _choose("taken", Taken, "why.pods", content)
    try:
        scene = schemes.current(scheme)
    except FlowError as error:
        unreadable = f'<p class="unreadable">{prose(content.message("why.unreadable"))}</p>'
        components.block(unreadable + said(error.server_message, content), key="blast_radius")
        return
    outcome = blast_radius.evaluate(scene, taken)
    components.block(blast_radius.result(outcome, content), key="blast_radius")
    components.block(blast_radius.computed(outcome, content, opened=depth() == WIRE), key="computed")


def _choose(key: str, choices: type[_Choice], words: str, content: Content) -> _Choice:
    """A choice that the address keeps; for an unknown value in the address, the first one."""
    asked = st.query_params.get(key)
    if asked in set(choices):
        st.session_state[key] = choices(asked)
    elif key not in st.session_state:
        st.session_state[key] = next(iter(choices))

    def changed() -> None:
        st.query_params[key] = str(st.session_state[key])

    chosen = st.segmented_control(
        content.message(f"why.{key}"),
        list(choices),
        key=key,
        format_func=lambda choice: content.message(f"{words}.{choice}"),
        required=True,
        on_change=changed,
    )
    return choices(chosen or next(iter(choices)))


def _log(pod: str, place: tuple[str, str], log: str, content: Content) -> str:
    namespace, name = place
    caption = escape(content.message(f"why.{pod}", pod=name))
    found = node_kind.outcome(log, session.world().node_role_name, content) if pod == "pod_before" else ""
    where = "" if namespace == scenario.NAMESPACE else f" -n {escape(namespace)}"
    return (
        f'<p class="caption">{caption}</p>'
        f'<pre class="log"><b>$ kubectl logs {escape(name)}{where}</b>\n{escape(log)}</pre>'
        f"{found and f'<p>{prose(found)}</p>'}"
    )
