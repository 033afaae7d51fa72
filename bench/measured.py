"""One measurement in a process of its own, so that it does not profit from another's warm imports."""

from __future__ import annotations

import multiprocessing
import runpy
import sys
from multiprocessing.connection import Connection

from app.flow.model import JsonObject
from bench.report import figures


def measured(module: str) -> JsonObject:
    """The status with which a measurement ended, and its figures in their order."""
    spawned = multiprocessing.get_context("spawn")
    receives, sends = spawned.Pipe(duplex=False)
    process = spawned.Process(target=_measure, args=(module, sends))
    process.start()
    sends.close()
    try:
        found = receives.recv()
    except EOFError:  # it was killed
        found = []
    process.join()
    return {"status": process.exitcode, "figures": found}


def _measure(module: str, sends: Connection) -> None:
    sys.argv = [module]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        sends.send([it.as_json() for it in figures])
