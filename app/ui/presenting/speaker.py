"""What the speaker reads while the room looks at the projector: a note for each slide, the time, the plan for it."""

from __future__ import annotations

from collections.abc import Iterator

from app.content import Content
from app.flow.film import Film
from app.flow.lessons.decks import LENGTHS, Shows, Slide
from app.ui.presenting.slides import Answers, deck, is_foretold
from app.ui.text import escape, prose

_ASIDES = ("ask", "trap")
"""The texts that may stand beside a note: a question to the room, and what people get wrong."""
_OVER = ("blank", "keys", "overview", "jump", "what_if")
"""What may lie over the slide on the projector, which the speaker may not see."""


def notes(known: Answers, film: Film, world: str, content: Content) -> str:
    """The window's HTML. The browser shows the note of the slide that is on the projector.

    `world` is the line that says that the world is broken, as HTML.
    """
    shown = "".join(_note(slide, known, film, content) for slide in deck(max(LENGTHS), known))
    plans = "".join(_plan(length, known, content) for length in LENGTHS)
    covered = "".join(
        f'<p class="covered" data-over="{over}" hidden>{_word(f"over.{over}", content)}</p>' for over in _OVER
    )
    return (
        f'<div class="notes" tabindex="-1"><header><h1>{_word("heading", content)}</h1><p class="link" role="status">'
        f'<span class="alone">{_word("alone", content)}</span>'
        f'<span class="connected" hidden>{_word("connected", content)}</span></p></header>'
        f'<div class="pictures"><figure><figcaption>{_word("now", content)}</figcaption><div class="shown">'
        f'<div class="now"></div><div role="status">{covered}</div></div></figure>'
        f'<figure><figcaption>{_word("next", content)}</figcaption><div class="after"></div>'
        f'<p class="over" hidden>{_word("end", content)}</p></figure></div>'
        f'<div class="said">{world}{shown}</div><aside>{_clock(content)}<div class="plans">{plans}</div></aside></div>'
    )


def schedule(slides: tuple[Slide, ...], length: int) -> Iterator[tuple[Slide, int, int]]:
    """Each slide with the seconds after the beginning of the talk at which it begins and ends."""
    minutes = 0.0
    for slide in slides:
        begins, minutes = minutes, minutes + slide.minutes(length)
        yield slide, round(60 * begins), round(60 * minutes)


def _note(slide: Slide, known: Answers, film: Film, content: Content) -> str:
    words = f"speaker.{slide.id}"
    unusual = "answer" if slide.shows is Shows.ANSWER else "stopped"
    said = content.message(f"{words}.say" if is_foretold(slide, known, film) else f"notes.broken.{unusual}")
    asides = "".join(
        f'<p class="{aside}"><b>{_word(aside, content)}</b> {prose(content.message(f"{words}.{aside}"))}</p>'
        for aside in _ASIDES
        if f"{words}.{aside}" in content.messages
    )
    return f'<article data-slide="{slide.id}" hidden><p class="say">{prose(said)}</p>{asides}</article>'


def _word(key: str, content: Content) -> str:
    return escape(content.message(f"notes.{key}"))


def _raw(key: str, content: Content) -> str:
    """A text whose placeholder the browser fills."""
    return escape(content.messages[f"notes.{key}"])


def _clock(content: Content) -> str:
    return (
        f'<h2>{_word("elapsed", content)}</h2><p class="clock" role="timer">0:00</p><p class="quiet waits">'
        f'{_word("waits", content)}</p><p class="pace" data-late="{_raw("late", content)}"'
        f' data-early="{_raw("early", content)}" data-on-time="{_word("on_time", content)}"></p>'
        f'<p><button type="button" data-clock="pause" data-pause="{_word("pause", content)}"'
        f' data-resume="{_word("resume", content)}">{_word("pause", content)}</button>'
        f'<button type="button" data-clock="reset">{_word("reset", content)}</button></p>'
    )


def _plan(length: int, known: Answers, content: Content) -> str:
    planned = list(schedule(deck(length, known), length))
    rows = "".join(
        f'<tr data-slide="{slide.id}" data-from="{begins}" data-until="{until}"><td>{number}</td><td>'
        f'<button type="button">{escape(content.message(f"talk.{slide.id}.title"))}</button></td>'
        f"<td>{until // 60}:{until % 60:02}</td></tr>"
        for number, (slide, begins, until) in enumerate(planned, 1)
    )
    heads = "".join(f"<th>{_word(key, content)}</th>" for key in ("number", "slide", "until"))
    caption = escape(content.message("notes.plan", minutes=planned[-1][2] // 60))
    return f'<table class="plan" data-deck="{length}" hidden><caption>{caption}</caption><tr>{heads}</tr>{rows}</table>'
