"""What a process has once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import update_wrapper
from typing import Generic, TypeVar

T = TypeVar("T")


class Single(Generic[T]):
    """Makes it on the first call, in one thread while the others wait, and gives it to every call after that.

    Nothing but `clear` lets it go. What Streamlit caches, any browser may throw away for all (`clear_cache`).
    """

    def __init__(self, make: Callable[[], T], release: Callable[[T], None]) -> None:
        update_wrapper(self, make)
        self._make, self._release = make, release
        self._made: T | None = None
        self._lock = threading.Lock()

    def __call__(self) -> T:
        """The one there is."""
        made = self._made
        if made is None:
            with self._lock:
                if self._made is None:
                    self._made = self._make()
                made = self._made
        return made

    def clear(self) -> None:
        """Releases it, if there is one; the next call makes another."""
        with self._lock:
            made, self._made = self._made, None
            if made is not None:
                self._release(made)


def single(*, release: Callable[[T], None]) -> Callable[[Callable[[], T]], Single[T]]:
    """A decorator for the function that makes it."""
    return lambda make: Single(make, release)
