"""The process of the filters: it confines itself, then leads its standard input through them.

    python -I -S -c "…; from app.console.filters.process import main; main()" SPEC STAGES

SPEC as in `app.console.confine`; STAGES is JSON, the words of each filter. All modules are loaded before.
"""

from __future__ import annotations

import contextlib
import encodings.idna  # noqa: F401 - loaded before the files of Python are out of reach
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from types import MappingProxyType

from app.console.confine import FAILED, confine
from app.console.filters import lines
from app.console.filters.arguments import Given, given
from app.console.filters.json_query import jq

_FILTERS: MappingProxyType[str, Callable[[Given, Iterable[bytes]], Iterator[bytes]]] = MappingProxyType(
    {
        "cat": lines.cat,
        "grep": lines.grep,
        "base64": lines.base64_,
        "cut": lines.cut,
        "head": lines.head,
        "tail": lines.tail,
        "wc": lines.wc,
        "sort": lines.sort,
        "jq": jq,
    }
)


def main() -> None:
    """Runs them and leaves with the status of the last one."""
    stages = [given(words) for words in json.loads(sys.argv[2])]
    if any(stage.name == "jq" for stage in stages):
        with contextlib.suppress(ImportError):
            import jq as _  # noqa: F401
    try:
        confine(json.loads(sys.argv[1]))
    except OSError as error:
        sys.stderr.write(f"{stages[0].name}: {error}\n")
        sys.exit(FAILED)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(_run(stages))


def _run(stages: list[Given]) -> int:
    ends = [_Stage(stage) for stage in stages]
    flow: Iterable[bytes] = sys.stdin.buffer
    for stage in ends:
        flow = stage.lead(flow)
    for part in flow:
        sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()  # a watch is read line by line
    return ends[-1].status


class _Stage:
    """One filter at work."""

    def __init__(self, stage: Given) -> None:
        self._given = stage
        self.status = 0

    def lead(self, before: Iterable[bytes]) -> Iterator[bytes]:
        try:
            yield from _FILTERS[self._given.name](self._given, self._files(before) if self._given.files else before)
        except lines.Ended as ended:
            self.status = ended.status
            if ended.message:
                sys.stderr.write(f"{ended.message}\n")
        except (MemoryError, RecursionError) as error:
            self.status = 2
            sys.stderr.write(f"{self._given.name}: {type(error).__name__}\n")

    def _files(self, before: Iterable[bytes]) -> Iterator[bytes]:
        for name in self._given.files:
            if name == "-":
                yield from before
                continue
            try:
                descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW)
            except OSError as error:
                raise lines.Ended(1, f"{self._given.name}: {name}: {error.strerror}") from None
            with open(descriptor, "rb") as stream:
                yield from stream
