"""What the commands share: help in the reader's language, and the options for printing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from app.commands.usage_errors import Command
from app.content import LANGUAGES, Content, for_locale
from app.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])


def command_of(name: str, words: Content) -> Callable[[Callable[..., Any]], click.Command]:
    """A decorator that makes the command of that name: one sentence in the list, a second one in its own help."""
    return click.command(
        name,
        cls=Command,
        words=words,
        short_help=words.message(f"cli.help.{name}"),
        help=words.message(f"cli.help.{name}"),
        epilog=words.message(f"cli.help.{name}_more"),
    )


def output_options(
    settings: Settings, words: Content, formats: Sequence[str] = ("text", "json")
) -> Callable[[Function], Function]:
    """A decorator that adds `--output`, of these formats, and `--lang`, the locale's language by default."""
    output = click.option(
        "--output",
        "-o",
        type=click.Choice(formats),
        default="text",
        show_default=True,
        help=words.message("cli.help.output"),
    )
    lang = lang_option(settings, words)
    return lambda function: output(lang(function))


def address_options(settings: Settings, words: Content) -> Callable[[Function], Function]:
    """A decorator that adds `--host` and `--port`, the address of the pages; the settings have the defaults."""
    host = click.option("--host", default=settings.host, show_default=True, help=words.message("cli.help.host"))
    port = click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=settings.port,
        show_default=True,
        help=words.message("cli.help.port"),
    )
    return lambda function: host(port(function))


def lang_option(settings: Settings, words: Content) -> Callable[[Function], Function]:
    """A decorator that adds `--lang`, the locale's language by default."""
    return click.option(
        "--lang",
        type=click.Choice(LANGUAGES),
        default=for_locale(settings.locale),
        show_default=True,
        help=words.message("cli.help.lang"),
    )
