"""How long a walk waits: for one answer, for all answers, and for servers that do not answer. Those are asked once.

The clients have time-outs of their own, but each of these counts from byte to byte and knows nothing of the others, so
that ten slow answers take ten times as long. So each question is put in a thread of its own, which is left behind when
its time is up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from app.flow import api_operations
from app.flow.errors import Unreachable
from app.flow.port_wrappers.port_proxy import intercepted
from app.flow.ports import Ports

WALK_SECONDS = 8.0
"""For all questions together, from the first one on, as long as all are answered: a slow server is not a silent one."""
ANSWER_SECONDS = 3.5
"""For one question; some take several requests."""
SILENCE_SECONDS = 6.0
"""What all silent servers together may cost. Once one did not answer, a question may take at most half of what is left
of it. So a command that waits for silent servers, however many there are, ends within ten seconds, its start included,
on a busy machine as well."""
TIMED_OUT = "timed_out"
OUT_OF_TIME = "out_of_time"
"""Our codes for: this answer did not come in time; there was no time left to ask."""

_NOT_SILENT = ("certificate_", "aws_credentials_")
"""How the codes begin where a server did answer, but was not the one that was asked for; or where none was asked."""
_WAITS_FOR_OTHERS = {
    **dict.fromkeys(("dry_run_pod", "dry_run_patch", "dry_run_service_account"), "webhook"),
    **dict.fromkeys(("execute", "pod_log"), "kubelet"),
}
"""By method of `Cluster`: the server for which the API server itself may be waiting when it is silent."""

Run = Callable[[Callable[[], Any], float], Any]
"""Calls a function, and raises `TimeoutError` where it takes longer than so many seconds."""


def with_deadline(
    ports: Ports,
    *,
    seconds: float = WALK_SECONDS,
    longer: Mapping[str, float] | None = None,
    clock: Callable[[], float] = time.monotonic,
    run: Run | None = None,
) -> Ports:
    """The same ports, whose questions take no longer than `seconds` in all, from the first one on. Several may be put
    at a time. `longer`: by method of `Cluster`, seconds for a question that may take more than `ANSWER_SECONDS`.

    After that time, and for a server that did not answer once, they raise `Unreachable` at once. So they are good for
    one walk, or one list.
    `clock` gives seconds; `run` is how one question is put with a limit to its time.
    """
    watch = _Watch(seconds, clock, run or in_a_thread)

    def ask_cluster(method: str, put: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        silent = _WAITS_FOR_OTHERS.get(method, "")
        patience = (longer or {}).get(method, ANSWER_SECONDS)
        return watch.ask(
            "kube-apiserver", silent, api_operations.CLUSTER[method], lambda: put(*arguments, **options), patience
        )

    def ask_aws(method: str, put: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        service, _, operation = api_operations.AWS[method].partition(":")
        return watch.ask(service, "", operation, lambda: put(*arguments, **options), ANSWER_SECONDS)

    def ask_issuer(method: str, put: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        return watch.ask(
            "issuer", "", api_operations.ISSUER[method], lambda: put(*arguments, **options), ANSWER_SECONDS
        )

    return replace(
        ports,
        cluster=intercepted(ports.cluster, ask_cluster),
        aws=intercepted(ports.aws, ask_aws),
        issuer=intercepted(ports.issuer, ask_issuer),
    )


def in_a_thread(call: Callable[[], Any], seconds: float) -> Any:
    """The answer of `call`, or what it raises. Raises `TimeoutError` after so many seconds; it drops a later answer."""
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
    """How much time is left, how much was lost, and which servers did not answer."""

    def __init__(self, seconds: float, clock: Callable[[], float], run: Run) -> None:
        self._seconds = seconds
        self._clock = clock
        self._run = run
        self._until: float | None = None
        self._silence: dict[str, Unreachable] = {}
        self._lost = 0.0
        self._lock = threading.Lock()

    def ask(self, server: str, behind: str, operation: str, put: Callable[[], Any], patience: float) -> Any:
        """Asks `server` and waits `patience` seconds. `behind`: the server that may be the silent one where that waits
        for it.

        Raises what `put` raises, or `Unreachable`.
        """
        for silent in (server, behind):
            if silent in self._silence:
                raise self._silence[silent]
        now = self._clock()
        with self._lock:
            limit = self._limit(now, patience)
        if limit <= 0:
            raise Unreachable(code=OUT_OF_TIME, server_message="", operation=operation)
        try:
            return self._run(put, limit)
        except TimeoutError:
            code = TIMED_OUT if limit == patience else OUT_OF_TIME
            silence = Unreachable(code=code, server_message="", operation=operation)
            self._note(silence, behind or server, now)
            raise silence from None
        except Unreachable as silence:
            self._note(silence, behind or server, now)
            raise

    def _limit(self, now: float, patience: float) -> float:
        """Seconds that a question may take that is put `now`."""
        if self._until is None:
            self._until = now + self._seconds
        limit = min(patience, self._until - now)
        return min(limit, (SILENCE_SECONDS - self._lost) / 2) if self._lost else limit

    def _note(self, silence: Unreachable, server: str, since: float) -> None:
        """Remembers that `server` did not answer. Where several questions waited for it at once, their time is lost
        once."""
        with self._lock:
            if server in self._silence:
                return
            if not silence.code.startswith(_NOT_SILENT):
                self._silence[server] = silence
            self._lost += self._clock() - since
