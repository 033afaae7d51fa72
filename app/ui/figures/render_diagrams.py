"""Draws the diagrams of every language: `python -m app.ui.figures.render_diagrams`. Needs Graphviz's `neato`."""

from __future__ import annotations

import re
import subprocess

from app.content import LANGUAGES, Content, load
from app.ui.figures.diagram import FIGURES, dot, file_of
from app.ui.figures.figures import Figure, Layout

_ATTRIBUTES = re.compile(r' (?:fill|stroke|font-family|font-weight)="[^"]*"')
_TITLE = re.compile(r"<title>.*?</title>\n| xlink:title=\"[^\"]*\"", re.DOTALL)


def render(figure: Figure, layout: Layout, content: Content) -> str:
    """The figure as an SVG element without colours, fonts and tooltips: those are the style sheet's.

    Raises `FileNotFoundError` where there is no `neato`, and `CalledProcessError` where it fails.
    """
    drawn = subprocess.run(
        ["neato", "-n", "-Tsvg"],  # noqa: S607 - wherever Graphviz is installed
        input=dot(figure, layout, content),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return _TITLE.sub("", _ATTRIBUTES.sub("", drawn[drawn.index("<svg") :]))


def main() -> None:
    """Draws every figure in every language and layout."""
    for figure in FIGURES:
        for language in LANGUAGES:
            for layout in figure.layouts:
                path = file_of(figure, layout, language)
                path.parent.mkdir(exist_ok=True)
                path.write_text(render(figure, layout, load(language)), encoding="utf-8")


if __name__ == "__main__":
    main()
