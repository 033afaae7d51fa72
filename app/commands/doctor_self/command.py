"""`doctor-self`: which of the things that the app uses this machine has, what will be off, and why. It asks no other
machine."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence

import click

from app import __version__
from app.commands.doctor_self.finding import Finding
from app.commands.failure import COULD_NOT_RUN
from app.commands.help import address_options, command_of, output_options
from app.commands.rendering import heading, labelled, marked, pad, print_json, print_lines, width, wrapped
from app.content import Content, load
from app.flow.model import JsonValue, Status
from app.flow.visible import visible
from app.settings import Settings

COLUMNS = 80
WORDS_OF_STATUS = {
    Status.PASSED: "on",
    Status.WARNING: "off",
    Status.FAILED: "cannot_start",
    Status.UNKNOWN: "unknown",
}


def command(settings: Settings, words: Content) -> click.Command:
    """The command, with the defaults that the environment gives."""

    @command_of("doctor-self", words)
    @address_options(settings, words)
    @click.option(
        "--learners",
        type=click.IntRange(1, 100_000),
        default=1,
        show_default=True,
        help=words.message("cli.help.learners"),
    )
    @output_options(settings, words)
    @click.pass_context
    def doctor_self(context: click.Context, host: str, port: int, learners: int, output: str, lang: str) -> None:
        reader = load(lang)
        found = list(look(settings, host, port, learners, reader))
        if output == "json":
            print_json(as_json(found, reader))
        else:
            print_lines(as_text(found, reader))
        context.exit(exit_status(found))

    return doctor_self


def look(settings: Settings, host: str, port: int, learners: int, words: Content) -> Iterator[Finding]:
    """All findings; first those about what the app needs to start."""
    from app.commands.doctor_self import machine, offered, software, trial_run
    from app.commands.listening import served_on

    address = served_on(host, port)
    yield software.python()
    yield software.packages()
    yield machine.port(host, port, words)
    yield machine.temporary()
    yield machine.state(settings)
    yield machine.missions(settings)
    yield from trial_run.world(learners)
    yield offered.live(settings, address)
    yield offered.console(settings, address)
    yield trial_run.confinement()
    yield machine.cpu(learners)
    yield machine.memory(learners, settings, address)
    yield machine.connections(learners, settings)
    yield software.drawing()
    yield software.fonts()
    yield software.terminal()
    yield machine.bytecode()
    yield machine.clock()


def exit_status(found: Sequence[Finding]) -> int:
    """0: all is on; 1: something will be off; 2: the app cannot start. What is unknown is not off."""
    statuses = {it.status for it in found}
    return COULD_NOT_RUN if Status.FAILED in statuses else int(Status.WARNING in statuses)


def as_json(found: Sequence[Finding], words: Content) -> JsonValue:
    """The findings as JSON, for scripts."""
    return {
        "format": "irsa-explorer doctor-self",
        "version": __version__,
        "outcome": ("all_on", "some_off", "cannot_start")[exit_status(found)],
        "findings": [
            {
                "id": it.id,
                "status": WORDS_OF_STATUS[it.status],
                "title": words.message(f"doctor_self.{it.id}.title"),
                "got": it.got,
                "expected": it.expected,
                "off": it.text("off", words),
                "fix": it.text("fix", words),
            }
            for it in found
        ],
    }


def as_text(found: Sequence[Finding], words: Content) -> Iterator[str]:
    """A line for each finding; below one that is not on: what was found, what was expected, what will be off, what to
    do."""
    yield heading(
        f"IRSA Explorer {__version__}, Python {platform.python_version()}, {platform.system()} {platform.release()}"
    )
    titles = {it.id: words.message(f"doctor_self.{it.id}.title") for it in found}
    columns = max(map(width, titles.values()))
    parts = ("got", "expected", "off", "unknown", "fix")
    labels = {part: words.message(f"doctor_self.{part}") for part in parts}
    room = COLUMNS - 6 - max(map(width, labels.values()))
    for it in found:
        if it.status is Status.PASSED:
            first, *others = wrapped(visible(it.got, keep=""), COLUMNS - columns - 4)
            yield marked(it.status, f"{pad(titles[it.id], columns)}  {first}".rstrip())
            yield from (f"{' ' * (columns + 4)}{line}" for line in others)
            continue
        yield marked(it.status, titles[it.id])
        why = "unknown" if it.status is Status.UNKNOWN else "off"
        said = {"got": it.got, "expected": it.expected, why: it.text("off", words), "fix": it.text("fix", words)}
        yield from labelled({labels[part]: "\n".join(wrapped(text, room)) for part, text in said.items()}, indent=4)
    off, failed = (sum(it.status is status for it in found) for status in (Status.WARNING, Status.FAILED))
    key, status = (
        ("cannot_start", Status.FAILED)
        if failed
        else ("some_off", Status.WARNING)
        if off
        else ("all_on", Status.PASSED)
    )
    yield marked(status, heading(words.message(f"doctor_self.{key}", off=off, failed=failed)))
