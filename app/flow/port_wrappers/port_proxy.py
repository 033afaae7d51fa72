"""Ports that hand each question to a function, which may put it, refuse it or stop waiting for the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from app.flow.ports import Aws, Cluster, Issuer

_Port = TypeVar("_Port", Cluster, Aws, Issuer)


class Asking(Protocol):
    """Puts one question to a port, or raises a `FlowError` instead."""

    def __call__(self, method: str, put: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """`method` is the name that the port has for it; `put(*arguments, **options)` asks."""
        ...


class _Intercepted:
    """A port as others see it. What sends no request (`exchanges`, `region`) is the port's own."""

    def __init__(self, port: object, ask: Asking) -> None:
        self._port = port
        self._ask = ask

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name == "exchanges" or not callable(found):
            return found

        def asked(*arguments: Any, **options: Any) -> Any:
            return self._ask(name, found, *arguments, **options)

        return asked


def intercepted(port: _Port, ask: Asking) -> _Port:
    """The same port, where `ask` puts the questions."""
    return cast(_Port, _Intercepted(port, ask))
