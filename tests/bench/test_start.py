"""What a start and its first page load: each of these took a part of the second until then, and is not shown there."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from bench.start import first_page

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import atexit, sys
from app.commands.main import main
loaded = sys.argv.pop()
atexit.register(lambda: open(loaded, "w").write("\\n".join(sys.modules)))
main()
"""
NOT_NEEDED = {
    *("numpy", "pandas", "PIL", "graphviz", "streamlit.emojis", "streamlit.components.v2.manifest_scanner"),
    *("kubernetes.client.models.v1_pod", "kubernetes.client.api.storage_v1_api"),
    *("app.ui.lab.page", "app.ui.lab.trial", "app.ui.thief.page", "app.ui.presenting.presenting"),
    *("app.world.faults", "app.world.setup.building", "app.flow.missions.mission_file"),
    *("app.ui.map.film_page", "app.ui.map.film_svg"),
}


def test_the_first_page_loads_nothing_that_it_does_not_show(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, "serve", "--port", "0", str(tmp_path / "loaded")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = urlsplit(server.stdout.readline().rpartition(" ")[2].strip()).netloc
            asyncio.run(asyncio.wait_for(first_page(address), timeout=60))
            if sys.platform == "linux":
                assert len(os.sched_getaffinity(server.pid)) == 1  # app.one_core
        finally:
            server.terminate()
            server.communicate(timeout=60)
    loaded = set((tmp_path / "loaded").read_text().splitlines())
    assert {"streamlit", "boto3", "app.ui.story.home"} <= loaded
    assert loaded & NOT_NEEDED == set()
