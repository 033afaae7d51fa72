"""Writes the licence of everything that runs into `docs/licences.md`: `python -m tools.licences`.

Read from the metadata that each installed package carries, as one SPDX expression: from License-Expression (PEP 639),
else from License, else from the classifiers. Some packages name their licence in words of their own. Those words are
listed here, so that words that no one has looked at fail and do not pass for a licence.
"""

from __future__ import annotations

import re
from importlib import metadata

import click

from tools.pins import ROOT, Pin, pins

PERMISSIVE = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "PSF-2.0",
    "Zlib",
}
"""What a package may be licensed under: nothing is asked in return but to keep the notices."""

EXCEPTIONS = {
    "certifi": ("MPL-2.0", "a list of certificate authorities. The MPL's copyleft ends at the file; we change none"),
}
"""Packages with another licence, and why they may be here all the same."""

LOOKED_UP = {
    ("altair", "6.3.0"): ("BSD-3-Clause", "its metadata holds the text of the licence and not its name"),
    ("itsdangerous", "2.2.0"): ("BSD-3-Clause", "its metadata says “BSD License”, its LICENSE.txt which one"),
    ("jinja2", "3.1.6"): ("BSD-3-Clause", "its metadata says “BSD License”, its LICENSE.txt which one"),
    ("python-dateutil", "2.9.0.post0"): (
        "BSD-3-Clause",
        "its metadata says “Dual License”, its LICENSE that BSD is for all of it, Apache-2.0 besides for what is newer",
    ),
    ("tzdata", "2026.6"): ("Apache-2.0", "for Windows and the browser only, so not installed where this is written"),
}
"""Versions whose metadata does not say it, or is not here: what their own licence file says."""

IN_OTHER_WORDS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache License 2.0": "Apache-2.0",
    "Apache License Version 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "License :: OSI Approved :: MIT License": "MIT",
    "MIT License": "MIT",
}
"""How License and classifiers name a licence, and SPDX's name for it."""

TITLE = """\
# Licences

What each package of `requirements.txt` says it is licensed under, as an SPDX expression, read from the installed
packages by `make licences`. Where one is pinned twice for different Pythons, the installed version speaks for both.
Tests compare this file with the pins, and each licence with the permissive ones that `tools/licences.py` lists.

This is the licence of each package's own code. A wheel may carry compiled libraries under licences of their own, whose
texts lie beside it (`*.dist-info/licenses`): numpy's has GCC's runtime, for example, which is GPL with the exception
that lets any program link it.
"""


def licence(pin: Pin) -> str:
    """The SPDX expression of a pinned package. Raises ValueError where its metadata has no name that we know."""
    if looked_up := LOOKED_UP.get((pin.name, pin.version)):
        return looked_up[0]
    facts = metadata.metadata(pin.name)
    if expression := facts.get("License-Expression"):
        return expression
    classifiers = [text for text in facts.get_all("Classifier", []) if text.startswith("License ::")]
    words = facts.get("License")
    said = [words] if words else classifiers
    spdx = [IN_OTHER_WORDS.get(text, text) for text in said]
    understood = PERMISSIVE | {expression for expression, _ in EXCEPTIONS.values()}
    if len(spdx) != 1 or not ids(spdx[0]) <= understood:
        raise ValueError(f"tools/licences.py does not know the licence of {pin.name} {pin.version}: {said}")
    return spdx[0]


def ids(expression: str) -> set[str]:
    """The licences in an SPDX expression. Where it leaves a choice (OR) all are named: we do not choose."""
    return set(re.split(r"[ ()]+", expression)) - {"AND", "OR", ""}


def not_permissive(all_pins: list[Pin]) -> list[str]:
    """The pinned packages whose licence is neither on the list nor the one that an exception names."""
    named = {pin.name: licence(pin) for pin in all_pins}
    return [
        f"{name}: {expression}"
        for name, expression in named.items()
        if not ids(expression) <= PERMISSIVE and expression != EXCEPTIONS.get(name, ("", ""))[0]
    ]


def document(all_pins: list[Pin]) -> str:
    """The text of `docs/licences.md`."""
    lines = [TITLE, "| package | version | licence |", "|---|---|---|"]
    for pin in all_pins:
        only = f" (`{pin.where}`)" if pin.where else ""
        lines.append(f"| {pin.name} | {pin.version}{only} | {licence(pin)} |")
    lines += ["", "## Not permissive, and here all the same", ""]
    lines += [f"- `{name}`, {expression}: {reason}." for name, (expression, reason) in EXCEPTIONS.items()]
    lines += ["", "## Looked up by hand", ""]
    lines += [f"- `{name}`, {expression}: {reason}." for (name, _), (expression, reason) in LOOKED_UP.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "docs" / "licences.md").write_text(document(pins()), encoding="utf-8")
    click.echo("docs/licences.md")
