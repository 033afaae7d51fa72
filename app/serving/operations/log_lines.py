"""How records are written where `IRSA_LOG` asks for it: each as one line of JSON, or of text, secrets masked."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from datetime import UTC, datetime
from typing import Literal

from app.flow.redaction import mask_text
from app.flow.visible import visible
from app.serving.logs import EVENTS, OURS
from app.serving.operations.log_events import MASK

_LAUNCH = re.compile(r"(/launch/)[A-Za-z0-9_-]+")


class Lines(logging.Formatter):
    """One line a record. Fields: `time` (RFC 3339, UTC), `level`, `event`, and those of the event. A record that is no
    event of ours is the event `log`, with `logger`, `message` and, where there is one, `traceback`.
    """

    def __init__(self, kind: Literal["text", "json"]) -> None:
        super().__init__()
        self._kind = kind

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields = {"time": time, "level": record.levelname.lower(), **_facts(record)}
        if self._kind == "json":
            return json.dumps(fields)  # in ASCII, which is UTF-8 (RFC 8259 §8.1) in nearly every encoding of the stream
        shown = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in list(fields.items())[3:]]
        return " ".join([time, str(fields["level"]), str(fields["event"]), *shown])


def _facts(record: logging.LogRecord) -> dict[str, object]:
    if record.name == EVENTS:
        return {"event": record.msg, **getattr(record, "fields", {})}
    facts: dict[str, object] = {"event": "log", "logger": record.name, "message": _masked(record.getMessage())}
    traceback = record.exc_text
    if not traceback and record.exc_info:
        traceback = logging.Formatter().formatException(record.exc_info)
    if traceback:
        facts["traceback"] = _masked(traceback)
    return facts


def _masked(text: str) -> str:
    return visible(_LAUNCH.sub(rf"\1{MASK}", mask_text(text)), keep="\n")


def write_as(kind: Literal["text", "json"]) -> None:
    """From now on every handler writes so, those that come later as well, as Streamlit's do to uvicorn's loggers; and
    Python's own warnings and the errors that end a thread, or that no caller gets, are records, too."""
    lines = Lines(kind)

    class Written(logging.getLoggerClass()):  # type: ignore[misc]
        def addHandler(self, handler: logging.Handler) -> None:
            handler.setFormatter(lines)
            super().addHandler(handler)

    logging.setLoggerClass(Written)
    if not logging.root.handlers:
        logging.root.addHandler(logging.StreamHandler())
    known = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    for logger in known:
        logger.__class__ = Written
    for handler in [handler for logger in (logging.root, *known) for handler in logger.handlers]:
        handler.setFormatter(lines)
    logging.getLogger(EVENTS).setLevel(logging.INFO)
    logging.captureWarnings(True)

    def thread_failed(failed: threading.ExceptHookArgs) -> None:
        if failed.exc_value is not None:
            logging.getLogger(OURS).error("a thread failed", exc_info=failed.exc_value)

    def unraisable(failed: sys.UnraisableHookArgs) -> None:
        logging.getLogger(OURS).error("an error had no caller to go to", exc_info=failed.exc_value)

    threading.excepthook = thread_failed
    sys.unraisablehook = unraisable
