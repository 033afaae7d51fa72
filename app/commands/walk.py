"""`walk`: all six steps in a fresh simulated world, every check printed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import click

from app.commands.help import command_of, output_options
from app.commands.rendering import heading, labelled, marked, print_json, print_lines
from app.content import Content, load
from app.flow.model import Check, JsonValue, Status, Subject, Verdict, Walk
from app.settings import Settings

MODE = "simulated"


def command(settings: Settings, words: Content) -> click.Command:
    """The command, in the language of the locale where `--lang` is not given."""

    @command_of("walk", words)
    @output_options(settings, words)
    @click.pass_context
    def walk(context: click.Context, output: str, lang: str) -> None:
        found = walk_once()
        if output == "json":
            print_json(as_json(found, load(lang)))
        else:
            print_lines(as_text(found, load(lang)))
        context.exit(0 if found.verdict.status in {Status.PASSED, Status.WARNING} else 1)

    return walk


def walk_once() -> Walk:
    """The walk of the scenario's `default/my-sa` and `pod-after` in a world made for it."""
    from app.flow.walk import walk
    from app.wiring import simulated
    from app.world.simulation import Simulation

    with Simulation() as simulation:
        ports = simulated(simulation, simulation.world("walk"))
        return walk(ports, Subject(namespace="default", service_account="my-sa", pod="pod-after"))


def as_json(walk: Walk, words: Content) -> JsonValue:
    """The walk as the command line's JSON: the same keys in every language, `title`, `why` and `fix` in this one."""
    verdict = walk.verdict
    return {
        "mode": MODE,
        "subject": dataclasses.asdict(walk.subject),
        "steps": [
            {
                "step": report.step,
                "status": report.status,
                "checks": [_check_as_json(check, walk.subject, words) for check in report.checks],
                "exchanges": [dataclasses.asdict(exchange) for exchange in report.exchanges],
            }
            for report in walk
        ],
        "verdict": {
            "status": verdict.status,
            "step": verdict.step,
            "check": verdict.check.id if verdict.check else None,
            "message": message_of(verdict, walk.subject, words),
        },
    }


def _check_as_json(check: Check, subject: Subject, words: Content) -> JsonValue:
    text = words.check(check.id).fill(check, subject)
    return {
        "id": check.id,
        "status": check.status,
        "got": check.got,
        "expected": check.expected,
        "where": check.where,
        "title": text.title,
        "why": text.why,
        "fix": text.fix,
    }


def message_of(verdict: Verdict, subject: Subject, words: Content) -> str:
    """The verdict in a sentence."""
    if verdict.step is None or verdict.check is None:
        return words.message(f"verdict.{verdict.status}")
    return words.message(
        f"verdict.{verdict.status}",
        step=words.message(f"steps.{verdict.step}.title"),
        check=words.check(verdict.check.id).fill(verdict.check, subject).title,
    )


def as_text(walk: Walk, words: Content) -> Iterator[str]:
    """The walk for a reader: each step with its checks; got and expected always, why and fix where one did not pass."""
    mode = words.message(f"ui.mode_{MODE}")
    yield heading(words.message("cli.walk.title", mode=mode))
    subject = walk.subject
    yield from labelled(
        {
            words.message("ui.service_account"): f"{subject.namespace}/{subject.service_account}",
            words.message("ui.pod"): f"{subject.namespace}/{subject.pod}",
        },
        indent=2,
    )
    for number, report in enumerate(walk, 1):
        yield ""
        title = f"{number}  {words.message(f'steps.{report.step}.title')}"
        yield f"{heading(title)}  {marked(report.status, words.message(f'statuses.{report.status}'))}"
        for check in report.checks:
            yield from _check_as_text(check, subject, words)
    yield ""
    yield marked(walk.verdict.status, message_of(walk.verdict, subject, words))


def _check_as_text(check: Check, subject: Subject, words: Content) -> Iterator[str]:
    text = words.check(check.id).fill(check, subject)
    word = words.message(f"statuses.{check.status}")
    yield f"  {marked(check.status, f'{word}  {text.title}')}"
    details = {"got": check.got}
    if check.reason:
        yield f"      {words.message(f'reasons.{check.reason}')}"
    if check.status is not Status.PASSED:
        details = {
            "got": check.got,
            "expected": check.expected,
            "where": check.where,
            "server_said": check.error,
            "why": text.why,
            "fix": text.fix if check.status is not Status.NOT_REACHED else "",
        }
    yield from labelled({words.message(f"ui.{name}"): value for name, value in details.items()}, indent=6)
