"""Runs a script in the simulated shell, and in the real `dash`."""

import asyncio
import subprocess
import time
from types import SimpleNamespace

from app.flow.ports import Execution
from app.world.node.container import Container
from app.world.node.processes import Processes
from app.world.node.programs.program_limits import Programs
from app.world.node.volumes.filesystem import FileSystem
from app.world.node.volumes.inodes import User

DIRECTORY = "/work"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
WORLD = SimpleNamespace(usage=SimpleNamespace(wait_of_programs=lambda: 0.0), node_now=time.time)
"""What a node's programs ask of its world where none of them calls AWS."""


def container(image="debian:12", user=None):
    return Container(
        name="app",
        image=image,
        environment={"PATH": PATH, "HOME": "/root", "HOSTNAME": "probe"},
        files=FileSystem(
            {},
            user or User(),
            time.time(),
            directories={"/tmp": 0o1777, DIRECTORY: 0o777, "/root": 0o700},
            writable=["/"],
        ),
        working_directory=DIRECTORY,
        command=(),
        network="pod",
        address="192.168.64.10",
        now=time.time,
    )


def processes():
    return Processes(WORLD, None, Programs().room(None))


def simulated(script, where=None):
    """What the script leaves."""

    async def run():
        return await asyncio.wait_for(processes().run(where or container(), ["sh", "-c", script, "sh"], None), 60)

    return asyncio.run(run())


def dash(script, directory):
    """The same of the real one, in an empty directory; what is there is called `DIRECTORY`."""
    done = subprocess.run(
        ["/bin/dash", "-c", script, "sh"],
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", "HOME": "/root", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    printed = done.stdout.decode("utf-8", "replace").replace(str(directory), DIRECTORY)
    return Execution(stdout=printed, stderr=done.stderr.decode("utf-8", "replace"), exit_code=done.returncode)
