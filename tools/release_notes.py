"""Prints what `CHANGELOG.md` says of a version, for its release: `python -m tools.release_notes v1.2.3`.

The tag has to be the version of the package, and the changelog has to have a section for it: else it leaves with 1.
"""

from __future__ import annotations

import re
import sys

import click

from app import __version__
from tools.pins import ROOT


class NoReleaseError(Exception):
    """The tag cannot be released: what is missing."""


def notes(tag: str, version: str, changelog: str) -> str:
    """The section of the version, without its heading. Raises NoReleaseError."""
    if tag != f"v{version}":
        raise NoReleaseError(f"the tag is {tag}, expected v{version}, as app/__init__.py has it")
    sections = dict(re.findall(r"^## \[([^\]]+)\][^\n]*\n(.*?)(?=^## |^\[[^\]]+\]: |\Z)", changelog, re.M | re.S))
    found: str = sections.get(version, "").strip()
    if not found:
        raise NoReleaseError(f"CHANGELOG.md has no section “## [{version}]” with anything in it")
    return f"{found}\n"


if __name__ == "__main__":
    try:
        click.echo(notes(sys.argv[1], __version__, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")), nl=False)
    except NoReleaseError as error:
        sys.exit(str(error))
