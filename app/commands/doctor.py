"""`doctor`: what is wrong with the IRSA of a ServiceAccount in a real cluster, or who may assume what in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from app import settings as environment
from app.commands.failure import COULD_NOT_RUN, CannotRun
from app.commands.help import command_of, lang_option
from app.commands.rendering import print_json, print_lines, print_utf8
from app.content import Content, load
from app.flow.model import JsonValue, Subject
from app.flow.port_wrappers.consent import ALL, Action
from app.flow.verdict.judge import Outcome
from app.settings import Settings
from app.wiring import Choice, is_in_cluster

if TYPE_CHECKING:
    from app.flow.doctor import Diagnosis
    from app.flow.doctor.survey import Survey

T = TypeVar("T")
EXIT = {Outcome.WORKS: 0, Outcome.BROKEN: 1, Outcome.UNKNOWN: COULD_NOT_RUN}
EVERYTHING = "all"
CSV = "csv"
_FILE = click.Path(path_type=Path, dir_okay=False)


def command(settings: Settings, words: Content) -> click.Command:
    """The command, in the language of the locale where `--lang` is not given."""

    @command_of("doctor", words)
    @click.option("--namespace", "-n", default="", help=words.message("cli.help.namespace"))
    @click.option("--service-account", "-s", default="", help=words.message("cli.help.service_account"))
    @click.option("--pod", default="", help=words.message("cli.help.pod"))
    @click.option("--context", "cluster", default="", help=words.message("cli.help.context"))
    @click.option("--profile", default="", help=words.message("cli.help.profile"))
    @click.option("--region", default="", help=words.message("cli.help.region"))
    @click.option(
        "--do",
        "actions",
        multiple=True,
        type=click.Choice([*(action.value for action in Action), EVERYTHING]),
        metavar="ACTION",
        help=words.message("cli.help.do"),
    )
    @click.option("--all", "everybody", is_flag=True, help=words.message("cli.help.all"))
    @click.option("--save", type=_FILE, help=words.message("cli.help.save"))
    @click.option("--from", "source", type=_FILE, help=words.message("cli.help.from"))
    @click.option(
        "-o",
        "--output",
        type=click.Choice(["text", "json", "html", CSV]),
        default="text",
        show_default=True,
        help=words.message("cli.help.report"),
    )
    @lang_option(settings, words)
    @click.pass_context
    def doctor(
        context: click.Context,
        *,
        namespace: str,
        service_account: str,
        pod: str,
        cluster: str,
        profile: str,
        region: str,
        actions: tuple[str, ...],
        everybody: bool,
        save: Path | None,
        source: Path | None,
        output: str,
        lang: str,
    ) -> None:
        from app.commands.doctor_sources import examined, opened, saved, surveyed

        reader = load(lang)
        of_one = (service_account, pod, actions, save)
        of_a_cluster = (namespace, cluster, profile, region, everybody, *of_one)

        if output == CSV and not everybody:
            expected = "--all, --namespace, --context, --profile, --region, --lang"
            raise CannotRun(reader, "options_exclude", got=f"--output {CSV}", expected=expected)

        # (1) From a file: no server is asked.
        if source is not None:
            if any(of_a_cluster):
                raise CannotRun(reader, "options_exclude", got="--from", expected="--output, --lang")
            context.exit(report(opened(source, reader), output, reader))

        # (2) A survey of the cluster.
        if settings.live is False:
            raise CannotRun(reader, "live_switched_off")
        choice = _choice(cluster, profile, region)
        if everybody:
            if any(of_one):
                expected = "--namespace, --context, --profile, --region, --output, --lang"
                raise CannotRun(reader, "options_exclude", got="--all", expected=expected)
            context.exit(report_survey(surveyed(choice, namespace, reader), output, reader))

        # (3) One ServiceAccount.
        subject = Subject(namespace=namespace, service_account=service_account, pod=pod)
        granted = ALL if EVERYTHING in actions else frozenset(map(Action, actions))
        found = examined(choice, subject, granted, reader)
        if save is not None:
            saved(found, save, reader)
        context.exit(report(found, output, reader))

    return doctor


def report(found: Diagnosis, output: str, words: Content) -> int:
    """Prints a diagnosis; the exit status."""
    from app.commands import doctor_text
    from app.report import document, page

    _print(found, output, words, document.of_diagnosis, page.of_diagnosis, doctor_text.of_diagnosis)
    return EXIT[found.verdict.outcome]


def report_survey(found: Survey, output: str, words: Content) -> int:
    """Prints a survey; the exit status."""
    from app.commands import doctor_text
    from app.report import document, page, table

    if output == CSV:
        print_utf8(table.of_survey(found, words).rstrip("\r\n"))
        return EXIT[found.outcome]
    _print(found, output, words, document.of_survey, page.of_survey, doctor_text.of_survey)
    return EXIT[found.outcome]


def _print(
    found: T,
    output: str,
    words: Content,
    as_json: Callable[[T, Content], JsonValue],
    as_html: Callable[[T, Content], str],
    as_lines: Callable[[T, Content], Iterable[str]],
) -> None:
    match output:
        case "json":
            print_json(as_json(found, words))
        case "html":
            print_utf8(as_html(found, words))
        case _:
            print_lines(as_lines(found, words))


def _choice(context: str, profile: str, region: str) -> Choice:
    """In a Pod its own cluster, unless a context is named or `KUBECONFIG` is set."""
    named = bool(context or environment.process_environment().get("KUBECONFIG"))
    return Choice(context=context, in_cluster=not named and is_in_cluster(), profile=profile, region=region)
