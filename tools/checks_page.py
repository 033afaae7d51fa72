"""Writes what every check looks at, and how to fix it, into `docs/checks*.md`: `python -m tools.checks_page`.

The texts are those of `assets/content`. The anchor of a check is its id, so that the doctor can point to it.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.content import Content
from app.content.template import in_capitals
from app.flow.model import Step
from app.flow.steps.walk import STEPS
from app.flow.verdict.check_dependencies import PLACES
from tools.written_pages import write


def document(words: Content) -> str:
    """The page, in the language of `words`."""
    return "\n".join(_lines(words)).rstrip() + "\n"


def _lines(words: Content) -> Iterator[str]:
    yield f"# {words.message('checks_page.title')}"
    yield ""
    yield words.message("checks_page.lead")
    for number, (step, module) in enumerate(zip(Step, STEPS, strict=True), 1):
        yield ""
        yield f"## {number}. {words.message(f'steps.{step}.title')}"
        for check_id in (*module.CHECKS, *(added for added, place in PLACES.items() if place is step)):
            text = words.check(check_id)
            yield ""
            yield f'<a id="{check_id}"></a>'
            yield ""
            yield f"### `{check_id}` {text.title}"
            for key in ("what", "why", "fix"):
                yield ""
                yield f"**{words.message(f'ui.{key}')}.** {in_capitals(getattr(text, key))}"


if __name__ == "__main__":
    write("checks_page.file", document)
