"""The drawn diagrams: what the figures say is in them, and drawing them again gives the same."""

import re
import shutil
from xml.etree import ElementTree

import pytest

from app.content import LANGUAGES, load
from app.locations import ASSETS
from app.ui.figures.diagram import FIGURES, ROOM, file_of, svg
from app.ui.figures.render_diagrams import render
from app.ui.figures.story_figure import STORY

DRAWN = [
    pytest.param(figure, layout, language, id=f"{language}-{figure.name}-{layout}")
    for figure in FIGURES
    for layout in figure.layouts
    for language in LANGUAGES
]


def read(figure, layout, language):
    return file_of(figure, layout, language).read_text(encoding="utf-8")


def parts(text):
    """Every element with an id: its classes and its words."""
    root = ElementTree.fromstring(text)  # noqa: S314 - our own files
    return {
        group.get("id"): (group.get("class"), [words.text for words in group.iter("{http://www.w3.org/2000/svg}text")])
        for group in root.iter("{http://www.w3.org/2000/svg}g")
        if group.get("class") != "graph"
    }


@pytest.mark.parametrize(("figure", "layout", "language"), DRAWN)
def test_every_box_and_arrow_is_drawn_with_its_words(figure, layout, language):
    found, content = parts(read(figure, layout, language)), load(language)
    for item in (*figure.nodes, *figure.edges):
        assert f"{figure.name}-{layout}-{item.id}" in found
    for node in figure.nodes:
        words = found[f"{figure.name}-{layout}-{node.id}"][1]
        room = [ROOM] if node.named else []
        assert [word.strip() for word in words] == content.message(f"figure.{node.id}").split("|") + room


@pytest.mark.parametrize(("figure", "layout", "language"), DRAWN)
def test_drawn_diagrams_are_up_to_date(figure, layout, language):
    if not shutil.which("neato"):
        pytest.skip("Graphviz is not installed")
    assert parts(render(figure, layout, load(language))) == parts(read(figure, layout, language))


@pytest.mark.parametrize(("figure", "layout", "language"), DRAWN)
def test_colours_and_fonts_are_left_to_the_style_sheet(figure, layout, language):
    assert not re.search(r'(?:fill|stroke|font-family)="|<title|<script|href="http', read(figure, layout, language))


def test_all_layouts_travel_together_and_the_style_sheet_chooses():
    assert re.findall(r'<svg class="(\w+)" aria-hidden="true"', svg(STORY.name, "ja", {})) == ["lr", "tb"]
    assert "@container" in (ASSETS / "styles" / "diagram.css").read_text(encoding="utf-8")
    assert "prefers-reduced-motion" in (ASSETS / "styles" / "why.css").read_text(encoding="utf-8")


def test_a_name_stands_in_its_own_box_and_no_room_is_left_empty():
    names = {node.id: node.id.upper() for node in STORY.nodes if node.named}
    assert names
    drawing = svg(STORY.name, "en", names)
    assert ROOM not in drawing
    for layout in STORY.layouts:
        for node in STORY.nodes:
            box = re.search(rf'<g id="story&#45;{layout}&#45;{node.id}".*?</g>', drawing, re.DOTALL)
            assert box
            assert (f"<title>{names[node.id]}</title>" if node.named else "") in box[0]


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("my-sa", ">my-sa<"),
        ("", ">–<"),
        ("a-service-account-with-a-long-name", ">a-servi…-name<"),
        ("<b>&\\1", ">&lt;b&gt;&amp;\\1<"),
    ],
)
def test_a_real_name_is_escaped_and_cut_to_the_room_there_is(name, drawn):
    assert svg(STORY.name, "ja", {"pod_1": name}).count(drawn) >= len(STORY.layouts)


THEMES = {"light": ("#1f2937", "#ffffff"), "dark": ("#e5e7eb", "#0f1620")}
"""Text and background, as `app/.streamlit/config.toml` has them."""


def luminance(colour):
    """Relative luminance of WCAG 2.2, of three parts from 0 to 255."""
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def parts_of(colour):
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


@pytest.mark.parametrize("theme", THEMES)
def test_dimmed_words_are_legible(theme):
    """4.5:1 at least, for every mixture of text and background in which words are drawn."""
    config = (ASSETS.parent / "app" / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert all(colour in config for colour in THEMES[theme])
    text, background = map(parts_of, THEMES[theme])
    sheets = [(ASSETS / "styles" / f"{name}.css").read_text(encoding="utf-8") for name in ("diagram", "why")]
    fills = r"text \{ fill: color-mix\(in srgb, var\(--st-text-color\) (\d+)%, var\(--st-background-color\)\)"
    shares = [int(share) for sheet in sheets for share in re.findall(fills, sheet)]
    assert len(shares) == len(sheets)
    for share in shares:
        mixed = [share / 100 * one + (1 - share / 100) * other for one, other in zip(text, background, strict=True)]
        assert contrast(mixed, background) >= 4.5, share


@pytest.mark.parametrize("theme", THEMES)
def test_colours_of_words_are_legible(theme):
    sheet = (ASSETS / "styles" / "base.css").read_text(encoding="utf-8")
    background = parts_of(THEMES[theme][1])
    pairs = dict(re.findall(r"--(kubernetes|aws): light-dark\(([^)]*)\)", sheet))
    assert len(pairs) == 2
    for name, pair in pairs.items():
        colour = pair.split(", ")[theme == "dark"]
        assert contrast(parts_of(colour), background) >= 4.5, name


def test_no_words_of_the_attack_lie_on_the_border_of_the_node():
    left = next(zone for zone in STORY.zones if zone.id == "worker").corners["lr"][0]
    attacks = [edge.label_at["lr"][0] for edge in STORY.edges if edge.words == ("attack",)]
    assert len(attacks) == 2
    assert all(at + 36 < left for at in attacks), "half of what the longest of them takes"
