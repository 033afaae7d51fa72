"""Gives up what a program must not have, then becomes that program: limits, Landlock, and TCP as the only socket.

It runs in a process of its own, because what is given up never comes back:

    python -I -S -c "…; from app.console.confine import main; main()" SPEC PROGRAM ARGUMENT…

SPEC is JSON: `read` (files and folders to read and execute), `write` (folders), `ports` (TCP ports to connect to),
`limits` (resource and value). It imports little, since every command waits for it.

Landlock: https://docs.kernel.org/userspace-api/landlock.html. The numbers are those of linux/landlock.h, whose system
calls have the same number on every architecture, and of linux/seccomp.h, filter.h, audit.h and capability.h.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import stat
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` would take a third of the start
    from collections.abc import Mapping
    from typing import Any

LEAST_ABI = 4
"""The version of Landlock that also limits TCP ports (Linux 6.7)."""
FAILED = 126
"""The exit status where nothing was run, as of a shell that may not execute a program."""
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_PATH_BENEATH, _NET_PORT = 1, 2
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_OF_FILES = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
"""The rights to files that each version added: those up to MAKE_SYM, REFER, TRUNCATE, IOCTL_DEV."""
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14 | 1 << 15
"""The rights that a rule about a file may give; a rule about a folder may give more."""
_BIND, _CONNECT = 1 << 0, 1 << 1
_SCOPED = 0b11
"""Abstract unix sockets and signals stay within (version 6)."""
_NICE, _ENDED_FIRST = 10, 1000
_NO_NEW_PRIVS, _SET_SECCOMP, _DROP_CAPABILITY = 38, 22, 24
_CAPABILITIES_V3 = 0x20080522
_SOCKET = {"x86_64": (0xC000003E, 41, 425), "aarch64": (0xC00000B7, 198, 425)}
"""By machine: AUDIT_ARCH, and the numbers of socket and io_uring_setup."""
_ALLOW, _REFUSE_EACCES = 0x7FFF0000, 0x00050000 | 13
_INET, _INET6, _STREAM, _KIND, _TCP = 2, 10, 1, 0xF, 6


def abi() -> int:
    """Which version of Landlock the kernel has; 0 where it has none, or it is switched off."""
    if sys.platform != "linux":
        return 0
    return max(0, int(ctypes.CDLL(None, use_errno=True).syscall(_CREATE, None, 0, 1)))


def limit(limits: dict[str, int]) -> None:
    """Sets each limit, by its name without `RLIMIT_`. Where the present one is lower, that stays."""
    import resource  # not at the top: Windows has none, and `abi` is asked there, too

    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is not None:
            _, most = resource.getrlimit(kind)
            lower = value if most == resource.RLIM_INFINITY else min(value, most)
            resource.setrlimit(kind, (lower, lower))


def restrict(read: list[str], write: list[str], ports: list[int]) -> None:
    """Leaves this thread those files and ports. Raises `OSError` where the kernel refuses."""
    version = abi()
    libc = ctypes.CDLL(None, use_errno=True)

    def call(*arguments: object) -> int:
        found = int(libc.syscall(*arguments))
        if found < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), f"landlock {arguments[0]}")
        return found

    files = sum(bits for since, bits in _OF_FILES.items() if version >= since)
    ports_handled = _BIND | _CONNECT if version >= LEAST_ABI else 0
    handled = struct.pack("=QQQ", files, ports_handled, _SCOPED if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= LEAST_ABI else 8
    rules = call(_CREATE, handled[:size], size, 0)
    reading, writing = _EXECUTE | _READ_FILE | _READ_DIR, files & ~_EXECUTE
    for path, rights in (*((path, reading) for path in read), *((path, writing) for path in write)):
        try:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # what is not there needs no right
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_A_FILE
        call(_ADD, rules, _PATH_BENEATH, struct.pack("=Qi", rights & files, descriptor), 0)
        os.close(descriptor)
    if ports_handled:
        for port in ports:
            call(_ADD, rules, _NET_PORT, struct.pack("=QQ", _CONNECT, port), 0)
    call(_RESTRICT, rules, 0)
    os.close(rules)


def come_last() -> None:
    """The server and its pages come first: where the processor is short, and where memory is, of which these programs
    could take all that a container has. The kernel ends them before it ends the server (proc_pid_oom_score_adj(5))."""
    os.nice(_NICE)
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as stream:
            stream.write(str(_ENDED_FIRST))
    except OSError:
        pass  # a container without that file: then it is not said who goes first


def no_new_privileges() -> None:
    """No program that is started from here on has more rights than this one. Raises `OSError`."""
    _prctl(_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """If this process runs as root, takes root's special rights from it, and from every program that it becomes."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        libc.prctl(_DROP_CAPABILITY, *(ctypes.c_ulong(value) for value in (capability, 0, 0, 0)))
    libc.capset(struct.pack("=Ii", _CAPABILITIES_V3, 0), bytes(24))


def only_tcp() -> None:
    """No socket but TCP's can be made: no UDP, no unix socket, both of which Landlock knows nothing of."""
    known = _SOCKET.get(os.uname().machine)
    if known is None:
        return
    architecture, socket, io_uring = known
    load, equal, answer, mask, at_least = 0x20, 0x15, 0x06, 0x54, 0x35
    program = [
        (load, 0, 0, 4),  # which architecture
        (equal, 0, 13, architecture),  # another one's calls are refused: 32 bits on x86_64
        (load, 0, 0, 0),  # which call
        (at_least, 11, 0, 0x40000000),  # x32
        (equal, 10, 0, io_uring),  # its queue would make sockets unseen
        (equal, 0, 10, socket),
        (load, 0, 0, 16),  # its domain
        (equal, 1, 0, _INET),
        (equal, 0, 6, _INET6),
        (load, 0, 0, 24),  # its type
        (mask, 0, 0, _KIND),
        (equal, 0, 3, _STREAM),
        (load, 0, 0, 32),  # its protocol: Landlock sees neither MPTCP nor SCTP
        (equal, 2, 0, 0),
        (equal, 1, 0, _TCP),
        (answer, 0, 0, _REFUSE_EACCES),
        (answer, 0, 0, _ALLOW),
    ]
    code = b"".join(struct.pack("=HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_program = struct.pack("@HP", len(program), ctypes.addressof(buffer))
    _prctl(_SET_SECCOMP, 2, filter_program)


def _prctl(option: int, value: int, *more: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    padding = (ctypes.c_ulong(0),) * (3 - len(more))
    if libc.prctl(option, ctypes.c_ulong(value), *more, *padding) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), f"prctl {option}")


def confine(spec: Mapping[str, Any]) -> None:
    """Leaves this process what `spec` says. Raises `OSError` where the kernel refuses."""
    limit(spec["limits"])
    if sys.platform == "linux":
        come_last()
        no_new_privileges()
        if spec["confined"]:
            restrict(spec["read"], spec["write"], spec["ports"])
            drop_capabilities()
            only_tcp()


def main() -> None:
    """Confines this process and becomes the program; leaves with `FAILED` where either cannot be done."""
    program = sys.argv[2:]
    try:
        confine(json.loads(sys.argv[1]))
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.execv(program[0], program)  # noqa: S606 - a shell is what this is not
    except OSError as error:
        sys.stderr.write(f"{program[0]}: {error}\n")
        sys.exit(FAILED)
