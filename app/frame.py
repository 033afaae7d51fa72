"""The script that Streamlit runs for every visitor: language, navigation, the frame around the page.

It has no function of its own, so that what a run had goes with it: a function and the module that has it refer to each
other.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import StopException

# `streamlit run` looks for modules beside this file, not where `app` is. To find that takes the disk, once.
if "app.content" not in sys.modules:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.content import PAGES, load
from app.content.page_specs import PAGE_SPECS
from app.ui.doctor import diagnosis_upload
from app.ui.draw import components, page_errors
from app.ui.draw.browser_files import browser_files
from app.ui.frame import address_errors, navigation, not_there, page_setup, sidebar
from app.ui.lab import secrecy
from app.ui.lab import strip as lab_strip
from app.ui.presenting import window
from app.ui.state import already_read, depth, language, mode, route, session
from app.ui.state.runs import drawn_before
from app.ui.thief import strip as thief_strip

# (1) A visitor who has used too much waits. Leave the old page first, so that a page change never waits for it.
already_read.begin_run()
session.admit()
route.leave()
with drawn_before.again():
    drawn_before.part("page config", partial(st.set_page_config, page_icon=browser_files.icon, layout="wide"))

# (2) Language, depth and mode, then the walk: the navigation shows how each step ended.
address_errors.heed(window.KNOWN)
content = load(language.choose())
depth.choose()
mode.choose()
walk_view = page_setup.ensure_walk(content)
page = navigation.choose(content, walk_view.walk if walk_view and not secrecy.is_hidden() else None)
components.styles()

# (3) The frame.
name = page.url_path or PAGES[0]
seen = f"{name} {st.query_params.get(window.PARAM, '')}"
section = st.query_params.get(route.SECTION, "")
with drawn_before.again():
    drawn_before.part(
        ("frame", seen, section, content.language),
        partial(page_setup.show_frame, page, name, seen, section, content),
    )
if name != "doctor":
    diagnosis_upload.forget()
with page_errors.contained(content):
    if walk_view and window.present(name, content, named=not secrecy.is_hidden()):
        raise StopException  # `st.stop` also stops a run for what was pressed before this session drew anything

# (4) How the reader looks, the page, and then what is beside every page: a page change does not wait for it. An error
# in one of them leaves the others as they are.
page_errors.pending(content)
with page_errors.contained(content), drawn_before.again():
    drawn_before.part(
        ("look", name, content.language, depth.depth(), walk_view is None),
        partial(page_setup.show_look, content, partial(window.start, name, content) if walk_view else None),
    )
    page_setup.show_mode(walk_view, content)
    # In a container, so that the page below stays the same elements when one of these comes or goes: the reader's tab,
    # folds and console stay open, and the film goes on.
    with st.container(key="notices"):
        address_errors.say(content)
        page_setup.show_notices(name, walk_view, content)
        lab_strip.strip(name, content)
        if not thief_strip.strip(name, content):
            not_there.say_deleted(name, content)
with page_errors.contained(content):
    if walk_view or not PAGE_SPECS[name].needs_walk:
        page.run()
    else:
        page_setup.without_walk(name, content)
with st.sidebar, page_errors.contained(content), drawn_before.again():
    mode.switch(content)
    sidebar.panel(content)
session.charge()
