"""How long a walk waits: for one answer, and for all of them together. A server that is silent is asked once.

The clients have time-outs of their own, but those count from byte to byte and know nothing of each other: ten slow
answers are ten times as slow. So each question is put in a thread of its own, which is left behind when its time is up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.flow import operations
from app.flow.errors import Unreachable
from app.flow.interception import intercepted
from app.flow.ports import Ports

WALK_SECONDS = 8.0
"""For all questions together, from the first one on: a walk is over within ten seconds, the start included."""
ANSWER_SECONDS = 4.0
"""For one answer. Once one did not come, no other may take more than half of what is left: whoever is as silent leaves
something to those who answer."""
TIMED_OUT = "timed_out"
OUT_OF_TIME = "out_of_time"
"""Our codes for: this answer did not come in time; there was no time left to ask."""

_HEARD = "certificate_"
"""How the codes of a server begin that did answer, though not as the one that was asked for."""
_WAITS_FOR_OTHERS = {"dry_run_pod": "webhook", "execute": "kubelet", "pod_log": "kubelet"}
"""By method of `Cluster`: for whom the API server itself may be waiting when it is silent."""

Run = Callable[[Callable[[], Any], float], Any]
"""Calls a function, and raises `TimeoutError` where it takes longer than so many seconds."""


def patient(
    ports: Ports,
    *,
    seconds: float = WALK_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    run: Run | None = None,
) -> Ports:
    """The same ports, which take no longer than `seconds` in all, from the first question on.

    After that, and after a silence, they raise `Unreachable` at once. So they are good for one walk, or one list.
    `clock` gives seconds; `run` is how one question is put with a limit to its time.
    """
    watch = _Watch(seconds, clock, run or in_a_thread)

    def ask_cluster(method: str, put: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        silent = _WAITS_FOR_OTHERS.get(method, "")
        return watch.ask("kube-apiserver", silent, operations.CLUSTER[method], lambda: put(*arguments, **options))

    def ask_aws(method: str, put: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        service, _, operation = operations.AWS[method].partition(":")
        return watch.ask(service, "", operation, lambda: put(*arguments, **options))

    def ask_issuer(method: str, put: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        return watch.ask("issuer", "", operations.ISSUER[method], lambda: put(*arguments, **options))

    return replace(
        ports,
        cluster=intercepted(ports.cluster, ask_cluster),
        aws=intercepted(ports.aws, ask_aws),
        issuer=intercepted(ports.issuer, ask_issuer),
    )


def in_a_thread(call: Callable[[], Any], seconds: float) -> Any:
    """The answer of `call`, or what it raises. Raises `TimeoutError` after so many seconds; nobody hears it then."""
    came: list[tuple[Any, BaseException | None]] = []

    def answer() -> None:
        try:
            came.append((call(), None))
        except BaseException as error:
            came.append((None, error))

    thread = threading.Thread(target=answer, name="question", daemon=True)
    thread.start()
    thread.join(seconds)
    if not came:
        raise TimeoutError
    found, error = came[0]
    if error is not None:
        raise error
    return found


class _Watch:
    """The time that is left, and who has been silent."""

    def __init__(self, seconds: float, clock: Callable[[], float], run: Run) -> None:
        self._seconds = seconds
        self._clock = clock
        self._run = run
        self._until: float | None = None
        self._silence: dict[str, Unreachable] = {}
        self._waited_in_vain = False

    def ask(self, server: str, behind: str, operation: str, put: Callable[[], Any]) -> Any:
        """Asks a server, behind which another may be the silent one. Raises what `put` raises, or `Unreachable`."""
        for silent in (server, behind):
            if silent in self._silence:
                raise self._silence[silent]
        now = self._clock()
        if self._until is None:
            self._until = now + self._seconds
        left = self._until - now
        if left <= 0:
            raise Unreachable(code=OUT_OF_TIME, said="", operation=operation)
        limit = min(left / 2 if self._waited_in_vain else left, ANSWER_SECONDS)
        try:
            return self._run(put, limit)
        except TimeoutError:
            code = TIMED_OUT if limit == ANSWER_SECONDS else OUT_OF_TIME
            silence = Unreachable(code=code, said="", operation=operation)
            self._note(behind or server, silence)
            raise silence from None
        except Unreachable as silence:
            if not silence.code.startswith(_HEARD):
                self._note(behind or server, silence)
            raise

    def _note(self, server: str, silence: Unreachable) -> None:
        """Asks this server no more. Who waited in vain waits less from now on."""
        self._silence[server] = silence
        self._waited_in_vain |= silence.code in (TIMED_OUT, OUT_OF_TIME)
