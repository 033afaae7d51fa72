"""`walk`: all six steps in a new simulated world, whole or with faults in it, and what follows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from app.commands.failure import CannotRun
from app.commands.faults import chosen, offered
from app.commands.help import command_of, output_options
from app.commands.listening import simulating
from app.commands.rendering import heading, labelled, marked, print_json, print_lines
from app.content import Content, load
from app.flow.model import HOLDS, Check, JsonValue, Status, Step, StepReport, Subject
from app.flow.verdict.judge import Verdict
from app.flow.visible import visible, visible_ends
from app.report import document, unified_diff
from app.settings import Settings

if TYPE_CHECKING:
    from app.flow.doctor import Diagnosis

MODE = "simulated"
SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")


def command(settings: Settings, words: Content) -> click.Command:
    """The command, in the language of the locale where `--lang` is not given."""

    @command_of("walk", words)
    @click.option(
        "--fault",
        "names",
        multiple=True,
        metavar="ID",
        help=words.message("cli.help.fault"),
        shell_complete=lambda _, __, typed: offered(typed, words),
    )
    @output_options(settings, words)
    @click.pass_context
    def walk(context: click.Context, names: tuple[str, ...], output: str, lang: str) -> None:
        reader = load(lang)
        faults = tuple(fault.id for fault in chosen(names, reader))
        found = walk_once(faults, reader)
        if output == "json":
            print_json(as_json(found, faults, reader))
        else:
            print_lines(as_text(found, faults, reader))
        context.exit(0 if found.verdict.status in HOLDS else 1)

    return walk


def walk_once(faults: Sequence[str], words: Content) -> Diagnosis:
    """The diagnosis of the scenario's `default/my-sa` and `pod-after`, in a new world with these faults in force.

    Raises `CannotRun` where one fault removes what another one would change.
    """
    from app.flow.doctor import examine
    from app.wiring import simulated
    from app.world.faults import CannotBeInjected
    from app.world.lifecycle.simulation import Simulation

    with simulating(words), Simulation() as simulation:
        world = simulation.world("walk")
        try:
            simulation.inject(world, *faults)
        except CannotBeInjected as error:
            values = {"got": ", ".join(faults), "fault": error.fault_id, "said": error.obstacle}
            raise CannotRun(words, "faults_exclude", **values) from error
        return examine(simulated(simulation, world), SUBJECT)


def as_json(found: Diagnosis, faults: Sequence[str], words: Content) -> JsonValue:
    """The walk as the command line's JSON: the same keys in every language, the sentences in this one."""
    exchanges = {report.step: report.exchanges for report in found.walk}
    return {
        "mode": MODE,
        "subject": dataclasses.asdict(found.subject),
        "faults": [
            {"id": fault, "title": words.message(f"faults.{fault}.title"), "change": _change(fault, words)}
            for fault in faults
        ],
        "steps": [
            {
                "step": step,
                "status": _status(step, checks, found),
                "checks": [_check_as_json(check, found.subject, words) for check in checks],
                "exchanges": [dataclasses.asdict(exchange) for exchange in exchanges[step]],
            }
            for step, checks in found.steps()
        ],
        "verdict": _verdict_as_json(found, words),
    }


def _change(fault: str, words: Content) -> str:
    """What the fault changes in the world."""
    from app.world.faults import names
    from app.world.setup.scenario import ARTICLE

    return words.message(f"faults.{fault}.change", **names(ARTICLE))


def _status(step: Step, checks: tuple[Check, ...], found: Diagnosis) -> Status:
    """The worst status of a step. A check of a running Pod that cannot be made leaves the status of the step's own
    checks."""
    telling = tuple(it for it in checks if it not in found.checks or it.status in (Status.FAILED, Status.WARNING))
    return StepReport(step=step, checks=telling).status


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


def _verdict_as_json(found: Diagnosis, words: Content) -> JsonValue:
    judged, fix = found.verdict, found.fix
    return {
        "status": judged.status,
        "outcome": judged.outcome,
        "step": judged.step,
        "check": judged.check.id if judged.check else None,
        "message": message_of(judged, found.subject, words),
        **document.conclusions(judged),
        "fix": None
        if fix is None
        else {"id": fix.id, "commands": list(fix.commands), "diff": list(unified_diff.lines(fix.change))},
    }


def message_of(verdict: Verdict, subject: Subject, words: Content) -> str:
    """The verdict in a sentence."""
    if verdict.step is None or verdict.check is None:
        return words.message(f"verdict.{verdict.status}")
    return words.message(
        f"verdict.{verdict.key}",
        step=words.message(f"steps.{verdict.step}.title"),
        check=words.check(verdict.check.id).fill(verdict.check, subject).title,
    )


def as_text(found: Diagnosis, faults: Sequence[str], words: Content) -> Iterator[str]:
    """The walk for a reader: each step with its checks; got and expected always, why and fix where one did not pass."""
    # (1) The subject, and the faults.
    mode = words.message(f"ui.mode_{MODE}")
    yield heading(words.message("cli.walk.title", mode=mode))
    subject = found.subject
    yield from labelled(
        {
            words.message("ui.service_account"): f"{subject.namespace}/{subject.service_account}",
            words.message("ui.pod"): f"{subject.namespace}/{subject.pod}",
        },
        indent=2,
    )
    for fault in faults:
        yield ""
        yield heading(f"{fault}  {words.message(f'faults.{fault}.title')}")
        yield f"  {_change(fault, words)}"

    # (2) Step by step.
    for number, (step, checks) in enumerate(found.steps(), 1):
        yield ""
        title, status = f"{number}  {words.message(f'steps.{step}.title')}", _status(step, checks, found)
        yield f"{heading(title)}  {marked(status, words.message(f'statuses.{status}'))}"
        for check in checks:
            yield from _check_as_text(check, subject, words)

    # (3) What follows.
    from app.commands.verdict_text import conclusions

    yield from conclusions(found, words)
    yield ""
    yield marked(found.verdict.status, visible(message_of(found.verdict, subject, words), keep=""))


def _check_as_text(check: Check, subject: Subject, words: Content) -> Iterator[str]:
    text = words.check(check.id).fill(check, subject)
    word = words.message(f"statuses.{check.status}")
    title = visible(text.title, keep="")
    yield f"  {marked(check.status, f'{word}  {title}')}"
    details = {"got": visible_ends(check.got)}
    if check.reason:
        yield f"      {words.message(f'reasons.{check.reason}')}"
    if check.status is not Status.PASSED:
        details = {
            "got": visible_ends(check.got),
            "expected": visible_ends(check.expected),
            "where": check.where,
            "server_said": check.error,
            "why": text.why,
            "fix": text.fix if check.status is not Status.NOT_REACHED else "",
        }
    yield from labelled({words.message(f"ui.{name}"): value for name, value in details.items()}, indent=6)
