"""How a person started this program, by which each text names its commands: installed, it is no `python -m app`."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys

from app.flow.names import APPLICATION_ID

AS_MODULE, PLUGIN = "python -m app", "kubectl irsa"
OF_PLUGIN = ("doctor", "check", "token")
"""The commands that the plugin has as well."""
_COMMAND = re.compile(
    r"(^[ \t]*|[`\"：、]|[|:] )python -m app"
    r"(?= (--help|(?:doctor|check|token|faults|walk|aws|serve|world|doctor-self)\b))",
    re.M,
)
"""Where a text of ours has one: at the beginning of a line, quoted, behind a pipe, a colon or a comma."""
_started = [AS_MODULE]


def start_as(program: str) -> None:
    """From now on the program was started as `program`: one of these two, or `irsa-explorer`."""
    _started[0] = _with_its_python() if program == AS_MODULE else program


def program() -> str:
    """How it was started, such as `kubectl irsa`."""
    return _started[0]


def as_started(text: str) -> str:
    """A text of ours, its commands named as this program was started."""
    if program() == AS_MODULE or AS_MODULE not in text:
        return text
    return _COMMAND.sub(lambda found: f"{found[1]}{_name(found[2])}", text)


def _name(command: str) -> str:
    return APPLICATION_ID if program() == PLUGIN and command not in OF_PLUGIN else program()


def _with_its_python() -> str:
    """`python -m app`, with the Python of a virtual environment here, where a shell finds another one, or none.

    Pages may be shown to others, so no other folder is named.
    """
    try:
        found, here = shutil.which("python"), os.path.join(os.getcwd(), "")
    except OSError:  # this folder was removed
        return AS_MODULE
    if found and os.path.dirname(found) == os.path.dirname(sys.executable):
        return AS_MODULE
    return f"{shlex.quote(os.path.relpath(sys.executable))} -m app" if sys.executable.startswith(here) else AS_MODULE
