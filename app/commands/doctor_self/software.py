"""The software on this machine: Python and its packages, Graphviz, fonts; and whether the terminal can show the
output."""

from __future__ import annotations

import codecs
import re
import shlex
import subprocess
import sys
from importlib import metadata

import graphviz

from app.commands.doctor_self.finding import Finding, found
from app.flow.model import Status
from app.locations import REQUIREMENTS
from app.report.picture import svg

TESTED = ((3, 11), (3, 13))
"""The oldest and the newest Python that the tests run with."""
JQ = "jq"
"""The one package that is loaded only when it is used: by the console's `jq`."""
_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+) \\$", re.MULTILINE)
"""Matches a package's line in `requirements.txt`, without a marker for a system."""
_SHOWN = "✓ 日本語"
_SECONDS = 10.0


def python() -> Finding:
    """Whether this Python is one that is tested."""
    oldest, newest = TESTED
    expected = "…".join(".".join(map(str, version)) for version in TESTED)
    version = ".".join(map(str, sys.version_info[:3]))
    return found("python", oldest <= sys.version_info[:2] <= newest, version, expected)


def packages() -> Finding:
    """Whether the installed packages are the pinned ones. An installed wheel has no pins: then the installed versions
    are listed."""
    installed = {it.name.lower().replace("_", "-"): it.version for it in metadata.distributions()}
    streamlit = f"streamlit {installed.get('streamlit', '–')}"
    if not REQUIREMENTS.exists():
        return Finding(id="packages", status=Status.PASSED, got=streamlit)
    pins = dict(_PIN.findall(REQUIREMENTS.read_text(encoding="utf-8")))
    differing = {name: pin for name, pin in pins.items() if installed.get(name) != pin}
    if not differing:
        return Finding(id="packages", status=Status.PASSED, got=f"{streamlit}, {len(pins)} = {REQUIREMENTS.name}")
    missing = differing.keys() - installed.keys()
    return Finding(
        id="packages",
        status=Status.FAILED if missing - {JQ} else Status.WARNING,
        got=", ".join(f"{name} {installed.get(name, '–')}" for name in differing),
        expected=", ".join(f"{name} {pin}" for name, pin in differing.items()),
        case="missing" if missing - {JQ} else "jq" if missing else "other",
        values={"python": shlex.quote(sys.executable), "file": shlex.quote(str(REQUIREMENTS))},
    )


def terminal() -> Finding:
    """Whether standard output can show marks and Japanese. Where it is ASCII, click writes UTF-8."""
    encoding = getattr(sys.stdout, "encoding", None) or "–"
    try:
        if codecs.lookup(encoding).name == "ascii":
            return Finding(id="terminal", status=Status.PASSED, got=f"{encoding} → utf-8")
        _SHOWN.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return Finding(id="terminal", status=Status.WARNING, got=encoding, expected="utf-8")
    return Finding(id="terminal", status=Status.PASSED, got=encoding)


def drawing() -> Finding:
    """Whether `dot` can draw the smallest graph."""
    if not svg("digraph { a }"):
        return Finding(id="graphviz", status=Status.WARNING, got="–", expected="dot")
    return Finding(id="graphviz", status=Status.PASSED, got=".".join(map(str, graphviz.version())))


def fonts() -> Finding:
    """Whether fontconfig, with which Graphviz chooses fonts, has one for Japanese."""
    try:
        done = subprocess.run(
            ["fc-list", ":lang=ja", "family"],  # noqa: S607 - wherever fontconfig is installed
            capture_output=True,
            encoding="utf-8",  # whatever the locale says
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return Finding(id="fonts", status=Status.UNKNOWN, got="–", expected="fc-list", case="unlisted")
    families = sorted(line.partition(",")[0] for line in done.stdout.splitlines() if line)
    return found("fonts", bool(families), families[0] if families else "–", ":lang=ja")
