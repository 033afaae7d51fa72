"""What a reader sees until Streamlit's page has come: the page's title, its question, and the map at rest.

Streamlit's page is empty until its scripts, a session and a run exist. The script of this module draws the picture over
it, with the map's own scripts, and removes the picture when the page's own map is visible. Under `streamlit run` there
is none.
"""

from __future__ import annotations

import json
from functools import cache

from app.content import LANGUAGES, PAGES, Content, for_locale, load
from app.flow.film.ghosts import ABOUT
from app.flow.model import JsonObject, Step
from app.locations import ASSETS
from app.ui.draw.browser_files import PREFIX, browser_files, named
from app.ui.map import player
from app.ui.marks import page_title
from app.ui.text import escape, prose

_SCRIPT = ASSETS / "first_picture.js"
_TITLE = "IRSA Explorer"
_SAYS = ("lost", "gone", "stopped", "status", "slow", "refused", "refused_end", "close")
"""The texts of Streamlit's dialog for a page without a connection: `ENGLISH` of `page.js`."""


def head() -> str:
    """The script, as HTML at the beginning of the page: what it loads is there before Streamlit's scripts are.

    Before it the title, which a screen reader reads out before the page has its own.
    """
    first = 'fetchpriority="high"'
    loads = (browser_files.address(name) for name in ("styles", "map"))
    links = "".join(f'<link rel="modulepreload" {first} href="{address}">' for address in loads)
    return f'<title>{_TITLE}</title>{links}<script type="module" async {first} src="{_module()[0]}"></script>'


def noscript() -> str:
    """The text for a browser that runs no script, as HTML, in every language."""
    return _in_all_languages("serving.no_script")


def body() -> str:
    """The place where the picture is drawn, and the texts for a page to which no connection, no script or not each part
    comes: HTML at the end of the page.

    The text for a page without scripts is there in every language, because a script would have to choose one.
    """
    missing = "".join(_missing(load(language)) for language in LANGUAGES)
    return (
        '<div id="first_picture" aria-hidden="true"></div><div id="unconnected" role="status"></div>'
        f'<div id="blocked" role="alert">{_in_all_languages("serving.blocked")}</div>'
        f'<template id="missing">{missing}</template>'
    )


def _missing(content: Content) -> str:
    """What stands where a part of the page has not come (`whenThere` of `shared.js`)."""
    text, again = (escape(content.message(f"serving.missing.{key}")) for key in ("text", "again"))
    return (
        f'<div class="notice missing" lang="{content.language}"><p role="alert">{text}</p>'
        f'<button type="button" class="press">{again}</button></div>'
    )


def _in_all_languages(key: str) -> str:
    return "".join(f'<p lang="{language}">{escape(load(language).message(key))}</p>' for language in LANGUAGES)


def files() -> dict[str, str]:
    """The script by its address on our own server."""
    return dict([_module()])


@cache
def _module() -> tuple[str, str]:
    declared = {
        "FIRST_FALLBACK": for_locale(""),
        "FIRST_PAGE": browser_files.address("page"),
        "FIRST_WORDS": {language: _words(load(language)) for language in LANGUAGES},
    }
    lines = [f'import {{ browserKeeps, filmMap }} from "{browser_files.address("map")}"']
    lines += [f"const {name} = {json.dumps(value, ensure_ascii=False)}" for name, value in declared.items()]
    text = "\n".join([*lines, _SCRIPT.read_text(encoding="utf-8")])
    return PREFIX + named("first_picture", text), text


def _words(content: Content) -> JsonObject:
    says = content.messages.below("ui.says")
    return {
        "at_once": PAGES[0],
        "logo": browser_files.logo,
        "unconnected": content.message("serving.unconnected"),
        "says": {part: says[part] for part in _SAYS},
        "map": player.words(content),
        "about": ABOUT[Step.OIDC_PROVIDER],
        "pages": {PAGES[0]: _home(content), **{step: _step(step, content) for step in Step}},
    }


def _home(content: Content) -> JsonObject:
    goal, _, _ = content.lesson(PAGES[0]).section("intro").body.partition("\n\n")
    begins = [escape(content.message(key)) for key in ("home.begin", "build.begin_home")]
    return {"title": escape(page_title(PAGES[0], content)), "goal": prose(goal), "begins": begins, "step": False}


def _step(step: Step, content: Content) -> JsonObject:
    goal = prose(content.lesson(step).section("goal").body)
    return {"title": escape(page_title(step, content)), "goal": goal, "begins": [], "step": True}
