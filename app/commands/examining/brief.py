"""A diagnosis in three lines for a terminal: the verdict, its cause, and what fixes it, with the commands below it."""

from __future__ import annotations

from collections.abc import Iterator

from app.commands.rendering import heading, marked
from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.visible import visible
from app.report import permission_words, verdict_words


def of_diagnosis(found: Diagnosis, words: Content) -> Iterator[str]:
    """One line where nothing is wrong. The commands are lines of their own, as they are to be pasted."""
    subject = found.subject
    verdict = f"{subject.namespace}/{subject.service_account}: {verdict_words.verdict(found, words)}"
    yield marked(verdict_words.mark(found), heading(visible(verdict, keep="")))
    if cause := verdict_words.cause(found, words):
        yield f"  {heading(words.message('cli.brief.cause'))}  {visible(cause, keep='')}"
    yield from _remedy(found, words)


def _remedy(found: Diagnosis, words: Content) -> Iterator[str]:
    """What fixes it; else what would let us read more, or be sure."""
    if fix := found.fix:
        label = words.message(f"doctor.{verdict_words.fix_heading(found)}")
        yield f"  {heading(label)}  " + words.message(f"doctor.fixes.{fix.id}")
        yield from (f"    {visible(choice)}" for choice in fix.choices)
        for command in fix.commands:
            yield from (f"    {line}" for line in visible(command).splitlines())
        if fix.then:
            yield f"  {words.message(f'doctor.then.{fix.then}')}"
        return
    label = f"  {heading(words.message('cli.brief.next'))}  "
    if (named := found.verdict.check) is not None:
        for sentence, text in permission_words.would_allow(named, words):
            yield label + sentence
            yield from (f"    {line}" for line in text.splitlines())
        if permission_words.lacks_more(found):
            yield label + words.message("doctor.rbac.more")
            yield "    --rbac"
    if actions := found.to_be_sure:
        yield label + words.message("doctor.to_be_sure")
        yield f"    {' '.join(f'--do {action}' for action in actions)}"
