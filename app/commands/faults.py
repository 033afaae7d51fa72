"""`faults`: every fault that the simulated world can have, with the words that come of it in a fresh world; and those
that a command line names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from app.commands.failure import CannotRun
from app.commands.help import command_of, output_options
from app.commands.listening import simulating
from app.commands.rendering import heading, labelled, print_json, print_lines
from app.content import Content, load
from app.flow.model import JsonValue, Step
from app.settings import Settings

if TYPE_CHECKING:
    from app.world.faults import Fault


_NEAREST = 3


def command(settings: Settings, words: Content) -> click.Command:
    """The command, in the language of the locale where `--lang` is not given."""

    @command_of("faults", words)
    @output_options(settings, words)
    def faults(output: str, lang: str) -> None:
        reader = load(lang)
        with simulating(reader):
            texts = texts_in_a_fresh_world()
        if output == "json":
            print_json(as_json(texts, reader))
        else:
            print_lines(as_text(texts, reader))

    return faults


def texts_in_a_fresh_world() -> Mapping[str, str]:
    """The message of each fault in a new world, by the fault's id, with the names of that world."""
    from app.world.faults import FAULTS
    from app.world.lifecycle.simulation import Simulation

    with Simulation() as simulation:
        world = simulation.world("faults")
        return {fault.id: fault.text(world) for fault in FAULTS.values()}


def as_json(texts: Mapping[str, str], words: Content) -> JsonValue:
    """All faults, and those that are left out with the reason; `title` and `reason` depend on the language."""
    from app.world.faults import FAULTS, LEFT_OUT

    return {
        "faults": [
            {
                "id": fault.id,
                "number": fault.number,
                "title": words.message(f"faults.{fault.id}.title"),
                "cause": fault.step,
                "seen": fault.seen,
                "changes": fault.changes,
                "text": texts[fault.id],
                "harmless": fault.harmless,
            }
            for fault in FAULTS.values()
        ],
        "left_out": [
            {"number": number, "reason": words.message(f"faults.left_out.{key}")} for number, key in LEFT_OUT.items()
        ],
    }


def as_text(texts: Mapping[str, str], words: Content) -> Iterator[str]:
    """The same for a reader."""
    from app.world.faults import FAULTS, LEFT_OUT

    yield heading(words.message("cli.faults.title", count=len(FAULTS)))
    yield f"  {words.message('cli.faults.try')}"
    for fault in FAULTS.values():
        yield ""
        yield heading(f"{fault.id}  {words.message(f'faults.{fault.id}.title')}")
        yield from labelled(_details(fault, texts[fault.id], words), indent=2)
    yield ""
    yield heading(words.message("cli.faults.left_out"))
    yield from (f"  {words.message(f'faults.left_out.{key}')}" for key in LEFT_OUT.values())


def _details(fault: Fault, text: str, words: Content) -> dict[str, str]:
    def step(step: Step | None) -> str:
        return words.message(f"steps.{step}.short" if step else "cli.faults.nowhere")

    return {
        words.message("cli.faults.cause"): step(fault.step),
        words.message("cli.faults.seen"): step(fault.seen),
        words.message("cli.faults.text"): text,
    }


def chosen(names: Sequence[str], words: Content) -> tuple[Fault, ...]:
    """The faults of these ids, each once, in any case of letters. Raises `CannotRun` for an id that does not exist."""
    from app.world.faults import FAULTS, find_fault, left_out

    found = {}
    for name in names:
        if (key := left_out(name)) is not None:
            reason = words.message(f"faults.left_out.{key}")
            raise CannotRun(words, "fault_left_out", got=name, reason=reason)
        if (fault := find_fault(name)) is None:
            by_name = {fault_id.lower(): fault_id for fault_id in FAULTS}
            nearest = get_close_matches(name.lower(), by_name, _NEAREST, cutoff=0)
            raise CannotRun(words, "unknown_fault", got=name, nearest=", ".join(map(by_name.__getitem__, nearest)))
        found[fault.id] = fault
    return tuple(found.values())


def offered(typed: str, words: Content) -> list[CompletionItem[str]]:
    """The ids that begin with the typed text, in any case of letters, each with its title, for a shell to complete."""
    from app.world.faults import FAULTS

    found = (fault_id for fault_id in FAULTS if fault_id.lower().startswith(typed.lower()))
    return [CompletionItem(fault_id, help=words.message(f"faults.{fault_id}.title")) for fault_id in found]
