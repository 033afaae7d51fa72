"""The AWS CLI's command line and output: what it takes, and how it prints what it got (version 2).

Sources: `awscli/argparser.py`, `awscli/argprocess.py`, `awscli/paramfile.py`, `awscli/customizations/s3/subcommands.py`
(`ListCommand`).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NoReturn

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


@dataclass(frozen=True, kw_only=True)
class AssumeRole:
    """`aws sts assume-role` and `aws sts assume-role-with-web-identity`."""

    operation: Literal["assume_role", "assume_role_with_web_identity"]
    parameters: Mapping[str, Any]
    """As botocore takes them."""


Command = ListBuckets | ListObjects | GetCallerIdentity | AssumeRole
_REQUIRED = ("--role-arn", "--role-session-name")
_OPTIONAL = ("--policy", "--duration-seconds")
_ASSUME: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "assume-role": (_REQUIRED, (*_OPTIONAL, "--external-id", "--source-identity")),
    "assume-role-with-web-identity": ((*_REQUIRED, "--web-identity-token"), ("--provider-id", *_OPTIONAL)),
}
"""Operation to its options: those that it needs, and others. Each takes one value."""


@dataclass(frozen=True, kw_only=True)
class GlobalOptions:
    """Options that stand anywhere on the command line."""

    profile: str | None = None
    region: str | None = None


def global_options(arguments: list[str]) -> tuple[GlobalOptions, list[str]]:
    """Those that are modelled, and the rest of the command line. Raises `UsageError`."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    for name in ("--profile", "--region"):
        parser.add_argument(name)
    given, rest = parser.parse_known_args(arguments)
    return GlobalOptions(**vars(given)), rest


def parse(arguments: list[str], read: Callable[[str], str]) -> Command:
    """The command. Those that are not modelled are unknown words to it, as a misspelt one is.

    `read` is for values that name a file (`file://`); its `OSError`s become `UsageError`s. Raises `UsageError`, and
    `ValueError` for a number that is none.
    """
    match arguments:
        case ["s3", "ls"] | ["s3", "ls", "s3://"]:
            return ListBuckets()
        case ["s3", "ls", path] if not path.startswith("-"):
            bucket, _, prefix = path.removeprefix("s3://").partition("/")
            return ListObjects(bucket=bucket, prefix=prefix)
        case ["sts", "get-caller-identity"]:
            return GetCallerIdentity()
        case ["sts", operation, *rest] if operation in _ASSUME:
            return _assume_role(operation, rest, read)
        case ["s3", "ls", *rest] | ["sts", "get-caller-identity", *rest]:
            raise _unknown(rest)
        case ["s3", subcommand, *_]:
            raise _invalid_choice("subcommand", subcommand)
        case ["sts", operation, *_]:
            raise _invalid_choice("operation", operation)
        case [command, *_] if command not in ("s3", "sts"):
            raise _invalid_choice("command", command)
    raise UsageError(f"the following arguments are required: command\n\nusage: {USAGE}")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """argparse's own words for what is missing."""
        raise UsageError(f"{message}\n\nusage: {USAGE}")


def _assume_role(operation: str, arguments: list[str], read: Callable[[str], str]) -> AssumeRole:
    # (1) The options: argparse, as in the CLI, so a unique beginning of a name will do.
    required, optional = _ASSUME[operation]
    parser = _Parser(add_help=False)
    for name in (*required, *optional):
        parser.add_argument(name, required=name in required)
    given, rest = parser.parse_known_args(arguments)
    if rest:
        raise _unknown(rest)
    # (2) Their values: the text itself, or that of a file, whole; botocore's name for each.
    parameters: dict[str, Any] = {}
    for name, text in vars(given).items():
        if text is None:
            continue
        value = _file_content(f"--{name.replace('_', '-')}", text, read) if text.startswith("file://") else text
        member = "".join(word.capitalize() for word in name.split("_"))
        parameters[member] = int(value) if name == "duration_seconds" else value
    if operation == "assume-role":
        return AssumeRole(operation="assume_role", parameters=parameters)
    return AssumeRole(operation="assume_role_with_web_identity", parameters=parameters)


def _file_content(option: str, url: str, read: Callable[[str], str]) -> str:
    try:
        return read(url.removeprefix("file://"))
    except OSError as error:
        raise UsageError(f"Error parsing parameter '{option}': Unable to load paramfile {url}: {error}") from error


def _unknown(options: list[str]) -> UsageError:
    return UsageError(f"Unknown options: {', '.join(options)}")


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


def json_text(answer: Mapping[str, Any]) -> str:
    """An answer of a service in the CLI's default output, JSON. Secrets in it are printed, as the CLI does."""
    shown = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    return json.dumps(shown, indent=4, ensure_ascii=False, default=datetime.isoformat) + "\n"
