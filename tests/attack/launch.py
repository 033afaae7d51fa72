"""Runs the app's command line in the process that is attacked, and hands out its worlds: `launch.py FOLDER ARGUMENTS`.

For each line of standard input, a learner's key, the files of that learner's tools (kubeconfig, CA, variables of AWS)
appear in FOLDER/KEY. It needs nothing of an app but what every version has, so that older ones can be attacked too.
"""

import runpy
import sys
import threading
from pathlib import Path


def hand_out(folder: Path) -> None:
    """Makes a world for each key that is asked for, as long as standard input is open."""
    for line in sys.stdin:
        try:
            from app.ui.state import session
            from app.world.setup.tool_files import files
        except ImportError:  # where older versions have them
            from app.world.tool_files import files

            from app.ui import session

        simulation, directory = session.simulation(), folder / line.strip()
        directory.mkdir(exist_ok=True)
        for name, content in files(simulation, simulation.world(line.strip())).items():
            (directory / name).write_bytes(content)
        (directory / "ready").touch()


threading.Thread(target=hand_out, args=(Path(sys.argv[1]),), daemon=True).start()
sys.argv[1:] = sys.argv[2:]
runpy.run_module("app", run_name="__main__", alter_sys=True)
