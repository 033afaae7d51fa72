"""Presenting a page to a room: `?present=1` is what the projector shows, `?present=notes` is the speaker's own window.

The server draws all pieces of a page, the browser shows one after the other: no key waits for a rerun. The two windows
of a talk talk to each other in the browser. What is said aloud goes to the speaker's window only.
"""

from __future__ import annotations

import re
from functools import cache

import streamlit as st

from app.content import TALK, Content
from app.flow.doctor import Diagnosis
from app.flow.errors import FlowError
from app.flow.model import Status, Step, Walk
from app.flow.verdict.judge import Outcome
from app.flow.verdict.link_states import ChainState, chain_state
from app.locations import ASSETS
from app.ui.draw import components
from app.ui.draw.journey import journey
from app.ui.figures import diagram
from app.ui.figures.drawn_states import description
from app.ui.figures.figures import FLOW
from app.ui.marks import MARKS, NUMBERS
from app.ui.presenting import speaker
from app.ui.presenting.slides import Scenes, Slide, pieces
from app.ui.state import address, mode, route, session
from app.ui.story import schemes
from app.ui.text import escape, prose
from app.world.faults import FAULTS, names

PARAM = "present"
PROJECTOR, NOTES = "1", "notes"

KEYS = {
    "forward": ("ArrowRight", "PageDown", " "),
    "back": ("ArrowLeft", "PageUp"),
    "first": ("Home",),
    "last": ("End",),
    "blank": (".", "b"),
    "notes": ("s",),
    "keys": ("?",),
    "leave": ("Escape",),
}
"""What each key does, as browsers name keys. Clickers send PageDown, PageUp, a full stop or a `b`."""
_CAPS = {"ArrowRight": "→", "ArrowLeft": "←", "Escape": "Esc"}

_presenter = components.component("presenter")


def present(page: str, content: Content, *, named: bool) -> bool:
    """Draws the page for the projector, or the speaker's window; False, and nothing drawn, where neither is asked for.

    `named` says whether a broken world's fault may be named. Pages outside the story are for looking something up: they
    are shown as always.
    """
    asked = st.query_params.get(PARAM)
    if asked == NOTES:
        _bare()
        found = session.diagnosis(session.walk_view())
        html = speaker.notes(found, _scenes(), world_line(found, content, named=named), content)
        _presenter(data={"html": html, "keys": _acts()}, key="notes")
        return True
    if asked != PROJECTOR:
        return False
    if page not in TALK:
        address.put({PARAM: None})  # the way from here to a lesson does not lead into a talk
        return False
    _bare()
    _project(page, content, named=named)
    return True


def start(page: str, content: Content) -> None:
    """The button that begins to present; nothing on a page that has no pieces."""
    if page in TALK:
        label, explanation = content.message("present.start"), content.message("present.start_help")
        icon = ":material/slideshow:"
        st.button(label, key="start_presenting", help=explanation, icon=icon, on_click=_begin)


def _begin() -> None:
    st.query_params[PARAM] = PROJECTOR


def _project(page: str, content: Content, *, named: bool) -> None:
    place = TALK.index(page)
    asked = _presenter(
        data={
            "html": _screen(page, content, named=named),
            "page": page,
            "before": TALK[place - 1] if place else "",
            "after": TALK[place + 1] if place + 1 < len(TALK) else "",
            "keys": _acts(),
        },
        key="projector",
        on_go_change=components.nothing,
        on_leave_change=components.nothing,
    )
    if asked.go:
        route.follow(asked.go)
    if asked.leave:
        address.put({PARAM: None})
        st.rerun()


def _bare() -> None:
    """Hides all that belongs to a reader's page."""
    st.html(f"<style>{_frame()}</style>")


@cache
def _frame() -> str:
    return (ASSETS / "presenting.css").read_text(encoding="utf-8")


def _acts() -> dict[str, str]:
    """What to do, by key."""
    return {key: act for act, keys in KEYS.items() for key in keys}


def _screen(page: str, content: Content, *, named: bool) -> str:
    """The whole screen: where we are, the figures, every piece, and the sheet of keys."""
    found = session.diagnosis(session.walk_view())
    walk, chain = found.walk, chain_state(found.walk, found.checks)
    title, line = content.lesson(page).title, ""
    if page in list(Step):
        title, line = (
            f"{NUMBERS[Step(page)]} {title}",
            journey(Step(page), walk, content, known={step: chain.step(step, walk) for step in Step}),
        )
    shown = pieces(page, found, _scenes() if page == "why" else {}, content)
    figures = {piece.figure: _figure(piece, page, walk, chain, content) for piece in shown if piece.figure}
    place, count = TALK.index(page), len(TALK)
    return (
        f'<div class="slides" data-page="{escape(page)}"><header>{line}<h1>{escape(title)}</h1>'
        f"{world_line(found, content, named=named)}</header>"
        f'<div class="middle">{_unlinked("".join(figures.values()))}<div class="stage" aria-live="polite">'
        f"{_unlinked(''.join(_piece(piece) for piece in shown))}</div></div>"
        f"<footer><span>{escape(content.message('present.page_of', at=place + 1, count=count))}</span>"
        f'<span class="at" data-words="{escape(content.messages["present.piece_of"])}"></span>'
        f"{_button('back', '‹', content)}{_button('forward', '›', content)}{_button('keys', '?', content)}</footer>"
        f'<progress max="{count}" data-before="{place}" aria-label="{escape(content.message("present.progress"))}">'
        f'</progress>{_sheet(page, content)}<div class="blank" role="status" hidden><span class="unseen">'
        f"{escape(content.message('present.blanked'))}</span></div></div>"
    )


def _unlinked(html: str) -> str:
    """`html` without its links: a stray click takes no talk to another page."""
    return re.sub(r"</?a\b[^>]*>", "", html)


def _scenes() -> Scenes:
    try:
        return schemes.read(session.simulated_ports(), session.world())
    except FlowError:
        return {}


def world_line(found: Diagnosis, content: Content, *, named: bool) -> str:
    """The line that says that this world is broken, and by which change if that is known; empty for a whole one."""
    verdict = found.verdict
    broken = verdict.outcome is Outcome.BROKEN
    caused = session.world().faults if mode.can().break_world and named else ()
    of_chain = names(session.world().chain) if caused else {}
    changes = [content.message(f"faults.{id_}.change", **of_chain) for id_ in caused if broken or FAULTS[id_].harmless]
    if not broken and not changes:
        return ""
    words = [content.message("present.broken" if broken else "present.changed"), *changes]
    if verdict.step and verdict.check and not changes:
        title = content.check(verdict.check.id).fill(verdict.check, found.subject).title
        place = f"{NUMBERS[verdict.step]} {content.message(f'steps.{verdict.step}.short')}"
        words.append(content.message(f"verdict.{verdict.key}", step=place, check=title))
    status = "failed" if broken else "warning"
    sign = MARKS[Status.FAILED if broken else Status.WARNING]
    return (
        f'<div class="world {status}" role="status"><span aria-hidden="true">{sign}</span> '
        f"<p>{' '.join(prose(sentence) for sentence in words)}</p></div>"
    )


def _piece(piece: Slide) -> str:
    return (
        f'<section class="piece" data-name="{escape(piece.name)}" data-lit="{escape(piece.lit)}"'
        f' data-answered="{"answered" if piece.answered else ""}" data-figure="{escape(piece.figure)}" hidden>'
        f"{piece.html}</section>"
    )


def _figure(piece: Slide, page: str, walk: Walk, chain: ChainState, content: Content) -> str:
    """The figure of a piece. The browser has several at once: each has ids of its own, Graphviz's root none."""
    step = page if page in list(Step) else ""
    spoken = escape(description(FLOW, content, chain, step, answered=False))
    drawing = piece.drawing or (
        f'<figure class="diagram" role="img" aria-label="{spoken}">'
        f"{diagram.of_walk(FLOW, content, walk, chain)}</figure>"
    )
    named = drawing.replace("<figure ", f'<figure data-figure="{escape(piece.figure)}" ', 1)
    return named.replace(' id="graph0"', "").replace(' id="', f' id="{escape(piece.figure)}-')


def _button(act: str, sign: str, content: Content) -> str:
    name = escape(content.message(f"present.{act}"))
    return f'<button type="button" data-act="{act}" aria-label="{name}" title="{name}">{sign}</button>'


def _sheet(page: str, content: Content) -> str:
    """Every key and what it does; the way to the notes, and out."""
    rows = "".join(
        f"<dt>{' '.join(f'<kbd>{escape(_cap(key, content))}</kbd>' for key in keys)}</dt>"
        f"<dd>{escape(content.message(f'present.key.{act}'))}</dd>"
        for act, keys in KEYS.items()
    )
    notes = f"./{'' if page == TALK[0] else page}?{address.query(content.language, **{PARAM: NOTES})}"
    words = {key: escape(content.message(f"present.{key}")) for key in ("keys", "open_notes", "leave", "close")}
    return (
        f'<dialog aria-labelledby="keys_heading"><h2 id="keys_heading">{words["keys"]}</h2><dl>{rows}</dl>'
        f'<p><a href="{escape(notes)}" target="irsa_notes" data-notes>{words["open_notes"]}</a>'
        f'<button type="button" data-act="leave">{words["leave"]}</button>'
        f'<button type="button" data-act="keys">{words["close"]}</button></p></dialog>'
    )


def _cap(key: str, content: Content) -> str:
    return content.message("present.key.space") if key == " " else _CAPS.get(key, key)
