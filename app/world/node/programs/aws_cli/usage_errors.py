"""The CLI's refusal of a command line."""

from __future__ import annotations

import argparse
from typing import NoReturn

USAGE = (
    "aws [options] <command> <subcommand> [<subcommand> ...] [parameters]\n"
    "To see help text, you can run:\n\n  aws help\n  aws <command> help\n  aws <command> <subcommand> help\n"
)


COMMANDS = "s3 (cp, ls, mb, mv, rb, rm, sync), s3api, sts, iam, eks and configure list"
"""The commands of the CLI that exist here."""


GLOBAL_LEFT_OUT = frozenset(
    [
        *("--debug", "--endpoint-url", "--no-sign-request", "--ca-bundle"),
        *("--cli-binary-format", "--cli-auto-prompt", "--no-cli-auto-prompt"),
    ]
)
"""Global options of the real CLI that are left out here."""
_LEFT_OUT = frozenset(
    [
        *("--cli-input-json", "--cli-input-yaml", "--generate-cli-skeleton"),
        *("--include", "--exclude", "--acl", "--sse", "--sse-kms-key-id", "--storage-class", "--metadata"),
        *("--cache-control", "--follow-symlinks", "--no-follow-symlinks", "--exact-timestamps", "--page-size"),
        *("--request-payer", "--source-region", "--expires", "--content-encoding", "--grants", "--expected-size"),
    ]
)
"""Options of all operations and of `aws s3` that are left out here."""


class UsageError(Exception):
    """The CLI does not take these arguments."""


class InvalidValue(ValueError):
    """A value that botocore or Python does not take; the text is their message, which the CLI prints."""


class Parser(argparse.ArgumentParser):
    """argparse, as in the CLI, so a unique beginning of an option's name will do."""

    def __init__(self, *, allow_abbrev: bool = True) -> None:
        super().__init__(add_help=False, allow_abbrev=allow_abbrev)

    def error(self, message: str) -> NoReturn:
        """Raises argparse's own message for what is missing."""
        raise UsageError(f"{message}\n\nusage: {USAGE}")


def unknown(options: list[str]) -> UsageError:
    """Words that no option takes here."""
    if left_out := next((option for option in options if option.partition("=")[0] in _LEFT_OUT), ""):
        return not_an_option_here(left_out)
    return UsageError(f"Unknown options: {', '.join(options)}")


def not_an_option_here(option: str) -> UsageError:
    """An option of the real CLI that is left out here."""
    instead = "; `aws configure list` shows where credentials come from" if option == "--debug" else ""
    return UsageError(f"{option.partition('=')[0]} is not in the AWS CLI of this simulated image{instead}")


def not_simulated(command: str) -> UsageError:
    """A command of the CLI that is left out here."""
    return UsageError(f"{command} is not in the AWS CLI of this simulated image, which has {COMMANDS}")


def invalid_choice(argument: str, value: str) -> UsageError:
    """A command that the CLI does not have, as it is misspelt."""
    return UsageError(f"argument {argument}: Found invalid choice '{value}'\n\n\nusage: {USAGE}")
