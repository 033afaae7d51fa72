"""The pages that a visitor chooses from: made and checked once for all who see the same, and not in every run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import ScriptRunContext, get_script_run_ctx

from app.ui.state.runs import clicks, drawn_before

LIMIT = 64
"""Menus that are kept: one for each language and each combination of steps that were read. With more, all are made
again."""
_kept: dict[Hashable, _Menu] = {}


@dataclass(frozen=True, kw_only=True)
class _Menu:
    message: ForwardMsg
    registered: dict[str, Any]
    """What Streamlit knows of each page, by its hash."""
    pages: tuple[st.Page, ...]
    sent: dict[str, ForwardMsg] = field(default_factory=dict)
    """The message that shows the menu on each page, by its hash."""

    @cached_property
    def by_hash(self) -> Mapping[str, st.Page]:
        return {page._script_hash: page for page in self.pages}

    @cached_property
    def default(self) -> str:
        return next(page._script_hash for page in self.pages if page._default)


def choose(same: Hashable, pages: Callable[[], Mapping[str, Sequence[st.Page]]]) -> st.Page:
    """`st.navigation(pages(), expanded=True)`. `same`: all that decides what `pages` returns."""
    context, menu = get_script_run_ctx(), _kept.get(same)
    if context and menu:
        found = context.pages_manager.set_pages_and_resolve(menu.registered, fallback_page_hash=menu.default)
        if found:  # else Streamlit says that there is no such page
            page = copy(menu.by_hash[found["page_script_hash"]])
            page._can_be_called = True
            context.set_mpa_v2_page(page._script_hash)
            clicks.choose(page._script_hash, context.query_string, context.session_state)
            _send(menu, page._script_hash, context)
            return page
    made = pages()
    with drawn_before.hearing() as messages:
        page = st.navigation(made, expanded=True)
    if context and messages:
        clicks.choose(page._script_hash, context.query_string, context.session_state)
        if len(_kept) >= LIMIT:
            _kept.clear()
        _kept[same] = _Menu(
            message=messages[-1],
            registered=context.pages_manager.get_pages(),
            pages=tuple(copy(page) for section in made.values() for page in section),
        )
    return page


def _send(menu: _Menu, page_hash: str, context: ScriptRunContext) -> None:
    """Sends the message; on a page's first time Streamlit completes it, and hashes it."""
    if message := menu.sent.get(page_hash):
        context._enqueue(message)
        return
    message = ForwardMsg()
    message.navigation.CopyFrom(menu.message.navigation)
    message.navigation.page_script_hash = page_hash
    context.enqueue(message)
    menu.sent[page_hash] = message
