"""Where the files beside the code are: at the top of the repository, or in the folder `data` of the installed package.

`pyproject.toml` puts them there (`tool.hatch.build.targets.wheel.force-include`).
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "data"
_ROOT = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent
ASSETS = _ROOT / "assets"
PAGES = _ROOT / "pages"
MISSIONS = ASSETS / "missions"
"""The missions of the app; `README.md` there says how to write one."""
CHECKS = _ROOT / "docs"
"""The folder of `checks.md`, which says of every check what it looks at and how to fix it."""
REQUIREMENTS = _ROOT / "requirements.txt"
"""The pins of what runs. They come with the repository and not with the installed package."""
