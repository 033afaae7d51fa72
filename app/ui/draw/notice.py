"""Notices of what keeps a page from going on: what was found, what was expected, and what to do.

Live mode is such a case for pages that make sense only in a simulated world.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol

import streamlit as st

from app.content import Content
from app.content.model import ErrorText
from app.flow.errors import FlowError
from app.flow.model import Status
from app.flow.steps.submission import Submission
from app.flow.visible import visible
from app.ui.draw import components
from app.ui.draw.checks import mark, said, unread, warned
from app.ui.marks import unspoken
from app.ui.state import live, mode, session
from app.ui.state.walk_view import WalkView
from app.ui.text import escape, prose, utc, without_folders

_LISTED = 12
"""How many values that a parameter may have are listed."""
_SHOWN = 60
"""How many characters of the parameter's value are shown."""


class Hindrance(Protocol):
    """An error with a text below `errors` in the content."""

    @property
    def words(self) -> str:
        """The key of its sentence below `errors`."""
        ...

    @property
    def values(self) -> Mapping[str, str]:
        """The values for the placeholders of that sentence."""
        ...


def words_of(error: Hindrance, content: Content) -> ErrorText:
    """The text for an error. Pages may be shown to others, so a path on this machine is reduced to the file's name."""
    return content.error(error.words, **{name: without_folders(text) for name, text in error.values.items()})


def notice(error: Hindrance, content: Content) -> str:
    """The words for an error, as HTML."""
    words = words_of(error, content)
    rows = "".join(
        f"<dt>{escape(content.message(f'ui.{key}'))}</dt><dd>{prose(text)}</dd>"
        for key, text in (("got", words.got), ("expected", words.expected), ("fix", words.fix))
        if text  # a page without sections expects none
    )
    return warned(f"<p><strong>{prose(words.title)}</strong></p><dl>{rows}</dl>", content, role="alert")


def unknown(name: str, known: Iterable[str], content: Content) -> None:
    """Shows a notice where the parameter `name` of the address has a value that is not among the `known` ones."""
    if error := not_among(name, known):
        components.block(notice(error, content), key=f"unknown_{name}")


def not_among(name: str, known: Iterable[str]) -> FlowError | None:
    """The error where the parameter `name` of the address has a value that is not among the `known` ones; else None."""
    asked, expected = st.query_params.get(name, ""), tuple(known)
    if not asked or asked in expected:
        return None
    return not_there("not_in_the_address", f"{name}={asked}", expected)


def not_there(code: str, got: str, known: Sequence[str]) -> FlowError:
    """The error that says that what the address asks for does not exist, and which values do."""
    found = ", ".join(f"`{value}`" for value in known[:_LISTED])
    more = ", …" if len(known) > _LISTED else ""
    return FlowError(code=code, server_message="", got=visible(got[:_SHOWN], keep=""), expected=found + more)


def show(error: FlowError, content: Content, key: str) -> None:
    """Draws the error, and below it the ways on: to ask again, and back to the simulated cluster."""
    components.block(notice(error, content), key=f"notice_{key}")
    _ways(content, key, kind="primary")


def show_briefly(error: FlowError, content: Content, key: str) -> None:
    """Says instead of a verdict what is missing and what to do; below it the same ways on."""
    words = words_of(error, content)
    sentence = prose(content.facts.sentences(words.title, words.fix))
    sign = mark(Status.UNKNOWN, content)
    components.block(
        f'<div class="outcome unknown" role="status">{sign}<div><p>{sentence}</p></div></div>', key=f"notice_{key}"
    )
    _ways(content, key, kind="secondary")


def _ways(content: Content, key: str, *, kind: Literal["primary", "secondary"]) -> None:
    with st.container(horizontal=True, gap="small", key=f"ways_{key}"):
        if mode.can().walk_cluster:
            again = content.message("mode.run_again")
            st.button(again, key=f"again_{key}", icon=":material/replay:", type=kind, on_click=live.run_again)
        back = content.message("mode.to_simulated")
        st.button(back, key=f"simulate_{key}", icon=":material/undo:", on_click=mode.simulate)


def silence(walk_view: WalkView, content: Content) -> None:
    """Says which steps are from an earlier walk, because they could not be read now; draws nothing where none is."""
    if not walk_view.as_of:
        return
    listed = "".join(
        f"<li>{escape(content.message(f'steps.{step}.short'))}: "
        f"{escape(content.message('mode.as_of', time=utc(at)))}</li>"
        for step, at in walk_view.as_of.items()
    )
    words = said(walk_view.silence, content) if walk_view.silence else ""
    sentence = f"<p><strong>{prose(content.message('mode.silent'))}</strong></p>"
    components.block(warned(f"{sentence}{words}<ul>{listed}</ul>", content), key="silence")


def lost(loss: str, content: Content) -> None:
    """Says why the reader's world is gone, and what still exists."""
    words = content.facts.sentences(*(content.message(f"limits.{key}") for key in (f"lost_{loss}", "lost_kept")))
    components.block(warned(f"<p>{prose(words)}</p>", content), key="lost")


def not_kept(problem: OSError, content: Content) -> None:
    """Says that the disk does not take the world's changes, for the reason that the system gives."""
    words = prose(content.message("limits.not_kept", got=problem.strerror or str(problem)))
    components.block(warned(f"<p>{words}</p>", content, role="alert"), key="not_kept")


def needs_a_world(content: Content) -> bool:
    """Whether the page cannot go on without a world; then draws the reason and the way to the simulated world."""
    if mode.can().break_world:
        return False
    words = prose(content.message("simulated_only.why"))
    components.block(f'<div class="notice" role="status">{unspoken("!")}<p>{words}</p></div>', key="needs")
    st.button(content.message("mode.to_simulated"), key="simulate", icon=":material/undo:", on_click=mode.simulate)
    return True


def without_token(why: Submission, content: Content) -> None:
    """Says that there is no token of the world's Pod to begin with, and shows the error message for that; a button
    makes a new world."""
    words = f'<p class="failed">{prose(content.message("simulated_only.no_token"))}</p>'
    components.block(words + unread(why, session.subject(), content), key="no_token")
    st.button(content.message("ui.reset"), key="no_token_reset", icon=":material/delete_sweep:", on_click=session.reset)
