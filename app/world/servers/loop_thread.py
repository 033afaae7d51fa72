"""The thread of the simulated world: an event loop of its own, on which other threads have coroutines run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from app.world.metering import task_factory

T = TypeVar("T")


class LoopThread:
    """Methods may be called from any thread but the loop's own."""

    def __init__(self, work: Callable[[], AbstractAsyncContextManager[asyncio.Task[None]]], name: str) -> None:
        """`work` is entered on the loop and left when the thread is to stop, or when its task has ended."""
        self._work = work
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        """None while it takes up nothing. With the lock."""
        self._stopping = asyncio.Event()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)

    def start(self) -> None:
        """Returns once the work has been entered. Raises `OSError` where the system refused what it needs, and
        `RuntimeError` where it failed otherwise."""
        self._thread.start()
        self._ready.wait()
        if isinstance(self._failure, OSError):
            raise self._failure
        if self._failure is not None:
            raise RuntimeError("the simulated world could not be started") from self._failure

    def stop(self) -> None:
        """Leaves the work and waits for the thread. Stopping twice is no error, nor is it before the start."""
        self.call_soon(self._stopping.set)
        if self._thread.ident is not None:
            self._thread.join()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine on the loop and returns its result. Raises `RuntimeError` where the loop does not run, and
        `concurrent.futures.CancelledError` where it stops meanwhile."""
        with self._lock:
            if self._loop is None or threading.current_thread() is self._thread:
                work.close()
                raise RuntimeError("the simulated world is not running, or this is its own thread") from self._failure
            running = asyncio.run_coroutine_threadsafe(work, self._loop)
        return running.result()

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Has something called on the loop, as long as there is one. The loop's own thread may ask for it as well."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(callback)

    def _main(self) -> None:
        try:
            with asyncio.Runner(loop_factory=_new_loop) as runner:
                runner.run(self._until_stopped())
        except BaseException as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _until_stopped(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_task_factory(task_factory)
        try:
            async with self._work() as task:
                self._ready.set()
                stopping = asyncio.create_task(self._stopping.wait())
                await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
                stopping.cancel()
        finally:
            with self._lock:
                self._loop = None  # what comes now would never be taken up, and its thread would wait for ever
            await asyncio.sleep(0)  # what came before is a task from here on, which ends with this one


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # Windows, for which there is none
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
