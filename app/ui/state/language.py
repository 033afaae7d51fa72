"""The reader's language: the URL wins, the browser's locale comes next, Japanese is the default."""

from __future__ import annotations

import streamlit as st

from app.content import LANGUAGES, Content, for_locale, load
from app.ui.state import address
from app.ui.state.runs.plain_arguments import Labels

KEY = "lang"


def choose() -> str:
    """Settles the language of this run. It may be settled already: once its control is drawn, Streamlit lets no one
    write it, not even the same."""
    asked, kept = st.query_params.get(KEY), st.session_state.get(KEY)
    wanted = asked if asked in LANGUAGES else kept if kept in LANGUAGES else _of_browser()
    if wanted != kept:
        st.session_state[KEY] = wanted
    return str(wanted)


def query_params() -> dict[str, str | None]:
    """The language's parameter of the address."""
    return {KEY: str(st.session_state[KEY])}


def _of_browser() -> str:
    locale = st.context.locale
    return for_locale(locale) if locale else LANGUAGES[0]


def content() -> Content:
    """The texts in the language that `choose` settled."""
    return load(str(st.session_state[KEY]))


def keep(key: str) -> None:
    """Called before a widget whose options are words: keeps what was chosen in the previous language.

    A browser identifies an option by its words, and these words are none of the options any more.
    """
    drawn, current = f"{key}_{KEY}", st.session_state[KEY]
    if st.session_state.get(drawn, current) != current and key in st.session_state:
        st.session_state[key] = st.session_state[key]
    st.session_state[drawn] = current


def switch(label: str) -> None:
    """The control that changes the language."""
    names = tuple((language, load(language).facts.name) for language in LANGUAGES)
    st.segmented_control(
        label,
        LANGUAGES,
        key=KEY,
        format_func=Labels(names),
        required=True,
        label_visibility="collapsed",
        on_change=_changed,
        persist_state="session",
    )


def _changed() -> None:
    address.put(query_params())
