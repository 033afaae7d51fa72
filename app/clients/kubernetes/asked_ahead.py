"""A cluster that is asked at once for all that a walk reads, so that the walk does not wait for one answer after the
other.

A walk asks in the order of its steps. Over a slow line each question costs a round trip, although few questions need
the answer to another one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from app.clients.recorder import CAPACITY
from app.flow.errors import FlowError, Unreachable
from app.flow.model import Exchange, Subject
from app.flow.port_wrappers.permissions_needed import TOKENS, sent_for
from app.flow.ports import Cluster

_Question = tuple[str, tuple[Any, ...]]


class AskedAhead:
    """The `Cluster` port of one walk. Until `ahead` is called it passes each question on.

    What is asked ahead is asked once: the walk gets the same answer each time that it asks again. The same is true of
    the list of Pods, from which the walk's own Pod was chosen before. An exchange is listed once the walk first uses
    its answer, so that each step shows its own. The first question is asked alone, so that a server that does not
    answer it gets no other one.
    """

    def __init__(self, connect: Callable[[], Cluster]) -> None:
        """`connect` makes the port itself, with exchanges of its own; it is called for each question asked ahead."""
        self._connect = connect
        self._own = connect()
        self._answers: dict[_Question, _Answer] = {}
        self._wanted: list[_Question] = []
        """The questions that are asked once the server has answered the first one."""
        self._has_answered = False
        self._exchanges: deque[Exchange] = deque(maxlen=CAPACITY)

    def ahead(self, subject: Subject) -> None:
        """Once the server has answered, asks for what every walk of this subject reads, and does not wait for the
        answers."""
        self._wanted = _questions(subject)
        self._start()

    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges whose answers the walk has used so far, in that order."""
        return tuple(self._exchanges)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def ask(*arguments: Any, **options: Any) -> Any:
            try:
                found = self._ask(method, arguments, options)
            except FlowError as error:
                self._has_answered = self._has_answered or not isinstance(error, Unreachable)
                self._start()
                raise
            self._has_answered = True
            self._start()
            return found

        return ask

    def _ask(self, method: str, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
        if not options and (answer := self._kept((method, arguments))):
            try:
                return answer.get()
            finally:
                self._exchanges.extend(answer.take_exchanges())
        before = {id(exchange) for exchange in self._own.exchanges()}
        try:
            return getattr(self._own, method)(*arguments, **options)
        finally:
            self._exchanges.extend(it for it in self._own.exchanges() if id(it) not in before)

    def _kept(self, question: _Question) -> _Answer | None:
        method, arguments = question
        if any(isinstance(it, dict | list | tuple) for it in arguments):  # a document, or a command
            return None
        if question not in self._answers and (method == "pods" or question in self._wanted):
            self._answers[question] = _Answer(self._connect(), *question)
        return self._answers.get(question)

    def _start(self) -> None:
        if self._has_answered:
            for question in self._wanted:
                self._kept(question)
            self._wanted = []


class _Answer:
    """One question in a thread of its own, and what came back."""

    def __init__(self, cluster: Cluster, method: str, arguments: tuple[Any, ...]) -> None:
        self._cluster = cluster
        self._came = threading.Event()
        self._found: Any = None
        self._error: BaseException | None = None
        self._shown = False
        threading.Thread(target=self._ask, args=(method, arguments), name="question", daemon=True).start()

    def get(self) -> Any:
        """Waits for the answer. Raises what the question raised."""
        self._came.wait()
        if self._error is not None:
            raise self._error
        return self._found

    def take_exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges of this question, at the first call; nothing after that, or before the answer has come."""
        if self._shown or not self._came.is_set():
            return ()
        self._shown = True
        return self._cluster.exchanges()

    def _ask(self, method: str, arguments: tuple[Any, ...]) -> None:
        try:
            self._found = getattr(self._cluster, method)(*arguments)
        except BaseException as error:
            self._error = error
        finally:
            self._came.set()


def _questions(subject: Subject) -> list[_Question]:
    """What every walk reads in the cluster and needs nothing else for, and whether we may get a token there."""
    namespace, account = subject.namespace, subject.service_account
    questions: list[_Question] = [
        ("discovery", ()),
        ("jwks", ()),
        ("service_account", (namespace, account)),
        ("pods", (namespace, account)),
        ("mutating_webhooks", ()),
    ]
    questions += [("pod", (namespace, subject.pod))] if subject.pod else []
    return [*questions, *(("allowed", (access,)) for action in TOKENS for access in sent_for(action, subject))]
