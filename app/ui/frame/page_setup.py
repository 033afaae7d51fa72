"""What every page begins with: the walk that it is about, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from app.content import Content
from app.ui.draw import components, notice
from app.ui.draw.browser_files import browser_files
from app.ui.draw.checks import warned
from app.ui.draw.sections import places
from app.ui.frame import navigation, not_there, page_words, world_controls
from app.ui.state import address, chosen_chain, depth, language, live, live_selection, mode, session, shared_walks
from app.ui.state.route import SECTION
from app.ui.state.runs import drawn_before
from app.ui.state.walk_view import WalkView
from app.ui.text import escape, prose
from app.world.setup.scenario import ARTICLE


def ensure_walk(content: Content) -> WalkView | None:
    """The walk that this run shows; made where there is none yet. None where a real cluster does not allow one."""
    look = {**language.query_params(), **depth.query_params(), **({} if mode.was_refused() else mode.query_params())}
    if mode.can().walk_cluster:
        chosen = live_selection.state()
        address.read(chosen)
        walk_view = live.ensure_walk(content)
        address.write(chosen, look)
        return walk_view
    if mode.was_refused():  # the names in the address are a real cluster's
        address.put(look)
    else:
        st.session_state[_PROBLEM] = chosen_chain.read()
        address.put({**look, **chosen_chain.query_params()})
    with shared_walks.following():
        kept = session.kept_walk_view()
    if kept:
        with drawn_before.again():  # so that what follows stays where it is
            drawn_before.part("no spinner", st.empty)
        return kept
    with st.empty(), st.spinner(content.message("ui.running")):
        return session.simulated_walk_view()


_PROBLEM = "chain_problem"
"""In the session: why the chain in the address cannot be chosen, until the page reports it."""


def show_frame(page: StreamlitPage, name: str, seen: str, section: str, content: Content) -> None:
    """What the browser shows around the page, and which page this is. `seen`, `section`: as `components.page` has
    them."""
    st.logo(browser_files.logo, size="large")
    st.set_page_config(page_title=f"{page.title} · {content.message('ui.app_name')}")
    components.page(content.language, seen, content.lesson(name).title, page_words.given(content), section)


def show_look(content: Content, start: Callable[[], None] | None) -> None:
    """How the reader looks at the page. `start` draws the way to a projector, where the page has one."""
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="look"):
        depth.switch(content)
        language.switch(content.message("ui.language"))
        if start:
            start()


def show_mode(walk_view: WalkView | None, content: Content) -> None:
    """Shows the mode, also on a phone, where the sidebar is folded."""
    st.html(_mode(walk_view, content))


def show_notices(page: str, walk_view: WalkView | None, content: Content) -> None:
    """Draws what the reader has to know first: why the mode is not the one that the address asks for, which server does
    not answer, or that the page has no such section."""
    notice.unknown(SECTION, places(page), content)
    if not mode.can().walk_cluster:
        _chain(walk_view, content)
        not_there.say(page, content)
        if unwritten := session.simulation().not_kept(session.world()):
            notice.not_kept(unwritten, content)
    if loss := session.loss():
        notice.lost(loss, content)
    if mode.was_refused() and (refused := mode.refusal()):
        notice.show(refused, content, key="refused")
    elif mode.can().walk_cluster and walk_view:
        if problem := live_selection.state().problem:
            notice.show(problem, content, key="problem")
        notice.silence(walk_view, content)


def _mode(walk_view: WalkView | None, content: Content) -> str:
    """The mode, and in live mode what the page is about, which is shown nowhere else where the sidebar is folded."""
    simulated = not mode.can().walk_cluster
    names = [] if simulated else [live_selection.cluster(content)]
    if walk_view and not (simulated and walk_view.walk.subject == ARTICLE.subject):
        subject = walk_view.walk.subject
        names += [f"{subject.namespace}/{subject.service_account}", subject.pod]
    shown = " · ".join(escape(name) for name in names if name)
    kind, word = ("mode simulated", "ui.mode_simulated") if simulated else ("mode", "ui.mode_live")
    return f'<p class="{kind}"><strong>{escape(content.message(word))}</strong>{shown and f" {shown}"}</p>'


def _chain(walk_view: WalkView | None, content: Content) -> None:
    """Says whose chain the pages are about where it is not the article's, or that this chain is gone, with the way
    back."""
    if problem := st.session_state.pop(_PROBLEM, None):
        components.block(notice.notice(problem, content), key="notice_chain")
    world = session.world()
    chain = world.chain
    if walk_view and walk_view.gone and not world.faults:
        names = {"service_account": f"{chain.namespace}/{chain.service_account}", "pod": chain.pod}
        words = content.message("mode.gone" if chain.pod else "mode.gone_without_pod", **names)
        components.block(warned(f"<p>{prose(words)}</p>", content, role="alert"), key="gone")
        world_controls.back(content, key="gone_back")
    elif chain.subject != ARTICLE.subject:
        copied = world.seeded != ARTICLE and chain.subject == world.seeded.subject
        account = f"{chain.namespace}/{chain.service_account}"
        words = prose(content.message("mode.copied" if copied else "mode.own_names", service_account=account))
        drawn = (
            f'<div class="notice" role="status"><p>{words}</p></div>' if copied else f'<p class="caption">{words}</p>'
        )
        components.block(drawn, key="own_names")


def without_walk(name: str, content: Content) -> None:
    """The title and the goal of a page that needs a walk, and why the page shows no more."""
    with navigation.onward(name, content, is_done=False):
        components.head(name, content)
        if problem := live_selection.state().problem:
            notice.show(problem, content, key="problem")
