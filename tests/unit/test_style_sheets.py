"""Our style sheets and scripts: what each engine of a browser understands of them."""

import re

import pytest

from app.locations import ASSETS

PREFIXED = re.compile(r"(?<![\w-])(?:user-select|box-decoration-break): [^;]+;")
"""What WebKit knows by its prefix alone."""


def test_what_webkit_knows_by_its_prefix_alone_has_it_too():
    found = {}
    for path in sorted(ASSETS.rglob("*.css")):
        for declared in PREFIXED.finditer(text := path.read_text(encoding="utf-8")):
            found[path.name, declared[0]] = text[: declared.start()].endswith(f"-webkit-{declared[0]} ")
    assert len(found) >= 3
    assert all(found.values()), found


NEWER = re.compile(
    r"(?<!window\.)requestIdleCallback|scrollend|startViewTransition|moveBefore|Iterator\.from|RegExp\.escape|Promise\.try"
    r"|navigation\.(?:navigate|addEventListener|currentEntry)|anchor-name|interpolate-size|field-sizing"
)
"""What Safari had in no version before 18, and what cannot be left out where a browser lacks it."""


def test_nothing_needs_a_newer_safari_than_the_documents_say():
    """`docs/start.md` has what `light-dark()` needs. Of what is not in this list some is merely prettier."""
    scripts = [path for kind in ("js", "css") for path in sorted(ASSETS.rglob(f"*.{kind}"))]
    found = {path.name: NEWER.findall(path.read_text(encoding="utf-8")) for path in scripts}
    assert {name: words for name, words in found.items() if words} == {}
    assert "light-dark(" in (ASSETS / "styles" / "base.css").read_text(encoding="utf-8")


def declarations(sheet: str, selector: str) -> list[str]:
    """Those of the rules with exactly that selector, in their order."""
    text = re.sub(r"/\*.*?\*/", "", (ASSETS / sheet).read_text(encoding="utf-8"), flags=re.DOTALL)
    bodies = re.findall(rf"^\s*{re.escape(selector)} \{{([^}}]*)\}}", text, re.MULTILINE)
    return [part.strip() for body in bodies for part in body.split(";")]


@pytest.mark.parametrize(
    ("sheet", "selector", "wanted"),
    [
        # Streamlit keeps a button's words on one line and cuts them. Firefox knows no `pretty`, and drops the line.
        ("frame.css", ".stMainBlockContainer :is(h1, p, label, summary)", ["text-wrap: wrap", "text-wrap: pretty"]),
        # It does not know `auto-phrase` either, and breaks Japanese after any letter: a heading was a column of two.
        ("styles/base.css", "thead th", ["word-break: keep-all", "word-break: auto-phrase"]),
        ("styles/presenter.css", ".plan th", ["white-space: nowrap"]),
        ("styles/review.css", ".sheet .halves thead th:first-child", ["min-width: 5em", "word-break: normal"]),
        # It breaks lines elsewhere where a box comes: the term whose meaning unfolds left the pointer.
        ("styles/prose.css", ".term::after", ['content: ""', "position: absolute"]),
    ],
)
def test_a_rule_has_what_firefox_needs(sheet, selector, wanted):
    """As tried in Firefox 153. Chromium, in which the pages are tested, looks the same without."""
    assert [part for part in declarations(sheet, selector) if part in wanted] == wanted
