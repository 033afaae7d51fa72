"""`python -m bench`: all measurements, or those named (`python -m bench walk map`), and their figures as JSON."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import click

from app.flow.model import JsonObject
from bench.measured import measured
from bench.report import machine

NAMES = (
    "walk",
    "start",
    "memory",
    "page_change",
    "throughput",
    "first_load",
    "step_change",
    "following",
    "map",
    "doctor",
    "room",
)
FILE = Path("bench.json")


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
def main(names: tuple[str, ...]) -> None:
    """Prints the figures and writes them to `bench.json`, with the machine and its load before the first one.

    Status 1: a measurement has failed or does not count. The others go on.
    """
    began, load = datetime.now(UTC), os.getloadavg()[0]
    found = {name: measured(f"bench.{name}") for name in names or NAMES}
    run: JsonObject = {
        "began": began.isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - began).total_seconds()),
        "machine": {**machine(), "load before": round(load, 2)},
        "measurements": found,
    }
    FILE.write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    click.echo(f"\nAll of it as JSON: {FILE}")
    if failed := [name for name, it in found.items() if it["status"]]:
        raise click.ClickException(f"ended with a status other than 0, see above: {', '.join(failed)}")


if __name__ == "__main__":
    main()
