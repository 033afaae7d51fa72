"""The words and figures of a talk's slides, with the values of one walk. The browser draws them beside the map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.errors import FlowError
from app.flow.film import End, Film
from app.flow.lessons import predictions
from app.flow.lessons.decks import DECKS, LENGTHS, WHOLE, Shows, Slide, Story
from app.flow.lessons.predictions import QUESTIONS, RightAnswer
from app.flow.model import HOLDS, JsonObject, Status, Step
from app.ui.marks import MARKS, NUMBERS, unspoken
from app.ui.presenting.what_if import CHOICES
from app.ui.story import blast_radius, schemes
from app.ui.story.schemes import Scheme, Taken
from app.ui.text import escape, prose, shorten

_FORETOLD = {
    Step.OIDC_PROVIDER: ("url",),
    Step.SERVICE_ACCOUNT: ("sts",),
    Step.WEBHOOK: ("pointers",),
    Step.TOKEN_MOUNT: ("audience",),
    Step.STS_ASSUME: ("fetched", "kept"),
    Step.ACCESS: ("role",),
}
"""By step: the answers that the usual notes to its slide suppose."""
_TAKEN = {Story.NODE_ROLE: Scheme.NODE_ROLE, Story.IRSA: Scheme.IRSA}


Answers = Mapping[Step, RightAnswer]
"""The right answers to the questions about the steps, by a walk; without those that the walk does not show."""


def answers(found: Diagnosis) -> Answers:
    """The answers of a diagnosed walk. The talk asks nothing about a step that the walk's Pod did not get through."""
    chain = found.chain
    held = [step for step in Step if chain.step(step, found.walk) in HOLDS]
    return {step: said for step in held if (said := predictions.outcome(step, found.walk)) is not None}


def slides(known: Answers, film: Film, figures: Mapping[Story, str], content: Content) -> list[JsonObject]:
    """Every slide that this walk allows, as the browser draws it: its heading, its text as HTML, its beats, what is
    said where `film` has none of them, and its figure where `figures` has one."""
    return [
        {
            "id": slide.id,
            "page": slide.page,
            "shows": slide.shows,
            "number": NUMBERS[Step(slide.page)] if slide.page in set(Step) and WHOLE not in slide.beats else "",
            "title": content.message(f"talk.{slide.id}.title"),
            "html": "".join(_words(slide, known, content)),
            "beats": slide.beats,
            "unplayed": _unplayed(slide, film, content),
            "figure": figures.get(slide.story, "") if slide.story else "",
        }
        for slide in deck(max(LENGTHS), known)
    ]


def deck(length: int, known: Answers) -> tuple[Slide, ...]:
    """The slides of the deck of that many minutes that this walk allows."""
    return tuple(slide for slide in DECKS[length] if not _asks(slide) or Step(slide.page) in known)


def is_foretold(slide: Slide, known: Answers, film: Film) -> bool:
    """Whether the usual notes to that slide are true of this walk."""
    if slide.shows is Shows.ANSWER:
        return known[Step(slide.page)].happened in _FORETOLD[Step(slide.page)]
    arrived = {beat.id for beat in film.beats if beat.end is End.ARRIVED and beat.check is None}
    return not film.guilty or arrived >= set(slide.beats) - {WHOLE}


def _asks(slide: Slide) -> bool:
    return slide.shows in (Shows.QUESTION, Shows.ANSWER)


def _unplayed(slide: Slide, film: Film, content: Content) -> str:
    """The chain stops before it, but for the keys: STS may have had them, and asked the issuer for nothing."""
    kept = "keys" in slide.beats and any(beat.keys_kept for beat in film.beats)
    return prose(content.message("film.keys_kept" if kept else "present.not_reached"))


def _words(slide: Slide, known: Answers, content: Content) -> Iterator[str]:
    if slide.shows in (Shows.TITLE, Shows.POINTS, Shows.END):
        yield _points(slide, content)
        if slide.shows is Shows.END:
            yield f'<p class="start">{prose(content.message("talk.end.start"))}</p><p class="link"></p>'
    elif slide.shows is Shows.WHAT_IF:
        names = "".join(f"<li>{escape(content.message(f'what_if.choices.{choice}.name'))}</li>" for choice in CHOICES)
        hint = prose(content.message("talk.what_if.hint"))
        yield f'<ol class="options numbered">{names}</ol><p class="quiet">{hint}</p>'
    elif _asks(slide):
        step = Step(slide.page)
        yield _asked(step, known[step], content, answered=slide.shows is Shows.ANSWER)


def _points(slide: Slide, content: Content) -> str:
    keys = (f"talk.{slide.id}.point_{number}" for number in (1, 2, 3))
    points = [prose(content.message(key)) for key in keys if key in content.messages]
    return f'<ul class="points">{"".join(f"<li>{point}</li>" for point in points)}</ul>'


def _asked(step: Step, found: RightAnswer, content: Content, *, answered: bool) -> str:
    """The question with its options; answered, with the right one marked and what happened."""
    words = f"predictions.{step}"
    question = prose(content.message(f"{words}.question", **found.values))
    right = f'<span class="unseen">{escape(content.message("predict.right"))}</span>'
    options = []
    for name in QUESTIONS[step].options:
        option = prose(content.message(f"{words}.options.{name}", **found.values))
        if not answered:
            options.append(f"<li>{option}</li>")
        elif name == found.answer:
            options.append(f'<li class="passed">{option} {unspoken(MARKS[Status.PASSED])}{right}</li>')
        else:
            options.append(f'<li class="before">{option}</li>')
    shortened = {name: shorten(text) for name, text in found.values.items()}
    happened = prose(_first(content.message(f"{words}.happened.{found.happened}", **shortened), content))
    listed = f'<ol class="options">{"".join(options)}</ol>'
    return f'{listed}<p class="quiet">{happened}</p>' if answered else f'<p class="question">{question}</p>{listed}'


def _first(text: str, content: Content) -> str:
    """The first sentence: a slide has no room for more."""
    end = content.facts.full_stop
    return text.partition(end + content.facts.between_sentences)[0].removesuffix(end) + end


def figures(content: Content) -> Mapping[Story, str]:
    """The story's figures as HTML: what two Pods on a node get. Empty where the world lacks the story's roles."""
    try:
        scenes = {scheme: schemes.current(scheme) for scheme in _TAKEN.values()}
    except FlowError:
        return {}
    return {
        Story.EVERYDAY: blast_radius.everyday(scenes[Scheme.NODE_ROLE], content),
        **{
            story: blast_radius.figure(blast_radius.evaluate(scenes[scheme], Taken.POD_1), content)
            for story, scheme in _TAKEN.items()
        },
    }
