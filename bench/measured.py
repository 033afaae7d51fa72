"""One measurement in a process of its own, so that it does not profit from another's warm imports.

`python -m bench.measured MODULE FILE` runs the module as `python -m MODULE` would, and writes its figures into a file.
"""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

from app.flow.model import JsonObject
from bench.report import figures


def measured(module: str) -> JsonObject:
    """The status with which a measurement ended, and its figures in their order; none where it was killed."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "figures.json")
        command = [sys.executable, "-m", "bench.measured", module, str(file)]
        ended = subprocess.run(command, check=False)  # noqa: S603 - our own modules
        found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return {"status": ended.returncode, "figures": found}


if __name__ == "__main__":
    _, name, written = sys.argv
    sys.argv = [name]
    try:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    finally:
        Path(written).write_text(json.dumps([it.as_json() for it in figures]), encoding="utf-8")
