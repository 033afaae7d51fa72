"""What follows from a diagnosis, for a terminal.

The long form: where the break appears, what else is broken, causes, the fix. The short form: the verdict, its cause and
what fixes it in three lines, with the commands below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from app.commands.rendering import heading, labelled, marked
from app.content import Content
from app.flow.doctor import Diagnosis, Fix
from app.flow.visible import visible
from app.report import permission_words, prediction_words, unified_diff, verdict_words

_COLOURS = {"+": "green", "-": "red"}


def conclusions(found: Diagnosis, words: Content) -> Iterator[str]:
    """The long form, each part after an empty line; nothing where nothing is wrong."""
    yield from _seen(found, words)
    yield from _later(found, words)
    yield from _causes(found, words)
    yield from _fix(found, words)


def _seen(found: Diagnosis, words: Content) -> Iterator[str]:
    if seen := found.verdict.seen:
        yield ""
        yield heading(words.message("cli.verdict.seen", step=words.message(f"steps.{seen.step}.short")))
        yield from labelled(
            {words.message("ui.server_said"): seen.text.strip(), words.message("ui.where"): seen.where}, indent=2
        )


def _later(found: Diagnosis, words: Content) -> Iterator[str]:
    if later := found.verdict.later:
        yield ""
        yield heading(words.message("cli.verdict.later"))
        for step, check in later:
            title = visible(verdict_words.title(check, found, words), keep="")
            place = words.message(f"steps.{step}.short")
            yield f"  {marked(check.status, f'{title} ({place})')}"


def _causes(found: Diagnosis, words: Content) -> Iterator[str]:
    judged = found.verdict
    if not judged.refusal:
        return
    yield ""
    yield heading(words.message("doctor.refusal"))
    yield f"  {words.message(f'doctor.refusals.{judged.refusal}')}"
    for title, causes in verdict_words.meanings(found, words):
        yield f"  {heading(title)}"
        yield from (f"    {cause}" for cause in causes)


def _fix(found: Diagnosis, words: Content) -> Iterator[str]:
    if found.fix is not None:
        yield ""
        yield heading(words.message(f"doctor.{verdict_words.fix_heading(found)}"))
        yield from to_do(found.fix, words, _prediction(found, words))


def to_do(fix: Fix, words: Content, foretold: Iterable[str] = ()) -> Iterator[str]:
    """A fix, line by line, with what it leads to."""
    yield f"  {words.message(f'doctor.fixes.{fix.id}')}"
    yield from (f"    {visible(choice)}" for choice in fix.choices)
    for command in fix.commands:
        yield ""
        yield f"    {visible(command)}"
    if fix.commands:
        yield ""
        yield f"  {click.style(words.message('doctor.copy_note'), dim=True)}"
    if fix.then:
        yield f"  {words.message(f'doctor.then.{fix.then}')}"
    yield from foretold
    if fix.change is not None:
        yield ""
        for line in unified_diff.lines(fix.change):
            yield f"    {click.style(visible(line, keep=''), fg=_COLOURS.get(line[:1]))}"


def _prediction(found: Diagnosis, words: Content) -> Iterator[str]:
    foretold = prediction_words.prediction(found, words)
    if foretold is None:
        return
    yield ""
    yield heading(words.message("doctor.prediction.title"))
    yield f"  {visible(foretold.sentence, keep='')}"
    if (check := foretold.next) is not None:
        details = {"got": check.got, "expected": check.expected, "server_said": foretold.prediction.server_message}
        yield from labelled({words.message(f"ui.{name}"): text for name, text in details.items()}, indent=2)
    if foretold.unknown:
        yield f"  {words.message('doctor.prediction.open')}"
        yield from (f"    {visible(item, keep='')}" for item in foretold.unknown)


def briefly(found: Diagnosis, words: Content) -> Iterator[str]:
    """The short form: one line where nothing is wrong. Each command has a line of its own, so that it can be pasted."""
    subject = found.subject
    verdict = f"{subject.namespace}/{subject.service_account}: {verdict_words.verdict(found, words)}"
    yield marked(verdict_words.mark(found), heading(visible(verdict, keep="")))
    if cause := verdict_words.cause(found, words):
        yield f"  {heading(words.message('cli.brief.cause'))}  {visible(cause, keep='')}"
    yield from _brief_remedy(found, words)


def _refused(found: Diagnosis, words: Content) -> Iterator[str]:
    """What the API server refused of the fix in a dry run: the short form says of what a fix leads to this alone."""
    foretold = prediction_words.prediction(found, words)
    if foretold is not None and (said := foretold.prediction.server_message):
        yield f"  {visible(foretold.sentence, keep='')}"
        yield from labelled({words.message("ui.server_said"): said}, indent=2)


def _brief_remedy(found: Diagnosis, words: Content) -> Iterator[str]:
    """What fixes it; else what would let us read more, or prove it."""
    if fix := found.fix:
        label = words.message(f"doctor.{verdict_words.fix_heading(found)}")
        yield f"  {heading(label)}  " + words.message(f"doctor.fixes.{fix.id}")
        yield from (f"    {visible(choice)}" for choice in fix.choices)
        for command in fix.commands:
            yield from (f"    {line}" for line in visible(command).splitlines())
        if fix.then:
            yield f"  {words.message(f'doctor.then.{fix.then}')}"
        yield from _refused(found, words)
        return
    label = f"  {heading(words.message('cli.brief.next'))}  "
    if (named := found.verdict.check) is not None:
        lacking = permission_words.would_allow(named, words)
        for sentence, text in (*lacking, *permission_words.instead(named, found, words)):
            yield label + sentence
            yield from (f"    {line}" for line in text.splitlines())
        if permission_words.lacks_more(found):
            yield label + words.message("doctor.rbac.more")
            yield "    --rbac"
    if actions := found.to_be_sure:
        yield label + words.message("doctor.to_be_sure")
        yield f"    {' '.join(f'--do {action}' for action in actions)}"
