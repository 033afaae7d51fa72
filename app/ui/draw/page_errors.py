"""What a reader sees of an error of this app: a sentence with an id, instead of the part that could not be drawn.

The log has the same id, with the traceback (logger `irsa_explorer`). No page shows a traceback.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException

from app.content import Content
from app.serving.logs import OURS, record_error
from app.ui.draw import components
from app.ui.draw.checks import warned
from app.ui.state import language, session
from app.ui.text import prose
from app.world.lifecycle.world_store import WorldGone

P = ParamSpec("P")

_log = logging.getLogger(OURS)
_OUR_CODE = tuple(Path(__file__).resolve().parents[3] / folder for folder in ("app", "pages"))
_STREAMLIT = Path(st.__file__).parent
_PENDING = "page_error"
"""In the session: the id of an error that is not on the page yet, because it ended the run."""


@contextmanager
def contained(content: Content | None = None) -> Iterator[None]:
    """Draws what is inside. If that raises, the sentence is shown instead, and the page goes on after it. If the world
    is gone meanwhile, the page is drawn again, for the next world."""
    try:
        yield
    except WorldGone:
        st.rerun()
    except Exception as error:
        _draw(_record(error), content or language.content())


def fragment(draw: Callable[P, None]) -> Callable[P, None]:
    """`st.fragment`, its errors contained: Streamlit runs a fragment by itself, without the page around it.

    A visitor who has used too much waits there as well.
    """

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
        context = get_script_run_ctx()
        if context is not None and context.fragment_ids_this_run:
            session.admit()
        with contained():
            draw(*args, **kwargs)

    return st.fragment(drawn)


def on_script_error(error: Exception) -> bool:
    """What `st.App` calls for an error that ended a run, such as one in a button's callback.

    The page is drawn once more, with the sentence on top; with none where the world went meanwhile, since the page of
    the next one says that. Where the second run fails as well, only the sentence is left. Returns True: Streamlit shows
    nothing of its own.
    """
    gone, again = isinstance(error, WorldGone), _PENDING not in st.session_state
    if not gone:
        st.session_state[_PENDING] = _record(error)
    if gone or again:
        with suppress(RerunException):  # the next run is requested by then; this run has ended anyway
            st.rerun()
    else:
        pending(language.content())
    return True


def pending(content: Content) -> None:
    """Draws the sentence about an error that ended the run before this one; nothing where none did."""
    if error_id := st.session_state.pop(_PENDING, None):
        _draw(str(error_id), content)


def _record(error: Exception) -> str:
    """Writes the error to the log, and returns its id.

    One line is enough for an error inside Streamlit: it is mostly junk in the place of a widget's value.
    """
    frames = traceback.extract_tb(error.__traceback__)[::-1]
    ours = next((frame for frame in frames if _is_in(frame, *_OUR_CODE)), None)
    if ours is not None and next(frame for frame in frames if _is_in(frame, *_OUR_CODE, _STREAMLIT)) is ours:
        return record_error(error, "on a page")
    error_id = secrets.token_hex(4)
    place = f" ({ours.filename}:{ours.lineno})" if ours else ""
    _log.warning("error %s on a page, in Streamlit: %r%s", error_id, error, place)
    return error_id


def _is_in(frame: traceback.FrameSummary, *folders: Path) -> bool:
    return any(Path(frame.filename).is_relative_to(folder) for folder in folders)


def _draw(error_id: str, content: Content) -> None:
    sentence = prose(content.message("page_errors.sentence", id=error_id))
    components.block(warned(f"<p>{sentence}</p>", content, role="alert"), key=f"page_error_{error_id}")
