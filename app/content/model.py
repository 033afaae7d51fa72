"""The texts of one language, as frozen objects. Nothing here knows where they were read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.content.errors import ContentError
from app.content.languages import LanguageFacts
from app.content.template import fill
from app.flow.model import Check, Subject

if TYPE_CHECKING:
    from app.content.messages import Messages


@dataclass(frozen=True, kw_only=True)
class CheckText:
    """The words for one check. Inline code is in backticks, as in Markdown."""

    title: str
    """What holds when it passes, as a short statement."""
    what: str
    """What was looked at."""
    why: str
    """Why IRSA needs it."""
    fix: str
    """What to do when it fails, with the command."""

    def fill(self, check: Check, subject: Subject) -> CheckText:
        """The same words about one walk: `{got}`, `{expected}`, `{where}`, `{namespace}`, `{service_account}`, `{pod}`.

        Values go in as they are; the code that renders markup escapes afterwards.
        """
        values = {
            "got": check.got,
            "expected": check.expected,
            "where": check.where,
            "namespace": subject.namespace,
            "service_account": subject.service_account,
            "pod": subject.pod or "POD",  # as a command line writes what one has to fill in
        }
        return CheckText(
            title=fill(self.title, values),
            what=fill(self.what, values),
            why=fill(self.why, values),
            fix=fill(self.fix, values),
        )


@dataclass(frozen=True, kw_only=True)
class ErrorText:
    """The words for what stopped us: a title, what was got, what was expected, what to do."""

    title: str
    got: str
    expected: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """One `##` section of a lesson. The anchor is the same in every language."""

    anchor: str
    heading: str
    body: str
    """Markdown."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """The prose of one page."""

    page: str
    title: str
    sections: Mapping[str, Section]
    """By anchor, in the order of the page."""

    def section(self, anchor: str) -> Section:
        """Raises `ContentError` where the lesson has no such section."""
        try:
            return self.sections[anchor]
        except KeyError:
            raise ContentError(f"{self.page}.md", anchor, "no such section") from None


@dataclass(frozen=True, kw_only=True)
class Content:
    """Every text of one language."""

    language: str
    """The name of its folder, as BCP 47 has it."""
    facts: LanguageFacts
    messages: Messages
    """By dotted key: `ui.checks`, `steps.webhook.title`, `claims.sub`."""
    checks: Mapping[str, CheckText]
    """By check id."""
    lessons: Mapping[str, Lesson]
    """By page."""

    def message(self, key: str, /, **values: object) -> str:
        """The text of `key`, its placeholders filled. Raises `ContentError` where there is none.

        `key` is positional only: a placeholder may have that name, too.
        """
        try:
            text = self.messages[key]
        except KeyError:
            raise ContentError(self.language, key, "no such message") from None
        return fill(text, values)

    def check(self, check_id: str) -> CheckText:
        """The words for a check. Raises `ContentError` where there are none."""
        try:
            return self.checks[check_id]
        except KeyError:
            raise ContentError(self.language, check_id, "no such check") from None

    def lesson(self, page: str) -> Lesson:
        """The prose of a page. Raises `ContentError` where there is none."""
        try:
            return self.lessons[page]
        except KeyError:
            raise ContentError(self.language, page, "no such lesson") from None

    def claim(self, name: str) -> str:
        """What a header field or claim means; a name that we have no words for gets the words for `other`.

        Parts of `kubernetes.io` are named by their path, such as `kubernetes.io.pod.name`.
        """
        return self.messages.get(f"claims.{name}") or self.message("claims.other")

    def error(self, code: str, /, **values: object) -> ErrorText:
        """The words for an error; a code that we have no words for gets those for `other`.

        `values` fill the placeholders: `said` (the product's own words), `operation`, `got`, `expected`.
        """
        known = code if f"errors.{code}.title" in self.messages else "other"
        return ErrorText(**{part: self.message(f"errors.{known}.{part}", **values) for part in ERROR_PARTS})


CHECK_PARTS = ("title", "what", "why", "fix")
ERROR_PARTS = ("title", "got", "expected", "fix")
