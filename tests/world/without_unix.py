"""Runs the app's command line without what Windows lacks: `python -X warn_default_encoding without_unix.py ARGUMENTS`.

What belongs to the standard library was loaded before it is taken away: it knows its own system. The packages that the
app needs, and the app, have to do without. A file that is opened in the system's encoding is an error. `sys.platform`
stays: by its name the standard library would load what only Windows has.
"""

import asyncio  # noqa: F401
import multiprocessing.util  # noqa: F401
import os
import runpy
import select
import shutil
import signal
import subprocess  # noqa: F401
import sys
import tempfile  # noqa: F401
import warnings
from importlib.abc import MetaPathFinder

MODULES = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty", "uvloop"}
ATTRIBUTES = {
    os: (
        "O_DIRECTORY",
        "O_NOFOLLOW",
        "chown",
        "fdatasync",
        "fork",
        "getegid",
        "geteuid",
        "getgid",
        "getuid",
        "killpg",
        "lchown",
    ),
    select: ("poll",),
    signal: ("SIGHUP", "SIGTTIN"),
}


class Hidden(MetaPathFinder):
    """Finds the modules first, and has none of them."""

    def find_spec(self, fullname, path=None, target=None):
        """Raises `ModuleNotFoundError` for a hidden one."""
        if fullname.partition(".")[0] in MODULES:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


def hide():
    """Takes it all away."""
    sys.meta_path.insert(0, Hidden())
    for name in MODULES:
        sys.modules.pop(name, None)
    for module, names in ATTRIBUTES.items():
        for name in names:
            delattr(module, name)
    shutil._use_fd_functions = False
    os.open, os.replace, os.utime = _open, _replace, _utime
    warnings.filterwarnings("error", category=EncodingWarning, module=r"app(\.|$)")


def _open(path, flags, mode=0o777, *, dir_fd=None, open_=os.open):
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", str(path))
    return open_(path, flags, mode, dir_fd=dir_fd)


def _replace(source, target, *, replace=os.replace):
    if os.path.isdir(target):
        raise PermissionError(13, "Access is denied", str(target))
    replace(source, target)


def _utime(path, times=None, *, follow_symlinks=True, utime=os.utime, **ns):
    if not follow_symlinks:
        raise NotImplementedError("utime: follow_symlinks unavailable on this platform")
    utime(path, times, **ns)


hide()
runpy.run_module("app", run_name="__main__", alter_sys=True)
