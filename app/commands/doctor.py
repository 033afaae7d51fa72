"""`doctor`: what is wrong with the IRSA of a ServiceAccount in a real cluster, or who may assume what in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce
from pathlib import Path
from typing import Any, Literal

import click

from app.commands.examining import completion
from app.commands.examining.asking import OF_ALL, OF_EXAMINATION, WITH_ALL, Everybody, Wanted, asked, choice_of
from app.commands.examining.results import (
    CSV,
    FORMATS,
    SHOULD_WORK,
    Result,
    Threshold,
    exit_status,
    print_lacking,
    print_results,
)
from app.commands.examining.watching import INTERVAL, changes
from app.commands.failure import CannotRun
from app.commands.help import command_of, lang_option
from app.commands.usage_errors import PathType
from app.content import Content, load
from app.flow.names import APPLICATION_ID
from app.flow.permissions.asked import AskedAction
from app.flow.port_wrappers.consent import ALL, Action
from app.settings import Settings
from app.wiring import Choice

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
EVERYTHING = "all"
_OBJECT = "TYPE/NAME, --filename, --namespace, --service-account, --pod"
_OF_RBAC = f"{_OBJECT}, --context, --profile, --region, --issuer, --do"
CLUSTERS_AT_ONCE = 8
_FILE = PathType(path_type=Path, dir_okay=False)
_INPUT = PathType(path_type=Path, dir_okay=False, allow_dash=True)


def command(settings: Settings, words: Content) -> click.Command:
    """The command, in the language of the locale where `--lang` is not given."""

    @command_of("doctor", words)
    @_subject(words)
    @_where(words)
    @_how(words)
    @lang_option(settings, words)
    @click.pass_context
    def doctor(
        context: click.Context,
        /,
        *,
        contexts: tuple[str, ...],
        profile: str,
        region: str,
        issuer: str,
        actions: tuple[str, ...],
        needed: tuple[str, ...],
        resource: str,
        watch: bool,
        until_fixed: bool,
        rbac: bool,
        save: Path | None,
        source: Path | None,
        output: str,
        verbose: bool,
        fail_on: Literal["broken", "warning"],
        strict: bool,
        lang: str,
        **named: Any,
    ) -> None:
        from app.commands.doctor_sources import asked_actions, examined, opened, permissions, saved
        from app.flow.doctor import Diagnosis

        reader, threshold = load(lang), Threshold(fail_on=fail_on, strict=strict)
        show = partial(print_results, output=output, words=reader, verbose=verbose)
        again = watch or until_fixed

        # (1) From a file: no server is asked.
        if source is not None:
            if output == CSV or any(
                (*named.values(), contexts, profile, region, issuer, actions, needed, resource, rbac, save, again)
            ):
                raise CannotRun(reader, "options_exclude", got="--from", expected=f"--output, --verbose, {OF_ALL}")
            results = [Result(found=opened(source, reader))]
            show(results)
            context.exit(exit_status(results, threshold))

        # (2) What to examine, and in which clusters.
        if settings.live is False:
            raise CannotRun(reader, "live_switched_off")
        wanted = asked(reader, **named)
        _refuse_together(reader, wanted, contexts, output, once=bool(save), again=again, sends=bool(actions or needed))
        granted = ALL if EVERYTHING in actions else frozenset(map(Action, actions))
        actions_needed = asked_actions(needed, resource, reader)
        program = context.find_root().obj or APPLICATION_ID
        choices = [
            choice_of(name, profile=profile, region=region, issuer=issuer, program=program)
            for name in contexts or ("",)
        ]

        # (3) Only the permissions that are missing for it.
        if rbac:
            if isinstance(wanted, Everybody) or len(choices) > 1 or save is not None or output not in ("text", "json"):
                expected = f"{_OF_RBAC}, --output text|json, --lang"
                raise CannotRun(reader, "options_exclude", got="--rbac", expected=expected)
            context.exit(print_lacking(permissions(choices[0], wanted, granted, reader), output, reader))

        # (4) Again and again, until it is fixed.
        if again and not isinstance(wanted, Everybody):
            click.echo(reader.message("cli.watch.begins", seconds=f"{INTERVAL:g}"), err=True)
            examine = partial(examined, choices[0], wanted, granted, reader, actions_needed, progress=False)
            for found in changes(examine, reader):
                show([Result(found=found)])
                if until_fixed and Result(found=found).status(threshold) in (0, SHOULD_WORK):
                    context.exit(0)

        # (5) Once.
        several = len(choices) > 1
        one = partial(_result, wanted=wanted, granted=granted, words=reader, asked=actions_needed, several=several)
        with ThreadPoolExecutor(max_workers=CLUSTERS_AT_ONCE) as pool:
            results = list(pool.map(one, choices)) if several else [one(choices[0])]
        if save is not None and isinstance(results[0].found, Diagnosis):
            saved(results[0].found, save, reader)
        show(results)
        context.exit(exit_status(results, threshold))

    return doctor


def _refuse_together(
    words: Content, wanted: Wanted, contexts: Sequence[str], output: str, *, once: bool, again: bool, sends: bool
) -> None:
    """Raises `CannotRun` for options that exclude each other. `once`: a file is to be saved."""
    if isinstance(wanted, Everybody) and (once or again or sends):
        got, expected = "--all-namespaces", WITH_ALL
    elif output == CSV and not isinstance(wanted, Everybody):
        got, expected = f"--output {CSV}", f"--all-namespaces, --context, --profile, --region, {OF_ALL}"
    elif len(contexts) > 1 and (once or again or output in ("html", CSV)):
        got = "--context, --context"
        expected = f"{_OBJECT}, --all-namespaces, {OF_EXAMINATION}, --output text|json|junit|sarif|github, {OF_ALL}"
    elif again and (once or output not in ("text", "json")):
        got = "--watch, --until-fixed"
        expected = f"{_OBJECT}, --context, {OF_EXAMINATION}, --output text|json, {OF_ALL}"
    else:
        return
    raise CannotRun(words, "options_exclude", got=got, expected=expected)


def _result(
    choice: Choice,
    *,
    wanted: Wanted,
    granted: frozenset[Action],
    words: Content,
    asked: Sequence[AskedAction],
    several: bool,
) -> Result:
    """The result of one cluster. Where there are several, a cluster that cannot be examined is a result as well."""
    from app.commands.doctor_sources import examined, namespace_of, surveyed

    context = choice.context if several else ""
    try:
        if isinstance(wanted, Everybody):
            namespace = "" if wanted.everywhere else wanted.namespace or namespace_of(choice, words)
            return Result(context=context, found=surveyed(choice, namespace, words))
        return Result(context=context, found=examined(choice, wanted, granted, words, asked, progress=not several))
    except CannotRun as failure:
        if not several:
            raise
        return Result(context=context, found=failure)


def _subject(words: Content) -> Decorator:
    """The options that say whose IRSA it is."""
    return _all(
        click.argument("target", nargs=-1, metavar="[TYPE/NAME]", shell_complete=completion.targets),
        click.option("--filename", "-f", type=_INPUT, help=words.message("cli.help.filename")),
        click.option(
            "--namespace",
            "-n",
            default="",
            help=words.message("cli.help.namespace"),
            shell_complete=completion.namespaces,
        ),
        click.option(
            "--service-account",
            "-s",
            default="",
            help=words.message("cli.help.service_account"),
            shell_complete=completion.service_accounts,
        ),
        click.option("--pod", default="", help=words.message("cli.help.pod"), shell_complete=completion.pods),
        click.option(
            "--all-namespaces", "-A", "everybody", is_flag=True, help=words.message("cli.help.all_namespaces")
        ),
    )


def _where(words: Content) -> Decorator:
    """The options that say in which cluster and account."""
    return _all(
        click.option(
            "--context",
            "contexts",
            multiple=True,
            help=words.message("cli.help.context"),
            shell_complete=completion.contexts,
        ),
        click.option(
            "--profile", default="", help=words.message("cli.help.profile"), shell_complete=completion.profiles
        ),
        click.option("--region", default="", help=words.message("cli.help.region")),
        click.option("--issuer", default="", help=words.message("cli.help.issuer")),
    )


def _how(words: Content) -> Decorator:
    """The options that say what may be done, how often, and what comes of it."""
    return _all(
        click.option(
            "--do",
            "actions",
            multiple=True,
            type=click.Choice([*(action.value for action in Action), EVERYTHING]),
            metavar="ACTION",
            help=words.message("cli.help.do"),
        ),
        click.option(
            "--action", "needed", multiple=True, metavar="SERVICE:ACTION", help=words.message("cli.help.action")
        ),
        click.option("--resource", default="", metavar="ARN", help=words.message("cli.help.resource")),
        click.option("--rbac", is_flag=True, help=words.message("cli.help.rbac")),
        click.option("--watch", "-w", is_flag=True, help=words.message("cli.help.watch", seconds=f"{INTERVAL:g}")),
        click.option("--until-fixed", is_flag=True, help=words.message("cli.help.until_fixed")),
        click.option("--save", type=_FILE, help=words.message("cli.help.save")),
        click.option("--from", "source", type=_INPUT, help=words.message("cli.help.from")),
        click.option(
            "--output",
            "-o",
            type=click.Choice(FORMATS),
            default="text",
            show_default=True,
            help=words.message("cli.help.report"),
        ),
        click.option("--verbose", "-v", is_flag=True, help=words.message("cli.help.verbose")),
        click.option(
            "--fail-on",
            type=click.Choice(["broken", "warning"]),
            default="broken",
            show_default=True,
            help=words.message("cli.help.fail_on"),
        ),
        click.option("--strict", is_flag=True, help=words.message("cli.help.strict")),
    )


def _all(*decorators: Decorator) -> Decorator:
    """A decorator that applies all of these, the first one outermost, so that the help lists them in this order."""
    return lambda function: reduce(lambda made, decorator: decorator(made), reversed(decorators), function)
