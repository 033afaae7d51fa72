"""What a program of the console may reach, and how it is started with no more than that."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from app.console.confine import abi

CPU_SECONDS = 20
LIMITS: Mapping[str, int] = {
    "CPU": CPU_SECONDS,
    "DATA": 512 << 20,  # of address space that can be written; kubectl reserves more without using it, so not AS
    "FSIZE": 4 << 20,  # what kubectl keeps in its HOME is a few kilobytes
    "NOFILE": 256,
    "NPROC": 4096,  # of this user's threads altogether; root's are not counted
    "CORE": 0,
}
"""By resource: seconds, bytes, files and threads of one program."""
_FILTER_BYTES = 256 << 20
"""The limit `DATA` of the filters, which read what a program prints: a few megabytes at most."""
_ALWAYS = (
    *("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo", "/etc/ssl/certs", "/etc/ssl/openssl.cnf"),
    *("/usr/lib/ssl", "/usr/share/ca-certificates", "/etc/ca-certificates", "/etc/pki/tls", "/dev/urandom"),
)
"""What programs read everywhere: where libraries are, the time zone, certificate authorities."""
_WRITTEN = "/dev/null"
_LIBRARY = re.compile(r"(/\S+)(?: \(0x[0-9a-f]+\))?$", re.MULTILINE)
_ROOT = str(Path(__file__).resolve().parents[2])
_MAIN = "import sys; sys.path += {paths!r}; from app.console.{module} import main; main()"
_PYTHON_READS = """
import os, sys
dynamic = [folder for folder in sys.path if folder.endswith("lib-dynload")]
modules = [name.partition(".")[0] for folder in dynamic for name in os.listdir(folder)]
for module in [*modules, "awscli.clidriver", "awscrt.auth", "cryptography.hazmat.bindings._rust", "ruamel.yaml"]:
    try:
        if "test" not in module and "_xx" not in module:
            __import__(module)
    except ImportError:
        pass
print("\\n".join([*sys.path, sys.prefix + "/pyvenv.cfg", sys.executable]))
print(open("/proc/self/maps").read())
"""
"""Prints what a Python reads: its modules' folders, its environment's, and the libraries that its modules link to."""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What one command may reach beside its program."""

    write: tuple[str, ...]
    """Folders."""
    ports: tuple[int, ...] = ()
    """TCP ports."""


def launched(program: Sequence[str], read: Sequence[str], reach: Reach) -> list[str]:
    """The argument list that starts `program` with nothing but those files, folders and ports."""
    return [*_python("confine"), _spec([*_ALWAYS, *read], reach, LIMITS), *program]


def filtered(stages: Sequence[Sequence[str]], reach: Reach) -> list[str]:
    """The argument list that starts the filters which pipes connect, the first one first, in one process."""
    found = find_spec("jq")
    packages = [str(Path(found.origin).parent)] if found and found.origin else []
    return [
        *_python("filters.process", *packages),
        _spec([], reach, {**LIMITS, "DATA": _FILTER_BYTES}),
        json.dumps(stages),
    ]


def _python(module: str, *packages: str) -> list[str]:
    """Our own interpreter, without the environment and without what `site` would load."""
    return [sys.executable, "-I", "-S", "-c", _MAIN.format(paths=[_ROOT, *packages], module=module)]


def _spec(read: Sequence[str], reach: Reach, limits: Mapping[str, int]) -> str:
    return json.dumps(
        {
            "read": [*read, *reach.write],
            "write": [_WRITTEN, *reach.write],
            "ports": reach.ports,
            "limits": limits,
            "confined": abi() > 0,
        }
    )


def python_reads(interpreter: str) -> list[str]:
    """The files and folders that a Python reads, none but that program where it cannot be asked."""
    said = _ask([interpreter, "-E", "-c", _PYTHON_READS])
    return [interpreter, str(Path(interpreter).resolve()), *_existing(said), *library_reads(interpreter)]


def library_reads(program: str) -> list[str]:
    """The shared libraries of an ELF program, its loader among them, as the loader itself lists them."""
    return _existing(_ask([program], {"LD_TRACE_LOADED_OBJECTS": "1"}))


def _existing(said: str) -> list[str]:
    found = dict.fromkeys(match[1] for match in _LIBRARY.finditer(said))
    real = (path for name in found for path in (name, str(Path(name).resolve())))
    # The whole disk is nobody's library.
    return [path for path in dict.fromkeys(real) if len(Path(path).parts) > 2 and Path(path).exists()]


def _ask(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a program that was found on the PATH
            command,
            env={"LC_ALL": "C", **(environment or {})},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
