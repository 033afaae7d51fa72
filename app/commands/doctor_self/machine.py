"""What this machine has for the server: a port, memory, descriptors, folders, a clock."""

from __future__ import annotations

import ctypes
import importlib.util
import math
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from app.addresses import in_url, is_loopback
from app.commands.doctor_self.finding import Finding, found
from app.commands.failure import CannotRun, existing, unusable
from app.commands.listening import CERTIFICATES_BEGIN, THREADS, listen, threads_at_once
from app.console.limits import AT_ONCE, OF_ALL
from app.content import Content
from app.flow.model import Status
from app.flow.times import timestamp
from app.serving import descriptors
from app.serving.operations import control_groups
from app.serving.operations.control_groups import memory_used_and_limit
from app.serving.operations.memory_shortage import BASE_BYTES
from app.serving.operations.open_pages import PAGE_BYTES
from app.serving.transport.uvicorn_settings import page_limits
from app.settings import Settings
from app.world.lifecycle import disk_room
from app.world.node.volumes.disk import RESERVE_BYTES, free_bytes, free_files
from app.world.setup.tool_files import STATE

LEARNERS_OF_A_PROCESS = 100
"""How many learners one process, which uses one core, answers quickly (docs/performance.md, "Figures of a room")."""
COMMAND_BYTES = 100_000_000
"""Bytes that a command of the console takes at most (`app.console.limits`)."""
VOLUMES_BYTES = 50_000
"""Bytes that the lessons' Pods of a world take on the nodes' disk (`app.world.node.volumes.disk`)."""
SHM_MEBIBYTES = 256
"""The size of a container's `/dev/shm` that is proposed where this is enough: four times what Docker gives it."""
CONNECTIONS = 7
"""Connections of a learner who loads a page: the websocket and six more (`app.serving.descriptors`)."""
_LISTENS = "0A"
"""TCP_LISTEN of linux/tcp_states.h, as /proc/net/tcp has it."""
_UNSYNCHRONIZED = 0x40
"""STA_UNSYNC of linux/timex.h."""
_STATUS = 5 * ctypes.sizeof(ctypes.c_long)
"""The offset of `status` in struct timex: after `modes`, `offset`, `freq`, `maxerror` and `esterror`."""


def port(host: str, number: int, words: Content) -> Finding:
    """Whether `serve` could take its port: takes it, and gives it back."""
    address = f"{in_url(host)}:{number}"
    try:
        with listen(host, number, words, option="--port") as listener:
            address = f"{in_url(host)}:{listener.getsockname()[1]}"
    except CannotRun as refused:
        in_use = refused.document["id"] == "port_in_use"
        got = f"{address}{_holder(number)}" if in_use else str(refused.document["got"])
        return Finding(id="port", status=Status.FAILED, got=got, case="in_use" if in_use else "refused")
    return Finding(id="port", status=Status.PASSED, got=address)


def _holder(number: int) -> str:
    """The process that listens there, where the kernel shows it to this user; else empty."""
    sockets = {
        f"socket:[{columns[9]}]"
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for columns in map(str.split, _text(table).splitlines()[1:])
        if columns[3] == _LISTENS and int(columns[1].rpartition(":")[2], 16) == number
    }
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(os.readlink(it) in sockets for it in (process / "fd").iterdir()):
                return f" ← {_text(process / 'comm').strip()}, PID {process.name}"
    return ""


def cpu(learners: int) -> Finding:
    """Whether there is a core for each process that this many learners need. How many processes are started is not
    known."""
    needed, usable = _processes(learners), control_groups.usable_cores()
    got, case = (sys.platform, "unreported") if usable is None else (f"{usable:g}", "")
    status = Status.UNKNOWN if usable is None else Status.PASSED if usable >= needed else Status.WARNING
    if status is Status.PASSED and needed > 1:
        status, case = Status.UNKNOWN, "processes"
    return Finding(id="cpu", status=status, got=got, expected=f"≥ {needed}", case=case, values={"processes": needed})


def _processes(learners: int) -> int:
    return -(-learners // LEARNERS_OF_A_PROCESS)


def memory(learners: int, settings: Settings, address: str) -> Finding:
    """The free memory, also within the control group's limit, and how much that many learners need."""
    commands = 0
    if settings.console or (settings.console is None and is_loopback(address)):
        commands = min(OF_ALL, AT_ONCE * (learners if settings.console else 1))
    needed = _processes(learners) * BASE_BYTES + learners * PAGE_BYTES + commands * COMMAND_BYTES
    free = min(_free_memory(), default=None)
    if free is None:
        return Finding(
            id="memory", status=Status.UNKNOWN, got=sys.platform, expected=f"≥ {_mb(needed)}", case="unreported"
        )
    return found("memory", free >= needed, _mb(free), f"≥ {_mb(needed)}")


def _free_memory() -> Iterator[int]:
    """Free bytes: those of the machine, and those within each limit of the control group."""
    for line in _text("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024
    used, limit = memory_used_and_limit()
    if used is not None and limit is not None:
        yield max(0, limit - used)


def disk(folder: Path, learners: int) -> Finding:
    """Whether the nodes' Pods have room for their volumes where all nodes keep them."""
    free, needed = free_bytes(folder), RESERVE_BYTES + learners * VOLUMES_BYTES
    result = found("disk", free >= needed, f"{folder.parent}: {_mb(free)}", f"≥ {_mb(needed)}")
    if not disk_room.check("disk", folder).ok:
        result = _unready("disk", f"{folder.parent}: {_free(folder)}", needed)
    return replace(result, values={"mebibytes": max(SHM_MEBIBYTES, -(-needed // 2**20))})


def _unready(identifier: str, got: str, needed: int) -> Finding:
    """The finding of a disk with which `/readyz` of `serve` responds 503."""
    expected = f"≥ {_mb(needed)}, ≥ {disk_room.LEAST_FILES} inodes"
    return Finding(id=identifier, status=Status.WARNING, got=got, expected=expected, case="unready")


def _free(folder: Path) -> str:
    """What is free on a folder's disk; files only where the disk limits their number."""
    files = free_files(folder)
    return _mb(free_bytes(folder)) + ("" if math.isinf(files) else f", {files:,.0f} inodes")


def connections(learners: int, settings: Settings) -> Finding:
    """How many connections the descriptors are enough for. The learners of a room may share one address."""
    if too_few := few_descriptors("connections"):
        return too_few
    needed, most = learners * CONNECTIONS, descriptors.limit()
    limits = page_limits(most, settings.trusted_proxies)
    got = f"{limits.per_address} (RLIMIT_NOFILE {most})"
    return found("connections", limits.per_address >= needed, got, f"≥ {needed}")


def few_descriptors(identifier: str) -> Finding | None:
    """What fails where the app may not have the descriptors that it needs to start; None where it may."""
    descriptors.raise_limit()
    most = descriptors.limit()
    if most >= descriptors.LEAST:
        return None
    return Finding(
        id=identifier,
        status=Status.FAILED,
        got=f"RLIMIT_NOFILE {most}",
        expected=f"≥ {descriptors.LEAST}",
        refused="few_descriptors",
        values={"got": most, "least": descriptors.LEAST},
    )


def few_threads(identifier: str) -> Finding | None:
    """What fails where the system gives the app too few threads to start; None where it gives enough."""
    started = threads_at_once()
    if started >= THREADS:
        return None
    return Finding(
        id=identifier,
        status=Status.FAILED,
        got=str(started),
        expected=f"≥ {THREADS}",
        refused="few_threads",
        values={"got": started, "least": THREADS},
    )


def temporary() -> Finding:
    """Whether files can be made in the folder for temporary files."""
    try:
        folder = tempfile.gettempdir()
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        return Finding(id="temporary", status=Status.FAILED, got=str(error))
    return Finding(id="temporary", status=Status.PASSED, got=folder)


def bytecode() -> Finding:
    """Whether Python keeps what it has compiled of the app, or has it already: a read-only disk keeps nothing."""
    source = Path(sys.modules[Settings.__module__].__file__ or "")
    cached = Path(importlib.util.cache_from_source(str(source)))
    folder = cached.parent if cached.parent.exists() else source.parent
    # Unlike `Path.exists`, it says no of a folder that this user may not enter.
    is_there, writable = os.path.exists(cached), os.access(folder, os.W_OK)
    return Finding(
        id="bytecode",
        status=Status.PASSED if is_there or (writable and not sys.dont_write_bytecode) else Status.WARNING,
        got=str(cached.parent),
        case="switched_off" if writable and sys.dont_write_bytecode else "",
        values={"python": shlex.quote(sys.executable), "folder": shlex.quote(str(source.parent))},
    )


def state(settings: Settings) -> Finding:
    """Whether worlds can be kept in the folder that is set for them, no other process uses it, what is kept there can
    be read, and there is room for more."""
    from app.world.saved.codec import StateError
    from app.world.saved.state_directory import holder, read_directory, why_unreadable

    chosen = str(Path(settings.world_dir, STATE)) if settings.world_dir else settings.state_dir
    if not chosen:
        return Finding(id="state", status=Status.PASSED, got="–")
    folder = Path(chosen)
    if process := holder(folder):
        return Finding(id="state", status=Status.FAILED, got=f"{chosen} ← PID {process}", case="held")
    if said := unusable(folder):
        return Finding(id="state", status=Status.FAILED, got=f"{chosen}: {said}", case="unusable")
    try:
        content = read_directory(folder)
        content.check(alone=bool(settings.world_dir))
    except StateError as error:
        got, expected = f"{error.where}: {error.got}", error.expected
        return Finding(id="state", status=Status.FAILED, got=got, expected=expected, case="unreadable")
    except OSError as error:
        return Finding(id="state", status=Status.FAILED, got=str(error), case="unreadable")
    # `/readyz` looks only where all learners' worlds are kept, not at the one world of `IRSA_WORLD_DIR`.
    if not settings.world_dir and not disk_room.check("kept_worlds", there := existing(folder)).ok:
        return _unready("state", f"{chosen}: {_free(there)}", disk_room.LEAST_DISK)
    lost = [str(error) for error in content.unreadable.values()] + [
        why_unreadable(it) or str(it) for it in content.aside
    ]
    if lost:
        return Finding(id="state", status=Status.WARNING, got="\n".join(lost), case="aside")
    return Finding(id="state", status=Status.PASSED, got=chosen)


def missions(settings: Settings) -> Finding:
    """Whether a teacher's missions can be read, as `serve` reads them before it starts."""
    from app.content.missions import UNREADABLE, offered

    if not settings.missions:
        return Finding(id="missions", status=Status.PASSED, got="–")
    try:
        offered(settings.missions)
    except UNREADABLE as error:
        return Finding(id="missions", status=Status.FAILED, got=str(error))
    return Finding(id="missions", status=Status.PASSED, got=settings.missions)


def clock() -> Finding:
    """Whether the kernel says that the clock follows a time server (adjtimex(2)); nothing is asked over the network."""
    if too_early := early_clock("clock"):
        return too_early
    now = timestamp(time.time())
    if sys.platform == "linux":
        timex = (ctypes.c_long * 64)()  # `modes` is 0, so that nothing is set
        answered = ctypes.CDLL(None).adjtimex(timex) >= 0
        if answered and not ctypes.c_int.from_buffer(timex, _STATUS).value & _UNSYNCHRONIZED:
            return Finding(id="clock", status=Status.PASSED, got=now)
    return Finding(id="clock", status=Status.UNKNOWN, got=now)


def early_clock(identifier: str) -> Finding | None:
    """What fails where the clock is before the certificates of a simulated world; None where it is not."""
    if (now := time.time()) >= CERTIFICATES_BEGIN:
        return None
    got, least = timestamp(now), timestamp(CERTIFICATES_BEGIN)
    return Finding(
        id=identifier,
        status=Status.FAILED,
        got=got,
        expected=f"≥ {least}",
        refused="clock_too_early",
        values={"got": got, "least": least},
    )


def _mb(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"


def _text(path: str | Path) -> str:
    """The content of a file; empty where there is none."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
