"""The player of a film on the map, as a component of a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Literal

from app.content import LANGUAGES, Content, load
from app.flow.model import Step
from app.ui.draw import components
from app.ui.draw.browser_files import json_file

_WORDS = ("zones", "boxes", "player", "halves", "tags")

_component = components.component("map")
Plays = Literal["", "once", "now", "here", "on"]
"""Whether a new film begins by itself."""


def words(content: Content) -> dict[str, str]:
    """Every text of the map and its player beside the film's own, by the key that the scripts use."""
    found = {key: text for key, text in content.messages.below("map").items() if key.partition(".")[0] in _WORDS}
    steps = {f"steps.{step}": content.message(f"steps.{step}.title") for step in Step}
    short = {f"short.{step}": content.message(f"steps.{step}.short") for step in Step}
    return {**found, **steps, **short, "map.alternative": content.message("map.alternative")}


@cache
def _file(language: str) -> tuple[str, str]:
    """The address of the words of a language, and the words as JSON."""
    return json_file(f"words.{language}", words(load(language)))


def files() -> dict[str, str]:
    """The words of each language, by the address from which a browser of our own server fetches them once."""
    return dict(map(_file, LANGUAGES))


def draw(
    film: str,
    content: Content,
    *,
    part: Step | None = None,
    answered: bool = True,
    plays: Plays = "",
    opens_at: str = "",
    before: str = "",
    leads: Sequence[tuple[str, str]] = (),
    runs: str = "",
    on_end: Callable[[], None] = components.nothing,
    key: str,
) -> str:
    """Draws the map with a film; the id of the beat whose exchange the reader asked for in this run, or "".

    `film`, and `before`: JSON, or the address at which our own server has it.
    `part`: the step that plays alone, with what came before in place. Before a question about it is answered
    (`answered` is false) nothing is lit and nothing is said. A new film stands at its first beat, or at `opens_at`;
    it begins by itself `now`, where the map then comes into sight, `here`, or `once` in a browser's tab; `on` plays it
    from `opens_at`. `before` is a film that plays in step with it, on a half map of its own.

    `leads`: the keys of buttons of the page (`next`, `previous`) with what the map shows where they lead: the step,
    "asks" or "shows", and the address of the film. A click turns the map at once, a key as soon as the page comes.

    While a clock `runs`, which says where it is, the film begins by itself; `on_end` is called once it has ended, or a
    second later where nothing travels. A browser that does not show it does not ask.

    All is flat for the component: Streamlit loads pandas, 60 MB, to see whether a nested object is a table.
    """
    data = {
        "film": film,
        "before": before,
        "words": components.given(_file(content.language)),
        "language": content.language,
        "part": part or "",
        "answered": "yes" if answered else "no",
        "plays": plays,
        "opens": opens_at,
        "runs": runs,
        **dict(leads),
    }
    drawn = _component(data=data, key=key, on_opened_change=components.nothing, on_ended_change=on_end)
    return str(drawn.opened or "")
