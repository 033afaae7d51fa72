"""A token is copied from a Pod and used elsewhere: what stops that, what does not, and who a wide policy lets in."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.content import Content
from app.flow.json_access import get_str
from app.flow.model import Status
from app.flow.steps.submission import Submission
from app.ui.draw import components, page_errors, sts_wording
from app.ui.draw.checks import mark, said
from app.ui.draw.links import page_link
from app.ui.draw.notice import needs_a_world, without_token
from app.ui.draw.sections import collapsible, draw_collapsibles, draw_section, places
from app.ui.frame import navigation
from app.ui.frame.not_there import needs_chain
from app.ui.map.film_view import draw_events, standing
from app.ui.map.player import Plays
from app.ui.state import chosen_chain, language
from app.ui.state.route import SECTION
from app.ui.text import escape, prose
from app.ui.thief import actions, film, views
from app.ui.thief.actions import DEFENCES, PATTERNS, Theft

_DEFENCE, _PATTERN, _MADE_UP = "thief_defence", "thief_pattern", "thief_made_up"


@navigation.leads_on("thief")
def thief() -> bool:
    """Draws the page. Returns whether the token is stolen."""
    content = language.content()
    components.head("thief", content)
    if needs_a_world(content) or needs_chain(content):
        return True

    # (1) What is stolen, and what is tried with it: the list is long, and the answers are added to it.
    draw_section("token", "thief", content)
    found = actions.theft()
    stolen = found if isinstance(found, Theft) else None
    if stolen is None or stolen.used is None:
        _sought(content)
    st.button(
        content.message("thief.steal"),
        key="thief_steal",
        icon=":material/key_off:",
        type="secondary" if stolen else "primary",
        on_click=actions.steal,
    )
    if isinstance(found, Submission):
        without_token(found, content)
    components.block(views.attempts(stolen, content), key="thief_attempts")
    if stolen is None or stolen.used is None:
        return False
    chosen_chain.pin()
    if not stolen.last:
        _map(stolen, content)
    components.block(views.loot(stolen.loot, content), key="thief_loot")

    # (2) The defences.
    draw_section("against", "thief", content)
    _defences(stolen, content)

    # (3) Who else is let in.
    draw_section("wide", "thief", content)
    _patterns(stolen, content)

    with st.container(key="behind"):
        limits = collapsible("limits", "thief", content, icon="shield")
        draw_collapsibles(limits + collapsible("does-not-limit", "thief", content, icon="remove_moderator"), "thief")
        sts_wording.fold(content)
    draw_section("recap", "thief", content)
    return True


def _sought(content: Content) -> None:
    """Says when the section comes that the address asks for, where it is not there before the theft."""
    section = st.query_params.get(SECTION, "")
    if section in places("thief") and section != "token":
        names = {"section": content.lesson("thief").section(section).heading, "steal": content.message("thief.steal")}
        components.block(f"<p>{escape(content.message('thief.sought', **names))}</p>", key="thief_sought")


def say_in_force(content: Content) -> bool:
    """Says on another page what is still in force, with a button that undoes it; draws nothing where nothing is.
    Returns whether something is."""
    stolen = actions.theft()
    if not isinstance(stolen, Theft) or not stolen.in_force:
        return False
    kind = "defences" if stolen.in_force in DEFENCES else "patterns"
    name = content.message(f"thief.{kind}.{stolen.in_force}.name", **_names(stolen))
    link = page_link(content, "thief", escape(content.message("thief.strip_link")))
    words = f"<p>{prose(content.message('thief.strip', name=name))} {link}</p>"
    label, put_back = content.message("thief.put_back"), lambda: _with(actions.put_back)
    with st.container(key="thief_strip"):
        text, way = st.columns([3, 1], gap="small", vertical_alignment="center")
        with text:
            html = f'<div class="strip warning" role="status">{mark(Status.WARNING, content)}{words}</div>'
            components.block(html, key="thief_strip_words")
        way.button(label, key="thief_strip_back", icon=":material/undo:", width="stretch", on_click=put_back)
    return True


def _names(stolen: Theft) -> dict[str, str]:
    return {"namespace": stolen.subject.namespace, "service_account": stolen.subject.service_account}


def _with(action: Callable[[Theft], None]) -> None:
    """Does an action with the theft in this browser's world, which may be gone since the page was drawn."""
    if isinstance(stolen := actions.theft(), Theft):
        action(stolen)


def _map(stolen: Theft, content: Content) -> None:
    """The theft on the map, until a defence is tried; then what still works after it."""
    plays = st.session_state.pop(actions.PLAYS, False)
    _film(stolen, content, plays="now" if plays else "")


@page_errors.fragment
def _film(stolen: Theft, content: Content, *, plays: Plays) -> None:
    first, then = film.theft(stolen), film.measures(stolen, content)
    past = (*stolen.past, *standing(first)) if then else stolen.past
    draw_events(then or first, past, stolen.names, stolen.subject, content, plays=plays, key="film")


def _defences(stolen: Theft, content: Content) -> None:
    st.session_state[_DEFENCE] = stolen.in_force if stolen.in_force in DEFENCES else None
    st.pills(
        content.message("thief.choose_defence"),
        list(DEFENCES),
        key=_DEFENCE,
        format_func=lambda name: content.message(f"thief.defences.{name}.name"),
        on_change=lambda: _with(_defend),
    )
    with st.container(horizontal=True, gap="small", key="thief_all"):
        st.button(
            content.message("thief.try_all"),
            key="thief_try_all",
            icon=":material/checklist:",
            on_click=lambda: _with(actions.defend_all),
        )
        _back(stolen, content, key="thief_back")
    _nothing_in_force(stolen, content)
    _failure(stolen, content)
    if stolen.last:
        _map(stolen, content)
    components.block(views.defences(stolen.tried, stolen.in_force, content), key="thief_defences")


def _defend(stolen: Theft) -> None:
    name = st.session_state[_DEFENCE]
    if name is None:
        actions.put_back(stolen)
    else:
        actions.defend(stolen, name)


def _patterns(stolen: Theft, content: Content) -> None:
    chosen = stolen.in_force if stolen.in_force in PATTERNS else None
    st.session_state[_PATTERN] = chosen
    st.pills(
        content.message("thief.choose_pattern"),
        PATTERNS,
        key=_PATTERN,
        format_func=lambda name: content.message(f"thief.patterns.{name}.name", **_names(stolen)),
        on_change=lambda: _with(_widen),
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="thief_made"):
        st.checkbox(
            content.message("thief.made_up", names=", ".join(map("/".join, actions.made_up(stolen.world.chain)))),
            key=_MADE_UP,
            help=content.message("thief.made_up_help"),
            on_change=lambda: _with(_widen),
        )
        _back(stolen, content, key="thief_back_wide")
    _nothing_in_force(stolen, content)
    if chosen:
        own, policy = get_str(stolen.loot.claims, "sub"), actions.policy(stolen.world, chosen)
        drawn = views.everybody(stolen.attempts, chosen, own, policy, content)
    else:
        drawn = f'<p class="quiet">{prose(content.message("thief.nothing_widened"))}</p>'
    components.block(drawn, key="thief_everybody")


def _widen(stolen: Theft) -> None:
    pattern = st.session_state[_PATTERN]
    if pattern is not None:
        actions.widen(stolen, pattern, actions.made_up(stolen.world.chain) if st.session_state[_MADE_UP] else ())
    elif stolen.in_force in PATTERNS:
        actions.put_back(stolen)


def _back(stolen: Theft, content: Content, key: str) -> None:
    st.button(
        content.message("thief.put_back"),
        help=content.message("thief.put_back_help"),
        key=key,
        icon=":material/undo:",
        disabled=stolen.before is None,
        on_click=lambda: _with(actions.put_back),
    )


def _nothing_in_force(stolen: Theft, content: Content) -> None:
    """Why the world cannot be put back: also for a reader who sees no tooltip."""
    if stolen.before is None:
        st.caption(content.message("thief.nothing_in_force"))


def _failure(stolen: Theft, content: Content) -> None:
    if stolen.failed:
        components.block(said(stolen.failed, content), key="thief_failed")
