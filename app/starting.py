"""What the installed commands and `python -m app` run first.

To load the rest is most of a short command's time, so signals are waited for before anything of it is imported: from
then on Ctrl-C ends the command without Python's traceback, SIGTERM ends even the first process of a container, and a
terminal that is closed (SIGHUP) leaves no files behind.
"""

from __future__ import annotations

import _thread
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from threading import Event

INTERRUPTED = 130
"""The exit status by which shells know that Ctrl-C ended a program."""


def irsa_explorer() -> None:
    """The installed command."""
    with interruptible():
        from app.commands import main

        main.main(main.EXPLORER, main.EXPLORER.executable)


def kubectl_irsa() -> None:
    """The plugin of kubectl, which finds it on the PATH by its name (kubectl, "Extend kubectl with plugins")."""
    with interruptible():
        from app.commands import main

        main.main(main.KUBECTL, main.KUBECTL.usage)


def kubectl_complete_irsa() -> None:
    """What kubectl calls for the words after `kubectl irsa`."""
    with interruptible():
        from app.commands.examining import kubectl_complete

        kubectl_complete.main()


def python_m_app() -> None:
    """The command where nothing is installed."""
    with interruptible():
        from app.commands import main

        main.main()


@contextmanager
def interruptible() -> Iterator[None]:
    """Ends the process with the signal's status where Ctrl-C, SIGTERM or SIGHUP comes inside. What it opened is closed.

    The kernel hands no signal that has no handler to the first process of a container (pid_namespaces(7)).
    """
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)
    on_hang_up(_terminate)
    before = sys.unraisablehook

    def unraisable(lost: UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt | SystemExit):
            number = signal.SIGINT if issubclass(lost.exc_type, KeyboardInterrupt) else signal.SIGTERM
            _thread.start_new_thread(_send_again, (number,))
        else:
            before(lost)

    sys.unraisablehook = unraisable
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        sys.unraisablehook = before


def wait_for_signal(stop: Event) -> None:
    """In the main thread: waits until a signal's handler has set `stop`.

    Python calls handlers between two steps of the main thread. A signal that comes as that begins to wait, or that the
    system hands to another thread, does not end its wait, so it looks each second.
    """
    while not stop.wait(1.0):
        pass


def on_hang_up(handler: Callable[[int, FrameType | None], None]) -> None:
    """Has that called, once, where the terminal is closed. `nohup` has had the signal ignored, and it stays so."""

    def first(number: int, frame: FrameType | None) -> None:
        # The shell sends it to its jobs, and as the shell ends the kernel sends it to the one in the foreground again.
        signal.signal(number, signal.SIG_IGN)
        handler(number, frame)

    hang_up = getattr(signal, "SIGHUP", None)  # not on Windows
    if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:
        signal.signal(hang_up, first)


def _terminate(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


def _send_again(number: signal.Signals) -> None:
    """On a thread of its own: calls the signal's handler again, once what dropped its exception has returned.

    Python drops whatever is raised in a callback of a weak reference or in a finalizer (`sys.unraisablehook`), and
    importlib has such a callback for each module it loads, so a signal at the wrong moment of a start would be lost.
    """
    time.sleep(0.01)
    _thread.interrupt_main(number)
