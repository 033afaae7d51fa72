"""The solution of every mission, typed with the real kubectl and aws: all goals, with as many commands as are said."""

import os
import shutil
import subprocess
import time

import pytest

from app.flow.missions.mission import filled
from app.ui.missions.state import is_command
from app.world.setup import mission as start
from app.world.setup.tool_files import terminal_block
from tests.world.test_missions import MISSIONS, Attempt

pytestmark = [
    pytest.mark.cli,
    pytest.mark.one_world,
    pytest.mark.skipif(not (shutil.which("kubectl") and shutil.which("bash")), reason="no kubectl or bash"),
]


@pytest.mark.parametrize("mission_id", MISSIONS)
def test_the_solution_reaches_every_goal(simulation, world, aws_on_path, tmp_path, mission_id):
    mission = MISSIONS[mission_id]
    trying = Attempt(simulation, world, mission)
    began = world.log.events.number
    if trying.sessions:
        _wait_for_the_next_second()
    lines = [str(filled(line, start.names(world))) for line in mission.solution]
    script = "\n".join(("set -e", terminal_block(simulation, world, "posix"), *lines))
    done = subprocess.run(
        ["bash", "-c", script],
        env={
            **_inherited(),
            "HOME": str(tmp_path),
            "TMPDIR": str(tmp_path),
            "PATH": f"{aws_on_path}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{lines}\n{done.stdout}\n{done.stderr}"
    results = trying.results()
    assert [it for it in results if not it.reached] == []
    assert not any(trying.pictures().values()), "the map asks for more than the goals do"
    typed = {it.run or str(it.number) for it in world.log.events.after(began) if is_command(it)}
    assert len(typed) == mission.best == len(mission.solution)


def _inherited():
    return {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "KUBE"))}


def _wait_for_the_next_second():
    """Sessions are revoked by whole seconds: one of the same second lives on."""
    began = int(time.time())
    while int(time.time()) == began:
        time.sleep(0.05)
