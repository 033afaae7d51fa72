"""Streamlit's test harness, cheaper: what it does for each run of a script, besides the script, takes a third of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from streamlit import config
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import app_test, local_script_runner

FRAME = Path(__file__).resolve().parents[2] / "app" / "frame.py"
_look_each_millisecond = local_script_runner.require_widgets_deltas


class _Client:
    """A browser that brought nothing along."""

    client_context = SimpleNamespace(headers=[], cookies={}, remote_ip=None)


class _Runtime:
    """What a script asks of Streamlit's runtime. A page asks some two hundred times, which takes a `MagicMock` 5 ms."""

    def __init__(self, spec: type) -> None:
        """`spec`: the class that it stands for."""
        self._client = _Client()

    def get_client(self, session_id: str) -> _Client:
        """The same for each session: one runtime is made for each run."""
        return self._client

    def get_app_session(self, session_id: str) -> None:
        """None: the harness has no sessions."""

    def is_active_session(self, session_id: str) -> bool:
        """Always."""
        return True


def _until_it_ends(runner: local_script_runner.LocalScriptRunner, timeout: float = 3) -> None:
    """As Streamlit's own, which looks each millisecond and takes the interpreter from the script each time."""
    thread: Any = runner._script_thread
    thread.join(timeout)
    if not runner.script_stopped():
        _look_each_millisecond(runner, 0)  # ends the script and says so


def install() -> None:
    """For all that runs in this process from now on.

    The settings become those of the app, as `streamlit run` finds them beside its script: without them each command of
    a page is counted for Streamlit's makers, and each run parses the script for "magic".
    """
    # Each AppTest starts a runtime of its own, which reads the metadata of all installed packages, in search of
    # components. What is installed does not change while tests run.
    manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
    # Each run would compile the frame and the page, which do not change either.
    local_script_runner.ScriptCache = cache(ScriptCache)
    local_script_runner.require_widgets_deltas = _until_it_ends
    app_test.MagicMock = _Runtime
    config._main_script_path = str(FRAME)
    config.get_config_options(force_reparse=True)
