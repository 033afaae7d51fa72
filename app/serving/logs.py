"""The log of a server that strangers reach: one short line a record, and no more of them than a person can read."""

from __future__ import annotations

import logging
import secrets
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable

from app.flow.redaction import mask_text
from app.flow.visible import visible

LENGTH = 400
"""Characters of a record. What a browser sends stands in some."""
TRACEBACK_LENGTH = 16_384
"""Characters of a traceback, where one is kept."""
WINDOW_SECONDS = 60.0
SAME = 5
"""Records in a window with the same logger, message template and type of exception."""
ALL = 300
"""Kinds of records in a window: each may be written `SAME` times."""
OURS = "irsa_explorer"
"""The logger of our own errors: their tracebacks are kept, secrets masked."""
EVENTS = "irsa_explorer.events"
"""The logger of events (`app.serving.operations.log_events`), short, written by us, and different each time."""
EVENTS_LIMIT = 20_000
"""Events in a window: a class of 300 that loads a page at once causes half of it."""


class MaskedTracebacks(logging.Filter):
    """Writes out the traceback of a record, without the secrets that an error's message may contain. Drops none."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True."""
        if record.exc_info and (error := record.exc_info[1]) is not None:
            text = mask_text("".join(traceback.format_exception(error)).rstrip())
            record.exc_text = visible(text, keep="\n")[:TRACEBACK_LENGTH]
        return True


logging.getLogger(OURS).addFilter(MaskedTracebacks())


def record_error(error: BaseException, where: str) -> str:
    """Writes an error of our own code to the log: `error ID WHERE`, with its traceback. Returns the id, 8 hexadecimal
    digits, so that anyone who is shown it can ask the operator for what the log says."""
    error_id = secrets.token_hex(4)
    logging.getLogger(OURS).error("error %s %s", error_id, where, exc_info=error)
    return error_id


class BoundedRecords(logging.Filter):
    """Shortens records in place, and drops those that say again what was said. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.RLock()
        """A logger asks its filters without one. Reentrant: what a record has to be made of may log as well."""
        self._window = -1
        self._said: Counter[object] = Counter()
        self._dropped: Counter[object] = Counter()
        self._events = 0
        """In this window."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        with self._lock:
            return self._filter(record)

    def _filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        kind = (record.name, str(record.msg)[:LENGTH], type(error))
        window = int(self._clock() // WINDOW_SECONDS)
        if window != self._window:
            self._window, self._dropped = window, self._said - Counter(dict.fromkeys(self._said, SAME))
            self._said, self._events = Counter(), 0
        if record.name == EVENTS:
            self._events += 1
            return self._events <= EVENTS_LIMIT
        if self._said[kind] < SAME and len(self._said) <= ALL:
            self._shorten(record, error, self._dropped.pop(kind, 0))
            written = True
        else:
            written = False
        if kind in self._said or len(self._said) <= ALL:
            self._said[kind] += 1
        return written

    def _shorten(self, record: logging.LogRecord, error: BaseException | None, dropped: int) -> None:
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # the arguments do not fit the template
            text = str(record.msg)
        if error is not None and record.name != OURS:
            text = f"{text.strip()}: {type(error).__name__}: {error}{_place(error)}"
            record.exc_info = record.exc_text = None
        text = visible(text.strip(), keep="")  # nothing may look like another line
        record.stack_info = None
        record.msg = text if len(text) <= LENGTH else text[: LENGTH - 1] + "…"
        if dropped:
            record.msg += f" … repeated {dropped} times before"
        record.args = ()


def bound(records: BoundedRecords) -> None:
    """Applies it to every logger, whatever handlers it has, and to those that come later."""

    class Bounded(logging.getLoggerClass()):  # type: ignore[misc]
        def __init__(self, name: str, level: int = logging.NOTSET) -> None:
            super().__init__(name, level)
            self.addFilter(records)

    logging.setLoggerClass(Bounded)
    known = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    for logger in (logging.root, *known):
        logger.addFilter(records)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
