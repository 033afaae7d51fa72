"""The memory of a process that serves pages and holds 100 worlds, each of them walked once."""

from __future__ import annotations

import gc

import psutil

import app.server  # noqa: F401 - its weight is part of what is measured
from app.flow.model import Subject
from app.flow.steps.walk import walk
from app.wiring import simulated
from app.world.lifecycle.simulation import Simulation
from bench.report import figure, title

WORLDS = 100


def main() -> None:
    """Prints the resident set before, after, and the part of one world."""
    subject = Subject(namespace="default", service_account="my-sa", pod="pod-after")
    with Simulation() as simulation:
        walk(simulated(simulation, simulation.world("first")), subject)  # loads every client model once
        before = resident()
        for number in range(1, WORLDS):
            walk(simulated(simulation, simulation.world(f"learner-{number}")), subject)
        after = resident()
    title(f"Memory ({WORLDS} worlds in one process, each walked once)")
    figure("resident set with one world", before, "MB")
    figure(f"resident set with {WORLDS} worlds", after, "MB", target=250)
    figure("one more world", (after - before) / (WORLDS - 1), "MB", target=0.6)


def resident() -> float:
    """This process's resident set in MB, garbage collected."""
    gc.collect()
    return psutil.Process().memory_info().rss / 1e6


if __name__ == "__main__":
    main()
