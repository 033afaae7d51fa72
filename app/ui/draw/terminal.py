"""How a reader gets a terminal whose kubectl, aws and Python see a simulated world.

The keys of this browser's world are secrets, if only of a simulation, so they do not go through the browser: a button
has the server write them into files that only its own account can read, and the page names the files. It is offered
where the browser is on the same machine as the server; elsewhere the path would help no one. Another person who
presses the button cannot read what it wrote.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import streamlit as st

from app.content import Content
from app.locations import ASSETS
from app.ui.draw import components, page_errors
from app.ui.draw.code import code
from app.ui.state import mode, session
from app.ui.text import prose
from app.world.setup.tool_files import AWS, CA, KUBECONFIG, issuer_command, write_all
from app.world.world import World


@page_errors.fragment
def terminal(content: Content, *, with_issuer: bool) -> None:
    """The two ways: this browser's world, and a world of the terminal's own.

    `with_issuer`: whether the command that reads the issuer by its own name is shown as well.
    """
    if mode.can().use_own_tools:
        _say("mode.own_terminal", content)
    elif mode.is_on_this_machine():
        here = session.world()
        _say("recompute.this_world", content)
        if st.button(content.message("recompute.write_files"), key="write_files", icon=":material/terminal:"):
            hand_out(here)
        if _folder(here).is_dir():
            _say("recompute.written", content, "\n".join(_commands(_folder(here))))
            if with_issuer:
                _say("recompute.issuer", content, issuer_command(session.simulation(), here, _folder(here) / CA))
    _say("recompute.other_world", content, "python -m app world --dir world")


def hand_out(world: World) -> None:
    """Writes the world's files into a folder of its own."""
    _folder(world).mkdir(mode=0o700, exist_ok=True)
    write_all(_folder(world), session.simulation(), world)


def _folder(world: World) -> Path:
    """The folder below the world's own directory: it is removed with the world, and with the process."""
    return world.directory / "terminal"


def _commands(folder: Path) -> list[str]:
    """What to type first: the folder of the examples, the Python that has the packages, and the keys to use."""
    quoted = shlex.quote
    return [
        f"cd {quoted(str(ASSETS.parent))}",
        f"export PATH={quoted(str(Path(sys.executable).parent))}:$PATH",
        f"export KUBECONFIG={quoted(str(folder / KUBECONFIG))}",
        f"set -a; . {quoted(str(folder / AWS))}; set +a",
    ]


def _say(key: str, content: Content, commands: str = "") -> None:
    typed = code(content, commands) if commands else ""
    components.block(f"<p>{prose(content.message(key))}</p>{typed}", key=key.replace(".", "_"))
