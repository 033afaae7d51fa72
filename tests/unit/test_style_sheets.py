"""Our style sheets: what each engine of a browser understands of them."""

import re

from app.locations import ASSETS

PREFIXED = re.compile(r"(?<![\w-])(?:user-select|box-decoration-break): [^;]+;")
"""What WebKit, and so every browser of an iPhone, knows by its prefix alone."""


def test_what_webkit_knows_by_its_prefix_alone_has_it_too():
    found = {}
    for path in sorted(ASSETS.rglob("*.css")):
        for declared in PREFIXED.finditer(text := path.read_text(encoding="utf-8")):
            found[path.name, declared[0]] = text[: declared.start()].endswith(f"-webkit-{declared[0]} ")
    assert len(found) >= 3
    assert all(found.values()), found
