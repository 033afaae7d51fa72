"""What the speaker reads while the room looks at the projector: notes for every piece, the time, the plan for it."""

from __future__ import annotations

from app.content import TALK, Content
from app.flow.doctor import Diagnosis
from app.ui.frame import navigation
from app.ui.presenting.slides import Scenes, Slide, pieces
from app.ui.text import escape, prose

LENGTHS = (10, 20)
"""Minutes of the two versions of the talk."""
LONG_ONLY = ("goal", "predict", "answer", "outcome", "evidence", "limits", "pairing", "analogy")
"""The pieces that the shorter version passes over."""


def notes(found: Diagnosis, scenes: Scenes, world: str, content: Content) -> str:
    """The window's HTML: the notes of all pieces of all pages, of which the browser shows those of the current one.

    `world` is the line that says that the world is broken, as HTML.
    """
    listed = [(page, piece) for page in TALK for piece in pieces(page, found, scenes, content)]
    following = [f"{navigation.name(page, content)} · {piece.title}" for page, piece in listed[1:]]
    following.append(content.message("notes.end"))
    shown = "".join(_note(page, piece, after, content) for (page, piece), after in zip(listed, following, strict=True))
    return (
        f'<div class="notes"><h1>{_word("heading", content)}</h1><p class="link" role="status">'
        f'<span class="alone">{_word("alone", content)}</span>'
        f'<span class="connected" hidden>{_word("connected", content)}</span></p>'
        f'<div class="now">{world}{shown}</div><aside>{_clock(content)}'
        f"{''.join(_plan(length, content) for length in LENGTHS)}</aside></div>"
    )


def _note(page: str, piece: Slide, after: str, content: Content) -> str:
    """What to say at a piece; `after` is the first line of the next."""
    skip = f'<p class="skip">{_word("shorten", content)}</p>' if piece.name in LONG_ONLY else ""
    return (
        f'<article data-page="{escape(page)}" data-name="{escape(piece.name)}" hidden>'
        f'<p class="quiet">{escape(navigation.name(page, content))} · {escape(piece.title)}</p>{skip}'
        f'<p class="said">{prose(piece.said or content.message(f"speaker.{page}.{piece.name}"))}</p>'
        f"{_aside(page, piece.name, content)}"
        f'<p class="next"><b>{_word("next", content)}</b> {escape(after)}</p></article>'
    )


def until(page: str, length: int, content: Content) -> int:
    """Seconds from the beginning of the talk to the end of that page, in the version of that many minutes."""
    pages = TALK[: TALK.index(page) + 1]
    return round(60 * sum(float(content.message(f"speaker.{page_}.minutes_{length}")) for page_ in pages))


def _word(key: str, content: Content) -> str:
    return escape(content.message(f"notes.{key}"))


_ASIDES = {"evidence": "ask", "problem": "ask", "recap": "trap"}
"""On which piece the question to the room and the trap are said."""


def _aside(page: str, name: str, content: Content) -> str:
    key = _ASIDES.get(name)
    if page == TALK[0] or key is None:
        return ""
    return f'<p class="{key}"><b>{_word(key, content)}</b> {prose(content.message(f"speaker.{page}.{key}"))}</p>'


def _clock(content: Content) -> str:
    return (
        f'<h2>{_word("elapsed", content)}</h2><p class="clock" role="timer">0:00</p><p class="quiet waits">'
        f'{_word("waits", content)}</p><p class="lag" data-late="{_raw("late", content)}"'
        f' data-on-time="{_word("on_time", content)}"></p><p><button type="button" data-clock="pause"'
        f' data-pause="{_word("pause", content)}" data-resume="{_word("resume", content)}">{_word("pause", content)}'
        f'</button><button type="button" data-clock="reset">{_word("reset", content)}</button></p>'
        f"<h2>{_word('plan', content)}</h2><p>"
        + "".join(
            f'<button type="button" data-length="{length}" aria-pressed="false">'
            f"{escape(content.message('notes.minutes', minutes=length))}</button>"
            for length in LENGTHS
        )
        + "</p>"
    )


def _raw(key: str, content: Content) -> str:
    """A text whose placeholder the browser fills."""
    return escape(content.messages[f"notes.{key}"])


def _plan(length: int, content: Content) -> str:
    rows = "".join(
        f'<tr data-page="{escape(page)}" data-until="{until(page, length, content)}"><td>'
        f"{escape(navigation.name(page, content))}</td><td>"
        f"{escape(content.message('notes.minutes', minutes=content.message(f'speaker.{page}.minutes_{length}')))}</td>"
        f"<td>{_time(until(page, length, content))}</td></tr>"
        for page in TALK
    )
    heads = "".join(
        f"<th>{word}</th>" for word in (_word("page", content), _word("length", content), _word("until", content))
    )
    return f'<table class="plan" data-length="{length}" hidden><tr>{heads}</tr>{rows}</table>'


def _time(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"
