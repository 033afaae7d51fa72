"""A new world, and the console's two programs in it: what a learner would do first, really done."""

from __future__ import annotations

import asyncio
import math
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from app.commands.doctor_self.finding import Finding, found
from app.commands.doctor_self.machine import disk, early_clock, few_descriptors, few_threads
from app.commands.listening import reach_loopback
from app.console import programs
from app.console.confine import LEAST_ABI, abi
from app.console.confinement import Reach, launched, library_reads
from app.console.console import Console
from app.console.limits import CommandLimits
from app.console.world_access import WorldAccess
from app.flow.model import Status
from app.flow.visible import visible
from app.settings import process_environment

COMMANDS = {"kubectl": "kubectl get serviceaccounts", "aws": "aws sts get-caller-identity"}
"""A command for each program of the console, which calls the simulated API server, or the simulated STS."""
_KEY = "doctor-self"
_SECONDS = 20.0
_SHOWN = 200
"""Characters of what a program printed."""
_INSIDE, _OUTSIDE = "inside", "outside"


def world(learners: int = 1) -> Iterator[Finding]:
    """Starts the simulated world's servers, makes a world, and runs the programs of the console in it."""
    from app.console_access import console_access
    from app.world.lifecycle.simulation import Simulation

    if cannot := few_descriptors("world") or few_threads("world") or early_clock("world"):
        yield cannot
        return
    try:
        reach_loopback()
        with Simulation(capacity=1, idle_seconds=math.inf) as simulation:
            room = disk(simulation.files.path, learners)  # as a new server sees it, before there is a world
            here = simulation.world(_KEY)
            yield Finding(id="world", status=Status.PASSED, got=simulation.kubernetes_url)
            yield room
            yield from console(console_access(simulation, here))
    except OSError as error:
        yield Finding(id="world", status=Status.FAILED, got=str(error))


def console(access: WorldAccess) -> Iterator[Finding]:
    """Whether each program exists and runs its command as a learner's."""
    path = process_environment().get("PATH", "")
    installed = programs.find(path)
    for name, line in COMMANDS.items():
        if name not in installed:
            there = shutil.which(name, path=path)
            yield Finding(
                id=name,
                status=Status.WARNING,
                got=there or "–",
                expected=name,
                case="unused" if there else "missing",
            )
            continue
        version = installed[name].version
        status, printed = asyncio.run(_typed(line, access, installed))
        if status == 0:
            yield Finding(id=name, status=Status.PASSED, got=f"{version}, {installed[name].path}")
        else:
            got = f"{version}: {_first_line(printed)}"
            yield Finding(id=name, status=Status.WARNING, got=got, expected=line, case="fails")


async def _typed(line: str, access: WorldAccess, installed: dict[str, programs.Program]) -> tuple[int, str]:
    """The exit status and the output of a line in the console; it is stopped where it does not end by itself."""
    printed: list[str] = []

    async def given() -> WorldAccess:
        return access

    async def show(text: str) -> None:
        printed.append(text)

    async def begin(_: bool) -> None:
        pass

    one = Console(access=given, programs=installed, limits=CommandLimits(), browser=_KEY, address=_KEY)
    timer = asyncio.get_running_loop().call_later(_SECONDS, one.close)
    ended = await one.run(1, line, show, begin)
    timer.cancel()
    return ended.status, f"> {_SECONDS:.0f} s" if ended.why == "stopped" else "".join(printed)


def confinement() -> Finding:
    """Whether the kernel keeps a program of the console from this machine's files: a confined `cat` tries to read
    one."""
    version, cat = abi(), shutil.which("cat")
    if cat is None:
        return Finding(id="confinement", status=Status.UNKNOWN, got=f"Landlock {version}", case="untried")
    try:
        scratch = tempfile.TemporaryDirectory()
    except OSError as error:
        return Finding(id="confinement", status=Status.UNKNOWN, got=str(error), case="unwritable")
    with scratch as folder:
        own, other = Path(folder, "own"), Path(folder, "other")
        own.mkdir()
        (own / "file").write_text(_INSIDE, encoding="utf-8")
        other.write_text(_OUTSIDE, encoding="utf-8")
        reads = [cat, str(Path(cat).resolve()), *library_reads(cat)]
        try:
            done = subprocess.run(  # noqa: S603 - our launcher
                launched((cat, str(own / "file"), str(other)), reads, Reach(write=(str(own),))),
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            got = f"Landlock {version}: > {_SECONDS:.0f} s"
            return Finding(id="confinement", status=Status.WARNING, got=got, case="fails")
    got = f"Landlock {version}"
    if done.stdout.startswith(_INSIDE):
        return found("confinement", version >= LEAST_ABI and done.stdout == _INSIDE, got, f"Landlock ≥ {LEAST_ABI}")
    got = f"{got}: {_first_line(done.stderr)}"
    return Finding(id="confinement", status=Status.WARNING, got=got, case="fails")


def _first_line(printed: str) -> str:
    """What a program printed first, cut where it is long."""
    line = visible(printed.strip().partition("\n")[0].rstrip(), keep="")
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
