"""Presenting to a room: `?present=1` is what the projector shows, `?present=notes` is the speaker's own window.

The browser gets all slides in every language, and the film, at once: no key waits for the server, except that a what-if
asks it. The two windows of a talk talk to each other in the browser, and both follow their world as every page does.
What is said aloud goes to the speaker's window only. The labs and the doctor are shown as they are, in large type.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

import streamlit as st

from app.content import LANGUAGES, TALK, Content, load
from app.flow.doctor import Diagnosis
from app.flow.lessons.decks import LENGTHS
from app.flow.model import Status
from app.flow.verdict.judge import Outcome
from app.locations import ASSETS
from app.ui.draw import components
from app.ui.frame import feed
from app.ui.map import player
from app.ui.map.film_json import film_json, names_of
from app.ui.map.film_view import film_of
from app.ui.marks import MARKS, step_name
from app.ui.presenting import overlays, speaker
from app.ui.presenting.slides import answers, deck, figures, slides
from app.ui.presenting.what_if import CHOICES, what_if
from app.ui.presenting.window import DECK, LARGE, NOTES, PARAM, PROJECTOR
from app.ui.state import address, language, mode, route, session, under_construction
from app.ui.state.walk_view import WalkView
from app.ui.text import prose
from app.world.faults import FAULTS, names

_presenter = components.component("presenter")


def present(page: str, content: Content, *, named: bool) -> bool:
    """Draws the talk for the projector, or the speaker's window; False where the page is to be drawn by itself.

    `named` says whether a broken world's fault may be named. A page to look something up is shown as always.
    """
    asked = st.query_params.get(PARAM)
    if asked == NOTES:
        _bare("presenting")
        feed.draw(feed.data(content))
        _notes(session.walk_view(), content, named=named)
        return True
    if asked != PROJECTOR:
        return False
    if page in LARGE:
        _bare("presenting_page")
        data = {"shows": "page", "words": content.message("present.leave")}
        _leave(_presenter(data=data, key="projected_page", on_leave_change=components.nothing).leave, page)
        return False
    if page not in TALK:
        address.put({PARAM: None, DECK: None})  # the link from here to a lesson must not lead into a talk
        return False
    _bare("presenting")
    feed.draw(feed.data(content))
    _project(page, session.walk_view(), content, named=named)
    return True


def _project(page: str, walk_view: WalkView, content: Content, *, named: bool) -> None:
    asked = _presenter(
        data={
            "shows": "talk",
            "talk": _talk(walk_view, named=named),
            "language": content.language,
            "deck": _deck(),
            "page": page,
        },
        key="projector",
        on_what_if_change=components.nothing,
        on_leave_change=components.nothing,
    )
    if isinstance(asked.what_if, dict) and asked.what_if.get("choice") in CHOICES:
        answer = what_if(asked.what_if["choice"], asked.what_if.get("asked"))
        _presenter(data={"shows": "answer", "answer": answer}, key="answer")
    _leave(asked.leave, page)


def _leave(asked: object, page: str) -> None:
    """Goes to the page of the slide that was left, in its language."""
    if not isinstance(asked, dict):
        return
    spoken = asked.get("language")
    look = {language.KEY: spoken} if spoken in LANGUAGES else {}
    address.put({PARAM: None, DECK: None, **look})
    wanted = str(asked.get("page", page))
    if wanted != page:
        route.follow({"page": wanted})
    st.rerun()


def _deck() -> str:
    """The deck in the address; empty where it has none: then the browser goes on with the last one."""
    return st.query_params.get(DECK, "")


def _notes(walk_view: WalkView, content: Content, *, named: bool) -> None:
    found = session.diagnosis(walk_view)
    known, shown = answers(found), film_of(found, walk_view.heard)
    written = {
        content.language: speaker.notes(known, shown, world_line(found, content, named=named), content)
        for content in map(load, LANGUAGES)
    }
    _presenter(
        data={
            "shows": "notes",
            "talk": _talk(walk_view, named=named),
            "language": content.language,
            "notes": json.dumps(written, ensure_ascii=False),
        },
        key="notes",
    )


def _talk(walk_view: WalkView, *, named: bool) -> str:
    """All that the browser needs for the slides, in every language, as JSON in one flat text."""
    found = session.diagnosis(walk_view)
    shown = film_of(found, walk_view.heard)
    known, boxes = answers(found), names_of(found.walk)
    notes = f"./?{address.query('', **{PARAM: NOTES})}"
    return json.dumps(
        {
            "decks": {str(length): [slide.id for slide in deck(length, known)] for length in LENGTHS},
            "keys": {key: act for act, keys in overlays.KEYS.items() for key in keys},
            "notes": notes,
            **{
                content.language: {
                    "film": json.loads(film_json(shown, content, found.subject, boxes)),
                    "words": player.words(content),
                    "slides": slides(known, shown, figures(content), content),
                    "world": world_line(found, content, named=named),
                    "frame": overlays.frame(content, simulated_only=not mode.can().break_world),
                }
                for content in map(load, LANGUAGES)
            },
        },
        ensure_ascii=False,
    )


def _bare(sheet: str) -> None:
    """Hides what belongs to a reader's page.

    In an element of its own: Streamlit puts a mere style sheet where it also puts its short messages, and there the one
    that a server sends before it ends would take its place.
    """
    with st.container(key="bare"):
        st.html(f"<div hidden><style>{_read(sheet)}</style></div>")


@cache
def _read(sheet: str) -> str:
    return (ASSETS / f"{sheet}.css").read_text(encoding="utf-8")


def world_line(found: Diagnosis, content: Content, *, named: bool) -> str:
    """The line that says that this world is broken, and by which change if that is known, or that it is not built yet;
    empty where it works."""
    if under_construction.is_unbuilt() and not session.world().faults:
        return _line(Status.WARNING, "present.unbuilt", [content.message("present.slides_missing")], content)
    verdict = found.verdict
    broken = verdict.outcome is Outcome.BROKEN
    caused = session.world().faults if mode.can().break_world and named else ()
    of_chain = names(session.world().chain) if caused else {}
    changes = [content.message(f"faults.{id_}.change", **of_chain) for id_ in caused if broken or FAULTS[id_].harmless]
    if not broken and not changes:
        return ""
    if verdict.step and verdict.check and not changes:
        title = content.check(verdict.check.id).fill(verdict.check, found.subject).title
        place = step_name(verdict.step, content)
        changes.append(content.message(f"verdict.{verdict.key}", step=place, check=title))
    status, said = (Status.FAILED, "present.broken") if broken else (Status.WARNING, "present.changed")
    return _line(status, said, changes, content)


def _line(status: Status, said: str, more: Sequence[str], content: Content) -> str:
    """`said`: the key of its first sentence; what follows is left out on slides that have no room for it."""
    following = "".join(f"{content.facts.between_sentences}{prose(sentence)}" for sentence in more)
    return (
        f'<div class="world {status}" role="status"><span aria-hidden="true">{MARKS[status]}</span> '
        f'<p>{prose(content.message(said))}<span class="caused">{following}</span></p></div>'
    )
