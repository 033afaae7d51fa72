"""The error for a command line that cannot be understood: what was found, what was expected, what to do."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from app.commands.failure import TYPED, CannotRun
from app.commands.help_formatter import Context
from app.content import Content
from app.starting import INTERRUPTED


class Command(click.Command):
    """A command that reports usage errors in the reader's language."""

    context_class = Context

    def __init__(self, *arguments: Any, words: Content, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self._words = words
        click.help_option("-h", "--help", help=words.message("cli.help.help"))(self)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, but raises `CannotRun`."""
        typed = tuple(args)
        ctx.meta.setdefault(TYPED, typed)
        try:
            return super().parse_args(ctx, args)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise not_understood(error, ctx, typed, self._words) from error


class PathType(click.Path):
    """A path. An empty one, such as from a variable that is not set, is refused: it would be the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click does."""
        if value == "":
            self.fail("", param, ctx)
        return super().convert(value, param, ctx)


class Commands(UserDict[str, click.Command | None]):
    """The commands of a group, each made when it is first asked for."""

    def __init__(self, names: Iterable[str], make: Callable[[str], click.Command]) -> None:
        super().__init__(dict.fromkeys(names))
        self._make = make

    def __getitem__(self, name: str) -> click.Command:
        """Raises `KeyError`."""
        made = self.data[name] = self.data[name] or self._make(name)
        return made


class Group(Command, click.Group):
    """The same for a group; an interrupted command prints nothing about the cluster."""

    def __init__(self, *arguments: Any, default: str = "", **attributes: Any) -> None:
        """`default`: the command that runs where nothing was typed; empty, the help is shown."""
        super().__init__(*arguments, **attributes)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As a command does, with the default command where none is named: without words, or with options of that
        command alone. Completion asks for no command."""
        own = {"--", *(option for it in self.get_params(ctx) for option in it.opts)}
        names_none = not args or (args[0].startswith("-") and args[0] not in own)
        runs = self._default and names_none and not ctx.resilient_parsing
        return super().parse_args(ctx, [self._default, *args] if runs else args)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does, but raises `CannotRun`.

        Interrupted, it ends with a status of its own: 1 means that a check did not pass.
        """
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise not_understood(error, ctx, (), self._words) from error
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


def not_understood(error: click.UsageError, ctx: click.Context, typed: Sequence[str], words: Content) -> CannotRun:
    """The error for words that click could not understand; `typed` are those after the command's name."""
    command, help_line = ctx.command, f"{ctx.command_path} --help"
    match error:
        case click.NoSuchOption():
            known = [name for parameter in command.params for name in parameter.opts if name.startswith("--")]
            expected = ", ".join(_similar_first(error.possibilities, known))
            return CannotRun(words, "no_such_option", got=error.option_name, expected=expected, help=help_line)
        case click.NoSuchCommand():
            known = command.list_commands(ctx)  # type: ignore[attr-defined]
            expected = ", ".join(_similar_first(error.possibilities, known))
            return CannotRun(words, "no_such_command", got=error.command_name, expected=expected, help=help_line)
        case click.MissingParameter(param=click.Parameter() as missing):
            expected = _form(missing, ctx)
        case click.BadParameter(param=click.Parameter() as bad):
            values = {"got": _typed(bad, ctx, typed), "expected": _values(bad.type, words), "help": help_line}
            return CannotRun(words, "bad_value", option=_long(bad), **values)
        case click.BadOptionUsage():
            expected = next(_form(it, ctx) for it in command.params if error.option_name in it.opts)
        case _:
            expected = " ".join((ctx.command_path, *command.collect_usage_pieces(ctx)))
    got = " ".join((ctx.command_path, *typed))
    return CannotRun(words, "bad_command_line", got=got, expected=expected, help=help_line)


def _similar_first(similar: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    """All names, first those that look like what was typed."""
    return list(dict.fromkeys((*(similar or ()), *known)))


def _form(parameter: click.Parameter, ctx: click.Context) -> str:
    """The usage of a parameter, such as `--dir PATH`."""
    if isinstance(parameter, click.Argument):
        return parameter.make_metavar(ctx)
    flag = isinstance(parameter, click.Option) and parameter.is_flag
    return _long(parameter) if flag else f"{_long(parameter)} {parameter.make_metavar(ctx)}"


def _long(parameter: click.Parameter) -> str:
    """The long name of an option, where it has a short one as well."""
    return max(parameter.opts, key=len)


def _typed(parameter: click.Parameter, ctx: click.Context, typed: Sequence[str]) -> str:
    """The given value as it was typed, else the environment's; an empty value as a shell writes it."""
    given = ctx.command.make_parser(ctx).parse_args(list(typed))[0]
    found = given.get(parameter.name or "", parameter.get_default(ctx))
    return (", ".join(found) if isinstance(found, list) else str(found)) or "''"


def _values(kind: click.ParamType[Any], words: Content) -> str:
    """The values that an option takes."""
    if isinstance(kind, click.Choice):
        return ", ".join(kind.choices)
    if isinstance(kind, click.IntRange):
        return f"{kind.min}…{kind.max}"
    if not isinstance(kind, click.Path) or not kind.dir_okay:
        return words.message("cli.a_file")
    return words.message("cli.a_path" if kind.file_okay else "cli.a_folder")
