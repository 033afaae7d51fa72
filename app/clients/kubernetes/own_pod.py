"""The Pod in which this process runs: its name and identity, and commands in it without a request to any server."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.clients.errors import too_large
from app.clients.kubernetes.connection import MOUNT
from app.clients.sources import Program, SourceTooLarge, read_text
from app.flow.api_operations import CLUSTER
from app.flow.json_access import get_str
from app.flow.model import Subject
from app.flow.port_wrappers.port_proxy import intercepted
from app.flow.ports import Cluster, Execution
from app.flow.token import MalformedToken, decode


def subject(directory: Path = MOUNT) -> Subject | None:
    """Who we are, by the token that every Pod has; None where there is no such token, or an old one without a Pod's
    name."""
    try:
        claims = decode(read_text(directory / "token").strip()).claims
    except (OSError, UnicodeDecodeError, MalformedToken):
        return None
    found = Subject(
        namespace=get_str(claims, "kubernetes.io", "namespace"),
        service_account=get_str(claims, "kubernetes.io", "serviceaccount", "name"),
        pod=get_str(claims, "kubernetes.io", "pod", "name"),
    )
    return found if all((found.namespace, found.service_account, found.pod)) else None


def within(cluster: Cluster, own: Subject) -> Cluster:
    """The cluster, where a command in our own Pod runs here: it needs no right to `pods/exec`, and no other container.

    A token that another container of the Pod has is the same: it is the Pod's.
    """

    def ask(method: str, put: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        if method == "execute" and not options and arguments[:2] == (own.namespace, own.pod):
            return run(arguments[3])
        return put(*arguments, **options)

    return intercepted(cluster, ask)


def run(command: Sequence[str]) -> Execution:
    """What a command leaves, with a shell's exit code: 127 where it cannot be started, 124 where it takes too long.

    The commands are the steps' own, without a shell; the paths in them are the Pod's. Raises `TooLarge`.
    """
    try:
        program = Program(command)
        stdout, stderr = program.communicate()
    except SourceTooLarge as error:
        raise too_large(error.limit, CLUSTER["execute"]) from None
    except subprocess.TimeoutExpired as error:
        return Execution(stdout="", stderr=str(error), exit_code=124)
    except (OSError, ValueError) as error:  # the second is for a character that no argument can contain
        return Execution(stdout="", stderr=str(error), exit_code=127)
    return Execution(
        stdout=stdout.decode("utf-8", "replace"),
        stderr=stderr.decode("utf-8", "replace"),
        exit_code=program.returncode,
    )
