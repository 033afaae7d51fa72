"""The player of a film on the map, as a component of a page."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Literal

from app.content import Content
from app.flow.model import Step
from app.ui.draw import components

_WORDS = ("zones", "boxes", "player", "halves")

_component = components.component("map")
Plays = Literal["", "once", "now", "here", "on"]
"""Whether a new film begins by itself."""


def words(content: Content) -> dict[str, str]:
    """Every word that the map and its player need beside the film's own, by the key that the scripts know."""
    found = {
        key.removeprefix("map."): text
        for key, text in content.messages.items()
        if key.startswith(tuple(f"map.{part}." for part in _WORDS))
    }
    steps = {f"steps.{step}": content.message(f"steps.{step}.title") for step in Step}
    short = {f"short.{step}": content.message(f"steps.{step}.short") for step in Step}
    return {**found, **steps, **short, "map.alternative": content.message("map.alternative")}


def draw(
    film: str,
    content: Content,
    *,
    part: Step | None = None,
    answered: bool = True,
    plays: Plays = "",
    opens_at: str = "",
    before: str = "",
    runs: str = "",
    on_end: Callable[[], None] = components.nothing,
    key: str,
) -> str:
    """Draws the map with a film, as JSON; the id of the beat whose exchange the reader asked for in this run, or "".

    `part`: the step that plays alone, with what came before in place. Before a question about it is answered
    (`answered` is false) nothing is lit and nothing is said. A new film stands at its first beat, or at `opens_at`;
    it begins by itself `now`, where the map then comes into sight, `here`, or `once` in a browser's tab; `on` plays it
    from `opens_at`. `before` is a film that plays in step with it, on a half map of its own.

    While a clock `runs`, which says where it is, the film begins by itself; `on_end` is called once it has ended, or a
    second later where nothing travels. A browser that does not show it does not ask.

    All is flat for the component: Streamlit loads pandas, 60 MB, to see whether a nested object is a table.
    """
    data = {
        "film": film,
        "before": before,
        "words": json.dumps(words(content), ensure_ascii=False),
        "language": content.language,
        "part": part or "",
        "answered": "yes" if answered else "no",
        "plays": plays,
        "opens": opens_at,
        "runs": runs,
    }
    drawn = _component(data=data, key=key, on_opened_change=components.nothing, on_ended_change=on_end)
    return str(drawn.opened or "")
