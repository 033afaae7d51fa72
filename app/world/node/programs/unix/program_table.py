"""The table of the programs."""

from __future__ import annotations

from collections.abc import Mapping

from app.world.node.programs.unix import dates, files, paths, sorting, system, text
from app.world.node.programs.unix.curl import curl
from app.world.node.programs.unix.find import find
from app.world.node.programs.unix.grep import grep
from app.world.node.programs.unix.sed import sed
from app.world.node.shell.main import builtin, sh
from app.world.node.shell.process import Process, Program


async def _true(process: Process) -> int:
    return 0


async def _false(process: Process) -> int:
    return 1


PROGRAMS: Mapping[str, Program] = {
    **{"sh": sh, "bash": sh, "dash": sh, "ash": sh},
    **{"cat": text.cat, "head": text.head, "tail": text.tail, "wc": text.wc, "cut": text.cut, "tr": text.tr},
    **{"sort": sorting.sort, "uniq": sorting.uniq, "tee": text.tee, "seq": system.seq, "rev": text.rev},
    **{"grep": grep, "egrep": grep, "fgrep": grep, "sed": sed, "curl": curl, "find": find},
    **{"ls": files.ls, "mkdir": files.mkdir, "rmdir": files.rmdir, "touch": files.touch, "rm": files.rm},
    **{
        "cp": files.cp,
        "mv": files.mv,
        "chmod": files.chmod,
        "chown": files.chown,
        "chgrp": files.chown,
        "stat": paths.stat,
        "readlink": paths.readlink,
    },
    **{"basename": paths.basename, "dirname": paths.dirname, "mktemp": paths.mktemp},
    **{"date": dates.date, "id": system.id_, "whoami": system.whoami, "hostname": system.hostname},
    **{"uname": system.uname, "sleep": system.sleep, "env": system.env, "printenv": system.printenv},
    **{"base64": system.base64, "md5sum": system.digest, "sha1sum": system.digest, "sha256sum": system.digest},
    **{"echo": builtin, "printf": builtin, "test": builtin, "[": builtin, "pwd": builtin},
    **{"yes": system.yes, "tty": system.tty, "which": system.which, "true": _true, "false": _false},
}
