"""A page of its own for the map: its scripts and style sheets as the app has them."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path

import streamlit

from app.content import load
from app.locations import ASSETS
from app.ui.map.player import words
from tests.browser.films import Films

SIZES = ((390, 844), (1024, 768), (1440, 900), (1280, 720), (1920, 1080))
_THEMES = {
    "light": ("#0f766e", "#ffffff", "#1f2937", "#e2e8f0"),
    "dark": ("#14b8a6", "#0f1620", "#e5e7eb", "#2b3848"),
}


def film_page(
    language: str, films: Films, film: str, *, theme: str = "light", beat: str = "", fonts: bool = True
) -> str:
    """The page as HTML, with one of the films; in it `map`, `player` and `films`, those of the language, are global.

    `fonts`: those of the app, else the browser's.
    """
    scripts = sorted(path for path in (ASSETS / "scripts" / "map").glob("*.js") if path.stem != "component")
    sheets = sorted((ASSETS / "styles").glob("*.css"), key=lambda path: (path.stem != "base", path.stem))
    primary, background, text, border = _THEMES[theme]
    return f"""<!doctype html><html lang="{language}" style="color-scheme:{theme}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>Film</title><style>{_fonts() if fonts else ""}
:root {{ --st-primary-color: {primary}; --st-background-color: {background}; --st-text-color: {text};
  --st-border-color: {border}; --st-font: "Source Sans", sans-serif; --st-code-font: "Source Code", monospace; }}
body {{ margin: 0; background: var(--st-background-color); }}
{_read(sheets)}</style><body><main><h1 hidden>Film</h1><div class="root film" lang="{language}"></div>
<p><button id="elsewhere">elsewhere</button></p></main><script type="module">
{_read(scripts)}
const words = {json.dumps(words(load(language)), ensure_ascii=False)}
const films = {json.dumps(films[language], ensure_ascii=False)}
const host = document.querySelector(".film"), addressed = []
const map = filmMap(host, {{ words }})
const player = filmPlayer(host, map, {{ words, keys: "all", address: (id) => addressed.push(id) }})
map.show(films[{json.dumps(film)}])
{f"player.open({json.dumps(beat)})" if beat else ""}
Object.assign(window, {{ map, player, films, addressed, mapPose, mapsInStep, filmMap, words, host }})
</script>"""


@cache
def _fonts() -> str:
    """The fonts that Streamlit brings, as a style sheet."""
    media = Path(streamlit.__file__).parent / "static" / "static" / "media"
    found = {name: next(media.glob(f"{name.replace(' ', '')}VF-Upright*")) for name in ("Source Sans", "Source Code")}
    return "".join(
        f"@font-face {{ font-family: '{name}'; font-weight: 200 900; "
        f"src: url(data:font/woff2;base64,{base64.b64encode(path.read_bytes()).decode()}); }}"
        for name, path in found.items()
    )


def _read(paths: list[Path]) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in paths)
