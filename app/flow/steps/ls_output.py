"""What `ls -la` prints, line by line (POSIX ls, long format)."""

from __future__ import annotations

import re

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
