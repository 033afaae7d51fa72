"""Which Pod to look at, and how its siblings stand, is read from one list: it is asked for once a walk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.flow.errors import FlowError
from app.flow.port_wrappers.port_proxy import intercepted
from app.flow.ports import Ports


def pods_once(ports: Ports) -> Ports:
    """The same ports, which ask for each list of Pods once, and then give the same answer or raise the same error."""
    answers: dict[tuple[Any, ...], Any] = {}

    def ask(method: str, put: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        if method != "pods":
            return put(*arguments, **options)
        key = (*arguments, *sorted(options.items()))
        if key not in answers:
            try:
                answers[key] = put(*arguments, **options)
            except FlowError as error:
                answers[key] = error
        if isinstance(answers[key], FlowError):
            raise answers[key]
        return answers[key]

    return replace(ports, cluster=intercepted(ports.cluster, ask))
