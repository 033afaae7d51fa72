"""Examines again and again, until Ctrl-C or until it is fixed: whether what was pasted has taken effect.

By polling. The verdict depends on Pods, a ServiceAccount and a webhook, and on a role and a provider in AWS, which
offers no watch: a Kubernetes watch would see half of it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

import click

from app.commands.failure import CannotRun
from app.commands.rendering import width
from app.content import Content
from app.flow.doctor import Diagnosis

INTERVAL = 2.0
"""Seconds between two examinations."""


def changes(examine: Callable[[], Diagnosis], words: Content) -> Iterator[Diagnosis]:
    """Yields the first diagnosis, and then each whose verdict differs from the last. Never ends by itself.

    A server that stops answering for a while is reported on standard error, and asked again. Raises `CannotRun` where
    the first examination could not be made.
    """
    last: object = None
    while True:
        try:
            found = examine()
        except CannotRun as failure:
            if last is None:
                raise
            if failure.message != last:
                last = failure.message
                failure.show()
        else:
            if (now := _verdict(found)) != last:
                last = now
                yield found
        _wait(words)


def _verdict(found: Diagnosis) -> tuple[object, ...]:
    """The values by which two verdicts are compared."""
    judged = found.verdict
    return judged.outcome, judged.check and judged.check.id, judged.warning and judged.warning[1].id, found.fix


def _wait(words: Content) -> None:
    """On a terminal a line on standard error says meanwhile when we last looked; it is gone before the next one."""
    looked = words.message("cli.watch.looked", time=time.strftime("%H:%M:%S"))
    if sys.stderr.isatty():
        click.echo(f"{looked}\r", nl=False, err=True)
    time.sleep(INTERVAL)
    if sys.stderr.isatty():
        click.echo(f"{' ' * width(looked)}\r", nl=False, err=True)
