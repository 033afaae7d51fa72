"""What a browser keeps of a page when the reader turns to another one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from streamlit.runtime.scriptrunner import ScriptRunContext, get_script_run_ctx


def kept_mounted() -> AbstractContextManager[None]:
    """In a script: what is drawn inside stays in a browser that turns to another page, until that page draws something
    else in the same place.

    When the reader turns to another page, Streamlit's frontend removes what the old page has drawn, and leaves what the
    main script has drawn. So this counts as drawn by the main script. The places in a container are numbered, so what
    is drawn before it in the same container has to be kept as well.
    """
    return _drawn_by(lambda context: context.pages_manager.main_script_hash)


def gone_with_its_page() -> AbstractContextManager[None]:
    """In a script, inside of `kept_mounted`: what is drawn here goes with this page."""
    return _drawn_by(lambda context: context.page_script_hash)


def _drawn_by(script: Callable[[ScriptRunContext], str]) -> AbstractContextManager[None]:
    """Inside, everything counts as drawn by that script of the present run; `script` returns its hash."""
    context = get_script_run_ctx()
    return context.run_with_active_hash(script(context)) if context else nullcontext()
