"""A policy as a reader types it: its document, or where its JSON breaks and what was expected there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.flow import strict_json
from app.flow.json_access import get, strings
from app.flow.model import JsonValue
from app.flow.policy.json_places import Path, Place, places
from app.flow.policy.policy_grammar import MalformedPolicy, may_be_trusted_with, validate_trust_policy
from app.flow.visible import visible_each

MOST_STATEMENTS = 50
"""Statements of a policy that is evaluated. Each is evaluated a dozen times at every key that is pressed; IAM's quota
of 2,048 characters has room for about ten."""
LONGEST = 20_000
"""Characters that are looked at. IAM's own quota for a trust policy cannot be raised beyond a fifth of it."""
QUOTA = 2048
"""Characters, white space not counted, that a trust policy may have by default (IAM quota `ACLSizePerRole`)."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TOKEN = re.compile(r"[\s\"'`]*+(?i:(?:authorization\s*+:\s*+)?+bearer\s++)?+eyJ[\w-]++\.")
"""How a token begins, with what is often copied along. This room lies below `app.flow.tokens`, which can read one."""
_FOREIGN = re.compile(r"[^\t\n\r\x20-\xff]")
"""What IAM takes into no policy document (the pattern of its parameter `AssumeRolePolicyDocument`)."""
_EXPECTED = (
    ("Expecting value", "value"),
    ("Expecting property name", "name"),
    ("Expecting ':'", "colon"),
    ("Expecting ','", "comma"),
    ("Illegal trailing comma", "trailing_comma"),
    ("Unterminated string", "quote"),
    ("Invalid control character", "line_break"),
    ("Invalid \\", "escape"),
    ("Extra data", "end"),
)
"""How the messages of Python's `json` begin, and the key of our words for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a text is no policy that could be evaluated."""

    code: str
    """The key of its words: `too_long`, `many_statements`, `empty`, `control`, `not_object`, `number`, `token`,
    or what JSON expected there."""
    line: int = 0
    """From 1; 0 where it is the whole text."""
    column: int = 0
    found: str = ""
    """The character that stands there, as one can see it; empty at the end of the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyText:
    """A text, and the policy in it."""

    counted: int
    """Its characters as IAM counts them: without white space."""
    document: JsonValue = None
    """The JSON object; None where there is a problem."""
    places: Mapping[Path, Place] = field(default_factory=dict)
    problem: Problem | None = None
    refusals: tuple[tuple[str, str], ...] = ()
    """Why IAM would not store it, though it can be evaluated: the key of our words, and IAM's own or what was found."""
    wild: str = ""
    """An action with a wildcard, of which it is not confirmed whether IAM stores it."""


def read(text: str) -> PolicyText:
    """The policy in `text`. Never raises."""
    # (1) The text as such.
    if len(text) > LONGEST:
        return PolicyText(counted=len(text), problem=Problem(code="too_long", found=str(len(text))))
    counted = len("".join(text.split()))
    if not counted:
        return PolicyText(counted=0, problem=Problem(code="empty"))
    if control := _CONTROL.search(text):
        return PolicyText(counted=counted, problem=_problem("control", text, control.start()))
    if _TOKEN.match(text):
        return PolicyText(counted=counted, problem=Problem(code="token"))

    # (2) Its JSON.
    try:
        document = strict_json.loads(text)
    except json.JSONDecodeError as error:
        code = next((code for said, code in _EXPECTED if error.msg.startswith(said)), "other")
        return PolicyText(counted=counted, problem=_problem(code, text, error.pos))
    except ValueError:  # Python alone would take it: NaN, 1e999, half a character, a hundred levels.
        return PolicyText(counted=counted, problem=Problem(code="number"))
    if not isinstance(document, dict):
        return PolicyText(counted=counted, problem=_problem("not_object", text, _begin(text)))
    statements = document.get("Statement")
    if isinstance(statements, list) and len(statements) > MOST_STATEMENTS:
        problem = Problem(code="many_statements", found=str(len(statements)))
        return PolicyText(counted=counted, problem=problem)
    return PolicyText(
        counted=counted,
        document=document,
        places=places(text),
        refusals=tuple(_refusals(text, counted)),
        wild=_wild(document),
    )


def _wild(document: JsonValue) -> str:
    statements = document.get("Statement") if isinstance(document, dict) else None
    actions = (
        action
        for statement in (statements if isinstance(statements, list) else [statements])
        for action in strings(get(statement, "Action"))
    )
    return next((it for it in actions if may_be_trusted_with(it) and {"*", "?"} & set(it)), "")


def _refusals(text: str, counted: int) -> list[tuple[str, str]]:
    found = []
    if foreign := _FOREIGN.search(text):
        found.append(("characters", visible_each(foreign[0])))
    try:
        validate_trust_policy(text)
    except MalformedPolicy as error:
        found.append(("malformed", str(error)))
    if counted > QUOTA:
        found.append(("quota", f"Cannot exceed quota for ACLSizePerRole: {QUOTA}"))
    return found


def _problem(code: str, text: str, position: int) -> Problem:
    before = text[:position]
    return Problem(
        code=code,
        line=before.count("\n") + 1,
        column=position - before.rfind("\n"),
        found=visible_each(text[position : position + 1]),
    )


def _begin(text: str) -> int:
    return len(text) - len(text.lstrip())
