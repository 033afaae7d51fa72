"""Containers that were drawn before: the message about one is made once, the places in it for each run."""

from __future__ import annotations

from typing import Any, cast

import streamlit as st
from streamlit.cursor import RunningCursor
from streamlit.delta_generator import DeltaGenerator
from streamlit.delta_generator_singletons import get_last_dg_added_to_context_stack
from streamlit.elements.lib.form_utils import FormData, current_form_id
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState

from app.ui.state.runs import drawn_before
from app.ui.state.runs.plain_arguments import plain

_streamlits = st.container


def container(**options: Any) -> DeltaGenerator:
    """As `st.container`; inside of `drawn_before.again`, the message of a container with the same options in the same
    place is sent again.
    """
    found = drawn_before.place()
    if found is None:
        return _streamlits(**options)
    cursor, around = found[1], get_last_dg_added_to_context_stack() or st._main
    path = (*cursor.parent_path, cursor.index)
    same = ("container", plain(options))
    drawn = drawn_before.send_again(found, same, lambda: _streamlits(**options))
    if drawn is not None:  # just now
        return cast(DeltaGenerator, drawn)
    root = cursor.root_container
    made = DeltaGenerator(root, RunningCursor(root_container=root, parent_path=path), around, "flex_container")
    made._form_data, made._creating_fragment_id = FormData(current_form_id(around)), ThreadState.get().fragment_id
    return made


def install() -> None:
    """From now on all scripts draw containers so, where they ask for it (`drawn_before.again`)."""
    st.container = container
