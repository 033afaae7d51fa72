"""What `ls -la` prints, line by line (POSIX ls, long format), and what `head` prints of several files (POSIX head)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.flow.model import JsonValue

_LINE = re.compile(
    r"(?P<mode>[-bcdlps][-rwxsStT]{9})[.+@]?\s+\d+\s+(?P<owner>\S+)\s+(?P<group>\S+)\s+(?P<size>\d+)"
    r"\s+\S+\s+\S+\s+\S+\s(?P<name>.+?)(?: -> (?P<target>.+))?",
    re.DOTALL,
)


def parse_listings(output: str, second: str) -> tuple[list[JsonValue], list[JsonValue]]:
    """The entries of two directories that one `ls` was asked for, the `second` one's by its name above them."""
    before, _, after = output.partition(f"\n{second}:")
    return parse_listing(before), parse_listing(after)


def parse_listing(output: str) -> list[JsonValue]:
    """The entries: mode, owner, group, size in bytes, name and, of a symbolic link, its target."""
    found = (_LINE.fullmatch(line.rstrip("\r")) for line in output.split("\n"))
    return [
        {key: int(value) if key == "size" else value for key, value in match.groupdict().items() if value is not None}
        for match in found
        if match and len(match["size"]) < 20
    ]


def parse_heads(output: str, paths: Sequence[str]) -> dict[str, str]:
    """The files that one `head` was asked for, in this order, each as it is: without those that it could not open."""
    found = {}
    for path in reversed(paths):
        before, name, content = output.rpartition(f"==> {path} <==\n")
        if name:
            found[path] = content
            output = before.removesuffix("\n")
    return found
