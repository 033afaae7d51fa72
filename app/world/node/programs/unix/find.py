"""`find`: the files below a path, by name, kind and depth. Source: POSIX.1-2017, `find`; findutils."""

from __future__ import annotations

import posixpath
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from app.world.node.programs.unix.options import UsageProblem, count
from app.world.node.shell.patterns import Pattern
from app.world.node.shell.process import Process
from app.world.node.volumes.inodes import Inode

_Test = Callable[[str, Inode], bool]
_LEFT_OUT = frozenset(
    [
        *("-L", "-H", "-P", "-amin", "-anewer", "-atime", "-cmin", "-cnewer", "-ctime", "-daystart", "-delete"),
        *("-depth", "-empty", "-exec", "-execdir", "-executable", "-follow", "-fprint", "-gid", "-group", "-inum"),
        *("-ipath", "-iregex", "-links", "-lname", "-ls", "-mmin", "-mount", "-mtime", "-newer", "-nogroup"),
        *("-nouser", "-o", "-ok", "-or", "-perm", "-print0", "-printf", "-prune", "-quit", "-readable", "-regex"),
        *("-samefile", "-size", "-uid", "-user", "-writable", "-xdev", "(", ")", ","),
    ]
)
"""What the real `find` takes besides."""
_STEPS = 10
"""Steps that each file counts as: others wait meanwhile."""


@dataclass
class _Wanted:
    """Which files are printed: those that pass all tests, at these depths."""

    tests: list[_Test] = field(default_factory=list)
    least: int = 0
    most: int = 10**9


async def find(process: Process) -> int:
    """Prints the paths of what it finds. Links are not followed. The status is 1 where something cannot be read."""
    words = process.arguments[1:]
    first = next((at for at, word in enumerate(words) if word[:1] in ("-", "!", "(") and word != "-"), len(words))
    wanted = _wanted(process, words[first:])
    status = 0
    pending = deque((path, 0) for path in words[:first] or ["."])
    while pending:
        path, depth = pending.popleft()
        await process.limits.step(_STEPS)
        try:
            inode = process.files.stat(process.path(path), follow=False)
            if depth >= wanted.least and await _passes(process, wanted, path, inode):
                await process.stdout.write(f"{path}\n")
            if inode.is_directory and depth < wanted.most:
                names = process.files.listdir(process.path(path))
                pending.extendleft((posixpath.join(path, name), depth + 1) for name in reversed(names))
        except OSError as error:
            status = await process.complain(f"'{path}': {error.strerror}")
    return status


async def _passes(process: Process, wanted: _Wanted, path: str, inode: Inode) -> bool:
    for test in wanted.tests:
        await process.limits.step(0)
        if not test(path, inode):
            return False
    return True


def _wanted(process: Process, words: list[str]) -> _Wanted:
    """The tests and depths of the command line. Raises `UsageProblem`."""
    wanted, negated = _Wanted(), False
    given = iter(words)
    for word in given:
        if word in _LEFT_OUT:
            raise UsageProblem(f"{word} is not in this simulated image")
        if word in ("!", "-not"):
            negated = not negated
        elif word in ("-maxdepth", "-mindepth"):
            depth = count(_value(word, given), f"levels of {word}")
            wanted.most, wanted.least = (depth, wanted.least) if word == "-maxdepth" else (wanted.most, depth)
        elif word in ("-name", "-iname", "-path", "-wholename", "-type"):
            test = _test(process, word, _value(word, given))
            wanted.tests.append(_opposite(test) if negated else test)
            negated = False
        elif word not in ("-print", "-a", "-and"):
            raise UsageProblem(f"unknown predicate '{word}'" if word[:1] == "-" else f"paths come first: '{word}'")
    return wanted


def _value(word: str, given: Iterator[str]) -> str:
    value = next(given, None)
    if value is None:
        raise UsageProblem(f"missing argument to '{word}'")
    return value


def _opposite(test: _Test) -> _Test:
    return lambda path, inode: not test(path, inode)


def _test(process: Process, word: str, value: str) -> _Test:
    if word == "-type":
        if len(value) != 1 or value not in "bcdflps":
            raise UsageProblem(f"unknown argument to -type: {value}")
        return lambda _, inode: value == ("d" if inode.is_directory else "l" if inode.is_link else "f")
    pattern = Pattern(_characters(value.lower() if word == "-iname" else value), process.limits)
    if word in ("-path", "-wholename"):
        return lambda path, _: pattern.matches(path, process.limits)

    def named(path: str, _: Inode) -> bool:
        name = posixpath.basename(path.rstrip("/")) or path
        return pattern.matches(name.lower() if word == "-iname" else name, process.limits)

    return named


def _characters(text: str) -> list[tuple[str, bool]]:
    """The pattern's characters, each with whether a backslash before it has quoted it."""
    characters, quoted = [], False
    for character in text:
        if character == "\\" and not quoted:
            quoted = True
        else:
            characters.append((character, quoted))
            quoted = False
    return characters
