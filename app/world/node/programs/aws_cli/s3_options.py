"""The command line of `aws s3`, and the format in which it lists buckets and objects.

Source: the AWS CLI's command reference, `aws s3`; its observed output.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from app.world.node.programs.aws_cli.usage_errors import Parser, UsageError, invalid_choice, not_simulated, unknown

_FLAGS: Mapping[str, tuple[str, ...]] = {
    "ls": ("--recursive", "--human-readable", "--summarize"),
    "cp": ("--recursive", "--quiet", "--only-show-errors", "--no-progress", "--dryrun"),
    "mv": ("--recursive", "--quiet", "--only-show-errors", "--no-progress", "--dryrun"),
    "rm": ("--recursive", "--quiet", "--only-show-errors", "--dryrun"),
    "sync": ("--delete", "--size-only", "--quiet", "--only-show-errors", "--no-progress", "--dryrun"),
    "mb": (),
    "rb": ("--force",),
}
"""Subcommands and their options without a value."""
_LEFT_OUT = ("help", "presign", "website")
"""The other subcommands of the real CLI."""
_PATHS = {"ls": 1, "cp": 2, "mv": 2, "rm": 1, "sync": 2, "mb": 1, "rb": 1}


@dataclass(frozen=True, kw_only=True)
class S3Command:
    """One `aws s3 …`."""

    name: str
    paths: tuple[str, ...]
    flags: frozenset[str]
    content_type: str | None = None

    def __contains__(self, flag: str) -> bool:
        return flag in self.flags


def s3_command(words: list[str]) -> S3Command:
    """The command. Raises `UsageError`."""
    name = words[0]
    if name not in _FLAGS:
        raise not_simulated(f"s3 {name}") if name in _LEFT_OUT else invalid_choice("subcommand", name)
    given, rest = _parser(name).parse_known_args(words[1:])
    if rest:
        raise unknown(rest)
    paths = [given.paths or "s3://"] if name == "ls" else given.paths
    flags = frozenset(flag[2:] for flag in _FLAGS[name] if getattr(given, flag[2:].replace("-", "_")))
    command = S3Command(name=name, paths=tuple(paths), flags=flags, content_type=getattr(given, "content_type", None))
    _check(command)
    return command


@cache
def _parser(name: str) -> Parser:
    parser = Parser()
    for flag in _FLAGS[name]:
        parser.add_argument(flag, action="store_true")
    if name in ("cp", "mv", "sync"):
        parser.add_argument("--content-type")
    parser.add_argument("paths", nargs="?" if name == "ls" else _PATHS[name])
    return parser


def _check(command: S3Command) -> None:
    remote = [path.startswith("s3://") for path in command.paths]
    if command.name in ("cp", "mv", "sync") and not any(remote):
        both = "<LocalPath> <S3Uri> or <S3Uri> <LocalPath> or <S3Uri> <S3Uri>"
        raise UsageError(f"usage: aws s3 {command.name} {both}\nError: Invalid argument type")
    if command.name in ("rm", "mb", "rb") and not all(remote):
        raise UsageError(f"usage: aws s3 {command.name} <S3Uri>\nError: Invalid argument type")


def bucket_and_key(path: str) -> tuple[str, str]:
    """The bucket and the key in `s3://bucket/key`."""
    bucket, _, key = path.removeprefix("s3://").partition("/")
    return bucket, key


def bucket_lines(answer: Mapping[str, Any]) -> str:
    """ListBuckets' answer, as `s3 ls` prints it."""
    return "".join(f"{bucket['CreationDate']:%Y-%m-%d %H:%M:%S} {bucket['Name']}\n" for bucket in answer["Buckets"])


def object_lines(pages: Iterable[Mapping[str, Any]], command: S3Command) -> str:
    """ListObjectsV2's answers, as `s3 ls` prints them."""
    lines: list[str] = []
    count = total = 0
    for page in pages:
        lines += [f"{'PRE':>30} {common['Prefix'].split('/')[-2]}/\n" for common in page.get("CommonPrefixes", [])]
        for found in page.get("Contents", []):
            name = found["Key"] if "recursive" in command else found["Key"].rpartition("/")[2]
            lines.append(f"{found['LastModified']:%Y-%m-%d %H:%M:%S} {_size(found['Size'], command):>10} {name}\n")
            count, total = count + 1, total + found["Size"]
    if "summarize" in command:
        lines.append(f"\nTotal Objects: {count}\n{'Total Size':>13}: {_size(total, command)}\n")
    return "".join(lines)


def _size(size: int, command: S3Command) -> str:
    if "human-readable" not in command:
        return str(size)
    if size == 1:
        return "1 Byte"
    if size < 1024:
        return f"{size} Bytes"
    return f"{size / 1024:.1f} KiB" if round(size / 1024) < 1024 else f"{size / 1024 / 1024:.1f} MiB"
