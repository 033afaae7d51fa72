"""The film as downloads: a page with the player, and an animated picture."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.content import LANGUAGES, Content, load
from app.flow.doctor import Diagnosis
from app.flow.film import Film
from app.ui.map.film_json import film_json, names_of
from app.ui.map.player import words
from app.ui.state import allowance


def take_along(shown: Film, found: Diagnosis, content: Content) -> None:
    """Draws the two downloads. A file is made when someone asks for it, and the modules that make it are imported
    then."""
    with st.popover(content.message("film.take_along"), icon=":material/movie:"):
        st.markdown(content.message("film.take_along_means"))
        st.download_button(
            content.message("film.as_page"),
            allowance.charged(partial(as_page, shown, found, content.language)),
            file_name="irsa-film.html",
            mime="text/html",
            key="film_page",
            icon=":material/html:",
            on_click="ignore",
        )
        st.download_button(
            content.message("film.as_picture"),
            allowance.charged(partial(as_picture, shown, found, content)),
            file_name=f"irsa-film-{content.language}.svg",
            mime="image/svg+xml",
            key="film_picture",
            icon=":material/image:",
            on_click="ignore",
        )


def as_page(shown: Film, found: Diagnosis, first: str) -> bytes:
    """The film as an HTML file in every language; it opens in `first`."""
    from app.ui.map.film_page import film_page

    contents = {language: load(language) for language in LANGUAGES}
    films = {name: film_json(shown, content, found.subject, names_of(found.walk)) for name, content in contents.items()}
    return film_page(films, contents, first).encode()


def as_picture(shown: Film, found: Diagnosis, content: Content) -> bytes:
    """The film as an animated SVG."""
    from app.ui.map.film_svg import film_svg

    film = film_json(shown, content, found.subject, names_of(found.walk))
    return film_svg(film, {**words(content), "title": content.message("film.title")}).encode()
