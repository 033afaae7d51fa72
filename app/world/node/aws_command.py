"""The AWS CLI's command line and output: what it takes, and how it prints what it got (version 2).

Sources: `awscli/argparser.py`, `awscli/customizations/s3/subcommands.py` (`ListCommand`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

USAGE = (
    "aws [options] <command> <subcommand> [<subcommand> ...] [parameters]\n"
    "To see help text, you can run:\n\n  aws help\n  aws <command> help\n  aws <command> <subcommand> help\n"
)


class UsageError(Exception):
    """The CLI does not take these arguments."""


@dataclass(frozen=True, kw_only=True)
class ListBuckets:
    """`aws s3 ls`."""


@dataclass(frozen=True, kw_only=True)
class ListObjects:
    """`aws s3 ls s3://bucket/prefix`."""

    bucket: str
    prefix: str


@dataclass(frozen=True, kw_only=True)
class GetCallerIdentity:
    """`aws sts get-caller-identity`."""


def parse(arguments: list[str]) -> ListBuckets | ListObjects | GetCallerIdentity:
    """The command. Those that are not modelled are unknown words to it, as a misspelt one is. Raises `UsageError`."""
    match arguments:
        case ["s3", "ls"] | ["s3", "ls", "s3://"]:
            return ListBuckets()
        case ["s3", "ls", path] if not path.startswith("-"):
            bucket, _, prefix = path.removeprefix("s3://").partition("/")
            return ListObjects(bucket=bucket, prefix=prefix)
        case ["sts", "get-caller-identity"]:
            return GetCallerIdentity()
        case ["s3", "ls", *rest] | ["sts", "get-caller-identity", *rest]:
            raise UsageError(f"Unknown options: {', '.join(rest)}")
        case ["s3", subcommand, *_]:
            raise _invalid_choice("subcommand", subcommand)
        case ["sts", operation, *_]:
            raise _invalid_choice("operation", operation)
        case [command, *_] if command not in ("s3", "sts"):
            raise _invalid_choice("command", command)
    raise UsageError(f"the following arguments are required: command\n\nusage: {USAGE}")


def _invalid_choice(argument: str, value: str) -> UsageError:
    return UsageError(f"argument {argument}: Found invalid choice '{value}'\n\n\nusage: {USAGE}")


def bucket_lines(answer: Mapping[str, Any]) -> str:
    """ListBuckets' answer, as `s3 ls` prints it."""
    return "".join(f"{bucket['CreationDate']:%Y-%m-%d %H:%M:%S} {bucket['Name']}\n" for bucket in answer["Buckets"])


def object_lines(pages: Iterable[Mapping[str, Any]]) -> str:
    """ListObjectsV2's answers, as `s3 ls` prints them."""
    lines: list[str] = []
    for page in pages:
        lines += [f"{'PRE':>30} {common['Prefix'].split('/')[-2]}/\n" for common in page.get("CommonPrefixes", [])]
        for found in page.get("Contents", []):
            name = found["Key"].rpartition("/")[2]
            lines.append(f"{found['LastModified']:%Y-%m-%d %H:%M:%S} {found['Size']:>10} {name}\n")
    return "".join(lines)


def identity_text(answer: Mapping[str, Any]) -> str:
    """GetCallerIdentity's answer, in the CLI's default output, JSON."""
    return json.dumps({name: answer[name] for name in ("UserId", "Account", "Arn")}, indent=4) + "\n"
