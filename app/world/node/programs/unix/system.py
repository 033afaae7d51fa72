"""`id`, `whoami`, `which`, `hostname`, `uname`, `sleep`, `env`, `printenv`, `base64`, sums, `seq`, `yes`, `tty`."""

from __future__ import annotations

import base64 as codec
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from app.world.node.programs.installed import path_of
from app.world.node.programs.unix.inputs import streams, whole
from app.world.node.programs.unix.listing import USERS
from app.world.node.programs.unix.options import UsageProblem, options
from app.world.node.shell.process import Process
from app.world.node.shell.streams import decoded, encoded

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DECIMAL = re.compile(r"-?[0-9]{1,15}(?:\.([0-9]{1,9}))?")
FOREVER = 10.0 * 365 * 86_400


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


async def which(process: Process) -> int:
    """Where the image has each program; 1 where it lacks one."""
    _, names = options(process, "as")
    there = [name for name in names if process.container.program([name])]
    for name in there:
        await process.stdout.write(f"{path_of(name)}\n")
    return 0 if names and there == names else 1


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


async def seq(process: Process) -> int:
    """Numbers, one a line; `-s` sets what is between them, `-w` gives them the same width."""
    words = process.arguments
    negative = next((place for place, word in enumerate(words) if re.match(r"-[0-9.]", word)), len(words))
    typed = replace(process, arguments=[*words[:negative], "--", *words[negative:]])
    found, words = options(typed, "w", "s", {"separator": "s", "equal-width": "w"}, come_first=True)
    words = [word for word in words if word != "--"]
    separator = found.get("s", "\n")
    if not words:
        raise UsageProblem("missing operand")
    if len(words) > 3:
        raise UsageProblem(f"extra operand '{words[3]}'")
    numbers: list[Decimal] = []
    places = 0
    for position, word in enumerate(words):
        if (number := _DECIMAL.fullmatch(word)) is None:
            raise UsageProblem(f"invalid floating point argument: '{word}'")
        numbers.append(Decimal(word))
        if position < len(words) - 1:
            places = max(places, len(number[1] or ""))
    first, last = numbers[0] if len(numbers) > 1 else Decimal(1), numbers[-1]
    step = numbers[1] if len(numbers) > 2 else Decimal(1)
    if step == 0:
        raise UsageProblem(f"invalid Zero increment value: '{words[1]}'")
    width = max(len(f"{first:.{places}f}"), len(f"{last:.{places}f}")) if "w" in found else 0
    between = ""
    while (first <= last) if step > 0 else (first >= last):
        await process.stdout.write(between + f"{first:.{places}f}".zfill(width))
        first, between = first + step, separator
    if between:
        await process.stdout.write("\n")
    return 0


async def yes(process: Process) -> int:
    """The same line, until no one reads any more."""
    line = " ".join(process.arguments[1:] or ["y"]) + "\n"
    while True:
        await process.stdout.write(line)


async def tty(process: Process) -> int:
    """Whether a terminal is there."""
    await process.stdout.write("/dev/pts/0\n" if process.terminal else "not a tty\n")
    return 0 if process.terminal else 1
