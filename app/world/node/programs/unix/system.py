"""`date`, `id`, `whoami`, `hostname`, `uname`, `sleep`, `env`, `printenv`, `base64`, sums, `yes`, `tty`."""

from __future__ import annotations

import base64 as codec
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.world.node.programs.unix.inputs import streams, whole
from app.world.node.programs.unix.listing import USERS
from app.world.node.programs.unix.options import UsageProblem, options
from app.world.node.shell.process import Process
from app.world.node.shell.streams import decoded, encoded

_DATE, _ISO_DATE, _MAIL_DATE = "+%a %b %e %H:%M:%S UTC %Y", "+%Y-%m-%d", "+%a, %d %b %Y %H:%M:%S +0000"
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_RELATIVE = re.compile(r"([-+]?[0-9]{1,9}) ?(second|sec|minute|min|hour|day|week)s?( ago)?")
_SECONDS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "day": 86_400, "week": 604_800}
FOREVER = 10.0 * 365 * 86_400


async def date(process: Process) -> int:
    """The node's time, in UTC as in every image; `+FORMAT`, `-d`, `-I`, `-R`."""
    found, words = options(process, "uRI", "d", {"utc": "u", "date": "d", "iso-8601": "I"})
    moment = datetime.fromtimestamp(process.container.now(), UTC)
    if "d" in found:
        moment = _moment(found["d"], moment)
    form = words[0] if words else _ISO_DATE if "I" in found else _MAIL_DATE if "R" in found else _DATE
    if not form.startswith("+"):
        raise UsageProblem(f"cannot set date: Operation not permitted ('{form}')")
    await process.stdout.write(_formatted(form[1:], moment) + "\n")
    return 0


def _moment(text: str, now: datetime) -> datetime:
    try:
        if text.startswith("@"):
            return datetime.fromtimestamp(float(text[1:13]), UTC)
        if text in ("now", ""):
            return now
        if found := _RELATIVE.fullmatch(text.strip()):
            seconds = int(found[1]) * _SECONDS[found[2]]
            return now + timedelta(seconds=-seconds if found[3] else seconds)
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        raise UsageProblem(f"invalid date '{text}'") from None


def _formatted(form: str, moment: datetime) -> str:
    values = {
        **{"s": str(int(moment.timestamp())), "N": f"{moment.microsecond * 1000:09}", "F": f"{moment:%Y-%m-%d}"},
        **{"T": f"{moment:%H:%M:%S}", "R": f"{moment:%H:%M}", "D": f"{moment:%m/%d/%y}", "z": "+0000", "Z": "UTC"},
        **{"e": f"{moment.day:2}", "n": "\n", "t": "\t", "%": "%", "k": f"{moment.hour:2}"},
    }

    def part(found: re.Match[str]) -> str:
        letter = found[2]
        text = values.get(letter) or (moment.strftime(f"%{letter}") if letter in "YmdHMSyjaAbBpIuwVUGgCc" else "")
        return (text.lstrip(" 0") or "0" if found[1] else text) if text else found[0]

    return re.sub(r"%(-?)(.)", part, form)


async def id_(process: Process) -> int:
    """The user that the container runs as."""
    found, _ = options(process, "ugnG")
    user = process.files.user
    name, group = USERS.get(user.uid), USERS.get(user.gid)
    groups = sorted({user.gid, *user.groups})
    if "u" in found or "g" in found:
        number, its_name = (user.uid, name) if "u" in found else (user.gid, group)
        await process.stdout.write(f"{its_name if 'n' in found and its_name else number}\n")
        return 0
    if "G" in found:
        await process.stdout.write(" ".join(str(number) for number in groups) + "\n")
        return 0

    def shown(number: int) -> str:
        return f"{number}({USERS[number]})" if number in USERS else str(number)

    all_groups = ",".join(shown(number) for number in groups)
    await process.stdout.write(f"uid={shown(user.uid)} gid={shown(user.gid)} groups={all_groups}\n")
    return 0


async def whoami(process: Process) -> int:
    """The user's name."""
    uid = process.files.user.uid
    if uid not in USERS:
        return await process.complain(f"cannot find name for user ID {uid}")
    await process.stdout.write(f"{USERS[uid]}\n")
    return 0


async def hostname(process: Process) -> int:
    """The Pod's name; `-i` its address."""
    found, _ = options(process, "fsi")
    await process.stdout.write((process.container.address if "i" in found else _host(process)) + "\n")
    return 0


def _host(process: Process) -> str:
    return process.container.environment.get("HOSTNAME", "localhost")


async def uname(process: Process) -> int:
    """The kernel's name, and the machine's."""
    found, _ = options(process, "asnrvmo")
    parts = {"s": "Linux", "n": _host(process), "m": "x86_64", "o": "GNU/Linux"}
    wanted = list(parts) if "a" in found else [letter for letter in parts if letter in found] or ["s"]
    await process.stdout.write(" ".join(parts[letter] for letter in wanted) + "\n")
    return 0


async def sleep(process: Process) -> int:
    """Waits by the node's clock."""
    words = process.arguments[1:]
    if not words:
        raise UsageProblem("missing operand")
    seconds = 0.0
    for word in words:
        found = re.fullmatch(r"([0-9]{0,12}(?:\.[0-9]{0,9})?)([smhd]?)", word)
        if word in ("infinity", "inf"):
            seconds += FOREVER
        elif found is None or found[1] in ("", "."):
            return await process.complain(f"invalid time interval '{word}'")
        else:
            seconds += float(found[1]) * _UNITS[found[2]]
    await process.system.sleep(min(seconds, FOREVER))
    return 0


async def env(process: Process) -> int:
    """Prints the environment, or runs a program in another one."""
    words = process.arguments[1:]
    environment = dict(process.environment)
    while words and words[0].startswith("-"):
        if words[0] in ("-i", "-"):
            environment = {}
        elif words[0] == "-u" and len(words) > 1:
            environment.pop(words[1], None)
            words = words[1:]
        else:
            raise UsageProblem(f"invalid option -- '{words[0].lstrip('-')[:1]}'")
        words = words[1:]
    while words and "=" in words[0]:
        name, _, value = words[0].partition("=")
        environment[name] = value
        words = words[1:]
    if not words:
        await process.stdout.write(_listing(environment))
        return 0
    if not process.container.program(words):
        return await process.complain(f"{words[0]}: No such file or directory", 127)
    return await process.system.launch(replace(process, arguments=words, environment=environment))


async def printenv(process: Process) -> int:
    """Variables by name; all of them without a name."""
    names, variables = process.arguments[1:], process.environment
    found = [name for name in names if name in variables]
    await process.stdout.write("".join(f"{variables[name]}\n" for name in found) if names else _listing(variables))
    return 0 if len(found) == len(names) else 1


def _listing(variables: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in variables.items())


async def base64(process: Process) -> int:
    """Encodes, or with `-d` decodes."""
    found, paths = options(process, "di", "w", {"decode": "d", "wrap": "w", "ignore-garbage": "i"})
    width = int(found.get("w", "76")) if found.get("w", "76").isdigit() and len(found.get("w", "76")) < 7 else 76
    async for _, stream in streams(process, paths[:1]):
        if stream is None:
            return 1
        data = encoded(await whole(process, stream))
        if "d" not in found:
            text = codec.b64encode(data).decode()
            pieces = [text[start : start + width] for start in range(0, len(text), width)] if width else [text]
            await process.stdout.write("".join(f"{piece}\n" for piece in pieces) if width else text)
            continue
        clean = bytes(byte for byte in data if byte not in b"\n")
        whole_groups = clean[: len(clean) // 4 * 4]
        try:
            await process.stdout.write(decoded(codec.b64decode(whole_groups, validate=True)))
        except (binascii.Error, ValueError):
            good = re.match(rb"(?:[A-Za-z0-9+/]{4})*", whole_groups)
            await process.stdout.write(decoded(codec.b64decode(good[0] if good else b"")))
            return await process.complain("invalid input")
        if len(clean) % 4:
            rest = clean[len(whole_groups) :]
            tail = codec.b64decode(rest + b"A" * (4 - len(rest)))[: max(len(rest) - 1, 0)] if rest.isalnum() else b""
            await process.stdout.write(decoded(tail))
            return await process.complain("invalid input")
    return 0


async def digest(process: Process) -> int:
    """`md5sum`, `sha1sum`, `sha256sum`."""
    _, paths = options(process, "bt")
    status = 0
    async for path, stream in streams(process, paths):
        if stream is None:
            status = 1
            continue
        found = hashlib.new(
            process.name.removesuffix("sum"), encoded(await whole(process, stream)), usedforsecurity=False
        )
        await process.stdout.write(f"{found.hexdigest()}  {path}\n")
    return status


async def yes(process: Process) -> int:
    """The same line, until no one reads any more."""
    line = " ".join(process.arguments[1:] or ["y"]) + "\n"
    while True:
        await process.stdout.write(line)


async def tty(process: Process) -> int:
    """Whether a terminal is there."""
    await process.stdout.write("/dev/pts/0\n" if process.terminal else "not a tty\n")
    return 0 if process.terminal else 1
