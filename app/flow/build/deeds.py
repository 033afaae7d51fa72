"""What a learner did that leaves no object behind, as the servers see it by the requests that they get.

Looking around and looking inside change nothing in a cluster, so no check of a walk can see them.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from app.flow.json_access import get, get_list
from app.flow.model import JsonValue
from app.flow.names import TOKEN_PATH
from app.flow.steps.injection import TOKEN_VARIABLE, containers, environment

_PRINTS_VARIABLES = ("env", "printenv", "set", "export")


class Deed(StrEnum):
    """One of them; also its name in the words of the page."""

    LOG_BEFORE = "log_before"
    """Read the log of a Pod without IRSA whose program had failed."""
    ISSUER = "issuer"
    """Asked for the cluster's issuer."""
    LOG_AFTER = "log_after"
    """Read the log of a Pod that the webhook had edited."""
    VARIABLES = "variables"
    """Printed the variables in such a Pod."""
    TOKEN = "token"
    """Read the token file in such a Pod."""
    ASSUMED = "assumed"
    """Got credentials for a token without a Pod."""


def is_injected(pod: JsonValue) -> bool:
    """Whether a container has the variable that names the token file."""
    return any(TOKEN_VARIABLE in environment(container) for container in containers(pod))


def has_failed(pod: JsonValue) -> bool:
    """Whether a program in it has ended with an error, now or before its restart."""
    ended = (
        get(status, state, "terminated", "exitCode")
        for status in get_list(pod, "status", "containerStatuses")
        for state in ("state", "lastState")
    )
    return any(isinstance(code, int) and code != 0 for code in ended)


def of_log(pod: JsonValue) -> Deed | None:
    """What it is to read the log of this Pod; None where it teaches nothing here."""
    if is_injected(pod):
        return Deed.LOG_AFTER
    return Deed.LOG_BEFORE if has_failed(pod) else None


def of_command(pod: JsonValue, words: Sequence[str]) -> frozenset[Deed]:
    """What it is to run a command in this Pod: `kubectl exec`, with the command as a list or as a line of a shell."""
    if not is_injected(pod):
        return frozenset()
    line = " ".join(words)
    reads_token = TOKEN_PATH in line or f"${TOKEN_VARIABLE}" in line or f"${{{TOKEN_VARIABLE}" in line
    own = {word.rpartition("/")[2] for part in words for word in part.replace(";", " ").replace("|", " ").split()}
    prints = not own.isdisjoint(_PRINTS_VARIABLES) or "$AWS_" in line.replace(f"${TOKEN_VARIABLE}", "")
    return frozenset(deed for deed, done in ((Deed.VARIABLES, prints), (Deed.TOKEN, reads_token)) if done)
