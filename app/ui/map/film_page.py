"""The film as one HTML file: every language, the player with its keys, no network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape

from app.content import Content
from app.content.languages import LANGUAGES
from app.flow.model import JsonObject
from app.locations import ASSETS
from app.ui.draw.browser_files import browser_files
from app.ui.map.player import words

_LOOK, _BEGIN = ASSETS / "film_page.css", ASSETS / "film_page.js"


def film_page(films: Mapping[str, str], contents: Mapping[str, Content], first: str) -> str:
    """The page. `films` has `film_json`'s text by language; `first` is the language in which it opens.

    What is in a film is masked where it was recorded, and the page asks no server for anything.
    """
    given = {
        language: {
            "film": _alone(json.loads(film)),
            "words": words(contents[language]),
            "title": contents[language].message("film.title"),
        }
        for language, film in films.items()
    }
    data = json.dumps(given, ensure_ascii=False).replace("<", "\\u003c")
    buttons = "".join(
        f'<button type="button" lang="{language}">{escape(contents[language].facts.name)}</button>'
        for language in LANGUAGES
        if language in films
    )
    script = f"{browser_files.engine('map')}{_BEGIN.read_text(encoding='utf-8')}"
    title, look = escape(contents[first].message("film.title")), _LOOK.read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="{escape(first)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{look}{browser_files.style_sheet}</style></head>"
        f'<body><nav>{buttons}</nav><h1></h1><main id="film" class="root film"></main>'
        f'<script type="application/json" id="films">{data}</script>'
        f'<script type="module">{script}</script></body></html>'
    )


def _alone(film: JsonObject) -> JsonObject:
    """The film without what only the app can open."""
    return {**film, "beats": [{**beat, "opens": False} for beat in film["beats"]]}
