"""Several questions at a time: what takes a round trip each takes one for all of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.flow.errors import FlowError

T = TypeVar("T")
AT_ONCE = 16
"""Questions that are under way at the same time: as many as the clients keep connections (`KubernetesTransport`)."""


def answers(*questions: Callable[[], T]) -> list[T | FlowError]:
    """What each question brought, or the refusal, in the order of the questions."""

    def answer(question: Callable[[], T]) -> T | FlowError:
        try:
            return question()
        except FlowError as error:
            return error

    if len(questions) < 2:
        return [answer(question) for question in questions]
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(questions)), thread_name_prefix="question") as pool:
        return list(pool.map(answer, questions))
