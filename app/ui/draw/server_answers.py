"""What servers answer to requests that are sent only for their answer: accepted, or refused with an error message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from app.content import Content
from app.flow.errors import FlowError
from app.flow.json_access import get, get_str
from app.flow.model import JsonValue, Status
from app.flow.ports import AssumedRole, Credentials, Ports
from app.ui.draw.checks import said
from app.ui.marks import MARKS, unspoken
from app.ui.text import escape, prose, value

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server answered to one request."""

    taken: bool
    got: str = ""
    """The result, where the request was accepted."""
    code: str = ""
    """The server's code for its refusal."""
    server_message: str = ""
    """Its error message, exactly."""

    @property
    def status(self) -> Status:
        """The status for a check's mark."""
        return Status.PASSED if self.taken else Status.FAILED


def ask(question: Callable[[], _Answer], summarize: Callable[[_Answer], str]) -> tuple[Answer, _Answer | None]:
    """Asks, and returns the answer beside the result; `summarize` says the result in a few words."""
    try:
        got = question()
    except FlowError as error:
        return Answer(taken=False, code=error.code, server_message=error.server_message), None
    return Answer(taken=True, got=summarize(got)), got


def exchanged(ports: Ports, role_arn: str, session_name: str, token: str) -> tuple[Answer, AssumedRole | None]:
    """STS's answer to that token, and the assumed role; None for the role where STS refused."""
    asked = partial(ports.aws.assume_role_with_web_identity, role_arn, session_name, token)
    return ask(asked, lambda role: role.arn)


def reviewed(status: JsonValue) -> Answer:
    """The answer in the `status` of a TokenReview."""
    if get(status, "authenticated") is True:
        return Answer(taken=True, got=get_str(status, "user", "username"))
    return Answer(taken=False, server_message=get_str(status, "error"))


def listed(ports: Ports, credentials: Credentials) -> Answer:
    """S3's answer to ListBuckets in that session."""
    return ask(lambda: ports.aws.list_buckets(credentials), ", ".join)[0]


def row(title: str, answer: Answer, content: Content, *, note: str) -> str:
    """A question with its answer as an item of a list: `title` and `note` are sentences of ours."""
    sign = unspoken(MARKS[answer.status])
    word = content.message("answers.taken" if answer.taken else "answers.refused")
    got = f"<p>{value(answer.got)}</p>" if answer.got else ""
    message = f"{answer.code}: {answer.server_message}" if answer.code else answer.server_message
    words = said(message, content) if answer.server_message else ""
    below = f'<p class="quiet">{prose(note)}</p>' if note else ""
    return (
        f'<li class="{answer.status}"><div class="name">{sign} {prose(title)}'
        f'<b class="word">{escape(word)}</b></div>{got}{words}{below}</li>'
    )
