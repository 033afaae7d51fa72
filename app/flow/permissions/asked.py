"""What a Pod asks of AWS, as far as something says so: an option, its command line, or an AWS service that refused it.

Nothing is assumed of a Pod that says nothing: many roles need no permission for S3, and some need none at all.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.flow.errors import FlowError
from app.flow.json_access import get_list, get_object, get_str, strings
from app.flow.model import JsonValue

LIST_BUCKETS = "s3:ListAllMyBuckets"
"""The action of S3's ListBuckets (service authorization reference, Amazon S3)."""
ANY = "*"
"""The resource of an action that knows none."""

_AWS_CLI = re.compile(r"(?:^|/)aws-cli(?:[:@]|$)")
"""Images of the AWS CLI, whose entry point is `aws`."""
_WITH_VALUE = ("--profile", "--region", "--output", "--query", "--ca-bundle")
"""Options of the AWS CLI that stand anywhere and change nothing of what is asked for."""
_ELSEWHERE = ("--endpoint-url", "--no-sign-request")
"""Options with which AWS is not asked, or not as the role."""
_LISTINGS = (["s3", "ls"], ["s3", "ls", "s3://"], ["s3api", "list-buckets"])
_BEFORE_COMMAND = ("exec", "do", "then", "else", "if", "while", "until", "!", "time")
_SEPARATORS = frozenset(";&|()<>")
_ACTION = re.compile(r"[\w-]+:\w+", re.ASCII)
_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w*-]*:[\w*-]*:[^\s].*")
"""IAM user guide, "Amazon Resource Names (ARNs)": six parts, of which S3 leaves the Region and the account empty."""


@dataclass(frozen=True, kw_only=True)
class AskedAction:
    """One action that a Pod needs."""

    action: str
    """Such as `dynamodb:GetItem`."""
    resource: str = ""
    """An ARN, or `*` for an action that knows no resources; empty where nothing says on what."""


LISTING = AskedAction(action=LIST_BUCKETS, resource=ANY)


class NotAnAction(FlowError):
    """No Pod can need this. `got` is the word, of an action or of a resource."""


def needed(actions: Iterable[str], resource: str) -> tuple[AskedAction, ...]:
    """The action that the Pod needs, as a reader typed it. `resource` is empty where none was typed. Raises
    `NotAnAction`."""
    named = tuple(dict.fromkeys(actions))
    for action in named:
        if not _ACTION.fullmatch(action):
            raise NotAnAction(code="not_an_action", server_message="", got=action)
    if resource and not named:
        raise NotAnAction(code="action_missing", server_message="", got=resource)
    if resource and not _ARN.fullmatch(resource):
        raise NotAnAction(code="not_an_arn", server_message="", got=resource)
    return tuple(AskedAction(action=action, resource=resource) for action in named)


def of_command(pod: JsonValue) -> tuple[AskedAction, ...]:
    """What the command lines of a Pod's containers ask for, as far as they are those of the AWS CLI.

    Only an action without resources is recognized: what a command does to a resource may be allowed by the resource's
    own policy, which is not read here.
    """
    boxes = (box for kind in ("containers", "initContainers") for box in get_list(pod, "spec", kind))
    lists = any(_lists_buckets(words) for box in boxes for words in _command_lines(box))
    return (LISTING,) if lists else ()


def _command_lines(box: JsonValue) -> Iterator[list[str]]:
    """The arguments of every `aws` that a container's command runs."""
    command, arguments = strings(get_object(box).get("command")), strings(get_object(box).get("args"))
    words = command + arguments
    if not command and _AWS_CLI.search(get_str(box, "image")):
        yield arguments
    elif words and posixpath.basename(words[0]) == "aws":
        yield words[1:]
    elif "-c" in words[:-1]:
        for line in words[words.index("-c") + 1].splitlines():
            yield from _of_script(line)


def _of_script(line: str) -> Iterator[list[str]]:
    """The commands in one line of a shell script. A line that shlex cannot read has none."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        tokens = list(lexer)
    except ValueError:
        return
    command: list[str] = []
    for token in (*tokens, ";"):
        if set(token) - _SEPARATORS:
            command.append(token)
            continue
        if token[0] in "<>" and command and command[-1].isdigit():  # the 2 of 2>&1
            command.pop()
        while command and (command[0] in _BEFORE_COMMAND or "=" in command[0]):
            del command[0]
        if command and posixpath.basename(command[0]) == "aws":
            yield command[1:]
        command = []


def _lists_buckets(words: list[str]) -> bool:
    if any(word.partition("=")[0] in _ELSEWHERE for word in words):
        return False
    before = ["", *words]
    said = [
        word for word, last in zip(words, before, strict=False) if not word.startswith("--") and last not in _WITH_VALUE
    ]
    return said in _LISTINGS
