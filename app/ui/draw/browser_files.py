"""The scripts and style sheets of `assets` that the browser loads, as text and as files with an address.

A file's address contains the hash of its content, so a browser keeps it for good, and other content has another
address.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

import streamlit as st

from app.locations import ASSETS

PREFIX = "/_irsa/"
"""How the addresses of our files begin."""
STREAMLITS = ("/static/js/", "/static/css/")
"""How the addresses of Streamlit's files begin."""
_SERVER = "<script>window.__streamlit = { BACKEND_BASE_URL: location.origin }</script>"
"""Sets the address of Streamlit's server for its page. Otherwise the page looks for the server below each page's
address first, which our server refuses. A page that is opened by its own address would wait for that, and begin with
two errors in the browser's console."""
_SHARED, _STYLES = "shared", "styles"
_SOON = ("page", "block", "map")
"""The components with which every page begins."""
_LAZY = ("BidiComponent", "Button", "ButtonGroup", "Html", "Radio")
"""Streamlit's modules for what every page begins with, and for a step's question. Streamlit's page loads each one only
when an element needs it, and only then the modules that it imports."""
_STREAMLIT = Path(st.__file__).with_name("static")
_IMPORT = re.compile(r"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""")
_ENGINES = {"presenter": "map"}
"""The components that draw with the scripts of another component, each with the folder of that one, whose
`component.js` is not used."""


class BrowserFiles:
    """The scripts and style sheets of one folder, read once."""

    def __init__(self, assets: Path) -> None:
        self._assets = assets
        self._scripts = assets / "scripts"

    def script(self, name: str) -> str:
        """The module of a component: `shared.js`, then `<name>.js` or the files of the folder `<name>` by name."""
        folder = self._scripts / name
        own = sorted(folder.glob("*.js")) if folder.is_dir() else [folder.with_suffix(".js")]
        engine = self._engine(_ENGINES[name]) if name in _ENGINES else []
        return _joined([self._scripts / f"{_SHARED}.js", *engine, *own])

    def engine(self, name: str) -> str:
        """The scripts of a folder without its `component.js` and without `shared.js`, which sends requests: what an
        HTML file without a server can run."""
        return _joined(self._engine(name))

    def _engine(self, name: str) -> list[Path]:
        return [path for path in sorted((self._scripts / name).glob("*.js")) if path.stem != "component"]

    @cached_property
    def style_sheet(self) -> str:
        """Every file of `styles`, the base first: one sheet, which all components share."""
        found = sorted((self._assets / "styles").glob("*.css"), key=lambda path: (path.stem != "base", path.stem))
        return _joined(found)

    @cached_property
    def frame_style_sheet(self) -> str:
        """The look of Streamlit's own parts on these pages, as CSS."""
        return _text(self._assets / "frame.css")

    @cached_property
    def logo(self) -> str:
        """The sidebar's picture, as a data URL: if it was a path, Streamlit would read the file in every run."""
        return _picture(self._assets / "logo.svg")

    @cached_property
    def icon(self) -> str:
        """The picture of the browser's tab, as a data URL."""
        return _picture(self._assets / "icon.svg")

    def address(self, name: str) -> str:
        """The address of a component's module on our own server."""
        return self._addresses[name]

    @cached_property
    def files(self) -> Mapping[str, str]:
        """The files of our own server, by address: the module of each component, and the style sheet that they need."""
        return {self._addresses[name]: text for name, text in self._modules.items()}

    @cached_property
    def in_page(self) -> str:
        """The HTML that our own server puts into the page: its address, the look of Streamlit's parts, and what to load
        at once."""
        ours = [self.address(name) for name in (_STYLES, *_SOON)]
        soon = (f'<link rel="modulepreload" href="{address}">' for address in (*ours, *_lazy_modules()))
        return f"{_SERVER}<style data-frame>{self.frame_style_sheet}</style>{''.join(soon)}"

    @cached_property
    def _addresses(self) -> Mapping[str, str]:
        return {name: PREFIX + named(name, text) for name, text in self._modules.items()}

    @cached_property
    def _modules(self) -> Mapping[str, str]:
        """The modules by name. The style sheet is a module as well: a script that imports it runs after it, so nothing
        is drawn without its look."""
        sheet = f"{self.script(_STYLES)}fill({json.dumps(self.style_sheet, ensure_ascii=False)})\n"
        names = sorted({path.stem for path in self._scripts.iterdir()} - {_SHARED, _STYLES})
        return {
            _STYLES: sheet,
            **{name: f'import "./{named(_STYLES, sheet)}"\n{self.script(name)}' for name in names},
        }


def streamlits() -> Mapping[str, Path]:
    """Streamlit's own scripts and style sheets by address. Their names contain a hash as well."""
    folders = (_STREAMLIT / prefix.strip("/") for prefix in STREAMLITS)
    found = (path for folder in folders for path in folder.iterdir() if path.suffix in (".js", ".css"))
    return {f"/{path.relative_to(_STREAMLIT).as_posix()}": path for path in found}


def _lazy_modules() -> list[str]:
    """The addresses of `_LAZY` and of what these modules import, except those that Streamlit's page loads itself."""
    scripts, named_there = _STREAMLIT / STREAMLITS[0].strip("/"), _text(_STREAMLIT / "index.html")
    wanted = [path.name for name in _LAZY for path in sorted(scripts.glob(f"{name}.*.js"))]
    for name in wanted:  # the list grows while it is read
        wanted += [it for it in _IMPORT.findall(_text(scripts / name)) if it not in named_there and it not in wanted]
    return [f"{STREAMLITS[0]}{name}" for name in wanted]


def _picture(path: Path) -> str:
    return f"data:image/svg+xml;base64,{b64encode(path.read_bytes()).decode('ascii')}"


def _joined(paths: Iterable[Path]) -> str:
    return "".join(map(_text, paths))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def named(name: str, text: str, kind: str = "js") -> str:
    """The name of a file with that text: another text has another name."""
    return f"{name}.{hashlib.sha256(text.encode()).hexdigest()[:20]}.{kind}"


def json_file(name: str, value: object) -> tuple[str, str]:
    """The address of a value that never changes, and the text that is there: JSON."""
    text = json.dumps(value, ensure_ascii=False)
    return PREFIX + named(name, text, "json"), text


browser_files = BrowserFiles(ASSETS)
