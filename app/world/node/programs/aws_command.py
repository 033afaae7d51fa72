"""The AWS CLI's command line: its global options, and which command it is.

Sources: the AWS CLI's user guide, "Command structure"; its command reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from app.world.node.programs.aws_cli.output import FORMATS
from app.world.node.programs.aws_cli.usage_errors import GLOBAL_LEFT_OUT, Parser, UsageError, not_an_option_here


@dataclass(frozen=True, kw_only=True)
class GlobalOptions:
    """Options that stand anywhere on the command line."""

    profile: str | None = None
    region: str | None = None
    output: str | None = None
    query: str | None = None
    version: bool = False
    no_paginate: bool = False


def global_options(arguments: list[str]) -> tuple[GlobalOptions, list[str]]:
    """The global options that are modelled, and the rest of the command line. Raises `UsageError`."""
    given, rest = _parser().parse_known_args(arguments)
    if left_out := next((word for word in rest if word.partition("=")[0] in GLOBAL_LEFT_OUT), ""):
        raise not_an_option_here(left_out)
    if given.output is not None and given.output not in FORMATS:
        choices = ", ".join(FORMATS)
        raise UsageError(f"argument --output: Found invalid choice '{given.output}' (this simulated CLI has {choices})")
    return (
        GlobalOptions(
            profile=given.profile or None,  # an empty one counts as none (`clidriver.py`)
            region=given.region or None,
            output=given.output,
            query=given.query,
            version=given.version,
            no_paginate=given.no_paginate,
        ),
        rest,
    )


@cache
def _parser() -> Parser:
    parser = Parser(allow_abbrev=False)
    for name in (
        "--profile",
        "--region",
        "--output",
        "--query",
        "--color",
        "--cli-read-timeout",
        "--cli-connect-timeout",
    ):
        parser.add_argument(name)
    for name in ("--version", "--no-paginate", "--no-cli-pager", "--no-verify-ssl"):
        parser.add_argument(name, action="store_true")
    return parser
