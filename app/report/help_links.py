"""Where a check is explained: its place on the page `docs/checks.md`, whose anchors are the ids of the checks."""

from __future__ import annotations

from functools import cache
from importlib import metadata

from app.content import Content
from app.locations import CHECKS

_DISTRIBUTION = "irsa-explorer"
_LABEL = "Documentation"


def link(check_id: str, words: Content) -> str:
    """The URL of the check's explanation."""
    return f"{_folder()}/{words.message('checks_page.file')}#{check_id}"


def is_public(url: str) -> bool:
    """Whether another reader's browser can open it, too."""
    return url.startswith("https://")


@cache
def _folder() -> str:
    """The URL that the package's metadata calls its documentation (`project.urls`, Core Metadata `Project-URL`).

    Where they name none, the folder of the pages that came with the program.
    """
    try:
        named = metadata.metadata(_DISTRIBUTION).get_all("Project-URL", [])
    except metadata.PackageNotFoundError:
        named = []
    urls = (url.strip() for label, _, url in (entry.partition(",") for entry in named) if label == _LABEL)
    return next(urls, CHECKS.as_uri()).rstrip("/")
